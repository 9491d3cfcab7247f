"""`darkroom serve` as a process: the API over HTTP, before an embedded AWS without Step Functions' workflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import urllib3

from darkroom.client import Client, RequestRefused
from darkroom_local.emulator import free_port
from tests.containers.ground import RESULTS, UPLOADS, WORK, Ground, until
from tests.support import photos

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("containers")]

KEY, OTHER = "a-key-of-sixteen-or-more", "another-of-sixteen-or-more"


@pytest.fixture
def address(made: Ground, tmp_path: Path) -> Iterator[str]:
    place = f"127.0.0.1:{free_port('127.0.0.1')}"
    keys = tmp_path / "keys"
    keys.write_text(f"one={KEY}\ntwo={OTHER}\n")
    names = {"UPLOADS_BUCKET": UPLOADS, "RESULTS_BUCKET": RESULTS, "WORK_BUCKET": WORK, "UPLOADS_QUEUE": made.queue}
    process = made.start("serve", "--address", place, "--keys", str(keys), log=tmp_path / "serve", **names)
    until(lambda: process.poll() is not None or answers(f"http://{place}/readyz") == 200, "a server that is ready")
    assert process.poll() is None, (tmp_path / "serve").read_text()
    yield f"http://{place}"
    process.terminate()
    assert process.wait() == 0


def answers(url: str) -> int:
    try:
        return urllib3.request("GET", url, retries=False, timeout=10).status
    except urllib3.exceptions.HTTPError:
        return 0


def test_the_api_is_served_as_on_aws(made: Ground, address: str, tmp_path: Path) -> None:
    assert answers(f"{address}/healthz") == answers(f"{address}/health") == answers(f"{address}/") == 200
    assert answers(f"{address}/web/app.js") in (200, 404)
    refused = urllib3.request("GET", f"{address}/jobs")
    assert (refused.status, refused.json()["code"]) == (403, "http.forbidden")

    key = {"x-api-key": KEY}
    photo = photos.encoded(width=120, height=90)
    enhanced = urllib3.request(
        "POST", f"{address}/enhance?recipe=vivid", body=photo, headers=key, retries=False, timeout=120
    )
    assert (enhanced.status, enhanced.headers["Content-Type"]) == (200, "image/jpeg")
    assert photos.decoded(enhanced.data).shape == (90, 120, 3)
    assert not np.array_equal(photos.decoded(enhanced.data), photos.decoded(photo))
    broken = urllib3.request("POST", f"{address}/enhance", body=photo[:200], headers=key, retries=False, timeout=120)
    assert (broken.status, broken.json()["code"]) == (422, "image.truncated")
    found = urllib3.request("POST", f"{address}/diagnose", body=photo, headers=key, retries=False, timeout=120)
    assert (found.status, "defects" in found.json()) == (200, True)

    worker = made.start_worker(tmp_path / "worker")
    api = Client(address, KEY)
    job = api.submit(photo, "none")
    done = api.wait(job, 300)
    assert done.report is not None
    assert (done.status, done.report.recipe) == ("succeeded", "none")
    assert done.links.result is not None
    assert api.download(done.links.result) == photo
    with pytest.raises(RequestRefused, match="no such job"):
        Client(address, OTHER).job(job)
    worker.terminate()
    assert worker.wait() == 0

"""The API as it is deployed: what its description promises, with and without the key."""

from __future__ import annotations

import base64
import io
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import schemathesis
import skimage.data
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import darkroom
from darkroom.cli.main import cli
from darkroom.client import Client, Job
from darkroom.errors import DarkroomError
from darkroom.recipe import Recipe
from darkroom_local import stack
from tests.cloud.cloud import PATIENCE_SECONDS, Cloud, wait_for
from tests.support import photos
from tests.support.api_client import OPENAPI, OPERATIONS
from tests.support.held import held

pytestmark = pytest.mark.cloud

EXAMPLES = int(os.environ.get("DARKROOM_EXAMPLES", "30"))
"""Requests that are made up for each operation."""

FREE = {"/", "/web/{file}", "/health", "/openapi.json"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def api(cloud: Cloud) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SSL_CERT_FILE", str(cloud.aws.certificate))
        yield Client(stack.address(cloud.aws, cloud.outputs), stack.key(cloud.aws, cloud.outputs))


def post(api: Client, path: str, body: bytes, **headers: str) -> tuple[int, Message, bytes]:
    """An answer as it comes, whatever its status.

    But 504, and a redirect to the job that goes on: on a busy machine functions may start more slowly than the API
    waits; the next time they are warm.
    """
    headers = {"Content-Type": "image/jpeg", "Accept": "*/*", "x-api-key": api.key, **headers}
    request = urllib.request.Request(f"{api.address}/{path}", data=body, headers=headers, method="POST")

    def answer() -> tuple[int, Message, bytes] | None:
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context()) as answer:
                if answer.url.startswith(f"{api.address}/jobs/"):
                    assert json.load(answer)["status"] in ("waiting", "running", "succeeded")
                    return None
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return None if error.code == 504 else (error.code, error.headers, error.read())

    return wait_for(answer, f"an answer to POST {path}")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_key_only_health_and_the_page_answer(api: Client, method: str, path: str) -> None:
    place = path.replace("{id}", "0" * 32).replace("{file}", "app.js").replace("{signature}", "0" * 43)
    request = urllib.request.Request(f"{api.address}{place}", method=method.upper())
    try:
        status = urllib.request.urlopen(request, context=ssl.create_default_context()).status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status == (200 if path in FREE else 403)


def test_an_address_may_end_in_a_slash(api: Client) -> None:
    """Where the path is added to it with another one."""
    request = urllib.request.Request(f"{api.address}//jobs", headers={"x-api-key": api.key})
    assert urllib.request.urlopen(request, context=ssl.create_default_context()).status == 200


def test_a_photo_in_a_better_photo_out(api: Client) -> None:
    dark = darkroom.apply("adjust_color", skimage.data.coffee(), exposure=-2.5)
    status, headers, body = post(api, "enhance?recipe=auto", darkroom.encode(dark, "jpeg"), Accept="image/webp")
    assert (status, headers["Content-Type"]) == (200, "image/webp")
    assert np.asarray(Image.open(io.BytesIO(body))).mean() > dark.mean() + 10
    assert json.loads(headers["X-Darkroom-Report"])["steps"]


@pytest.mark.parametrize(
    ("route", "step", "photo"),
    [("diagnose", "diagnose", photos.encoded("PNG")), ("classify", "classify_digit", photos.ones())],
)
def test_a_photo_in_an_answer_out(api: Client, route: str, step: str, photo: bytes) -> None:
    status, headers, body = post(api, route, photo, **{"Content-Type": "image/png"})
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == darkroom.apply(step, photos.decoded(photo))


def test_12_mb_are_too_many_to_wait_for(api: Client) -> None:
    status, headers, body = post(api, "enhance", bytes(12_000_000))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert "POST /jobs" in json.loads(body)["detail"]


def test_a_large_answer_is_fetched_by_its_link(api: Client) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1300, 1300, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=80)
    status, headers, body = post(api, "enhance?recipe=none&format=png", file.getvalue())
    # The link was followed: what it leads to is no answer of the API's.
    assert (status, Image.open(io.BytesIO(body)).size) == (200, (1300, 1300))
    assert "X-Darkroom-Job" not in headers
    assert len(body) > 4_500_000


def test_40_mb_go_through_a_job(api: Client, cloud: Cloud) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3700, 3700, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "BMP")
    assert len(file.getvalue()) > 40_000_000
    job = api.submit(file.getvalue(), Recipe(steps=[], format="jpeg"), filename="large.bmp")
    done = api.wait(job, PATIENCE_SECONDS)
    assert Image.open(io.BytesIO(api.download(done.links.result or ""))).size == (3700, 3700)
    assert api.download(done.links.original or "") == file.getvalue()
    api.delete(job)
    assert not [key for key in cloud.results() if job in key]


@pytest.mark.parametrize(
    "change",
    [
        {"key": "auto/elsewhere.jpg"},
        {"Content-Type": "text/html"},
        {"x-amz-meta-recipe": "none"},
        {"x-amz-meta-owner": "someone"},
        {"policy": "expired"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_form_takes_no_other_file(api: Client, change: dict[str, str]) -> None:
    """The form's conditions are the bucket's to enforce: key, type, what is asked for, and nothing beside."""
    form = api.announce("photo.jpg", "vivid").upload
    assert form is not None
    if "policy" in change:  # signed anew it could be longer valid; as it is, it cannot
        policy = json.loads(base64.b64decode(form.fields["policy"]))
        change = {
            "policy": base64.b64encode(json.dumps({**policy, "expiration": "2099-01-01T00:00:00Z"}).encode()).decode()
        }
    form = msgspec.structs.replace(form, fields=form.fields | change)
    with pytest.raises(DarkroomError, match="the bucket answered 40"):
        api.upload(form, photos.encoded())


def test_a_form_takes_no_empty_file(api: Client) -> None:
    form = api.announce("photo.jpg").upload
    assert form is not None
    with pytest.raises(DarkroomError, match="the bucket answered 400"):
        api.upload(form, b"")


def test_stages_are_told_as_they_come(api: Client, cloud: Cloud) -> None:
    """While one of them may not begin, so that it lasts until it is seen."""
    recipe = json.loads(photos.recipe_through(["filter", "adjust_tone", "sharpen"]))

    def waiting() -> dict[str, str] | None:
        told = {stage.stage: str(stage.status) for stage in api.job(job).stages}
        return told if told.get("sharpen") == "running" else None

    def ended() -> Job | None:
        shown = api.job(job)
        return shown if shown.status == "succeeded" else None

    with held(cloud.aws, "SharpenFunction"):
        job = api.submit(photos.encoded(), recipe, filename="staged.jpg")
        told = wait_for(waiting, "the stages before the one that may not begin")
    before = {"inspect": "done", "filter": "done", "adjust_tone": "done"}
    assert told == {**before, "sharpen": "running", "publish": "planned"}, "no progress was told while it ran"
    done = wait_for(ended, "the job")
    assert [stage.stage for stage in done.stages] == ["inspect", "filter", "adjust_tone", "sharpen", "publish"]
    assert all((stage.milliseconds or 0) >= 0 for stage in done.stages)


def test_submit_by_the_api(api: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_KEY", api.key)
    (tmp_path / "a b.jpg").write_bytes(photos.encoded())
    recipe = photos.recipe_through(["adjust_tone"])
    (tmp_path / "mine.json").write_text(recipe)
    command = ["submit", str(tmp_path / "a b.jpg"), "--api", api.address, "--blend", "50", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, [*command, "--recipe", str(tmp_path / "mine.json")])
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out" / "a b.jpg.json").read_text())
    assert (manifest["blend"], [stage["stage"] for stage in manifest["stages"]][1]) == (50, "adjust_tone")
    ours = darkroom.enhance(photos.encoded(), recipe={**json.loads(recipe), "blend": 50})
    expected = photos.decoded(darkroom.encode(ours.picture, "jpeg"))
    np.testing.assert_array_equal(photos.decoded((tmp_path / "out" / "a b.jpg").read_bytes()), expected)


def test_ten_photos_at_once_all_finish(api: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_KEY", api.key)
    names = [f"{number}.jpg" for number in range(10)]
    for seed, name in enumerate(names):
        (tmp_path / name).write_bytes(photos.encoded(seed=seed))
    command = ["submit", *(str(tmp_path / name) for name in names), "--api", api.address, "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, [*command, "--recipe", "natural"])
    assert done.exit_code == 0, done.output
    for seed, name in enumerate(names):
        after, before = photos.decoded((tmp_path / "out" / name).read_bytes()), photos.pixels(seed)
        assert after.shape == before.shape
        assert np.abs(after.astype(int) - before).mean() < 40, "another photo's result"


# The contract


@pytest.fixture(scope="module")
def described(api: Client) -> Any:
    described = schemathesis.openapi.from_dict(OPENAPI)
    described.config.update(base_url=api.address)
    return described


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(described: Any, api: Client, cloud: Cloud, method: str, path: str) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=described[path][method.upper()].as_strategy())
    def check(case: Any) -> None:
        headers = {"x-api-key": api.key, "Accept": "*/*"}

        def answer() -> Any:
            response = case.call(headers=headers, verify=str(cloud.aws.certificate), timeout=300)
            # The usage plan's rate is told by the emulator in words of its own.
            busy = response.status_code == 429 and response.headers["Content-Type"] == "application/json"
            return None if busy else response

        case.validate_response(wait_for(answer, f"an answer to {method} {path}"), checks=CHECKS)

    check()

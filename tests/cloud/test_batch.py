"""`darkroom batch` with the deployed stack: each photo is accounted for, none is done twice, what failed is mended.

`make test-batch` is the same with 200 photos.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from darkroom import library, report
from darkroom.auto import albums
from darkroom.aws.batches import Phase
from darkroom.cli.cloud import find_stack
from darkroom.cli.main import cli
from darkroom.client import batches as known
from darkroom.report import Report
from darkroom_local import control
from tests.bench.albums import LIGHTS, series
from tests.cloud.cloud import BATCH_BUCKET, Cloud
from tests.support import photos
from tests.support.photographs import photo
from tests.support.resources import physical_id

pytestmark = pytest.mark.cloud

PHOTOS = int(os.environ.get("DARKROOM_BATCH_PHOTOS", "9"))
BROKEN = max(2, PHOTOS // 20)
STEP = ("--step", "gamma:gamma=1.4")

Run = Callable[..., Result]


@pytest.fixture
def run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(control, "connection", cloud.aws.connection)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli, ["batch", *words, "--local"])


@pytest.fixture
def trip(request: pytest.FixtureRequest) -> str:
    """A folder of the test's own."""
    return str(request.node.originalname)


@pytest.fixture
def _bucket(cloud: Cloud) -> None:
    """One of the user's own."""
    if BATCH_BUCKET not in [bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]]:
        cloud.s3.create_bucket(Bucket=BATCH_BUCKET)


@pytest.fixture
def archive(cloud: Cloud, trip: str, _bucket: None) -> list[str]:
    """A bucket of the user's own, with photos in folders, some of them broken, and what is no photo."""
    keys = [f"{trip}/{number % 3}/a+b ü {number}.jpg" for number in range(PHOTOS)]
    for number, key in enumerate(keys):
        cut = number < BROKEN
        cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=key, Body=photos.encoded()[: -600 if cut else None])
    for key in (f"{trip}/", f"{trip}/1/.DS_Store", f"{trip}/1/a.xmp"):
        cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=key, Body=b"" if key.endswith("/") else b"x")
    return keys


def versions(cloud: Cloud, folder: str) -> Counter[str]:
    """How often each result was written, by its photo's key."""
    pages = cloud.s3.get_paginator("list_object_versions").paginate(
        Bucket=cloud.outputs["ResultsBucket"], Prefix=f"{BATCH_BUCKET}/{folder}/"
    )
    named = [one["Key"].removeprefix(f"{BATCH_BUCKET}/") for page in pages for one in page.get("Versions", [])]
    return Counter(name for name in named if name.endswith(".jpg"))


def told(done: Result) -> dict[str, int]:
    """The numbers that a followed batch ends with."""
    match = re.search(r"(\d+) enhanced, (\d+) done before, (\d+) rejected, (\d+) failed, (\d+) not begun", done.stderr)
    assert match, done.output
    return dict(zip(("enhanced", "skipped", "rejected", "failed", "missing"), map(int, match.groups()), strict=True))


def undone(cloud: Cloud) -> list[str]:
    """Why children of batches failed, by the emulator's word: what a test that went wrong says of itself."""
    states, found = cloud.states, []
    for batch in states.list_executions(stateMachineArn=physical_id(cloud.aws, "Batch"))["executions"]:
        for run in states.list_map_runs(executionArn=batch["executionArn"])["mapRuns"]:
            for child in states.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]:
                told = states.describe_execution(executionArn=child["executionArn"])
                found.append(f"{told.get('error')}: {told.get('cause')}")
    return found


def test_each_photo_is_accounted_for_and_done_once(
    cloud: Cloud, run: Run, trip: str, archive: list[str], tmp_path: Path
) -> None:
    source, good, broken = f"s3://{BATCH_BUCKET}/{trip}/", archive[BROKEN:], archive[:BROKEN]

    dry = run(source, *STEP, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, "")
    assert f"{PHOTOS} photos" in dry.stderr
    assert versions(cloud, trip) == {}

    # Some are broken; the tree is kept.
    first = run(source, *STEP, "--max-concurrency", "4", "--together", "2", "--report", "first.html")
    assert first.exit_code == 1, first.output
    none = {"enhanced": 0, "skipped": 0, "rejected": 0, "failed": 0, "missing": 0}
    assert told(first) == {**none, "enhanced": len(good), "rejected": BROKEN}, undone(cloud)
    assert versions(cloud, trip) == dict.fromkeys(good, 1)

    # A second run skips what is done.
    second = run(source, *STEP, "--max-concurrency", "4", "--report", "second.html")
    assert told(second) == {**none, "skipped": len(good), "rejected": BROKEN}
    assert versions(cloud, trip) == dict.fromkeys(good, 1)

    # The cause gone, a redrive mends exactly those that were rejected.
    batch = second.stdout.splitlines()[0]
    for key in broken:
        cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=key, Body=photos.encoded())
    mended = run("redrive", batch, "--report", "mended.html")
    assert mended.exit_code == 0, mended.output
    assert f"{BROKEN} photos are begun anew" in mended.stderr
    assert told(mended) == {**none, "skipped": len(good), "enhanced": BROKEN}
    assert versions(cloud, trip) == dict.fromkeys(archive, 1)
    assert "nothing was left undone" in run("redrive", batch).stderr

    standing = json.loads(run("status", batch).stdout)
    assert (standing["status"], standing["runs"], standing["photos"]) == ("succeeded", 2, PHOTOS)
    assert standing["unaccounted"] == 0

    for name, words in (("first.html", "image.truncated"), ("mended.html", "gamma")):
        page = (tmp_path / name).read_text("utf-8")
        assert words in page
        counts = re.findall(r"<dt>(?:done|skipped|rejected|failed)</dt><dd>([\d,]+)</dd>", page)
        assert sum(int(count.replace(",", "")) for count in counts) == PHOTOS, "each is counted once"
        assert sum(key in page for key in archive) >= min(PHOTOS, 60), "so many are shown"
    assert all(key in (tmp_path / "first.html").read_text("utf-8") for key in broken), "what was refused is named"
    for name in ("first.html", "mended.html"):
        page = (tmp_path / name).read_text("utf-8")
        places = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert all(place.startswith("data:") for place in places), "the page asks for nothing"
    assert (tmp_path / "mended.html").read_text("utf-8").count("data:image/jpeg") >= 2 * min(PHOTOS, 60)


def test_what_was_stopped_goes_on_and_does_nothing_twice(cloud: Cloud, run: Run, trip: str, archive: list[str]) -> None:
    for key in archive:
        cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=key, Body=photos.encoded())
    before = versions(cloud, trip)
    begun = run(f"s3://{BATCH_BUCKET}/{trip}/", *STEP, "--force", "--max-concurrency", "2", "--detach")
    batch = begun.stdout.strip()
    run("stop", batch)
    on = run("redrive", batch)
    standing = json.loads(run("status", batch).stdout)
    assert (standing["succeeded"] + standing["skipped"], standing["unaccounted"]) == (PHOTOS, 0), on.output
    assert versions(cloud, trip) - before == dict.fromkeys(archive, 1)


@pytest.mark.usefixtures("_bucket")
def test_an_album_is_decided_about_together(cloud: Cloud, run: Run, trip: str) -> None:
    """One scene in varied light, and a photo that is broken at first."""
    files = dict[str, bytes]()
    for number, (pixels, _) in enumerate(series(photo("guitar", 300), LIGHTS[3], 2)[:5]):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "jpeg", quality=95)
        files[f"{trip}/rome/{number}.jpg"] = file.getvalue()
    broken = f"{trip}/rome/4.jpg"
    for key, body in files.items():
        cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=key, Body=body[:-600] if key == broken else body)
    source, words = f"s3://{BATCH_BUCKET}/{trip}/", ("--album", "--max-concurrency", "3", "--report", "album.html")

    refused = run(source, "--album", "--recipe", "vivid")
    assert (refused.exit_code, "decides nothing" in refused.stderr) == (1, True), refused.output
    assert "recipe auto, with a look at each before" in run(source, "--album", "--dry-run").stderr

    none = {"enhanced": 0, "skipped": 0, "rejected": 0, "failed": 0, "missing": 0}
    first = run(source, *words)
    assert told(first) == {**none, "enhanced": 4, "rejected": 1}, undone(cloud)
    batches = known.of(find_stack(None, local=True))
    _, maps = batches.phases(known.find(batches, first.stdout.splitlines()[0]))
    assert maps == [Phase("Evidence", 5, 5), Phase("Albums", 1, 1), Phase("Photos", 5, 5)]
    whole = [key for key in files if key != broken]
    for key, one in zip(whole, together([files[key] for key in whole], f"{trip}/rome"), strict=True):
        assert decided(manifest(cloud, key)) == one

    # Neither looked at nor done anew.
    second = run(source, *words)
    assert told(second) == {**none, "skipped": 4, "rejected": 1}
    seen = looked_at(cloud)

    # What is mended is decided about with all, whatever was decided about them before; and they are as they were.
    cloud.s3.put_object(Bucket=BATCH_BUCKET, Key=broken, Body=files[broken])
    mended = run("redrive", second.stdout.splitlines()[0], "--report", "album.html")
    assert told(mended) == {**none, "skipped": 4, "enhanced": 1}, mended.output
    assert decided(manifest(cloud, broken)) == together(list(files.values()), f"{trip}/rome")[-1]
    assert decided(manifest(cloud, whole[0])) == together([files[key] for key in whole], f"{trip}/rome")[0]
    now = looked_at(cloud)
    assert len(now) == len(seen) + 1
    assert now.items() >= seen.items()
    assert versions(cloud, trip) == dict.fromkeys(files, 1)


def looked_at(cloud: Cloud) -> dict[str, Any]:
    """What is known of photos for any batch, by key, and since when."""
    listed = cloud.s3.list_objects_v2(Bucket=cloud.outputs["WorkBucket"], Prefix="batches/seen/")["Contents"]
    return {one["Key"]: one["LastModified"] for one in listed}


def manifest(cloud: Cloud, key: str) -> Report:
    name = f"{BATCH_BUCKET}/{key}.json"
    return report.read(cloud.s3.get_object(Bucket=cloud.outputs["ResultsBucket"], Key=name)["Body"].read())


def decided(told: Report) -> tuple[Any, ...]:
    """What was decided, and with whom."""
    assert told.album is not None
    return told.album, told.diagnosis, told.decisions, told.review and told.review.why


def together(bodies: list[bytes], name: str) -> list[tuple[Any, ...]]:
    """What the library decides about an album of these files."""
    members = albums.together(name, [library.look(body) for body in bodies])
    return [decided(library.enhance(body, together=one).report) for body, one in zip(bodies, members, strict=True)]


def test_each_photo_of_a_list_has_its_own_recipe(cloud: Cloud, run: Run, archive: list[str], tmp_path: Path) -> None:
    key = archive[-1]
    (tmp_path / "list.csv").write_text(f"key,recipe,blend\n{key},vivid,40\n", "utf-8")
    done = run(f"s3://{BATCH_BUCKET}/", "--manifest", "list.csv", "--to", "listed")
    assert done.exit_code == 0, done.output
    manifest = cloud.s3.get_object(Bucket=cloud.outputs["ResultsBucket"], Key=f"listed/{key}.json")["Body"].read()
    assert (json.loads(manifest)["recipe"], json.loads(manifest)["blend"]) == ("vivid", 40)
    (tmp_path / "wrong.csv").write_text(f"key,recipe\n{key},vivit\n", "utf-8")
    refused = run(f"s3://{BATCH_BUCKET}/", "--manifest", "wrong.csv")
    assert refused.exit_code == 1
    assert "line 2 of wrong.csv" in refused.stderr
    assert "did you mean 'vivid'?" in refused.stderr

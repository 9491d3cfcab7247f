"""Albums of a batch by its functions, one after the other: what is known of each photo, agreed upon, and decided by."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from PIL import Image

from darkroom import library, planner
from darkroom.auto import albums as library_albums
from darkroom.auto import treatments
from darkroom.aws import albums, batching, clients, publishing
from darkroom.aws.albums import Agreed, Seen
from darkroom.aws.batching import Folder, Line
from darkroom.aws.stage import BUCKET, Decided, Job
from darkroom.wanted import Wanted
from tests.support.functions import SETTINGS, UPLOADS, WORK, Functions, environment
from tests.support.interpreter import service_error
from tests.support.photographs import photo
from tests.support.stores import stores

ID = "a" * 32
BATCH = {
    "id": ID,
    "run": 0,
    "asked": {"recipe": "auto"},
    "to": "x/",
    "sequencer": "0A",
    "salt": "",
    "album": True,
}
AUTO = Wanted.of_arguments("auto").to_recipe()


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    with stores(monkeypatch):
        yield Functions()


def upload(number: int, body: bytes | None = None) -> str:
    """A dark photo of a series in a folder."""
    key = f"a+b/rome ü/{number}.png"
    file = io.BytesIO()
    Image.fromarray(photo("guitar", 200 + 20 * number) // 3).save(file, "png")
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=key, Body=file.getvalue() if body is None else body)
    return key


def ask(key: str, **batch: Any) -> dict[str, Any]:
    return {"photo": {"bucket": UPLOADS, "key": key}, "batch": {**BATCH, **batch}}


def look_at(functions: Functions, key: str, **batch: Any) -> list[str]:
    """The functions that are asked before a photo is known, as the workflow asks them."""
    told = functions.invoke("batch", {"evidence": ask(key, **batch)}).payload
    if "job" not in told:
        return []
    inspected = functions.invoke("inspect", {"job": told.pop("job"), "fusion": "stage"})
    if inspected.error:
        return ["inspect"]
    found = inspected.payload
    event = {**told, "job": found["picture"].split("/")[1], "picture": found["picture"], "inspected": found["report"]}
    assert functions.invoke("classify", event).error is None
    return ["inspect", "classify"]


def agree(functions: Functions, *photos: str, **batch: Any) -> Any:
    """About the folder, or so that it is written down for these photos of it."""
    folder = {"bucket": UPLOADS, "folder": "a+b/rome ü", "photos": [batching.photo_of(UPLOADS, key) for key in photos]}
    return functions.invoke("batch", {"agree": {"folder": folder, "batch": {**BATCH, **batch}}}).payload


def kept[T](key: str, kind: type[T]) -> T:
    return msgspec.json.decode(boto3.client("s3").get_object(Bucket=WORK, Key=key)["Body"].read(), type=kind)


def looked(functions: Functions, key: str, **batch: Any) -> dict[str, Any]:
    """What the workflow of uploads is told of a photo."""
    (found,) = functions.invoke("batch", {"look": [ask(key, **batch)]}).payload["photos"]
    return dict(found["upload"]["detail"]["batch"])


def body(key: str) -> bytes:
    data: bytes = boto3.client("s3").get_object(Bucket=UPLOADS, Key=key)["Body"].read()
    return data


def test_what_a_folder_agrees_upon_is_what_the_library_does(functions: Functions) -> None:
    series = [upload(number) for number in range(3)]
    broken = upload(3, b"no photo, though it is called like one")
    assert [look_at(functions, key) for key in series] == [["inspect", "classify"]] * 3
    assert look_at(functions, broken) == ["inspect"]
    assert agree(functions) == {"photos": 3, "shared": 3}
    known = [library.look(body(key)) for key in series]
    for key, one in zip(series, library_albums.together("a+b/rome ü", known), strict=True):
        assert one.album is not None
        agreed = kept(batching.of_agreed(ID, 0, Line(UPLOADS, key)), Agreed)
        assert agreed.together == one

    # A job is told of it, by a name that follows from it; one without an album as ever.
    told = [looked(functions, key) for key in series]
    assert [one["together"] for one in told] == [batching.of_agreed(ID, 0, Line(UPLOADS, key)) for key in series]
    alone = looked(functions, series[0], album=False)
    assert "together" not in alone
    assert alone["job"] != told[0]["job"]
    assert "together" not in looked(functions, broken)
    assert looked(functions, broken)["job"] == looked(functions, broken, album=False)["job"]

    # What came to lie there since was not looked at.
    upload(0, body(series[1]))
    assert "together" not in looked(functions, series[0])


def test_of_a_run_of_some_what_all_agree_upon_is_written_for_those(functions: Functions) -> None:
    series = [upload(number) for number in range(3)]
    for key in series:
        look_at(functions, key)
    agree(functions)
    assert agree(functions, series[1], run=1) == {"photos": 3, "shared": 1}
    listed = boto3.client("s3").list_objects_v2(Bucket=WORK, Prefix=f"batches/{ID}/agreed/0001/")["Contents"]
    (place,) = [one["Key"] for one in listed]
    assert place == batching.of_agreed(ID, 1, Line(UPLOADS, series[1]))
    assert kept(place, Agreed) == kept(batching.of_agreed(ID, 0, Line(UPLOADS, series[1])), Agreed)


def test_what_cannot_be_written_fails_the_album(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one of its photos would be decided by itself, and the others not."""
    for number in range(3):
        look_at(functions, upload(number))
    usual = clients.client("s3").put_object

    def refuse(**request: Any) -> Any:
        if request["Key"] == batching.of_agreed(ID, 0, Line(UPLOADS, "a+b/rome ü/1.png")):
            raise service_error("SlowDown")
        return usual(**request)

    monkeypatch.setattr(clients.client("s3"), "put_object", refuse)
    assert agree(functions)["errorType"] == "TransientError"


def test_a_second_batch_looks_at_nothing_anew(functions: Functions) -> None:
    series = [upload(number) for number in range(3)]
    for key in series:
        look_at(functions, key)
    agree(functions)
    first = [looked(functions, key)["job"] for key in series]
    second = {"id": "b" * 32, "run": 2}
    assert [look_at(functions, key, **second) for key in series] == [[]] * 3
    assert agree(functions, **second) == {"photos": 3, "shared": 3}
    assert [looked(functions, key, **second)["job"] for key in series] == first
    upload(2, body(series[0]))
    assert look_at(functions, series[2], **second) == ["inspect", "classify"]
    evidence = kept(batching.of_evidence("b" * 32, Line(UPLOADS, series[2])), Seen)
    assert evidence.content != kept(batching.of_evidence(ID, Line(UPLOADS, series[2])), Seen).content


def test_a_batch_that_does_all_again_looks_at_its_photos_anew(functions: Functions) -> None:
    """Once: its second run knows what the first has seen, and a later batch what it has."""
    key = upload(0)
    look_at(functions, key)
    places = batching.of_evidence(ID, Line(UPLOADS, key)), batching.of_evidence("b" * 32, Line(UPLOADS, key))
    forced = {"id": "b" * 32, "salt": "b" * 32}
    assert look_at(functions, key, **forced) == ["inspect", "classify"]
    assert [kept(place, Seen).content for place in places] == [kept(places[0], Seen).content] * 2
    assert look_at(functions, key, **forced, run=1) == []
    assert look_at(functions, key, id="c" * 32, salt="c" * 32) == ["inspect", "classify"]
    assert look_at(functions, key, id="d" * 32) == []


def test_what_decides_nothing_or_is_gone_is_not_looked_at(functions: Functions) -> None:
    key = upload(0)
    assert look_at(functions, key, asked={"recipe": "vivid"}) == []
    assert look_at(functions, "a+b/gone.jpg") == []
    assert agree(functions) == {"photos": 0, "shared": 0}


def test_a_job_is_decided_by_what_its_album_agreed_upon(functions: Functions) -> None:
    series = [upload(number) for number in range(3)]
    for key in series:
        look_at(functions, key)
    agree(functions)
    place = batching.of_agreed(ID, 0, Line(UPLOADS, series[0]))
    together = kept(place, Agreed).together
    job = Job("c" * 32, UPLOADS, series[0], "0A", None, {"recipe": "auto"}, f"x/{series[0]}", place)
    inspected = functions.invoke("inspect", {"job": msgspec.to_builtins(job), "fusion": "fused"}).payload
    begun = {"job": job.id, "picture": inspected["picture"], "inspected": inspected["report"], "fusion": "fused"}
    event = {**begun, "together": place}
    answer = functions.invoke("classify", event).payload
    calls, decisions = treatments.resolve(AUTO, together.agreed.measurements, together.agreed.diagnosis)
    assert answer["plan"] == msgspec.to_builtins(planner.plan(calls, "fused"))
    with environment("publish", SETTINGS):
        decided = BUCKET.left(answer["report"], Decided)
        told = publishing.Event(job, "", "", diagnosed=True, reports=[inspected["report"], answer["report"]])
        report, by = publishing.so_far(told, BUCKET)
    assert (decided.decisions, decided.diagnosis, decided.by, decided.album) == (
        decisions,
        together.own.diagnosis,
        together.agreed.diagnosis,
        together.album,
    )
    assert (report.album, report.diagnosis, by) == (together.album, together.own.diagnosis, together.agreed.diagnosis)

    boto3.client("s3").delete_object(Bucket=WORK, Key=place)
    assert functions.invoke("classify", event).payload["errorMessage"].startswith("step.expired")


def test_a_photo_that_is_deleted_meanwhile_is_not_known(functions: Functions) -> None:
    event = {
        "job": "c" * 32,
        "picture": "",
        "inspected": "",
        "photo": "a.jpg",
        "content": "",
        "keep": ["batches/seen/x.json"],
    }
    assert functions.invoke("classify", event).payload == {}
    assert boto3.client("s3").list_objects_v2(Bucket=WORK)["KeyCount"] == 0


def test_folders_lie_apart() -> None:
    lines = [
        Line("b", "a/1.jpg"),
        Line("b", "a/2.jpg"),
        Line("c", "a/1.jpg"),
        Line("b", "a/b/1.jpg"),
        Line("b", "1.jpg"),
    ]
    assert [batching.folder_of(line) for line in lines] == [
        Folder("b", "a"),
        Folder("b", "a"),
        Folder("c", "a"),
        Folder("b", "a/b"),
        Folder("b", ""),
    ]
    within = [batching.evidence_in("a" * 32, batching.folder_of(line)) for line in lines]
    assert len(set(within)) == 4
    assert all(
        batching.of_evidence("a" * 32, line).startswith(place) for line, place in zip(lines, within, strict=True)
    )


def test_content_is_the_version_too() -> None:
    line = Line("b", "a.jpg")
    told = [albums.content_of(line, head) for head in ({"ETag": '"1"'}, {"ETag": '"1"', "VersionId": "v"})]
    assert told[0] != told[1]

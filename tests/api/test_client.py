"""`darkroom.client` against the API's own function, over HTTP, with buckets and table on moto."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3
import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import Recipe, StepCall
from darkroom.aws.container.gateway import Gateway, Keys
from darkroom.client import Client, Job, RequestRefused
from darkroom.client import api as module
from tests.support import photos
from tests.support.api_client import Lambda, Workflow
from tests.support.functions import UPLOADS, Functions
from tests.support.stores import table

KEY, OTHER = "a-key-of-sixteen-or-more", "another-of-sixteen-or-more"


class Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served(functions: Functions) -> Iterator[str]:
    """The API's address."""
    gateway = Gateway(
        lambda event: functions.invoke("api", event).payload, Keys({"ada": KEY, "bob": OTHER}), lambda: ""
    )

    def bounded(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return gateway({**environ, "wsgi.input": io.BytesIO(body)}, start)

    with make_server("127.0.0.1", 0, bounded, handler_class=Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def ada(served: str) -> Client:
    return Client(served, KEY)


def turn(job: str, **fields: Any) -> None:
    """Let a job's record say this."""
    table().update_item(
        Key={"id": job},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues={f":{name}": value for name, value in fields.items()},
    )


def test_a_job_is_announced_once_by_its_idempotency_key(ada: Client) -> None:
    first = ada.announce("a.jpg", "vivid", blend=70, idempotency_key="order-17")
    again = ada.announce("a.jpg", "vivid", blend=70, idempotency_key="order-17")
    assert (first.id, first.status) == (again.id, "waiting")
    assert first.upload is not None
    assert first.upload.fields["x-amz-meta-blend"] == "70"
    with pytest.raises(RequestRefused) as caught:
        ada.announce("a.jpg", "vivid", blend=71, idempotency_key="order-17")
    assert caught.value.code == "http.idempotency-conflict"
    assert ada.announce("a.jpg", "vivid", blend=70).id != first.id


def test_whose_photo_came_is_not_uploaded_again(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(Client, "upload", lambda self, form, photo: sent.append(photo))
    job = ada.submit(b"photo", filename="a.jpg", idempotency_key="one")
    turn(job, status="running")
    assert ada.submit(b"photo", filename="a.jpg", idempotency_key="one") == job
    assert sent == [b"photo"]


def test_the_list_is_turned_page_by_page(ada: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    made = [ada.announce(f"{index}.jpg").id for index in range(5)]
    assert [job.id for job in ada.jobs()] == list(reversed(made))
    assert list(Client(served, OTHER).jobs()) == []


def test_progress_is_told_of_each_change_and_the_end_is_given(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    job = ada.announce("a.jpg").id
    seen: list[str] = []

    def progress(now: Job) -> None:
        seen.append(now.status)
        after = {"waiting": {"status": "running"}, "running": {"status": "succeeded", "recipe": "vivid"}}
        turn(job, **after.get(now.status, {"status": now.status}))

    done = ada.wait(job, 60, progress)
    assert seen == ["waiting", "running", "succeeded"]
    assert (done.ended, done.recipe, done.filename, done.links.result) == (True, "vivid", "a.jpg", None)
    assert done.created.tzinfo is not None


@pytest.mark.parametrize(
    ("code", "kind"),
    [("image.truncated", darkroom.ImageRejected), ("step.timeout", darkroom.StepFailed)],
)
def test_a_job_s_own_error_is_raised(ada: Client, code: str, kind: type[Exception]) -> None:
    job = ada.announce("a.jpg").id
    turn(job, status="failed", error={"name": "", "code": code, "message": "it went wrong", "state": ""})
    with pytest.raises(kind, match="it went wrong"):
        ada.wait(job, 60)


def test_who_waits_in_vain_is_told_so(ada: Client) -> None:
    job = ada.announce("a.jpg").id
    with pytest.raises(darkroom.TransientError, match=r"did not end within 0\.01 seconds"):
        ada.wait(job, 0.01)


def refusals(ada: Client, served: str) -> dict[str, Callable[[], Any]]:
    return {
        "http.no-job": lambda: ada.job("0" * 32),
        "http.forbidden": lambda: Client(served, "none").job("0" * 32),
        "http.not-an-administrator": lambda: ada.begin_batch(source=f"s3://{UPLOADS}/trip/"),
        "recipe.unknown-recipe": lambda: ada.announce("a.jpg", "vivit"),
        "http.too-large": lambda: ada.enhance(bytes(4_500_001)),
    }


@pytest.mark.parametrize("code", list(refusals(None, "")))  # type: ignore[arg-type]  # their names alone
def test_what_is_refused_says_why(ada: Client, served: str, code: str) -> None:
    with pytest.raises(darkroom.DarkroomError) as caught:
        refusals(ada, served)[code]()
    assert caught.value.code == code


RECIPES: list[Any] = [
    "vivid",
    Recipe(steps="auto", finish="none", format="png"),
    [StepCall("gamma", {"gamma": 1.4}), StepCall("crop", {"aspect": "1:1"})],
    {"steps": [{"name": "convolve", "params": {"kernel": [[0, 1, 0], [1, 4, 1], [0, 1, 0]]}}], "blend": 40},
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_better_photo_in_one_call(ada: Client, workflow: Workflow, recipe: Any) -> None:
    photo = photos.encoded("PNG")
    done = ada.enhance(photo, recipe)
    ours = darkroom.enhance(photo, recipe)
    np.testing.assert_array_equal(photos.decoded(done.photo), photos.decoded(darkroom.encode(ours.picture, "png")))
    assert done.media_type == "image/png"
    assert [step.params for step in done.report.steps] == [step.params for step in ours.report.steps]
    assert done.report.job == done.job == ada.job(done.job).id


def test_what_is_wrong_with_a_photo(ada: Client, networks: Lambda) -> None:
    photo = photos.encoded("PNG")
    found = ada.diagnose(photo)
    assert json.loads(msgspec.json.encode(found)) == darkroom.apply("diagnose", photos.decoded(photo))


def test_a_job_is_asked_for_otherwise_and_deleted(ada: Client) -> None:
    job = ada.announce("a.jpg").id
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=f"api/{job}/a.jpg", Body=photos.encoded())
    turn(job, status="succeeded")
    other = ada.again(job, "vivid")
    assert other.source == job
    with pytest.raises(RequestRefused) as caught:
        ada.redo(job)
    assert caught.value.code == "http.job-not-failed"
    ada.delete(job)
    with pytest.raises(RequestRefused):
        ada.job(job)

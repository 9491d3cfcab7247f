"""A deployed stack from outside: every upload finds its own job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from darkroom.aws import keys
from darkroom.client.stack import Stack
from darkroom.errors import ImageRejected, RecipeInvalid, TransientError
from darkroom.recipe import Recipe
from darkroom.wanted import Wanted
from tests.support import stores

OUTPUTS = {"UploadsBucket": "uploads", "JobsTable": "jobs"}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="uploads")
        stores.make_table("jobs")
        yield Stack(OUTPUTS, {"region_name": "us-east-1"})


def job(name: str, key: str, **more: Any) -> None:
    """A job as the workflow records it."""
    record: dict[str, Any] = {"id": name, "listing": "jobs", "created": name, "key": key, "status": "succeeded"}
    record |= {"result": {"bucket": "results", "key": "a.jpg"}, **more}
    boto3.resource("dynamodb").Table("jobs").put_item(Item=record)


def test_uploads_of_one_name_find_their_own_jobs(stack: Stack) -> None:
    first, second = (stack.upload("a.jpg", body, Wanted.of_options("vivid")) for body in (b"1", b"2"))
    assert first != second
    job("3", "a.jpg")  # somebody else's photo of that name
    job("2", second)
    job("1", first)
    assert [stack.wait(key, 5)["id"] for key in (first, second)] == ["1", "2"]
    stored = boto3.client("s3").get_object(Bucket="uploads", Key=first)
    assert (stored["Body"].read(), stored["Metadata"]) == (b"1", {"recipe": "vivid"})


def test_a_job_that_runs_is_waited_for(stack: Stack) -> None:
    key = stack.upload("a.jpg", b"1", Wanted())
    job("1", key, status="running")
    with pytest.raises(TransientError, match="did not end"):
        stack.wait(key, 0.1)
    job("1", key, status="rejected", error={"code": "image.empty", "message": "the file is empty"})
    with pytest.raises(ImageRejected, match="the file is empty"):
        stack.wait(key, 5)


def test_what_has_no_room_is_not_uploaded(stack: Stack) -> None:
    with pytest.raises(RecipeInvalid, match="metadata"):
        stack.upload("a.jpg", b"1", Wanted(recipe=Recipe(steps=[], description="d" * 2048)))
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="uploads")


@pytest.mark.parametrize("name", ["in.jpg", "../x/a+b ü (1).jpg", "${filename}", "\x00"])
def test_a_submitted_key_is_shown_as_the_name(name: str) -> None:
    key = keys.to_submit("0" * 32, name)
    assert key.startswith(f"submit/{'0' * 32}/")
    assert keys.filename(key) == keys.safe_name(name)
    assert keys.is_announced(key), "so that deleting its job takes all of its versions"

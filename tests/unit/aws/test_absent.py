"""What is gone from the work bucket, for functions that may not list it: S3 answers as if they might not read it."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest

from darkroom import registry
from darkroom.aws import clients
from tests.support.functions import WORK, Functions
from tests.support.rights import Stack, asked
from tests.support.stores import stores
from tests.support.workflow import read_event

STACK = Stack()
ROLES = STACK.functions()
JOB = "5f1d7a84db00d2fce00b31a7fc73224f"


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The functions, of which S3 tells those alone that something is absent whose role may list the bucket."""
    with stores(monkeypatch):
        session = boto3.Session()
        session.events.register("after-call.s3", hide)
        monkeypatch.setattr(boto3, "client", session.client)
        clients.client.cache_clear()
        yield Functions()


def hide(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if http_response.status_code == 404:
        resource = asked("s3", "GET", http_response.url, {}, b"")[1]
        role = ROLES[os.environ["AWS_LAMBDA_FUNCTION_NAME"].removeprefix("darkroom-")]
        if not STACK.allows(role, "s3:ListBucket", resource.partition("/")[0]):
            parsed["Error"] = {"Code": "AccessDenied", "Message": "Access Denied"}


STAGES = [stage for stage in registry.stages() if stage != registry.CLASSIFY]
JOB_OF_API = {"id": JOB, "bucket": WORK, "key": f"sync/{JOB}/a.png", "version": None, "sequencer": "0"}
UNDECIDED = {"job": JOB, "picture": f"jobs/{JOB}/0.dkr", "fusion": "fused"}
INSPECTED = {"inspected": read_event("publish")["reports"][0]}
GONE: dict[str, tuple[str, dict[str, Any], str]] = {
    **{f"the picture of {stage}": (stage, read_event("stage"), "step.expired") for stage in STAGES},
    "the picture of publish": ("publish", read_event("publish"), "step.expired"),
    "a report of publish": ("publish", read_event("publish") | {"reports": [f"jobs/{JOB}/1.json"]}, "step.expired"),
    "what the API was sent": ("inspect", {"job": JOB_OF_API, "fusion": "fused"}, "image.gone"),
    "what the API asks about": (
        "classify",
        {"job": JOB, "upload": f"sync/{JOB}/a.png", "step": {"name": "diagnose"}},
        "image.gone",
    ),
    "the picture of classify": ("classify", UNDECIDED | INSPECTED, "step.expired"),
    "the report of classify": ("classify", UNDECIDED | {"inspected": f"jobs/{JOB}/0.json"}, "step.expired"),
    "what an album agreed upon": (
        "classify",
        UNDECIDED | INSPECTED | {"together": f"batches/{JOB}/agreed/0000/a.json"},
        "step.expired",
    ),
}


@pytest.mark.parametrize("what", GONE)
def test_it_is_told_as_gone(functions: Functions, what: str) -> None:
    stage, event, code = GONE[what]
    answer = functions.invoke(stage, event)
    assert (answer.error, str(answer.payload["errorMessage"]).partition(":")[0]) == ("Unhandled", code)


@pytest.mark.parametrize("stage", ["inspect", "classify", "publish", *STAGES])
def test_who_hands_pictures_over_may_not_list_them(stage: str) -> None:
    """A function that is taken over sees the pictures whose keys it is told, and no others."""
    for prefix in ("", "jobs/", "sync/"):
        assert not STACK.allows(ROLES[stage], "s3:ListBucket", f"arn:aws:s3:::{WORK}", **{"s3:prefix": prefix})

"""The jobs of a stack, listed and told of one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from darkroom.aws import items
from darkroom.cli import jobs as commands
from darkroom.cli.main import cli
from darkroom.client.stack import Stack
from tests.support import stores

PLACE = {"bucket": "results", "key": "a b.jpg", "version": "v2"}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        stores.make_table("jobs")
        made = Stack({"JobsTable": "jobs", "FunctionLogs": "/logs"}, {"region_name": "us-east-1"})
        monkeypatch.setattr(commands, "find_stack", lambda name, local: made)
        yield made


def record(name: str, status: str, minutes_ago: float, **more: Any) -> None:
    began = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    times = {"created": items.written(began), "updated": items.written(began + timedelta(seconds=1.5))}
    upload = {"bucket": "uploads", "key": f"{name}\n.jpg", "version": "v1"}
    boto3.resource("dynamodb").Table("jobs").put_item(
        Item={"id": name, "listing": "jobs", "status": status, **times, **upload, **more}
    )


def run(*arguments: str) -> list[str]:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_jobs_of_late_are_listed_newest_first_and_by_their_end() -> None:
    error = {"name": "StepFailed", "code": "step.broken", "message": "it broke", "state": "Publish"}
    record("good", "succeeded", 5, recipe="auto")
    record("bad", "failed", 3, error=error)
    record("wrong", "rejected", 4)
    record("old", "failed", 90)
    assert [line.split()[0] for line in run("jobs")] == ["bad", "wrong", "good"]
    (failed,) = run("jobs", "--failed")
    assert failed.split()[:2] == ["bad", "failed"]
    assert failed.endswith("bad\\n.jpg  step.broken"), "a line, whatever the key holds"
    assert "1.5 s" in failed
    assert [line.split()[0] for line in run("jobs", "--failed", "--rejected", "--since", "2h")] == [
        "bad",
        "wrong",
        "old",
    ]
    assert [json.loads(line)["id"] for line in run("jobs", "--json", "--since", "240s")] == ["bad"]


@pytest.mark.parametrize("span", ["1", "h", "1w", "-1h", "1.5h"])
def test_a_time_is_a_number_and_a_unit(span: str) -> None:
    done = CliRunner().invoke(cli, ["jobs", "--since", span])
    assert done.exit_code == 2
    assert "not a time such as" in done.output


def test_one_job_is_told_whole() -> None:
    error = {"name": "StepFailed", "code": "step.broken", "message": "it broke", "state": "Publish"}
    record("bad", "failed", 3, error=error, execution="arn:x")
    record("good", "succeeded", 3, result=PLACE, manifest={**PLACE, "key": "a b.jpg.json"})
    told = "\n".join(run("job", "bad"))
    assert "StepFailed at Publish: step.broken: it broke" in told
    assert "arn:x" in told
    assert "aws logs filter-log-events --log-group-name /logs --filter-pattern '{ $.job_id = \"bad\" }'" in told
    assert 'annotation.job_id = "bad"' in told
    good = json.loads("\n".join(run("job", "good", "--json")))
    assert good["seconds"] == 1.5
    assert set(good["links"]) == {"upload", "result", "manifest"}
    assert "versionId=v2" in good["links"]["result"]
    assert all("X-Amz-Signature=" in link for link in good["links"].values()), "as objects under a key of KMS need it"
    absent = CliRunner().invoke(cli, ["job", "none"])
    assert (absent.exit_code, absent.output) == (1, "darkroom: there is no job 'none'\n")

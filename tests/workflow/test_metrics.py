"""What alarms, dashboard and saved queries read is what functions write: each is read from a run."""

from __future__ import annotations

import contextlib
import json
import re
import socket

import pytest

from darkroom.aws import tracing
from darkroom.errors import StepFailed
from tests.support import photos, watched
from tests.support.functions import SETTINGS
from tests.support.workflow import Lab

OF_AWS = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", ("QueueName",)): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html; without a dimension, of the account
    ("AWS/Lambda", ()): {"ConcurrentExecutions", "Throttles"},
    ("AWS/Lambda", ("FunctionName",)): {"Duration", "Errors", "Invocations", "Throttles"},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    ("AWS/States", ("StateMachineArn",)): {
        "ExecutionThrottled",
        "ExecutionsAborted",
        "ExecutionsFailed",
        "ExecutionsStarted",
        "ExecutionsTimedOut",
    },
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    ("AWS/ApiGateway", ("ApiName", "Stage")): {"4XXError", "5XXError", "Count", "Latency"},
}
"""AWS's own metrics, by namespace and dimensions, as its documents list them."""


@pytest.fixture
def a_run(lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What functions wrote in a run in which a job succeeded, one was rejected, one failed, and one is looked at."""
    lab.execute(lab.upload("good.jpg", photos.encoded(), {"recipe": "vivid"}))
    lab.execute(lab.upload("bad.jpg", b"no photo"))
    lab.functions.errors["publish"] = [StepFailed("broken", "it broke")]
    lab.execute(lab.upload("unlucky.jpg", photos.encoded()))
    for kind, detail in lab.told():
        if kind in ("Job Failed", "Job Rejected"):
            assert lab.functions.invoke("reconcile", {"source": "darkroom", "detail": detail}).error is None
    assert lab.functions.invoke("reconcile", {"source": "aws.events"}).error is None
    return capsys.readouterr().out


def test_every_metric_that_is_read_is_written(a_run: str) -> None:
    lines = watched.entries(a_run)
    read = {f"alarm {name}": one for name, one in watched.of_alarms().items()}
    read |= {f"widget {number}": one for number, one in enumerate(watched.of_dashboard())}
    ours = {name: one for name, one in read.items() if one.namespace == watched.OURS + "${AWS::StackName}"}
    assert len(ours) > 10
    for name, metric in ours.items():
        assert watched.is_emitted(metric, lines, SETTINGS["POWERTOOLS_METRICS_NAMESPACE"]), f"{name}: {metric}"
    for name, metric in read.items():
        if name not in ours:
            assert metric.name in OF_AWS[metric.namespace, tuple(key for key, _ in metric.dimensions)], name


def test_ends_are_counted_by_status_and_code(a_run: str) -> None:
    lines = watched.entries(a_run)
    ends = [line["status"] for line in lines if "Jobs" in line]
    assert sorted(ends) == ["failed", "rejected", "succeeded"]
    codes = [line["code"] for line in lines if "Errors" in line]
    assert sorted(codes) == ["image.not-an-image", "step.broken"]
    (dollars,) = [line["Dollars"][0] for line in lines if "Dollars" in line]
    assert 0 < dollars < 0.01


def test_every_field_that_a_saved_query_asks_for_is_logged(a_run: str) -> None:
    logged = set()
    for line in watched.entries(a_run):
        logged |= set(line)
        for number, error in enumerate(line.get("errors", [])):
            logged |= {f"errors.{number}.{name}" for name in error} | {f"errors.{number}.frames.0"}
    asked = watched.queries()
    assert len(asked) == 4
    for name, query in asked.items():
        plain = re.sub(r'"[^"]*"', "", query)
        made = set(re.findall(r"\bas (\w+)", plain))
        words = set(re.findall(r"[a-zA-Z_@][\w.@]*", plain))
        commands = {"fields", "filter", "sort", "asc", "desc", "limit", "stats", "count", "pct", "avg", "latest", "by"}
        assert words - made - commands - {"as", "@timestamp"} <= logged, name
        for field, value in re.findall(r'(\w+) = "([^"]*)"', query):
            known = {str(line.get(field)) for line in watched.entries(a_run)}
            assert value in known or value.startswith("put "), f"{name}: {field}"


def test_a_job_s_id_is_an_annotation_of_its_traces(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As X-Ray's daemon takes it beside a function: over UDP, a header and a subsegment of the invocation's segment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
        root, parent = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={root};Parent={parent};Sampled=1;Lineage=0:0:0")
        lab.execute(lab.upload("good.jpg", photos.encoded()))
        header, _, body = daemon.recv(65_536).partition(b"\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        told = json.loads(body)
        assert (told["trace_id"], told["parent_id"], told["type"]) == (root, parent, "subsegment")
        assert re.fullmatch("[0-9a-f]{16}", told["id"])
        assert told["end_time"] >= told["start_time"]
        assert told["annotations"] == {"job_id": lab.record()["id"]}
        daemon.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while daemon.recv(65_536):  # what the job's other functions sent
                pass
        for unsampled in ("", f"Root={root};Parent={parent};Sampled=0", "Sampled=1", "nonsense"):
            monkeypatch.setenv("_X_AMZN_TRACE_ID", unsampled)
            tracing.annotate(job_id="x")
        with pytest.raises(BlockingIOError):
            daemon.recv(65_536)

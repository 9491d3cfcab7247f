"""`darkroom doctor` on the deployed stack: well as it is, and told what is wrong where it is broken on purpose."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from darkroom.cli import care, jobs
from darkroom.cli.main import cli
from darkroom.client.doctor import CHECKS, Patient, admit
from darkroom.client.stack import Stack
from darkroom_local import stack
from tests.cloud.cloud import Cloud, wait_for
from tests.support import photos, watched

pytestmark = pytest.mark.cloud


@pytest.fixture(autouse=True)
def found(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """The stack, which the commands find."""
    deployed = Stack.find(stack.STACK, **cloud.aws.connection())
    for module in (care, jobs):
        monkeypatch.setattr(module, "find_stack", lambda name, local: deployed)
    cloud.sqs.purge_queue(QueueUrl=cloud.outputs["UndeliveredUploads"])  # what other tests left
    return admit(deployed, stack.STACK)


def doctor(*options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Exit status, and findings by check."""
    done = CliRunner().invoke(cli, ["doctor", "--json", *options])
    findings: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        findings.setdefault(finding["check"], []).append(finding)
    return done.exit_code, findings


def test_a_stack_that_is_well_is_called_so_and_nothing_of_the_canary_stays(cloud: Cloud) -> None:
    status, findings = doctor()
    assert {one["state"] for many in findings.values() for one in many} <= {"well", "note"}, findings
    assert set(findings) == {*CHECKS, "canary"}
    assert status == 0
    assert findings["canary"][0]["words"].startswith("a photo came out in ")
    assert not [key for key in cloud.results() if "canary" in key]
    lines = CliRunner().invoke(cli, ["doctor", "--no-canary"])
    assert lines.exit_code == 0
    assert [line.split()[1] for line in lines.output.splitlines() if not line.strip().startswith("→")] == [*CHECKS]


@contextlib.contextmanager
def broken(cloud: Cloud, patient: Patient, how: str) -> Iterator[None]:
    """Something of the stack as it should not be, for as long as it lasts."""
    uploads, results = cloud.outputs["UploadsBucket"], cloud.outputs["ResultsBucket"]
    s3, lambdas, events = cloud.s3, cloud.aws.client("lambda"), cloud.aws.client("events")
    alarms = cloud.aws.client("cloudwatch")
    alarm = patient.of_type("AWS::CloudWatch::Alarm")["FailedJobsAlarm"]
    (mapping,) = patient.of_type("AWS::Lambda::EventSourceMapping").values()
    rule = patient.of_type("AWS::Events::Rule")["UploadRule"].rpartition("/")[2].rpartition("|")[2]
    sharpen = patient.of_type("AWS::Lambda::Function")["SharpenFunction"]
    policy = s3.get_bucket_policy(Bucket=results)["Policy"]
    blocked = s3.get_public_access_block(Bucket=uploads)["PublicAccessBlockConfiguration"]
    told: dict[str, Any] = {"EventBridgeConfiguration": {}}
    layers = [layer["Arn"] for layer in lambdas.get_function_configuration(FunctionName=sharpen)["Layers"]]
    ways: dict[str, tuple[Any, Any]] = {
        "versions": (
            lambda: s3.put_bucket_versioning(Bucket=results, VersioningConfiguration={"Status": "Suspended"}),
            lambda: s3.put_bucket_versioning(Bucket=results, VersioningConfiguration={"Status": "Enabled"}),
        ),
        "public access": (
            lambda: s3.delete_public_access_block(Bucket=uploads),
            lambda: s3.put_public_access_block(Bucket=uploads, PublicAccessBlockConfiguration=blocked),
        ),
        "TLS": (
            lambda: s3.delete_bucket_policy(Bucket=results),
            lambda: s3.put_bucket_policy(Bucket=results, Policy=policy),
        ),
        "notifications": (
            lambda: s3.put_bucket_notification_configuration(Bucket=uploads, NotificationConfiguration={}),
            lambda: s3.put_bucket_notification_configuration(Bucket=uploads, NotificationConfiguration=told),
        ),
        "mapping": (
            lambda: lambdas.update_event_source_mapping(UUID=mapping, Enabled=False),
            lambda: lambdas.update_event_source_mapping(UUID=mapping, Enabled=True),
        ),
        "rule": (lambda: events.disable_rule(Name=rule), lambda: events.enable_rule(Name=rule)),
        "dead letter": (
            lambda: cloud.sqs.send_message(QueueUrl=cloud.outputs["UndeliveredUploads"], MessageBody="{}"),
            lambda: cloud.sqs.purge_queue(QueueUrl=cloud.outputs["UndeliveredUploads"]),
        ),
        "alarm": (
            lambda: alarms.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="on purpose"),
            lambda: alarms.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="no more"),
        ),
        "layer": (
            lambda: lambdas.update_function_configuration(FunctionName=sharpen, Layers=layers[1:]),
            lambda: lambdas.update_function_configuration(FunctionName=sharpen, Layers=layers),
        ),
    }
    spoil, mend = ways[how]
    spoil()
    try:
        yield
    finally:
        mend()


@pytest.mark.parametrize(
    ("how", "check", "words", "advice"),
    [
        ("versions", "buckets", "ResultsBucket keeps no versions", "deploy"),
        ("public access", "buckets", "UploadsBucket does not refuse public access", "deploy"),
        ("TLS", "buckets", "ResultsBucket may be reached without TLS", "deploy"),
        ("notifications", "buckets", "tells EventBridge of nothing", "deploy"),
        ("mapping", "start", "StartWaiting is Disabl", "enable it"),
        ("rule", "start", "the rule UploadRule is disabled", "aws events enable-rule --name "),
        ("dead letter", "queues", "1 uploads could not be delivered", "darkroom redrive"),
        ("alarm", "alarms", "A job failed, and not by its photo's fault", "docs/operations.md#failed-jobs"),
        ("layer", "functions", "SharpenFunction have another version of the library", "deploy"),
    ],
)
def test_what_is_broken_is_named_with_what_to_do(
    cloud: Cloud, found: Patient, how: str, check: str, words: str, advice: str
) -> None:
    with broken(cloud, found, how):
        status, findings = doctor("--no-canary")
    faults = [one for many in findings.values() for one in many if one["state"] == "fault"]
    assert [(one["check"], words in one["words"], advice in one["advice"]) for one in faults] == [
        (check, True, True)
    ], faults
    assert status == 1


def test_a_canary_that_does_not_come_out_says_where_to_look(cloud: Cloud, found: Patient) -> None:
    with broken(cloud, found, "rule"):
        status, findings = doctor("--timeout", "1")
    (finding,) = findings["canary"]
    assert (finding["state"], status) == ("fault", 1)
    assert "did not end within 1 seconds" in finding["words"]
    assert finding["advice"].startswith("docs/operations.md#waiting-uploads")


def test_what_a_deployed_stack_writes_is_what_its_alarms_and_dashboard_read(cloud: Cloud) -> None:
    """The namespace is the stack's, and its rule tells `reconcile` of jobs that went wrong."""
    cloud.upload("of-metrics.jpg", photos.encoded())
    cloud.upload("of-metrics-too.jpg", b"no photo")
    good, bad = cloud.job("of-metrics.jpg"), cloud.job("of-metrics-too.jpg")
    assert (good["status"], bad["status"]) == ("succeeded", "rejected")
    read = [one for one in watched.of_dashboard() if one.name in ("Jobs", "Errors", "Duration", "Dollars")]
    logs, group = cloud.aws.client("logs"), cloud.outputs["FunctionLogs"]

    def lines(words: str) -> list[dict[str, Any]]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=words)
        return watched.entries(event["message"].strip() for page in pages for event in page["events"])

    def written() -> bool | None:
        found = [line for name in ("Jobs", "Errors", "Duration", "Dollars") for line in lines(f'"{name}"')]
        ends = {line["status"] for line in found if "Jobs" in line}
        whole = all(watched.is_emitted(one, found, f"{watched.OURS}{stack.STACK}") for one in read)
        return True if whole and {"succeeded", "rejected"} <= ends else None

    wait_for(written, "the metrics of both jobs")
    told = CliRunner().invoke(cli, ["job", bad["id"]]).output
    assert "image.not-an-image" in told
    assert [line.split()[0] for line in CliRunner().invoke(cli, ["jobs", "--rejected"]).output.splitlines()].count(
        bad["id"]
    ) == 1

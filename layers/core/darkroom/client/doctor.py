"""Whether a deployed stack is well: what is looked at, what is found, and what to do about it.

Each check answers with findings: of a fault, of something to know, or that all is as it should be. One that AWS refuses
is a fault too, for what cannot be looked at may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients
from darkroom.client import care
from darkroom.client.stack import Stack
from darkroom.errors import DarkroomError

MOST_SECONDS_OFF = 240
"""By which a clock may differ from AWS's: past five minutes signed requests are refused, and with them every link."""

STARTERS = 2
"""That run at once beside jobs, each an execution of a function."""

VERSIONED = ("UploadsBucket", "ResultsBucket")
BUCKETS = (*VERSIONED, "WorkBucket")


class Finding(msgspec.Struct, frozen=True):
    """What a check found. advice: what to do; empty where nothing is to be done."""

    check: str
    state: Literal["well", "note", "fault"]
    words: str
    advice: str = ""


@dataclass
class Patient:
    """A stack as CloudFormation has it: by its description, and its resources' physical names by their logical ones."""

    stack: Stack
    description: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def of_type(self, kind: str) -> dict[str, str]:
        """Physical names by logical ones."""
        found = self.resources.items()
        return {name: one["PhysicalResourceId"] for name, one in found if one["ResourceType"] == kind}


def admit(stack: Stack, name: str) -> Patient:
    """What CloudFormation says of a stack. Raises botocore's errors."""
    formation = stack.client("cloudformation")
    (description,) = formation.describe_stacks(StackName=name)["Stacks"]
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = {one["LogicalResourceId"]: one for page in pages for one in page["StackResourceSummaries"]}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in description.get("Parameters", [])}
    return Patient(stack, description, resources, given)


def look(patient: Patient) -> Iterator[Finding]:
    """All findings but a photo's way through the stack, check by check."""
    for name, check in CHECKS.items():
        try:
            found = list(check(patient))
        except (ClientError, BotoCoreError, DarkroomError, KeyError) as error:
            found = [Finding(name, "fault", f"could not be looked at: {error}", "see whether you may, and try again")]
        yield from found or [Finding(name, "well", "as it should be")]


def fault(check: str, words: str, advice: str) -> Finding:
    return Finding(check, "fault", words, advice)


def of_stack(patient: Patient) -> Iterator[Finding]:
    status = patient.description["StackStatus"]
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        yield fault("stack", f"it is {status}", "see the stack's events in CloudFormation, and deploy it again")


def of_clock(patient: Patient) -> Iterator[Finding]:
    answer = patient.client("sqs").get_queue_url(QueueName=patient.stack.outputs["WaitingUploads"].rpartition("/")[2])
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date and (off := abs(datetime.now(UTC) - parsedate_to_datetime(date))) > timedelta(seconds=MOST_SECONDS_OFF):
        yield fault("clock", f"this clock is {off.total_seconds():.0f} s off AWS's", "set it: signed links fail")


def of_functions(patient: Patient) -> Iterator[Finding]:
    functions, cores = patient.client("lambda"), {}
    for name, physical in patient.of_type("AWS::Lambda::Function").items():
        try:
            found = functions.get_function_configuration(FunctionName=physical)
        except ClientError as error:
            yield fault("functions", f"{name} cannot be found: {error}", "deploy the stack again")
            continue
        if "Failed" in (found.get("State"), found.get("LastUpdateStatus")):
            yield fault("functions", f"{name} cannot run: its last change failed", "deploy the stack again")
        layers = [layer["Arn"] for layer in found.get("Layers", [])]
        cores[name] = next((arn for arn in layers if "CoreLayer" in arn), "")
        if name in ("ClassifyFunction", "PublishFunction") and not any("InferenceLayer" in arn for arn in layers):
            yield fault("functions", f"{name} lacks the layer with the models", "deploy the stack again")
    if len(set(cores.values())) > 1 or "" in cores.values():
        newest = max(cores.values(), key=lambda arn: int(arn.rpartition(":")[2] or 0))
        others = sorted(name for name, arn in cores.items() if arn != newest)
        yield fault("functions", f"{', '.join(others)} have another version of the library", "deploy the stack again")


def of_start(patient: Patient) -> Iterator[Finding]:
    for name, physical in patient.of_type("AWS::Lambda::EventSourceMapping").items():
        state = patient.client("lambda").get_event_source_mapping(UUID=physical)["State"]
        if state not in ("Enabled", "Enabling", "Creating", "Updating"):
            yield fault("start", f"{name} is {state}: no job begins", "enable it (Lambda, StartFunction, triggers)")
    for name, physical in patient.of_type("AWS::Events::Rule").items():
        rule = physical.rpartition("|")[2].rpartition("/")[2]
        if patient.client("events").describe_rule(Name=rule)["State"] != "ENABLED":
            yield fault("start", f"the rule {name} is disabled", f"aws events enable-rule --name {rule}")


def of_buckets(patient: Patient) -> Iterator[Finding]:
    s3 = patient.client("s3")
    for name in BUCKETS:
        bucket = patient.stack.outputs[name]
        again = "deploy the stack again, after a change that CloudFormation sees, or set it by hand"
        if name in VERSIONED and s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            yield fault("buckets", f"{name} keeps no versions: a job may meet another photo than its own", again)
        blocked = _unless_absent(lambda: s3.get_public_access_block(Bucket=bucket))  # noqa: B023
        if not all((blocked or {}).get("PublicAccessBlockConfiguration", {"": False}).values()):
            yield fault("buckets", f"{name} does not refuse public access", again)
        policy = _unless_absent(lambda: s3.get_bucket_policy(Bucket=bucket))  # noqa: B023
        statements = json.loads(policy["Policy"])["Statement"] if policy else []
        conditions = [one.get("Condition", {}) for one in statements if one["Effect"] == "Deny"]
        if not any(one.get("Bool", {}).get("aws:SecureTransport") == "false" for one in conditions):
            yield fault("buckets", f"{name} may be reached without TLS", again)
    told = s3.get_bucket_notification_configuration(Bucket=patient.stack.outputs["UploadsBucket"])
    if "EventBridgeConfiguration" not in told:
        yield fault("buckets", "UploadsBucket tells EventBridge of nothing: no upload is seen", again)


def _unless_absent(ask: Callable[[], Any]) -> Any | None:
    """The answer, or None where S3 says that there is no such configuration."""
    try:
        return ask()
    except ClientError as error:
        if clients.code_of(error) not in ("NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"):
            raise
        return None


def of_table(patient: Patient) -> Iterator[Finding]:
    dynamodb, name = patient.client("dynamodb"), patient.stack.outputs["JobsTable"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    indexes = {one["IndexName"]: one.get("IndexStatus", "ACTIVE") for one in table.get("GlobalSecondaryIndexes", [])}
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield fault("table", f"it is {table['TableStatus']}", "wait; else restore it from its backup")
    for index in ("newest", "owned", "unfinished"):
        if indexes.get(index) != "ACTIVE":
            yield fault(
                "table", f"its index '{index}' is {indexes.get(index, 'missing')}", "docs/aws.md#an-older-stack"
            )
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        yield Finding("table", "note", "records are kept for ever", "enable time to live by the attribute 'expires'")


def of_queues(patient: Patient) -> Iterator[Finding]:
    counts = care.look(patient.stack)
    if counts["undelivered"]:
        words = f"{counts['undelivered']} uploads could not be delivered"
        yield fault("queues", words, "docs/operations.md#undelivered-uploads; then: darkroom redrive")
    else:
        words = f"{counts['waiting']} wait, {counts['starting']} are about to begin, {counts['running']} run"
        yield Finding("queues", "well", words)


def of_alarms(patient: Patient) -> Iterator[Finding]:
    names = list(patient.of_type("AWS::CloudWatch::Alarm").values())
    for alarm in patient.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]:
        if alarm["StateValue"] == "ALARM":
            words, _, page = alarm["AlarmDescription"].partition(": docs/")
            yield fault("alarms", words, f"docs/{page}")


def of_limits(patient: Patient) -> Iterator[Finding]:
    limit = patient.client("lambda").get_account_settings()["AccountLimit"]
    free = limit.get("UnreservedConcurrentExecutions", limit["ConcurrentExecutions"])
    jobs = int(patient.parameters.get("MaxRunningJobs", 0))
    if jobs + STARTERS > free:
        words = f"MaxRunningJobs is {jobs}, and the account runs {free} functions at once: jobs throttle each other"
        yield fault(
            "limits", words, "lower MaxRunningJobs, or ask Service Quotas for more (Lambda, concurrent executions)"
        )
    elif 4 * (jobs + STARTERS) < free:
        yield Finding("limits", "note", f"MaxRunningJobs is {jobs}; the account could run {free} functions at once")


def of_release(patient: Patient) -> Iterator[Finding]:
    states = patient.client("stepfunctions")
    for name, alias in patient.of_type("AWS::StepFunctions::StateMachineAlias").items():
        routes = states.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
        parts = [f"{one['weight']} % by version {one['stateMachineVersionArn'].rpartition(':')[2]}" for one in routes]
        words = f"{name}: of new jobs {', '.join(parts)}"
        newest = states.list_state_machine_versions(stateMachineArn=alias.rpartition(":")[0])["stateMachineVersions"][0]
        if any(one["weight"] and one["stateMachineVersionArn"] != newest["stateMachineVersionArn"] for one in routes):
            yield Finding("release", "note", words, "docs/operations.md#releases: it goes over, or was taken back")
        else:
            yield Finding("release", "well", words)


CHECKS: Mapping[str, Callable[[Patient], Iterator[Finding]]] = {
    "stack": of_stack,
    "clock": of_clock,
    "functions": of_functions,
    "start": of_start,
    "buckets": of_buckets,
    "table": of_table,
    "queues": of_queues,
    "alarms": of_alarms,
    "limits": of_limits,
    "release": of_release,
}

"""The upload workflow with everything around it, on moto: upload a file, run the state machine, read what it left."""

from __future__ import annotations

import copy
import itertools
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

from tests.support import definition, queues, schemas, stores
from tests.support.functions import RESULTS, UPLOADS, Functions

EVENTS = Path(__file__).parents[1] / "events"
ACCOUNT = "arn:aws:lambda:eu-central-1:123456789012"
TABLE, BUS = "darkroom-jobs", "darkroom"
PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Execution:
    """A finished execution of the state machine."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    history: list[dict[str, Any]]

    @property
    def states(self) -> list[str]:
        """The states it entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in self.history
            if event["type"].endswith("StateEntered")
        ]

    def attempts(self, state: str) -> int:
        """How often a task was tried."""
        count, current = 0, ""
        for event in self.history:
            if event["type"].endswith("StateEntered"):
                current = event["stateEnteredEventDetails"]["name"]
            count += event["type"] == "TaskScheduled" and current == state
        return count


@dataclass
class Lab:
    """The stack's buckets, table, event bus and state machine.

    functions: the Lambda functions.
    fusion: the stack's parameter of that name.
    refusals: what a task's service answers to its next tries instead of doing them, each once.
    lost_answers: the same, but the service has done it and only its answer is lost.
    meetings: where executions wait for each other before they try a task, by its name.
    waits: seconds that the interpreter would have waited between tries.
    hanging: set by a function that hangs, to make a task whose ``TimeoutSeconds`` is 1 time out.
    definition: the state machine's; may be changed before an execution starts.
    """

    functions: Functions
    fusion: str = "stage"
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    lost_answers: dict[str, list[Exception]] = field(default_factory=dict)
    meetings: dict[str, threading.Barrier] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    definition: dict[str, Any] = field(default_factory=definition.load)
    _ended: set[str] = field(default_factory=set)
    _ending: threading.Condition = field(default_factory=threading.Condition)
    _sequence: Any = field(default_factory=lambda: itertools.count(0x617F08299329D189))

    def __post_init__(self) -> None:
        self.s3 = boto3.client("s3")
        stores.make_buckets()
        self.dynamodb = boto3.client("dynamodb")
        stores.make_table(TABLE)
        self.sqs, events = boto3.client("sqs"), boto3.client("events")
        events.create_event_bus(Name=BUS)
        self._queue = queues.hear(self.sqs, events, BUS)
        self.sfn = boto3.client("stepfunctions")

    def before_task(self, state: str) -> None:
        """What happens before each try of a task: meet other executions there, be refused by the service."""
        if state in self.meetings:
            self.meetings[state].wait(PATIENCE_SECONDS)
        self.answer(self.refusals, state)

    @staticmethod
    def answer(faults: dict[str, list[Exception]], state: str) -> None:
        """Raise the next of the faults that a task was given, if any is left."""
        if faults.get(state):
            raise faults[state].pop(0)

    def upload(
        self, key: str, body: bytes, metadata: Mapping[str, str] | None = None, **options: str
    ) -> dict[str, Any]:
        """Put a file into the uploads bucket. Returns the event that S3 sends through EventBridge.

        options: of S3's PutObject.
        """
        answer = self.s3.put_object(Bucket=UPLOADS, Key=key, Body=body, Metadata=dict(metadata or {}), **options)
        event = read_event("s3_object_created")
        event["detail"]["object"] = {
            "key": key,
            "size": len(body),
            "etag": answer["ETag"].strip('"'),
            "version-id": answer["VersionId"],
            "sequencer": f"{next(self._sequence):018X}",
        }
        return event

    def start(self, event: Mapping[str, Any], name: str | None = None) -> str:
        """Start an execution for an event, as the rule does. Returns its ARN."""
        return str(
            self.sfn.start_execution(
                stateMachineArn=self._state_machine(), name=name or str(uuid.uuid4()), input=json.dumps(event)
            )["executionArn"]
        )

    def end(self, execution: str) -> None:
        """Called when an execution has ended."""
        with self._ending:
            self._ended.add(execution)
            self._ending.notify_all()

    def wait(self, execution: str) -> Execution:
        """The execution, once it has ended."""
        with self._ending:
            if not self._ending.wait_for(lambda: execution in self._ended, PATIENCE_SECONDS):
                raise TimeoutError(f"{execution} is still running")
        described = self.sfn.describe_execution(executionArn=execution)
        history = self.sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        output = json.loads(described["output"]) if "output" in described else None
        return Execution(described["status"], output, described.get("error"), described.get("cause"), history)

    def execute(self, event: Mapping[str, Any]) -> Execution:
        """Run the workflow for an event, to its end."""
        return self.wait(self.start(event))

    def records(self) -> list[dict[str, Any]]:
        """All job records."""
        return [
            {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
            for item in self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        ]

    def record(self) -> dict[str, Any]:
        """The job record, where there is but one."""
        (record,) = self.records()
        return record

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Type and detail of each event that was sent since last asked."""
        events = queues.take_all(self.sqs, self._queue)
        for event in events:
            schemas.check_event(event)
        return [(event["detail-type"], event["detail"]) for event in events]

    def results(self) -> list[str]:
        """Keys in the results bucket, in order."""
        return sorted(item["Key"] for item in self.s3.list_objects_v2(Bucket=RESULTS).get("Contents", []))

    def result(self, key: str) -> bytes:
        """A file from the results bucket."""
        return bytes(self.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read())

    def manifest(self, key: str) -> dict[str, Any]:
        """The manifest beside a result."""
        manifest: dict[str, Any] = json.loads(self.result(f"{key}.json"))
        return manifest

    def _state_machine(self) -> str:
        """The state machine as `definition` now stands."""
        text = json.dumps(self.definition)
        values = {name: self._substitution(name) for name in definition.substitutions(text)}
        return str(
            self.sfn.create_state_machine(
                name=f"enhance-{uuid.uuid4()}",
                definition=definition.substitute(text, values),
                roleArn="arn:aws:iam::123456789012:role/enhance",
            )["stateMachineArn"]
        )

    def _substitution(self, name: str) -> str:
        if name.endswith("FunctionArn"):
            return f"{ACCOUNT}:function:darkroom-{definition.stage_of(f'${{{name}}}')}"
        return {"JobsTable": TABLE, "JobRetentionDays": "30", "EventBus": BUS, "Fusion": self.fusion}[name]


def read_event(name: str) -> dict[str, Any]:
    """A fresh copy of an event file."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return copy.deepcopy(event)

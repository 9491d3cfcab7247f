"""Least privilege: each function, run with its role's rights alone, is refused nothing; and it has none too many.

All functions do all that they do, on moto. Each of their requests is read from the wire and put to IAM's rules, as the
embedded AWS evaluates them, with the policies that the template writes. What no request asked for, no role may have.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.models import StepFunctionBackend

from darkroom import registry, signing
from darkroom.aws import clients, starting
from darkroom.aws.reconciling import Ends
from darkroom.aws.starting import Executions, Starter
from tests.support import definition, networks, photos, stores
from tests.support.api_client import Client, Lambda, Workflow
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, Functions, load
from tests.support.rights import ACCOUNT, ARNS, REGION, Stack, arn, asked, table_index
from tests.support.workflow import read_event

STACK = Stack()
ROLES = STACK.functions()
UNASKED = {
    ("start", "sqs:ReceiveMessage"): "Lambda takes the messages, by the function's role",
    ("start", "sqs:DeleteMessage"): "Lambda takes the messages, by the function's role",
    ("start", "sqs:GetQueueAttributes"): "Lambda takes the messages, by the function's role",
    ("inspect", "s3:ListBucket"): "without it S3 answers 403 for what is absent",
    ("inspect", "s3:ListBucketVersions"): "without it S3 answers 403 for a version that is absent",
    ("publish", "s3:ListBucket"): "without it S3 answers 403 for what is absent",
    ("publish", "s3:PutObjectTagging"): "PutObject with tags asks for it too",
    ("batch", "s3:ListBucket"): "without it S3 answers 403 for what is absent",
    ("api", "s3:ListBucket"): "without it S3 answers 403 for what is absent",
    ("api", "s3:ListBucketVersions"): "without it S3 answers 403 for a version that is absent",
}
"""Rights that no request names, and why they are needed."""

Call = tuple[str, str, str]
"""A function, an action and the resource that it was done to."""


class Watch:
    """Puts every request of a function to its role, and remembers it. A test's own requests are not looked at."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()
        self.refused: set[Call] = set()

    def request(self, request: Any, **_: Any) -> None:
        headers = {name: _text(value) for name, value in request.headers.items()}
        service = headers["Authorization"].split("/")[3]
        body = b"" if service == "s3" else bytes(request.body)  # S3's says nothing of what is asked
        action, resource = asked(service, request.method, request.url, headers, body)
        self.check(action, table_index(action, resource, body))

    def sign(self, method: str, url: str) -> None:
        """A presigned link or form does what it says by the rights of who signed it, which is the API."""
        action, resource = asked("s3", method, url, {}, b"")
        assert STACK.allows(ROLES["api"], action, resource), (action, resource)
        self.calls.add(("api", action, resource))

    def check(self, action: str, resource: str) -> None:
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").removeprefix("darkroom-")
        if not function:
            return
        self.calls.add((function, action, resource))
        if not STACK.allows(ROLES[function], action, resource):
            self.refused.add((function, action, resource))
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": f"{action} {resource}"}}, action)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    """All that functions do, done once with their roles' rights."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as monkeypatch, stores.stores(monkeypatch):
        session = boto3.Session()
        session.events.register_first("before-send", watch.request)
        monkeypatch.setattr(boto3, "client", session.client)
        clients.client.cache_clear()
        networks.answer(monkeypatch, networks.Diagnostician(fine_above=0.35))
        use_everything(watch, monkeypatch)
        yield watch


class Machines:
    """What the API asks Step Functions and Lambda to do while it waits, which moto lacks, done at once."""

    def __init__(self, watch: Watch, functions: Functions) -> None:
        self.watch, self.workflow, self.networks = watch, Workflow(functions), Lambda(functions)

    def client(self, service: str) -> Any:
        self.watch.check(
            *{
                "stepfunctions": ("states:StartSyncExecution", SETTINGS["ENHANCE_NOW"]),
                "lambda": ("lambda:InvokeFunction", SETTINGS["CLASSIFY_FUNCTION"]),
            }[service]
        )
        return {"stepfunctions": self.workflow, "lambda": self.networks}[service]


def use_everything(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = boto3.client("s3")
    functions = Functions(settings={**SETTINGS, "KEEP_TAGS": "true"})
    machines = Machines(watch, functions)
    monkeypatch.setattr("darkroom.aws.api.synchronous.client", machines.client)
    s3.put_object(Bucket=UPLOADS, Key="references/a.png", Body=photos.encoded("PNG"))
    queue_up(functions, monkeypatch)
    alice, admin = (Client(functions, {"identity": {"apiKeyId": key}}) for key in ("alice", "k1e2y3"))

    # Answered at once: by what stays as it is, by what the diagnosis wants, and fused with a reference.
    jobs = [
        alice.call("POST", f"/enhance?{query}", photos.encoded("PNG")).headers["x-darkroom-job"]
        for query in ("recipe=none", "recipe=auto", "step=gamma&step=adjust_distribution:reference=references/a.png")
    ]
    for route in ("/diagnose", "/thumbnails?recipe=auto"):
        assert alice.call("POST", route, photos.encoded()).status == 200

    # By signed address: computed, and kept.
    s3.put_object(Bucket=UPLOADS, Key="holiday/a.png", Body=photos.encoded("PNG"))
    image = "/" + signing.address(stores.SECRET.encode(), "none", "holiday/a.png", {"w": "20"})
    assert alice.get(image).status == alice.get(image).status == 200

    # Uploads, each stage on its own; one of them replaced, and one of an unversioned bucket.
    first = {step.stage: step for step in reversed(registry.steps())}
    for step in (*first.values(), *(step for step in registry.steps() if step.references)):
        run_stage(functions, step.name, dict.fromkeys(step.references, "references/a.png"))
    made = alice.call("POST", "/jobs", {"filename": "x.jpg", "content_type": "image/jpeg"}).json
    watch.sign("PUT", f"{made['upload']['url']}{made['upload']['fields']['key']}")  # a form asks for the same right
    announced = made["id"]
    for key in (f"api/{announced}/x.jpg", "holiday/a.jpg", "holiday/a.jpg"):
        replaced = newest(s3, UPLOADS, key)
        put = s3.put_object(Bucket=UPLOADS, Key=key, Body=photos.encoded(), Tagging="trip=rome")
        for version in filter(None, (replaced, put["VersionId"])):
            publish(functions, machines.workflow, key, version)
    older = {"source": hashlib.sha256(f"{UPLOADS}/holiday/a.jpg".encode()).hexdigest(), "sequencer": "00"}
    s3.put_object(Bucket=RESULTS, Key="holiday/a.jpg.xmp", Body=b"<x/>", Metadata=older)
    publish(functions, machines.workflow, "holiday/a.jpg", None)

    # A batch is begun and followed.
    monkeypatch.setattr(StepFunctionBackend, "list_map_runs", lambda *_: {"mapRuns": []})  # moto gives a bare list
    begun = admin.call("POST", "/batches", {"source": f"s3://{UPLOADS}/holiday/", "album": True})
    assert (begun.status, admin.get(f"/batches/{begun.json['id']}").status) == (201, 200)

    # Of a batch: looked at, done, accounted for, and found done.
    batch = {"id": "a" * 32, "run": 0, "asked": {"recipe": "none"}, "to": "a/", "sequencer": "0A", "salt": ""}
    photo = {"photo": {"bucket": UPLOADS, "key": "holiday/a.jpg"}, "batch": batch}
    upload = functions.invoke("batch", {"look": [photo]}).payload["photos"][0]["upload"]["detail"]
    lies = {"bucket": RESULTS, "key": "holiday/a.jpg"}
    ended = {"status": "SUCCEEDED", "answer": {"status": "succeeded", "result": lies}, "error": "", "cause": ""}
    child = [{**photo, "upload": {"detail": upload}, "ended": ended}]
    assert functions.invoke("batch", {"account": child}).payload["undone"] == 0
    record(upload["batch"]["job"], "holiday/a.jpg", "succeeded", result=lies)
    functions.invoke("batch", {"look": [photo]})

    # Of an album: looked at, agreed upon, decided by that, and known to another batch.
    gathered = {**batch, "asked": {"recipe": "auto"}, "album": True}
    of_album: list[dict[str, Any]] = [
        {"photo": {"bucket": UPLOADS, "key": f"rome/{name}.jpg"}, "batch": gathered} for name in "abc"
    ]
    for seed, one in enumerate(of_album):
        s3.put_object(Bucket=UPLOADS, Key=one["photo"]["key"], Body=photos.encoded(seed=seed))
        seen = functions.invoke("batch", {"evidence": one}).payload
        inspected = functions.invoke("inspect", {"job": seen["job"], "fusion": "stage"}).payload
        looked = {"job": seen["job"]["id"], "picture": inspected["picture"], "inspected": inspected["report"]}
        functions.invoke("classify", {**seen, **looked})
    agreed = {"folder": {"bucket": UPLOADS, "folder": "rome"}, "batch": gathered}
    assert functions.invoke("batch", {"agree": agreed}).payload == {"photos": 3, "shared": 3}
    upload = functions.invoke("batch", {"look": of_album[:1]}).payload["photos"][0]["upload"]["detail"]
    functions.invoke("classify", {**looked, "fusion": "stage", "together": upload["batch"]["together"]})
    again = {**gathered, "id": "b" * 32}
    assert functions.invoke("batch", {"evidence": {**of_album[0], "batch": again}}).payload == {}

    # Looked at, listed, followed, begun anew, deleted.
    record(announced, f"api/{announced}/x.jpg", "running")
    job = "c" * 32
    place = {"bucket": RESULTS, "key": "holiday/a.jpg", "version": newest(s3, RESULTS, "holiday/a.jpg")}
    record(job, "holiday/a.jpg", "succeeded", result=place, manifest={**place, "key": "holiday/a.jpg.json"})
    assert alice.get("/jobs").status == admin.get("/jobs").status == 200
    record(jobs[0], None, "running")
    assert alice.call("POST", f"/jobs/{jobs[0]}/stop").status == 202
    look(watch, alice, jobs[0])
    look(watch, alice, announced)
    look(watch, admin, job)
    assert admin.get(f"/jobs/{job}/preview?of=result").status == 200
    assert admin.call("POST", f"/jobs/{job}/again", {"recipe": "none"}).status == 201
    assert admin.call("DELETE", f"/jobs/{job}").status == 204
    record(announced, f"api/{announced}/x.jpg", "failed")
    assert alice.call("POST", f"/jobs/{announced}/redo").status == 202
    record(jobs[0], None, "succeeded")
    for one in (announced, *jobs):
        assert alice.call("DELETE", f"/jobs/{one}").status == 204
    unversioned = {"bucket": RESULTS, "key": "holiday/a.jpg"}
    told = {**unversioned, "key": "holiday/a.jpg.json"}
    record(job, "holiday/a.jpg", "succeeded", version="", result=unversioned, manifest=told)
    look(watch, admin, job)
    assert admin.call("DELETE", f"/jobs/{job}").status == 204


def look(watch: Watch, caller: Client, job: str) -> None:
    for link in caller.get(f"/jobs/{job}").json["links"].values():
        if link.startswith("https://"):
            watch.sign("GET", link)


def queue_up(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter takes one upload and gives one back; an execution's end is told, and found by a look."""
    states, sqs = boto3.client("stepfunctions"), boto3.client("sqs")
    monkeypatch.setattr(starting, "RESERVE_SECONDS", 1000)  # more than is left: none waits for a place
    waits = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": true}}}'
    for name, setting in (("enhance", "WORKFLOW"), ("batch", "BATCH")):
        made = states.create_state_machine(name=name, definition=waits, roleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}")
        assert made["stateMachineArn"] == SETTINGS[setting]
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    monkeypatch.setattr(
        load("start"), "starter", Starter(SETTINGS["WORKFLOW"], url, 1, Executions(SETTINGS["WORKFLOW"]))
    )
    monkeypatch.setattr(load("reconcile"), "ends", Ends(SETTINGS["JOBS_TABLE"], "default", 1, url))
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(read_event("s3_object_created")))
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [
        {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"]} for one in messages
    ]
    assert functions.invoke("start", {"Records": records[:1]}).payload == {"batchItemFailures": []}
    (running,) = states.list_executions(stateMachineArn=SETTINGS["WORKFLOW"])["executions"]
    record("b" * 32, "b.jpg", "running", execution=running["executionArn"], open="running")
    states.stop_execution(executionArn=running["executionArn"])
    assert functions.invoke("start", {"Records": records[1:]}).payload == {"batchItemFailures": []}
    full = functions.invoke("start", {"Records": [{**records[0], "messageId": "another"}]}).payload
    assert full == {"batchItemFailures": [{"itemIdentifier": "another"}]}
    assert functions.invoke("reconcile", {"source": "aws.events"}).error is None
    detail = {"executionArn": running["executionArn"], "status": "FAILED", "input": messages[0]["Body"]}
    with pytest.MonkeyPatch.context() as unreachable:
        unreachable.setattr(Ends, "_record", refusing)
        assert functions.invoke("reconcile", {"source": "aws.states", "detail": detail}).error is None


def refusing(*_: Any) -> None:
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem")


def run_stage(functions: Functions, step: str, references: dict[str, str]) -> None:
    stage = registry.stage_of(step)
    params = registry.get(step).params.example
    work = {"stage": stage, "steps": [{"name": step, "params": dict(params), "references": references}]}
    functions.invoke("inspect", {"job": job_of(UPLOADS, "references/a.png", None), "fusion": "stage"})
    event = {"job": "c" * 32, "index": 1, "picture": f"jobs/{'c' * 32}/0.dkr", "work": work}
    assert functions.invoke(stage, event).error is None


def job_of(bucket: str, key: str, version: str | None) -> dict[str, Any]:
    return {"id": "c" * 32, "bucket": bucket, "key": key, "version": version, "sequencer": "0A"}


def publish(functions: Functions, workflow: Workflow, key: str, version: str | None) -> None:
    """What the workflow does for an upload with a recipe that leaves it as it is."""
    job = job_of(UPLOADS, key, version)
    inspected = functions.invoke("inspect", {"job": job, "fusion": "stage"}).payload
    pictures = {"original": inspected["picture"], "picture": inspected["picture"]}
    event = {"job": job, **pictures, "diagnosed": False, "reports": [inspected["report"]]}
    answer = functions.invoke("publish", event)
    assert answer.payload["status"] == "succeeded"


def record(job: str, key: str | None, status: str, **more: Any) -> None:
    """Write the record of a job as the workflow would. key: of an upload; None leaves it where the record has it."""
    table = stores.table()
    known = table.get_item(Key={"id": job}).get("Item", {})
    when = "2026-01-01T00:00:00Z"
    place = {"bucket": UPLOADS, "key": key, "version": newest(boto3.client("s3"), UPLOADS, key)} if key else {}
    execution = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:enhance:one"
    base = {"id": job, "owner": "nobody", "listing": "jobs", "created": when, "updated": when, "execution": execution}
    table.put_item(Item={**base, **known, **place, "sequencer": "0A", "status": status, **more})


def newest(s3: Any, bucket: str, key: str) -> str:
    listed = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return next((one["VersionId"] for one in listed if one["Key"] == key), "")


def test_no_function_is_refused_what_it_does(watch: Watch) -> None:
    assert watch.refused == set()
    assert {function for function, _, _ in watch.calls} == set(ROLES)


@pytest.mark.parametrize("function", ROLES)
def test_no_function_has_a_right_that_it_never_needs(watch: Watch, function: str) -> None:
    needed = [(action, resource) for name, action, resource in watch.calls if name == function]
    for right in STACK.rights(ROLES[function]):
        if (function, right.action) not in UNASKED:
            assert any(right.covers(action, resource) for action, resource in needed), right


IMAGING = set(registry.stages()) - {"classify"}
REFERRING = {step.stage for step in registry.steps() if step.references}
OBJECT = {
    place: f"{ARNS[bucket]}/{key}"
    for place, bucket, key in (
        ("an upload", "UploadsBucket", "holiday/a.jpg"),
        ("an announced upload", "UploadsBucket", f"api/{'a' * 32}/a.jpg"),
        ("a reference", "UploadsBucket", "references/a.png"),
        ("a picture between stages", "WorkBucket", f"jobs/{'a' * 32}/0.dkr"),
        ("a photo whose sender waits", "WorkBucket", f"sync/{'a' * 32}/photo.jpg"),
        ("a picture of a signed address", "WorkBucket", f"i/{'a' * 64}"),
        ("a batch's photos", "WorkBucket", f"batches/{'a' * 32}/runs/0000.jsonl"),
        ("a run's folders", "WorkBucket", f"batches/{'a' * 32}/albums/0000.jsonl"),
        ("an outcome", "WorkBucket", f"batches/{'a' * 32}/outcomes/0000/b-1-0-0-0.json"),
        ("what is known of a photo", "WorkBucket", f"batches/{'a' * 32}/evidence/0000/b.json"),
        ("what was seen before", "WorkBucket", f"batches/seen/{'a' * 64}.json"),
        ("what an album agreed upon", "WorkBucket", f"batches/{'a' * 32}/agreed/0000/b.json"),
        ("what children gave back", "WorkBucket", f"batches/{'a' * 32}/map/0000/manifest.json"),
        ("elsewhere in the work bucket", "WorkBucket", "private/a.jpg"),
        ("a result", "ResultsBucket", "holiday/a.jpg"),
    )
}
OTHERS = {
    "s3": ["arn:aws:s3:::another/a.jpg", f"arn:aws:s3:::{UPLOADS}2/a.jpg", "arn:aws:s3:::another"],
    "dynamodb": [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/another"],
    "states": [f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:another"],
    "lambda": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:another"],
    "sqs": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:another"],
    "secretsmanager": [f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:another"],
    "events": [f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/another"],
}
"""What is not the stack's."""
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"

WHO_MAY: list[tuple[str, str, set[str]]] = [
    ("s3:GetObject", OBJECT["an upload"], {"batch", "inspect", "publish", "api"}),
    ("s3:GetObjectVersion", OBJECT["an upload"], {"inspect", "publish", "api"}),
    ("s3:GetObjectTagging", OBJECT["an upload"], {"publish"}),
    ("s3:PutObject", OBJECT["an upload"], set()),
    ("s3:PutObject", OBJECT["an announced upload"], {"api"}),
    ("s3:DeleteObject", OBJECT["an upload"], {"api"}),
    ("s3:DeleteObjectVersion", OBJECT["an upload"], {"api"}),
    ("s3:GetObject", OBJECT["a reference"], {"batch", "inspect", "publish", "api"} | REFERRING),
    ("s3:PutObject", OBJECT["a reference"], set()),
    ("s3:ListBucket", ARNS["UploadsBucket"], {"batch", "inspect", "api"}),
    ("s3:GetObject", OBJECT["a picture between stages"], IMAGING | {"classify", "publish"}),
    ("s3:PutObject", OBJECT["a picture between stages"], IMAGING | {"classify", "inspect"}),
    ("s3:DeleteObject", OBJECT["a picture between stages"], set()),
    ("s3:GetObject", OBJECT["a photo whose sender waits"], {"inspect", "classify", "publish", "api"}),
    ("s3:PutObject", OBJECT["a photo whose sender waits"], {"api"}),
    ("s3:DeleteObject", OBJECT["a photo whose sender waits"], {"api"}),
    ("s3:GetObject", OBJECT["a picture of a signed address"], {"api"}),
    ("s3:PutObject", OBJECT["a picture of a signed address"], {"api"}),
    ("s3:DeleteObject", OBJECT["a picture of a signed address"], set()),
    ("secretsmanager:GetSecretValue", ARNS["SigningSecret"], {"api"}),
    ("secretsmanager:PutSecretValue", ARNS["SigningSecret"], set()),
    ("s3:GetObject", OBJECT["elsewhere in the work bucket"], set()),
    ("s3:PutObject", OBJECT["elsewhere in the work bucket"], set()),
    ("s3:GetObject", OBJECT["a batch's photos"], {"batches", "api"}),
    ("s3:PutObject", OBJECT["a batch's photos"], {"api"}),
    ("s3:PutObject", OBJECT["an outcome"], {"batch", "api"}),
    ("s3:GetObject", OBJECT["what is known of a photo"], {"batch", "api"}),
    ("s3:PutObject", OBJECT["what is known of a photo"], {"batch", "classify", "api"}),
    ("s3:GetObject", OBJECT["what was seen before"], {"batch", "api"}),
    ("s3:PutObject", OBJECT["what was seen before"], {"classify", "api"}),
    ("s3:GetObject", OBJECT["what an album agreed upon"], {"batch", "classify", "api"}),
    ("s3:PutObject", OBJECT["what an album agreed upon"], {"batch", "api"}),
    ("s3:PutObject", OBJECT["what children gave back"], {"batches", "api"}),
    ("s3:GetObject", OBJECT["what children gave back"], {"batches", "api"}),
    ("s3:GetObject", OBJECT["a run's folders"], {"batches", "api"}),
    ("s3:GetObject", OBJECT["an outcome"], {"api"}),
    ("s3:ListBucket", ARNS["WorkBucket"], {"batch", "api"}),
    ("s3:GetObject", OBJECT["a result"], {"batch", "publish", "api"}),
    ("s3:PutObject", OBJECT["a result"], {"publish"}),
    ("s3:DeleteObject", OBJECT["a result"], {"api"}),
    ("s3:DeleteObjectVersion", OBJECT["a result"], {"api"}),
    ("s3:ListBucket", ARNS["ResultsBucket"], {"batch", "publish", "api"}),
    ("dynamodb:GetItem", ARNS["JobsTable"], {"batch", "api", "reconcile", "workflow"}),
    ("dynamodb:PutItem", ARNS["JobsTable"], {"api"}),
    ("dynamodb:UpdateItem", ARNS["JobsTable"], {"api", "reconcile", "workflow"}),
    ("dynamodb:DeleteItem", ARNS["JobsTable"], {"api"}),
    ("dynamodb:Query", f"{ARNS['JobsTable']}/index/newest", {"api"}),
    ("dynamodb:Query", f"{ARNS['JobsTable']}/index/unfinished", {"reconcile"}),
    ("dynamodb:Scan", ARNS["JobsTable"], set()),
    ("states:StartExecution", ARNS["Enhance"], {"start"}),
    ("states:StartExecution", ARNS["Batch"], {"api"}),
    ("states:StartSyncExecution", ARNS["EnhanceNow"], {"api"}),
    ("states:StartSyncExecution", ARNS["EnhanceBatch"], {"batches"}),
    ("lambda:InvokeFunction", arn("BatchFunction"), {"batches"}),
    ("states:StopExecution", ARNS["Enhance"].replace("stateMachine", "execution") + ":one", {"api"}),
    ("lambda:InvokeFunction", arn("InspectFunction"), {"batches", "workflow"}),
    ("lambda:InvokeFunction", ARNS["ClassifyFunction"], {"api", "batches", "workflow"}),
    ("lambda:InvokeFunction", arn("PublishFunction"), {"workflow"}),
    ("lambda:InvokeFunction", arn("ApiFunction"), set()),
    ("sqs:SendMessage", ARNS["WaitingUploads"], {"api", "reconcile"}),
    ("sqs:ReceiveMessage", ARNS["WaitingUploads"], {"start"}),
    ("sqs:ReceiveMessage", ARNS["UndeliveredUploads"], set()),
    ("events:PutEvents", BUS, {"reconcile", "workflow"}),
]
"""Who may do this, and who else is refused."""

NOBODY_MAY = [
    ("s3", ["PutBucketPolicy", "PutObjectAcl", "PutLifecycleConfiguration", "DeleteBucket", "ListAllMyBuckets"]),
    ("dynamodb", ["DeleteTable", "BatchWriteItem", "ExportTableToPointInTime"]),
    ("states", ["UpdateStateMachine", "DeleteStateMachine"]),
    ("lambda", ["UpdateFunctionCode", "UpdateFunctionConfiguration", "GetFunction"]),
    ("sqs", ["PurgeQueue", "DeleteQueue", "SetQueueAttributes"]),
    ("iam", ["PassRole", "CreateAccessKey"]),
    ("sts", ["AssumeRole"]),
    ("kms", ["Decrypt"]),
    ("apigateway", ["GET"]),
]


@pytest.mark.parametrize("function", [*ROLES, "workflow", "batches"])
def test_who_may_do_what(function: str) -> None:
    role = {**ROLES, "workflow": "EnhanceRole", "batches": "BatchRole"}[function]
    for action, resource, who in WHO_MAY:
        assert STACK.allows(role, action, resource) == (function in who), (action, resource)
        for other in OTHERS[action.partition(":")[0]]:
            assert not STACK.allows(role, action, other), (action, other)
    places = [*OBJECT.values(), *ARNS.values(), *(other for group in OTHERS.values() for other in group), "*"]
    for service, actions in NOBODY_MAY:
        for action in actions:
            assert not any(STACK.allows(role, f"{service}:{action}", place) for place in places), action


def test_the_workflow_may_do_what_its_tasks_do() -> None:
    """What a task does stands in its resource: `arn:aws:states:::dynamodb:getItem`."""
    places = {"dynamodb": ARNS["JobsTable"], "events": BUS}
    done = set()
    for name, state in definition.tasks(definition.load()).items():
        service, action = state["Resource"].split(":")[-2:]
        if service == "lambda":
            function = arn(state["Arguments"]["FunctionName"][2:-1].removesuffix("Arn"))
            done |= {("lambda:InvokeFunction", place) for place in (function, f"{function}:7")}  # a release's version
        else:
            done.add((f"{service}:{action[0].upper()}{action[1:]}", places[service]))
        assert all(STACK.allows("EnhanceRole", *one) for one in done), name
    for right in STACK.rights("EnhanceRole"):
        if not right.action.startswith("logs:"):
            assert any(right.covers(action, resource) for action, resource in done), right


def test_only_stages_with_a_reference_may_read_references() -> None:
    """In one bucket with the uploads, or in another one."""
    stack = Stack(ReferencesBucket="our-references")
    for stage in registry.stages():
        role = stack.functions()[stage]
        assert stack.allows(role, "s3:GetObject", "arn:aws:s3:::our-references/references/a.png") == (
            stage in REFERRING
        )
        assert not stack.allows(role, "s3:GetObject", "arn:aws:s3:::our-references/private/a.png")


def test_the_bucket_of_batches_is_listed_by_who_begins_one() -> None:
    """`POST /batches` with a source there; its photos are read by other functions."""
    archive = "arn:aws:s3:::archive"
    for bucket, may in (("", False), ("archive", True)):
        stack = Stack(BatchBucket=bucket)
        role = stack.functions()["api"]
        assert stack.allows(role, "s3:ListBucket", archive) is may
        assert not stack.allows(role, "s3:GetObject", f"{archive}/a.jpg")

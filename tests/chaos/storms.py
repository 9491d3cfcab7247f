"""The storms. Each takes a ground, a prefix for its keys, and how many photos; what it leaves is reconciled by others.

None depends on time: what must be seen while it lasts is held by the proxy until it was seen.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from darkroom.aws import keys
from darkroom.client import care
from tests.chaos.callers import Caller
from tests.chaos.faults import REFUSALS, refusing_table, stage_reads, trouble
from tests.chaos.ground import Ground, Upload
from tests.support.proxy import DROP, Gate, Reply, Request, json_error, s3_error

STRANGE = (
    *("new\nline.png", "..", "a/../b.png", "a//b.png", "/leading.png", "trailing ", "%2F %00+.png"),
    *("e\u0301 ü 東 \U0001f600.png", "q?x=1&y=2#z.png", "q'\"\\{}$*.png"),
)
"""Names of keys that something on the way may take for another."""

Storm = Callable[[Ground, str, int], None]


def upload(ground: Ground, prefix: str, count: int, wanted: str = "done") -> list[Upload]:
    """So many uploads, one after another, each under a key of its own."""
    return [ground.upload(f"{prefix}{index}.png", wanted) for index in range(count)]


def shuffled[T](seed: int, items: list[T]) -> list[T]:
    return random.Random(seed).sample(items, len(items))


def burst(ground: Ground, prefix: str, size: int) -> None:
    """All at once, by the way that events take."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: ground.upload(f"{prefix}{index}.png"), range(size)))
    ground.settle(prefix)


def duplicates(ground: Ground, prefix: str, size: int) -> None:
    """Each event three times, at once with the others', from clocks that are days apart."""
    with ground.by_hand():
        uploads = upload(ground, prefix, size)
        for number, one in enumerate(shuffled(size, uploads * 3)):
            ground.tell(one, hours=(number % 3 - 1) * 48)
        ground.settle(prefix)


def replaced(ground: Ground, prefix: str, size: int) -> None:
    """One key after another uploaded four times, each version told in any order, from clocks that are days apart."""
    with ground.by_hand():
        versions = []
        for index in range(size):
            key = f"{prefix}{index}.png"
            versions += [*(ground.upload(key, "replaced") for _ in range(3)), ground.upload(key)]
        for number, one in enumerate(shuffled(size, versions)):
            ground.tell(one, hours=(number % 3 - 1) * 48)
        ground.settle(prefix)


def replaced_while_running(ground: Ground, prefix: str, size: int) -> None:
    """The first version's stage is held until the second was uploaded and told."""
    _while_held(ground, prefix, size, "replaced", lambda old: ground.tell(ground.upload(old.key)))


def deleted_before(ground: Ground, prefix: str, size: int) -> None:
    """The newest version is a delete marker when the job begins."""
    with ground.by_hand():
        uploads = upload(ground, prefix, size, "deleted")
        for one in uploads:
            ground.delete(one)
            ground.tell(one)
        ground.settle(prefix)


def deleted_during(ground: Ground, prefix: str, size: int) -> None:
    """The stage is held until the photo was deleted."""
    _while_held(ground, prefix, size, "either", ground.delete)


def _while_held(ground: Ground, prefix: str, size: int, wanted: str, do: Callable[[Upload], None]) -> None:
    """Photos are told of, and something is done to each while its stage is held."""
    gate = Gate(stage_reads, most=min(size, 4))
    with ground.by_hand(), ground.proxy.facing(gate):
        uploads = upload(ground, prefix, size, wanted)
        for one in uploads:
            ground.tell(one)
        gate.wait(min(size, 4))
        for one in uploads:
            do(one)
        gate.opened.set()
        ground.settle(prefix)


def alike(ground: Ground, prefix: str, size: int) -> None:
    """Keys whose results would have one name, were it not for the rule of names; strange ones; and what is no photo."""
    for name in STRANGE:
        ground.upload(prefix + name)
    ground.upload(prefix.ljust(keys.MOST_BYTES, "x"))
    for index in range(size):
        for key in (f"{index}", f"{index}.png", f"{index}.jpg", f"{index}.photo", f"{index}.png.png"):
            ground.upload(prefix + key)
        ground.upload(f"{prefix}{index}.txt.png", "rejected", body=b"no photo")
    ground.settle(prefix)


def killed(ground: Ground, prefix: str, size: int) -> None:
    """The processes of the stage are killed while they work on the photos.

    AWS calls that `Runtime.ExitError`, which is tried again; the embedded one has one word for all errors of functions.
    """
    gate = Gate(stage_reads, most=min(size, 3))
    with ground.proxy.facing(gate):
        upload(ground, prefix, size)
        gate.wait(min(size, 3))
        ground.kill("AdjustToneFunction")
        gate.opened.set()
        ground.settle(prefix)
    ground.redo_failed(prefix)


def too_slow(ground: Ground, prefix: str, size: int) -> None:
    """The stage takes longer than its function may, each time until it was given up."""
    functions = ground.client("lambda")
    name = ground.function("AdjustToneFunction")
    usual = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=8)
    slow = threading.Event()
    left = Counter({"slow": min(size, 2)})
    lock = threading.Lock()

    def fault(request: Request) -> Reply | None:
        with lock:
            if not stage_reads(request) or left["slow"] <= 0:
                return None
            left["slow"] -= 1
        slow.wait(10)
        return DROP

    with ground.proxy.facing(fault):
        upload(ground, prefix, size)
        ground.settle(prefix)
    functions.update_function_configuration(FunctionName=name, Timeout=usual)
    ground.redo_failed(prefix)


def s3_in_trouble(ground: Ground, prefix: str, size: int) -> None:
    """S3 answers with 500 and 503, slowly, or not at all."""
    with ground.proxy.facing(trouble(size)):
        upload(ground, prefix, size)
        ground.settle(prefix)


def s3_gone(ground: Ground, prefix: str, size: int) -> None:
    """S3 answers the functions nothing but 503 until the jobs have failed; then they are begun anew."""

    def fault(request: Request) -> Reply | None:
        return s3_error(503, "SlowDown") if request.service == "s3" else None

    with ground.proxy.facing(fault):
        upload(ground, prefix, size)
        ground.settle(prefix)
    assert {one["status"] for one in ground.records(prefix)} == {"failed"}, "the outage was none"
    ground.redo_failed(prefix)


def stopped(ground: Ground, prefix: str, size: int) -> None:
    """Executions are stopped; DynamoDB refuses those who end their records, at first; then they are begun anew."""
    gate, left = Gate(stage_reads), Counter({"refusals": 2 * size})
    lock = threading.Lock()

    def fault(request: Request) -> Reply | None:
        with lock:
            if request.service == "dynamodb" and left["refusals"] > 0:
                left["refusals"] -= 1
                return REFUSALS[left["refusals"] % 2]
        return gate(request)

    with ground.proxy.facing(fault):
        upload(ground, prefix, size)
        gate.wait(min(size, 6))
        for execution in ground.running():
            ground.client("stepfunctions").stop_execution(executionArn=execution, cause="by the storm")
        gate.opened.set()
        ground.settle(prefix)
    assert "failed" in {one["status"] for one in ground.records(prefix)}, "nothing was stopped"
    ground.redo_failed(prefix)


def forms(ground: Ground, prefix: str, size: int) -> None:
    """Forms of the API, while DynamoDB refuses it, each used for two photos, both told twice."""
    caller = Caller(ground)
    with ground.proxy.facing(refusing_table(size)):
        announced = [caller.announce(f"{prefix}{index}") for index in range(size)]
    with ground.by_hand():
        uploads = [one for form in announced for one in (caller.fill_in(form, "replaced"), caller.fill_in(form))]
        for one in shuffled(size, uploads * 2):
            ground.tell(one)
        ground.settle(prefix)


def unrecorded(ground: Ground, prefix: str, size: int) -> None:
    """The table is not there for the workflow, from Claim to Record failure: no record is made, until somebody looks.

    By the workflow's definition, for the embedded AWS asks nobody whether a workflow may do what it does.
    """
    states, machine = ground.client("stepfunctions"), ground.outputs["EnhanceArn"]
    usual = states.describe_state_machine(stateMachineArn=machine)["definition"]
    elsewhere = usual.replace(ground.outputs["JobsTable"], "a-table-that-is-not-there")
    states.update_state_machine(stateMachineArn=machine, definition=elsewhere)
    upload(ground, prefix, size)
    ground.wait_for("records of what has none", lambda: len(ground.records(prefix)) == size)
    ground.settle(prefix)
    states.update_state_machine(stateMachineArn=machine, definition=usual)
    assert {one["status"] for one in ground.records(prefix)} == {"failed"}, "nothing was refused"
    ground.redo_failed(prefix)


def undeliverable(ground: Ground, prefix: str, size: int) -> None:
    """No job can be started: the events go to the dead-letter queue, are counted there and sent again."""
    sqs, queue = ground.client("sqs"), ground.outputs["WaitingUploads"]
    names = ["RedrivePolicy", "VisibilityTimeout"]
    usual = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    once = json.dumps({**json.loads(usual["RedrivePolicy"]), "maxReceiveCount": 1})
    # A starter lays a message aside for a minute; here it cannot, and the queue shows it again when its own time is up.
    brief = {"RedrivePolicy": once, "VisibilityTimeout": "10"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=brief)

    def fault(request: Request) -> Reply | None:
        refused = request.operation in ("StartExecution", "ChangeMessageVisibility")
        return json_error(400, "AccessDeniedException") if refused else None

    with ground.proxy.facing(fault):
        upload(ground, prefix, size)
        ground.wait_for("the dead-letter queue", lambda: care.look(ground.darkroom)["undelivered"] == size)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=usual)
    assert care.redrive(ground.darkroom) == size
    ground.settle(prefix)


def restarted(ground: Ground, prefix: str, size: int) -> None:
    """AWS ends while stages run and photos wait, and comes back: what ran is begun anew."""
    sqs, queue = ground.client("sqs"), ground.outputs["WaitingUploads"]
    names = ["VisibilityTimeout"]
    usual = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    # A message that a starter had in its hands comes back after six minutes; here it need not be waited for.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "20"})
    gate = Gate(stage_reads)
    with ground.proxy.facing(gate):
        upload(ground, prefix, size)
        gate.wait(min(size, 3))
        ground.restart()
        gate.opened.set()
        ground.settle(prefix)
    ground.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=usual)
    ground.redo_failed(prefix)


def deployed_over(ground: Ground, prefix: str, size: int) -> None:
    """Another version is deployed while stages run and photos wait.

    AWS lets invocations end with the code that they began with; the embedded one ends the functions' processes.
    """
    gate = Gate(stage_reads)
    with ground.proxy.facing(gate):
        upload(ground, prefix, size)
        gate.wait(min(size, 3))
        ground.deploy(LogLevel="DEBUG")
        gate.opened.set()
        ground.settle(prefix)
    ground.redo_failed(prefix)


STORMS: dict[str, tuple[Storm, int, int]] = {
    "a burst": (burst, 200, 16),
    "events told three times": (duplicates, 20, 3),
    "a key uploaded four times, told in any order": (replaced, 6, 2),
    "replaced while its job runs": (replaced_while_running, 6, 2),
    "deleted before its job begins": (deleted_before, 10, 2),
    "deleted while its job runs": (deleted_during, 6, 2),
    "strange keys, alike ones, and no photos": (alike, 4, 1),
    "a stage is killed": (killed, 6, 2),
    "a stage is too slow": (too_slow, 4, 0),
    "S3: 500, 503, slow, no answer": (s3_in_trouble, 20, 3),
    "S3 is gone for minutes": (s3_gone, 3, 0),
    "executions stopped, DynamoDB refuses": (stopped, 6, 2),
    "forms used twice, DynamoDB refuses the API": (forms, 6, 1),
    "no table for the workflow": (unrecorded, 4, 2),
    "no job can be started": (undeliverable, 4, 0),
    "another version is deployed": (deployed_over, 8, 0),
    "AWS ends and comes back": (restarted, 8, 0),
}
"""By what they do: how many photos in the long form, and in the short one (0: not there)."""

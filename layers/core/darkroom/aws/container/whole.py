"""One job from its upload to its result in this process: the same parts that are functions of their own on Lambda.

What one part leaves for the next stays in memory; so pixels and manifest are those of the workflow, and the work bucket
is not needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from darkroom import registry
from darkroom.aws import deciding, inspecting, publishing
from darkroom.aws.stage import Job, Memory, run_stages
from darkroom.errors import StepFailed
from darkroom.planner import Fusion, StagePlan


class Outcome(msgspec.Struct, frozen=True):
    """How a job that did not fail ended: what its record is told. result, manifest: where they lie, if anywhere."""

    recipe: str
    status: str
    diagnosis: str = ""
    result: dict[str, Any] | None = None
    manifest: dict[str, Any] | None = None


def run(job: Job, fusion: Fusion, seconds_left: Callable[[], float], begin: Callable[[str], None]) -> Outcome:
    """Enhance an upload, and publish the result.

    seconds_left: as in `darkroom.pipeline.run`. begin: told of each part, by the name of its state in the workflow.

    Raises darkroom's errors.
    """
    between = Memory()
    begin("Inspect")
    told = inspecting.inspect(inspecting.Event(job, fusion), seconds_left, between)
    if told["superseded"]:
        return Outcome(told["recipe"], "superseded")
    if told["published"] is not None:
        return Outcome(told["recipe"], **told["published"])
    plan: list[StagePlan] = told["plan"]
    reports = [told["report"]]
    if told["diagnose"]:
        begin("Diagnose")
        answer = deciding.decide(deciding.Undecided(job.id, told["picture"], told["report"], fusion), between)
        plan = answer["plan"]
        reports.append(answer["report"])

    def begin_stage(stage: str) -> None:
        if stage not in registry.stages():
            raise StepFailed("unknown-stage", f"there is no stage {stage}")
        begin(stage.replace("_", " ").capitalize())

    original: str = told["picture"]
    picture, done = run_stages(job.id, original, plan, seconds_left, between, begin_stage)
    begin("Publish")
    event = publishing.Event(job, original, picture, told["diagnose"], [*reports, *done])
    return Outcome(told["recipe"], **publishing.publish(event, between))

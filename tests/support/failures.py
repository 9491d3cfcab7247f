"""The workflow's tasks, what may go wrong in them, and uploads that pass through each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from darkroom.errors import ImageRejected, RecipeInvalid, StepFailed
from tests.support import definition, photos
from tests.support.workflow import Lab

LAMBDA_TASKS = definition.lambda_tasks(definition.load())
OTHER_TASKS = {"Claim", "Look up", "Complete", "Tell success", "Record failure", "Tell failure"}
BROKEN = ImageRejected("truncated", 'the file ends early: "\\" $x {% 1 %} ü\n(line 2)')


@dataclass(frozen=True)
class Failure:
    """What a function raises, and what the job record says then."""

    error: Exception
    name: str
    code: str
    message: str

    @property
    def status(self) -> str:
        return "rejected" if self.name in ("ImageRejected", "RecipeInvalid") else "failed"


FAILURES = {
    "the file's fault": Failure(BROKEN, "ImageRejected", "image.truncated", BROKEN.message),
    "the recipe's fault": Failure(
        RecipeInvalid("unknown-step", "there is no step 'x'"),
        "RecipeInvalid",
        "recipe.unknown-step",
        "there is no step 'x'",
    ),
    "ours": Failure(StepFailed("out-of-time", "no time is left"), "StepFailed", "step.out-of-time", "no time is left"),
    "unexpected": Failure(
        ZeroDivisionError("secret: 42"), "StepFailed", "step.unexpected", "ZeroDivisionError in {stage}"
    ),
    "out of memory": Failure(MemoryError(), "StepFailed", "step.out-of-memory", "MemoryError in {stage}"),
}


def upload_through(lab: Lab, state: str) -> dict[str, Any]:
    """An upload whose job passes through a function's task."""
    stages = [] if state in definition.AROUND else [LAMBDA_TASKS[state]]
    chosen = "auto" if state == "Diagnose" else photos.recipe_through(stages)
    return lab.upload("photo.jpg", photos.encoded(), {"recipe": chosen})

"""The batches of a deployed stack."""

from __future__ import annotations

from darkroom.aws.batches import Batches
from darkroom.aws.batching import Settings
from darkroom.client.stack import Stack
from darkroom.errors import StepFailed


def of(stack: Stack) -> Batches:
    """Raises `StepFailed` for a stack from before there were batches."""
    if "BatchArn" not in stack.outputs:
        raise StepFailed("no-batches", "the stack has no batches: deploy it anew")
    outputs = stack.outputs
    return Batches(outputs["WorkBucket"], outputs["BatchArn"], stack.client("s3"), stack.client("stepfunctions"))


def find(batches: Batches, batch: str) -> Settings:
    """Raises `StepFailed` where there is none of this id."""
    settings = batches.find(batch)
    if settings is None:
        raise StepFailed("no-batch", f"there is no batch '{batch:.80}'")
    return settings

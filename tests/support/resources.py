"""What the deployed stack's resources are called."""

from __future__ import annotations

from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws


def physical_id(aws: EmbeddedAws, logical: str) -> str:
    """By which AWS knows what the template calls so."""
    found = aws.client("cloudformation").describe_stack_resource(StackName=stack.STACK, LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])

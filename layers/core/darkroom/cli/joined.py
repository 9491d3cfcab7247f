"""What other distributions bring to the command line, by entry point. None of them is known here by name.

Two groups: of `COMMANDS` each is a click command; of `STACKS` each is a function without arguments that gives those of
`boto3.client` for a deployed stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

COMMANDS = "darkroom.commands"
STACKS = "darkroom.stacks"


def points(group: str) -> dict[str, EntryPoint]:
    """What is installed of a group, by name; nothing of it is imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


def load(group: str, name: str) -> Any:
    """What the entry point stands for; None where no installed distribution has it."""
    point = points(group).get(name)
    return None if point is None else point.load()

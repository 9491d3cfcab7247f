"""With which photos one was decided about, as a report tells it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from darkroom.measurements import Share

About = Literal["light", "exposure", "noise"]
"""What photos may be decided about together."""


class Album(msgspec.Struct, frozen=True):
    """The photos with which one was decided about, so that a series does not flicker."""

    name: str
    photos: Annotated[int, Meta(ge=1, description="how many they are, with this one")]
    own: Annotated[
        dict[About, Share],
        Meta(
            description="how much of what was decided by is the photo's own, the rest being what all of them tell: 1 "
            "where it stands apart from them"
        ),
    ]

    @property
    def words(self) -> str:
        """A sentence."""
        shared = ", ".join(about for about, own in self.own.items() if own < 1)
        return f"decided together with the album '{self.name}' ({self.photos} photos): {shared}"

"""One channel of a colour model, as a grey picture."""

from __future__ import annotations

from typing import Annotated, Literal

from darkroom.color.spaces import CHANNELS, Space, converted
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step

Channel = Literal[
    0, 1, 2, "r", "g", "b", "gray", "h", "s", "v", "l", "y", "cb", "cr", "x", "z", "a", "c", "u"
]  # fmt: skip


class ExtractChannel(Params, frozen=True):
    space: Annotated[Space, param("the colour model")] = "lab"
    channel: Annotated[
        Channel, param("the channel's place in the model, from 0, or its letters in the model's name")
    ] = 0

    scene = "flower"

    def check(self) -> None:
        names = CHANNELS[self.space]
        if self.channel not in names and self.channel not in range(len(names)):
            known = ", ".join([*names, *map(str, range(len(names)))])
            raise ValueError(f"'channel' is {self.channel!r} but '{self.space}' has: {known}")

    @property
    def place(self) -> int:
        return self.channel if isinstance(self.channel, int) else CHANNELS[self.space].index(self.channel)


@step("extract_channel", stage="convert_color", params=ExtractChannel, on="native", changes_channels=True)
def extract_channel(image: Array, params: ExtractChannel) -> Array:
    """One channel of a colour model, as a grey picture.

    The picture is sRGB; models, encodings into 0–1 and sources (IEC 61966-2-1, CIE 15, JFIF) are those of
    `convert_color`. A picture with alpha keeps it, and the channel three times.
    """
    return converted(image, "rgb", params.space, params.place)

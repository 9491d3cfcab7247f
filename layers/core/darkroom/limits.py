"""How large a picture may be. Checked against a file's header, before any pixel is decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

from darkroom.errors import ImageRejected


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Upper bounds, each of them still allowed.

    max_bytes: the file's size in bytes.
    max_pixels: width times height in pixels.
    max_side: width or height in pixels.
    max_frames: frames of an animation, or pages.
    """

    max_bytes: int = 256 << 20
    max_pixels: int = 64_000_000
    max_side: int = 30_000
    max_frames: int = 1000

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """The limits in ``MAX_BYTES``, ``MAX_PIXELS``, ``MAX_SIDE`` and ``MAX_FRAMES``; unset or empty is the default.

        Raises ValueError, naming the variable, for what is not a whole number of at least 1.
        """
        values: dict[str, int] = {}
        for name in cls.__struct_fields__:
            text = environ.get(name.upper(), "").strip()
            if not text:
                continue
            if not (text.isascii() and text.isdigit() and int(text) >= 1):
                raise ValueError(f"{name.upper()} is {text!r} but must be a whole number of at least 1")
            values[name] = int(text)
        return cls(**values)

    def check_bytes(self, size: int) -> None:
        """Raise `ImageRejected` for a file of more than `max_bytes`."""
        if size > self.max_bytes:
            raise ImageRejected(
                "too-many-bytes", f"the file has {size:,} bytes; at most {self.max_bytes:,} are allowed"
            )

    def check_picture(self, width: int, height: int, frames: int = 1) -> None:
        """Raise `ImageRejected` for a picture of too long a side, too many pixels or too many frames."""
        if max(width, height) > self.max_side:
            raise ImageRejected(
                "too-large-side", f"the picture is {width}x{height} px; a side may have at most {self.max_side:,} px"
            )
        if width * height > self.max_pixels:
            raise ImageRejected(
                "too-many-pixels",
                f"the picture is {width}x{height} = {width * height:,} px; at most {self.max_pixels:,} are allowed",
            )
        if frames > self.max_frames:
            raise ImageRejected(
                "too-many-frames", f"the file has more than {self.max_frames:,} frames, which is the most allowed"
            )

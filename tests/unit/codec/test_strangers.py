"""What a JPEG carries that only its maker knows is not lost in silence."""

from __future__ import annotations

import pytest

from darkroom import codec
from tests.support import photos


def with_segments(*segments: tuple[int, bytes]) -> bytes:
    file = photos.encoded()
    made = b"".join(bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body for marker, body in segments)
    return file[:2] + made + file[2:]


@pytest.mark.parametrize(
    ("segment", "called"),
    [
        ((0xEC, b"Ducky\0\1\0\4\0\0\0<\0\0"), "APP12 'Ducky'"),
        ((0xE4, b"\1\2\3binary"), "APP4"),
        ((0xE2, b"FPXR\0more"), "APP2 'FPXR'"),
        ((0xE1, b"\xc3\xa4\0"), "APP1"),
        ((0xEF, b""), "APP15"),
    ],
)
def test_a_segment_that_nobody_knows_is_named(segment: tuple[int, bytes], called: str) -> None:
    notes = codec.decode(with_segments(segment)).metadata.notes
    assert notes == (f"the JPEG's own fields {called} were left out",)


def test_each_is_named_once() -> None:
    (note,) = codec.decode(with_segments((0xE4, b"a\0"), (0xE4, b"a\0"), (0xE5, b"b\0"))).metadata.notes
    assert note == "the JPEG's own fields APP4 'a', APP5 'b' were left out"


def test_those_that_are_known_are_not() -> None:
    assert codec.decode(photos.encoded()).metadata.notes == ()

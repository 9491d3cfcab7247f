"""What an AV1 bitstream says of its colours: the beginning of its sequence header.

Source: AV1 bitstream and decoding process specification, 5.3 to 5.5.
"""

from __future__ import annotations

_SEQUENCE_HEADER = 1
_MOST = 1 << 12
"""Bytes within which the header lies: it is among the first things of a stream."""

_SRGB_BY_IDENTITY = (1, 13, 0)


class _Bits:
    """Bits from the highest on. Raises IndexError past the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self.data[self.at >> 3] >> 7 - (self.at & 7) & 1
            self.at += 1
        return value

    def skip(self, *counts: int) -> None:
        self.at += sum(counts)

    def skip_uvlc(self) -> None:
        zeros = 0
        while not self.take(1):
            zeros += 1
        self.skip(zeros)


def code_points(stream: bytes) -> tuple[int, int, int, bool] | None:
    """Primaries, transfer, matrix (H.273) and full range of a stream; None where there is no header to be read."""
    try:
        header = _sequence_header(stream[:_MOST])
        return None if header is None else _read(_Bits(header))
    except IndexError:
        return None


def _sequence_header(data: bytes) -> bytes | None:
    at = 0
    while at < len(data):
        first = data[at]
        at += 2 if first & 4 else 1
        size = len(data) - at
        if first & 2:
            size, shift = 0, 0
            while True:
                size |= (data[at] & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if not data[at - 1] & 0x80 or shift > 56:
                    break
        if first >> 3 & 15 == _SEQUENCE_HEADER:
            return data[at : at + size]
        at += size
    return None


def _read(bits: _Bits) -> tuple[int, int, int, bool]:
    profile = bits.take(3)
    bits.skip(1)
    reduced = bits.take(1)
    if reduced:
        bits.skip(5)
    else:
        _skip_operating_points(bits)
    wide, high = bits.take(4), bits.take(4)
    bits.skip(wide + 1, high + 1)
    if not reduced and bits.take(1):
        bits.skip(4, 3)
    bits.skip(3)
    if not reduced:
        _skip_tools(bits)
    bits.skip(3)
    # From here on color_config (5.5.2).
    high_depth = bits.take(1)
    if profile == 2 and high_depth:
        bits.skip(1)
    gray = profile != 1 and bool(bits.take(1))
    points = (bits.take(8), bits.take(8), bits.take(8)) if bits.take(1) else (2, 2, 2)
    full = True if points == _SRGB_BY_IDENTITY and not gray else bool(bits.take(1))
    return *points, full


def _skip_operating_points(bits: _Bits) -> None:
    modelled = delay = 0
    if bits.take(1):  # timing
        bits.skip(32, 32)
        if bits.take(1):
            bits.skip_uvlc()
        modelled = bits.take(1)
        if modelled:
            delay = bits.take(5) + 1
            bits.skip(32, 5, 5)
    delayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.skip(12)
        if bits.take(5) > 7:
            bits.skip(1)
        if modelled and bits.take(1):
            bits.skip(delay, delay, 1)
        if delayed and bits.take(1):
            bits.skip(4)


def _skip_tools(bits: _Bits) -> None:
    bits.skip(4)
    ordered = bits.take(1)
    if ordered:
        bits.skip(2)
    forced = 1 if bits.take(1) else bits.take(1)  # the tools for screen content are chosen by frame, or for all
    if forced and not bits.take(1):
        bits.skip(1)
    if ordered:
        bits.skip(3)

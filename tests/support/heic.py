"""A tiny HEIC writer, since no encoder of HEVC is at hand: every block is stored as raw samples (I_PCM), so that what
is decoded must equal what was written, to the last bit.

Source: ITU-T H.265 (syntax in 7.3, arithmetic coding in 9.3), ISO/IEC 14496-15 (hvcC), ISO/IEC 23008-12 (HEIF).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tests.support.boxes import box, full_box

BLOCK = 32  # side of a coding tree block, which is one I_PCM coding unit
GBR, BT601 = 0, 6  # matrices by H.273's numbers: planes are G, B, R as they are; or Y, Cb, Cr of BT.601, full range
# rangeTabLps for the states that one context passes through while it codes nothing but its most probable symbol.
_LPS = [
    (128, 176, 208, 240),
    (128, 167, 197, 227),
    (128, 158, 187, 216),
    (123, 150, 178, 205),
    (116, 142, 169, 195),
    (111, 135, 160, 185),
    (105, 128, 152, 175),
    (100, 122, 144, 166),
    (95, 116, 137, 158),
    (90, 110, 130, 150),
    (85, 104, 123, 142),
    (81, 99, 117, 135),
]


class Bits:
    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, count: int, value: int) -> Self:
        self.bits += [value >> at & 1 for at in range(count - 1, -1, -1)]
        return self

    def ue(self, *values: int) -> Self:
        for value in values:
            length = (value + 1).bit_length()
            self.u(2 * length - 1, value + 1)
        return self

    def align(self) -> None:
        self.bits += [0] * (-len(self.bits) % 8)

    def trail(self) -> None:
        self.u(1, 1).align()

    def to_bytes(self) -> bytes:
        assert len(self.bits) % 8 == 0
        return np.packbits(np.array(self.bits, dtype=np.uint8)).tobytes()


class Cabac:
    """The arithmetic encoder of H.265, 9.3.4.x in reverse, as far as it is needed."""

    def __init__(self, bits: Bits) -> None:
        self.bits, self.state = bits, 0
        self.start()

    def start(self) -> None:
        self.low, self.range, self.first, self.outstanding = 0, 510, True, 0

    def most_probable(self) -> None:
        self.range -= _LPS[self.state][self.range >> 6 & 3]
        self.state += 1
        self._renormalize()

    def terminate(self, last: bool) -> None:
        self.range -= 2
        if not last:
            self._renormalize()
            return
        self.low += self.range
        self.range = 2
        self._renormalize()
        self._put(self.low >> 9 & 1)
        self.bits.u(2, self.low >> 7 & 3 | 1)

    def _renormalize(self) -> None:
        while self.range < 256:
            if self.low < 256:
                self._put(0)
            elif self.low >= 512:
                self.low -= 512
                self._put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range <<= 1
            self.low <<= 1

    def _put(self, bit: int) -> None:
        if self.first:
            self.first = False
        else:
            self.bits.u(1, bit)
        self.bits.bits += [1 - bit] * self.outstanding
        self.outstanding = 0


def _nal(kind: int, payload: bytes) -> bytes:
    out, zeros = bytearray(struct.pack(">H", kind << 9 | 1)), 0
    for byte in payload:
        if zeros >= 2 and byte <= 3:
            out.append(3)  # emulation prevention
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _profile(depth: int) -> bytes:
    idc = 4  # range extensions: 4:4:4 and grey at any depth
    return bytes([idc]) + struct.pack(">I", 1 << 31 - idc) + bytes([0x90, 0, 0, 0, 0, 0]) + bytes([93])


def _vps(depth: int) -> bytes:
    b = Bits()
    b.u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xFFFF)
    for byte in _profile(depth):
        b.u(8, byte)
    b.u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(1, 0).u(1, 0).trail()
    return _nal(32, b.to_bytes())


def _sps(width: int, height: int, chroma: int, depth: int) -> bytes:
    padded = [-(-side // BLOCK) * BLOCK for side in (width, height)]
    b = Bits()
    b.u(4, 0).u(3, 0).u(1, 1)
    for byte in _profile(depth):
        b.u(8, byte)
    b.ue(0, chroma)
    if chroma == 3:
        b.u(1, 0)
    b.ue(*padded)
    b.u(1, 1).ue(0, padded[0] - width, 0, padded[1] - height)  # conformance window
    b.ue(depth - 8, depth - 8, 0).u(1, 1).ue(0, 0, 0)
    b.ue(2, 0, 0, 3, 0, 0)  # coding blocks of 32 alone, transforms of 4 to 32
    b.u(3, 0).u(1, 1)  # no scaling lists, AMP, SAO; PCM
    b.u(4, depth - 1).u(4, depth - 1).ue(2, 0).u(1, 1)
    b.ue(0).u(3, 0).u(1, 0).u(1, 0).trail()
    return _nal(33, b.to_bytes())


def _pps() -> bytes:
    b = Bits()
    b.ue(0, 0).u(1, 0).u(1, 0).u(3, 0).u(2, 0).ue(0, 0, 0)
    b.u(3, 0).ue(0, 0).u(1, 0).u(3, 0).u(2, 0).u(1, 0)
    b.u(1, 1).u(1, 0).u(1, 1).u(1, 0).u(1, 0).ue(0).u(2, 0).trail()
    return _nal(34, b.to_bytes())


def _slice(planes: list[np.ndarray], depth: int) -> bytes:
    b = Bits()
    b.u(1, 1).u(1, 0).ue(0, 2, 0).trail()
    cabac = Cabac(b)
    height, width = planes[0].shape
    corners = [(top, left) for top in range(0, height, BLOCK) for left in range(0, width, BLOCK)]
    for corner in corners:
        top, left = corner
        cabac.most_probable()  # part_mode 2Nx2N
        cabac.terminate(True)  # pcm_flag
        b.align()
        for plane in planes:
            samples = plane[top : top + BLOCK, left : left + BLOCK].ravel()
            b.bits += (samples[:, None] >> np.arange(depth - 1, -1, -1) & 1).ravel().tolist()
        cabac.start()
        cabac.terminate(corner == corners[-1])
    b.align()
    return _nal(20, b.to_bytes())


def write(
    image: np.ndarray,
    depth: int = 8,
    *,
    primaries: int = 1,
    matrix: int = GBR,
    icc: bytes | None = None,
    exif: bytes | None = None,
    rotate: int = 0,
    claims: tuple[int, int] | None = None,
    alpha: np.ndarray | None = None,
    pictures: int = 1,
    gain: np.ndarray | None = None,
) -> bytes:
    """A HEIC of HxW or HxWx3 samples of `depth` bits, of at most 12 blocks of 32x32.

    primaries, matrix: by H.273's numbers; the transfer is sRGB's. libheif reads GBR from 10 bits on.
    rotate: quarter turns against the clock that a reader is told to make. claims: a width and height to lie about.
    exif: a TIFF-structured block. alpha: HxW samples. pictures: how many of the same the file holds.
    gain: HxW samples of 8 bits that are the gain map, as Apple stores one.
    """
    if image.ndim == 2:
        channels = [image]
    elif matrix == GBR:
        channels = [image[..., 1], image[..., 2], image[..., 0]]
    else:
        channels = _bt601(image, depth)
    coded, properties = _coded(channels, depth, claims)
    properties.append(box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, 13, matrix, 0x80)))
    if icc is not None:
        properties.append(box(b"colr", b"prof", icc))
    if rotate:
        properties.append(box(b"irot", bytes([rotate])))
    items = [Item(b"hvc1", coded, range(1, len(properties) + 1))]
    items += [Item(b"hvc1", coded, items[0].properties)] * (pictures - 1)
    items += [Item(b"Exif", bytes(4) + exif, reference=b"cdsc")] if exif is not None else []
    if alpha is not None:
        shares, more = _coded([alpha], depth, claims)
        first = len(properties) + 1
        properties += [*more, full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")]
        items.append(Item(b"hvc1", shares, range(first, len(properties) + 1), b"auxl"))
    if gain is not None:
        mapped, more = _coded([gain], 8, None)
        more += [box(b"irot", bytes([rotate]))] if rotate else []
        first = len(properties) + 1
        properties += [*more, full_box(b"auxC", b"urn:com:apple:photo:2020:aux:hdrgainmap\0")]
        items.append(Item(b"hvc1", mapped, range(first, len(properties) + 1), b"auxl"))
    start = len(_file(items, properties, 0)) - sum(len(item.content) for item in items)
    return _file(items, properties, start)


@dataclass(frozen=True)
class Item:
    """What a file holds: its properties by their numbers, and how it refers to the first item, if it does."""

    kind: bytes
    content: bytes
    properties: Sequence[int] = ()
    reference: bytes = b""


def _coded(channels: list[np.ndarray], depth: int, claims: tuple[int, int] | None) -> tuple[bytes, list[bytes]]:
    """A coded picture, and what it takes to read it."""
    height, width = channels[0].shape
    pad = [(0, -height % BLOCK), (0, -width % BLOCK)]
    planes = [np.pad(channel.astype(np.int64), pad) for channel in channels]
    chroma = 0 if len(planes) == 1 else 3
    sets = [(32, _vps(depth)), (33, _sps(width, height, chroma, depth)), (34, _pps())]
    config = (
        bytes([1])
        + _profile(depth)
        + struct.pack(">HBBBBHBB", 0xF000, 0xFC, 0xFC | chroma, 0xF8 | depth - 8, 0xF8 | depth - 8, 0, 0x0F, len(sets))
        + b"".join(struct.pack(">BHH", 0x80 | kind, 1, len(nal)) + nal for kind, nal in sets)
    )
    properties = [
        box(b"hvcC", config),
        full_box(b"ispe", struct.pack(">II", *(claims or (width, height)))),
        full_box(b"pixi", bytes([len(planes)]) + bytes([depth]) * len(planes)),
    ]
    return _length_prefixed(_slice(planes, depth)), properties


def _bt601(image: np.ndarray, depth: int) -> list[np.ndarray]:
    white = (1 << depth) - 1
    red, green, blue = (image[..., i].astype(np.float64) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    middle = 1 << depth - 1
    planes = luma, (blue - luma) / 1.772 + middle, (red - luma) / 1.402 + middle
    return [np.rint(plane).clip(0, white) for plane in planes]


def _length_prefixed(nal: bytes) -> bytes:
    return struct.pack(">I", len(nal)) + nal


def _file(items: list[Item], properties: list[bytes], start: int) -> bytes:
    entries, places, at = [], b"", start
    for number, item in enumerate(items, 1):
        entries.append(full_box(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", version=2))
        places += struct.pack(">HHHII", number, 0, 1, at, len(item.content))
        at += len(item.content)
    owners = [(number, bytes(item.properties)) for number, item in enumerate(items, 1) if item.properties]
    owned = b"".join(struct.pack(">HB", number, len(its)) + its for number, its in owners)
    references = [
        box(item.reference, struct.pack(">HHH", number, 1, 1)) for number, item in enumerate(items, 1) if item.reference
    ]
    meta = full_box(
        b"meta",
        full_box(b"hdlr", struct.pack(">I4s12sB", 0, b"pict", b"", 0)),
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(b"iloc", struct.pack(">HH", 0x4400, len(items)) + places),
        full_box(b"iinf", struct.pack(">H", len(items)), *entries),
        full_box(b"iref", *references) if references else b"",
        box(b"iprp", box(b"ipco", *properties), full_box(b"ipma", struct.pack(">I", len(owners)) + owned)),
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + box(b"mdat", *(item.content for item in items))

"""Opens or decodes a HEIC or an AVIF in a process of its own, since a library may crash over bytes that are hostile.

Run as a script, with ``HEIF`` or ``AVIF`` and ``open`` or ``load``: reads a file from standard input, writes a line of
JSON (what the picture is, or an error) and, for ``load``, its samples in rows.

AVIF of more than 8 bits is decoded by libavif itself, which comes with Pillow: Pillow's own interface has 8 bits alone.
Of its structures only the beginnings are used, which stay as they are within its version 1 (avif.h).
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

_DEEP = 16
_CHANNELS = {"L": (0,), "LA": (0, 3), "RGB": (0, 1, 2), "RGBA": (0, 1, 2, 3)}


def heif(data: bytes, *, load: bool) -> tuple[dict[str, Any], Any, Any]:
    """What is said, the samples, and what they live in."""
    import pi_heif

    file = pi_heif.HeifFile(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    image = file[file.primary_index]
    samples = memoryview(image.data) if load else b""
    said = {
        "width": image.size[0],
        "height": image.size[1],
        "frames": len(file),
        "mode": image.mode,
        "bit_depth": image.info["bit_depth"],
        "has_alpha": image.has_alpha,
        "stride": image.stride if load else 0,
    }
    return said, samples, image


def avif(data: bytes, *, load: bool) -> tuple[dict[str, Any], Any, Any]:
    """The same."""
    import io

    from PIL.AvifImagePlugin import AvifImageFile

    image = AvifImageFile(io.BytesIO(data))
    depth = _depth(data)
    said: dict[str, Any] = {
        "width": image.size[0],
        "height": image.size[1],
        "frames": getattr(image, "n_frames", 1),
        "mode": image.mode,
        "bit_depth": depth,
        "has_alpha": image.has_transparency_data,
    }
    if not load:
        return said, b"", image
    if depth > 8 and (library := _libavif()):
        samples = _deep(library, data, image.mode, image.size)
        return {**said, "mode": f"{image.mode};{_DEEP}", "stride": len(samples) // image.size[1]}, samples, image
    samples = image.tobytes()
    return {**said, "stride": len(samples) // image.size[1]}, samples, image


def _depth(data: bytes) -> int:
    """Byte 2 of the AV1 configuration: tier, high bit depth, twelve bits, … (AV1-ISOBMFF 2.3.3)."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _libavif() -> Any:
    """Where Pillow's wheels have it; None elsewhere, and for another version."""
    import PIL

    package = Path(PIL.__file__).parent
    for folder in (package.parent / "pillow.libs", package / ".dylibs"):
        for path in folder.glob("libavif*"):
            library = ctypes.CDLL(str(path))
            library.avifVersion.restype = ctypes.c_char_p
            for create in (library.avifDecoderCreate, library.avifImageCreateEmpty):
                create.restype = ctypes.c_void_p
            library.avifResultToString.restype = ctypes.c_char_p
            if library.avifVersion().startswith(b"1."):
                return library
    return None


class _Decoder(ctypes.Structure):
    """The beginning of avifDecoder."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("codec", "threads", "source", "progressive", "incremental")),
        *((name, ctypes.c_int) for name in ("ignore_exif", "ignore_xmp")),
        *((name, ctypes.c_uint32) for name in ("size_limit", "dimension_limit", "count_limit", "strict")),
    )


class _Rgb(ctypes.Structure):
    """avifRGBImage."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("width", "height", "depth")),
        *((name, ctypes.c_int) for name in ("format", "upsampling", "downsampling", "avoid_libyuv")),
        *((name, ctypes.c_int) for name in ("ignore_alpha", "premultiplied", "is_float", "threads")),
        ("pixels", ctypes.c_void_p),
        ("row_bytes", ctypes.c_uint32),
        ("spare", ctypes.c_uint8 * 64),
    )


def _deep(library: Any, data: bytes, mode: str, size: tuple[int, int]) -> bytes:
    """The first picture's samples in 16 bits, little-endian, in the channels of `mode`."""

    def check(result: int) -> None:
        if result:
            raise ValueError(library.avifResultToString(result).decode())

    decoder, image = ctypes.c_void_p(library.avifDecoderCreate()), ctypes.c_void_p(library.avifImageCreateEmpty())
    _Decoder.from_address(decoder.value or 0).strict = 0
    check(library.avifDecoderReadMemory(decoder, image, data, ctypes.c_size_t(len(data))))
    rgb = _Rgb()
    library.avifRGBImageSetDefaults(ctypes.byref(rgb), image)
    if (rgb.width, rgb.height) != size:
        raise ValueError("the picture has another size than its container says")
    alpha = mode.endswith("A")
    rgb.depth, rgb.format = _DEEP, int(alpha)  # RGB is 0, RGBA is 1
    rgb.upsampling, rgb.avoid_libyuv = 2, 1  # the best, and exact
    stored = 4 if alpha else 3
    rgb.row_bytes = size[0] * stored * 2
    pixels = bytearray(rgb.row_bytes * size[1])
    rgb.pixels = ctypes.addressof(ctypes.c_char.from_buffer(pixels))
    check(library.avifImageYUVToRGB(image, ctypes.byref(rgb)))
    channels = _CHANNELS[mode]
    if len(channels) == stored:
        return bytes(pixels)
    words = memoryview(pixels).cast("H")
    kept = bytearray(size[0] * size[1] * len(channels) * 2)
    for place, channel in enumerate(channels):
        memoryview(kept).cast("H")[place :: len(channels)] = words[channel::stored]
    return bytes(kept)


def main(name: str, what: str) -> None:
    out = sys.stdout.buffer
    try:
        said, samples, _owner = (heif if name == "HEIF" else avif)(sys.stdin.buffer.read(), load=what == "load")
    except Exception as error:  # whatever it is, it is about the file
        out.write(json.dumps({"error": f"{error or type(error).__name__}"[:300]}).encode() + b"\n")
        return
    out.write(json.dumps(said).encode() + b"\n")
    out.write(samples)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:3])

"""The formats that are read and written, and how a file's first bytes tell them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from darkroom.errors import ImageRejected, RecipeInvalid, nearest

OUTPUT_FORMATS = ("jpeg", "png", "webp", "tiff", "avif")

EXTENSIONS: Mapping[str, str] = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif", "avif": ".avif"}

MEDIA_TYPES: Mapping[str, str] = {name: f"image/{name}" for name in OUTPUT_FORMATS}

SIXTEEN_BIT = frozenset({"png", "tiff"})
"""Output formats that keep 16 bits per sample."""

OWN_EXTENSIONS: Mapping[str, frozenset[str]] = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "png": frozenset({".png", ".apng"}),
    "webp": frozenset({".webp"}),
    "tiff": frozenset({".tif", ".tiff"}),
    "avif": frozenset({".avif", ".avifs"}),
}
"""All extensions, in lower case, that files of an output format have."""

FORMAT_ALIASES: Mapping[str, str] = {"jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "tif": "tiff"}
"""Other usual names of output formats."""

INPUT_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif"}
    | {".heic", ".heif", ".hif", ".heics", ".heifs", ".avif", ".avifs"}
)
"""Extensions, in lower case, of files that `decode` may be able to read. What a file is, its bytes decide."""

ACCEPTED = "JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC and AVIF"

# By Pillow's names. What has no writer here, or would lose by one, goes to the nearest format in common use.
_OUTPUT_OF = {
    "JPEG": "jpeg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tiff",
    "AVIF": "avif",
    "BMP": "png",
    "GIF": "png",
    "HEIF": "jpeg",
}

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}

_RAW = "a camera's raw file ({}): develop it, and send a JPEG or a TIFF"

# Pictures and documents that people send and that are not read: told apart from noise, for a better message.
_OTHERS = {
    b"8BPS": "a Photoshop document",
    b"%!PS": "an EPS file",
    b"\xc5\xd0\xd3\xc6": "an EPS file",
    b"%PDF": "a PDF document",
    b"\0\0\x01\0": "an icon (ICO)",
    b"\0\0\x02\0": "a cursor (CUR)",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture",
    b"\xff\x0a": "a JPEG XL picture: send it as JPEG or PNG",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture: send it as JPEG or PNG",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML document",
    b"FUJIFILM": _RAW.format("RAF"),
    b"IIRO": _RAW.format("ORF"),
    b"IIRS": _RAW.format("ORF"),
    b"MMOR": _RAW.format("ORF"),
    b"IIU\0": _RAW.format("RW2"),
    b"FOVb": _RAW.format("X3F"),
    b"\0MRM": _RAW.format("MRW"),
    b"qoif": "a QOI picture",
    b"v/1\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance picture",
    b"SIMPLE": "a FITS picture",
    b"DDS ": "a DDS texture",
}

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def identify(data: bytes) -> str:
    """Pillow's name of the format that `data` begins like. Raises `ImageRejected` for all but the accepted ones."""
    if not data:
        raise ImageRejected("empty", "the file is empty")
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            if name == "TIFF" and data[8:10] == b"CR":
                raise unsupported(f"the file is {_RAW.format('CR2')}")
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _of_base_media(data)
    if data[-18:-2] == b"TRUEVISION-XFILE" or (data[:4] == b"\0\0\x02\0" and data[4:6] == b"\0\0"):
        raise unsupported("the file is a Targa picture (TGA): send it as PNG")
    for signature, what in _OTHERS.items():
        if data.startswith(signature):
            raise unsupported(f"the file is {what}")
    raise ImageRejected("not-an-image", f"the file is not a picture that can be read; accepted are {ACCEPTED}")


def _of_base_media(data: bytes) -> str:
    """HEIF or AVIF by the brands of an ISO base media file: the major one first, then the compatible ones."""
    end = min(int.from_bytes(data[:4]), 512)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return "AVIF"
        if brand in _HEIF_BRANDS:
            return "HEIF"
    if brands[0] == b"crx ":
        raise unsupported(f"the file is {_RAW.format('CR3')}")
    if brands[0] in (b"jxl ", b"jp2 "):
        raise unsupported("the file is a JPEG XL or JPEG 2000 picture")
    raise unsupported(f"the file is of the kind {brands[0].decode('latin-1').strip()!r} (a video, perhaps)")


def unsupported(what: str) -> ImageRejected:
    """The error for a picture of a kind that is not read."""
    return ImageRejected("unsupported-format", f"{what}, which is not supported; accepted are {ACCEPTED}")


def output_format(source_format: str) -> str:
    """The format in which a result is written by default, from Pillow's name of the format the picture came in."""
    return _OUTPUT_OF.get(source_format, "png")


def result_name(name: str, format_name: str) -> str:
    """The name (or key) of a result, from that of its photo and the output format.

    A photo that has the format's extension already keeps its name; any other has the extension appended, after
    ``.photo`` where it has no picture's extension at all. No two names get one result: where the appended name could be
    another photo's own, that other one is appended to as well (``a.HEIC`` → ``a.HEIC.jpg``, so ``a.HEIC.jpg`` →
    ``a.HEIC.jpg.jpg``).
    """
    extension, own = EXTENSIONS[format_name], OWN_EXTENSIONS[format_name]
    bare = name
    while bare.endswith(extension):
        bare = bare.removesuffix(extension)
    suffix = _suffix(bare)
    if bare != name and not ((suffix in INPUT_EXTENSIONS and suffix not in own) or bare.endswith(_NAMELESS)):
        return name
    if bare == name and suffix in own:
        return name
    if bare == name and suffix not in INPUT_EXTENSIONS:
        return f"{name}{_NAMELESS}{extension}"
    return f"{name}{extension}"


_NAMELESS = ".photo"


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()


def check_output(name: str) -> None:
    """Raise `RecipeInvalid` unless `name` is a format that `encode` writes."""
    if name not in OUTPUT_FORMATS:
        raise RecipeInvalid(
            "unknown-format",
            f"no output format is called '{name}'{nearest(name, OUTPUT_FORMATS)} ({', '.join(OUTPUT_FORMATS)} are)",
        )

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
    {".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".heics", ".heifs"}.union(*OWN_EXTENSIONS.values())
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
_SAVE = "save it as PNG, TIFF or JPEG"
_VIDEO = "a video ({}): send one of its frames as a picture"

# Pictures and documents that people send and that are not read: told apart from noise, with what to do.
_OTHERS = {
    b"8BPS": f"a Photoshop document (PSD): {_SAVE}",
    b"gimp xcf": f"a GIMP document (XCF): {_SAVE}",
    b"%!PS": f"an EPS or PostScript file: {_SAVE}",
    b"\xc5\xd0\xd3\xc6": f"an EPS file: {_SAVE}",
    b"%PDF": "a PDF document: send its pages as PNG, or the photo in it",
    b"\0\0\x01\0": "an icon (ICO): send it as PNG",
    b"\0\0\x02\0": "a cursor (CUR): send it as PNG",
    b"icns": "an icon (ICNS): send it as PNG",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture: send it as JPEG, PNG or TIFF",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture: send it as JPEG, PNG or TIFF",
    b"\xff\x0a": "a JPEG XL picture: send it as JPEG or PNG",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture: send it as JPEG or PNG",
    b"II\xbc": "a JPEG XR picture: send it as JPEG, PNG or TIFF",
    b"<svg": "an SVG drawing: send it as PNG",
    b"<?xml": "an XML document, perhaps an SVG drawing: send it as PNG",
    b"<!DOCTYPE": "a web page: save the photo that it shows, and send that",
    b"<html": "a web page: save the photo that it shows, and send that",
    b"FUJIFILM": _RAW.format("RAF"),
    b"IIRO": _RAW.format("ORF"),
    b"IIRS": _RAW.format("ORF"),
    b"MMOR": _RAW.format("ORF"),
    b"IIU\0": _RAW.format("RW2"),
    b"FOVb": _RAW.format("X3F"),
    b"\0MRM": _RAW.format("MRW"),
    b"II\x1a\0\0\0HEAPCCDR": _RAW.format("CRW"),
    b"qoif": "a QOI picture: send it as PNG",
    b"v/1\x01": "an OpenEXR picture: send it as TIFF of 16 bits",
    b"#?RADIANCE": "a Radiance picture: send it as TIFF of 16 bits",
    b"#?RGBE": "a Radiance picture: send it as TIFF of 16 bits",
    b"SIMPLE  =": "a FITS picture: send it as TIFF of 16 bits",
    b"DDS ": "a DDS texture: send it as PNG",
    b"\x8aMNG": "an MNG animation: send one of its frames as PNG",
    b"\x8bJNG": "a JNG picture: send it as PNG",
    b"BPG\xfb": "a BPG picture: send it as PNG",
    b"FLIF": "a FLIF picture: send it as PNG",
    b"AT&TFORM": "a DjVu document: send its pages as PNG",
    b"\x01\xda\0": "an SGI picture: send it as PNG",
    b"\x01\xda\x01": "an SGI picture: send it as PNG",
    b"\x59\xa6\x6a\x95": "a Sun raster picture: send it as PNG",
    b"\x0a\x05\x01": "a PCX picture: send it as PNG",
    b"\xd7\xcd\xc6\x9a": "a Windows metafile (WMF): send it as PNG",
    b"/* XPM */": "an XPM picture: send it as PNG",
    b"PK\x03\x04": "an archive (ZIP): unpack it, and send its photos one by one",
    b"Rar!": "an archive (RAR): unpack it, and send its photos one by one",
    b"7z\xbc\xaf": "an archive (7z): unpack it, and send its photos one by one",
    b"\x1f\x8b": "packed by gzip: unpack it",
    b"\x1aE\xdf\xa3": _VIDEO.format("Matroska or WebM"),
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
    if _is_targa(data):
        raise unsupported("the file is a Targa picture (TGA): send it as PNG")
    for signature, what in _OTHERS.items():
        if data.startswith(signature):
            raise unsupported(f"the file is {what}")
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        raise unsupported(f"the file is {_VIDEO.format('AVI')}")
    if data[128:132] == b"DICM":
        raise unsupported("the file is a DICOM record: send its picture as TIFF or PNG")
    if data[:1] == b"P" and data[1:2] in b"1234567fF" and data[2:3].isspace():
        raise unsupported("the file is a PNM picture (PBM, PGM, PPM): send it as PNG")
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
        raise unsupported("the file is a JPEG XL or JPEG 2000 picture: send it as JPEG or PNG")
    name = brands[0].decode("latin-1").strip()
    if brands[0] in (b"mif1", b"msf1", b"miaf"):
        raise unsupported(f"the file is a HEIF ({name}) of neither HEVC nor AV1: send it as JPEG or PNG")
    raise unsupported(f"the file is of the kind {name!r}: if it is a video, send one of its frames as a picture")


def _is_targa(data: bytes) -> bool:
    """Targa has no signature at its beginning, but a header in which little may stand."""
    if data[-18:-2] == b"TRUEVISION-XFILE":
        return True
    if len(data) < 18 or data[1] > 1 or data[2] not in (1, 2, 3, 9, 10, 11) or data[17] & 0xC0:
        return False
    mapped = data[2] in (1, 9)
    table = data[7] in (15, 16, 24, 32) if mapped else not any(data[3:8])
    sides = data[12:14], data[14:16]
    return data[1] == mapped and table and data[16] in (8, 15, 16, 24, 32) and all(any(side) for side in sides)


CALLED: Mapping[str, str] = {"WEBP": "WebP", "HEIF": "HEIC"}
"""What people call formats, where Pillow calls them otherwise."""


def damaged(name: str) -> ImageRejected:
    """The error for a file, by Pillow's name of its format, at which its decoder stops."""
    called = CALLED.get(name, name)
    return ImageRejected(
        "broken", f"the {called} is damaged and cannot be decoded: send the original file, or save it anew"
    )


def unsupported(what: str) -> ImageRejected:
    """The error for a picture of a kind that is not read. what: what it is, and, behind a colon, what to do."""
    thing, colon, advice = what.partition(": ")
    return ImageRejected(
        "unsupported-format", f"{thing}, which is not supported{colon}{advice}; accepted are {ACCEPTED}"
    )


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


def usual(name: str) -> str:
    """An output format by its own name, whichever it was called by (``JPG``, ``.tif``, ``image/png``)."""
    plain = name.strip().lower().removeprefix("image/").removeprefix(".")
    return FORMAT_ALIASES.get(plain, plain)


def check_output(name: str) -> None:
    """Raise `RecipeInvalid` unless `name` is a format that `encode` writes."""
    if name not in OUTPUT_FORMATS:
        raise RecipeInvalid(
            "unknown-format",
            f"no output format is called '{name}'{nearest(name, OUTPUT_FORMATS)} ({', '.join(OUTPUT_FORMATS)} are)",
        )

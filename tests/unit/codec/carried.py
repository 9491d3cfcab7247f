"""Files of every accepted format that hold all that they can, and what becomes of each kind of it in a result.

ExifTool writes into the files and says what it finds in the results (of transparency and size Pillow does), which both
know nothing of darkroom: what is lost is lost to everyone. `python -m tests.unit.codec.carried` writes the table that
stands in docs/files.md.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.codec import exif
from darkroom.codec.jpeg import ISO_GAIN_MAP
from tests.support import avif, heic
from tests.support.boxes import box
from tests.unit.codec import pictures
from tests.unit.codec.test_color import P3

WIDTH, HEIGHT = 48, 32
"""Of the pictures as they are stored, px; upright they are higher than wide."""

EXTENSIONS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WebP": ".webp",
    "TIFF": ".tif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "HEIC": ".heic",
    "AVIF": ".avif",
}
ITSELF = "itself"
"""The column of results that are the file itself."""

COLUMNS = (*codec.OUTPUT_FORMATS, ITSELF)

_ULTRA_HDR = b"http://ns.adobe.com/hdr-gain-map/1.0/"
_MAP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="%s" hdrgm:Version="1.0"/>' % _ULTRA_HDR
_GAIN_MAPS = (_ULTRA_HDR, b"tmap", b"aux:hdrgainmap", ISO_GAIN_MAP)
_WORDS = "Žižka Þór 東京"
_WRITTEN = (
    f"-IFD0:Artist={_WORDS}",
    "-ExifIFD:ExposureCompensation#=-0.3333333333",
    "-ExifIFD:ExifImageWidth=4000",
    "-ExifIFD:ExifImageHeight=3000",
    "-ExifIFD:ColorSpace#=65535",
    f"-XMP-dc:Title={_WORDS}",
    f"-IPTC:Caption-Abstract={_WORDS}",
    "-IPTC:CodedCharacterSet=UTF8",
    f"-Comment={_WORDS}",
    f"-PNG:Title={_WORDS}",
)
_PLACE = (
    *("-GPS:GPSLatitude=52.52", "-GPS:GPSLatitudeRef=N", "-XMP-photoshop:City=Irun", "-XMP-exif:GPSLongitude=13.4"),
    "-IPTC:City=Irun",
)
_TURNED_BY_BOXES = ("HEIC", "AVIF")
"""Formats that say by themselves how they are turned, whatever their EXIF says."""

_TURNED = ("-IFD0:Orientation#=6", "-XMP-tiff:Orientation#=6")

Variant = Literal["everything", "plain", "signed", "several", "mapped"]


def missing() -> str:
    """Why nothing can be judged here; "" where it can."""
    return "" if shutil.which("exiftool") else "ExifTool is not installed (Debian: libimage-exiftool-perl)"


@dataclass(frozen=True)
class Seen:
    """What others find in a file: ExifTool's tags by group and name, Pillow's mode and size. notes: what we say.
    upright: the size that a result should have. pictures: that are shown, not those that are part of another."""

    tags: Mapping[str, Any]
    raw: bytes
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    notes: str = ""
    upright: tuple[int, int] = (0, 0)
    pictures: int = 1

    def has(self, pattern: str, value: Any = None) -> bool:
        """Whether there is a tag of such a name with this value (any where it is None)."""
        found = [each for name, each in self.tags.items() if re.fullmatch(pattern, name)]
        if isinstance(value, float):
            return any(isinstance(each, int | float) and abs(each - value) < 0.01 for each in found)
        return bool(found) if value is None else value in found


def _never(seen: Seen) -> bool:
    return False


@dataclass(frozen=True)
class Kind:
    """A kind of what files hold beside pixels.

    there: whether it is there, as it was written. noted: a pattern of the note that tells of its absence.
    right: whether what would lie in a result is put right, or gone where only that is true.
    lies: in results made anew it may not be kept; a place in none.
    """

    name: str
    there: Callable[[Seen], bool]
    noted: str = "(?!)"
    right: Callable[[Seen], bool] = _never
    lies: bool = False
    place: bool = False

    def verdict(self, result: Seen, *, anew: bool) -> str:
        if self.there(result):
            return "left in" if self.place or (self.lies and anew) else "kept"
        if self.right(result):
            return "corrected"
        return "noted" if re.search(self.noted, result.notes) else "lost"


def _is_srgb(seen: Seen) -> bool:
    """By a profile, PNG's chunk, or code points."""
    profile = str(seen.tags.get("ICC_Profile:ProfileDescription", ""))
    points = seen.has(".*:ColorPrimaries", 1) and seen.has(".*:TransferCharacteristics", 13)
    return "sRGB" in profile or seen.has("PNG:SRGBRendering") or points


def _place_of(what: str) -> str:
    return rf"place where it was taken was left out(; |$| \([^)]*{what})"


KINDS = (
    Kind("EXIF: text", lambda seen: seen.has("IFD0:Artist", _WORDS)),
    Kind("EXIF: signed fraction", lambda seen: seen.has("ExifIFD:ExposureCompensation", -1 / 3)),
    Kind("EXIF: maker's notes", lambda seen: seen.has("Canon:OwnerName", "Somebody"), "maker's notes were left out"),
    Kind(
        "EXIF: thumbnail",
        lambda seen: seen.has("IFD1:ThumbnailLength"),
        right=lambda seen: not seen.has("IFD1:.*"),
        lies=True,
    ),
    Kind(
        "EXIF: size, colour space",
        lambda seen: seen.has("ExifIFD:ExifImageWidth", 4000) or seen.has("ExifIFD:ColorSpace", 65535),
        right=lambda seen: (
            seen.has("ExifIFD:ColorSpace", 1)
            and (seen.has("ExifIFD:ExifImageWidth", seen.size[0]) or not seen.has("ExifIFD:ExifImageWidth"))
        ),
        lies=True,
    ),
    Kind(
        "EXIF: orientation",
        lambda seen: seen.has("IFD0:Orientation", 6),
        right=lambda seen: seen.size == seen.upright and not seen.has("IFD0:Orientation"),
        lies=True,
    ),
    Kind("EXIF: place", lambda seen: seen.has("GPS:GPSL.*"), _place_of("GPS"), place=True),
    Kind("XMP: text", lambda seen: seen.has("XMP-dc:Title", _WORDS)),
    Kind(
        "XMP: orientation",
        lambda seen: seen.has("XMP-tiff:Orientation", 6),
        right=lambda seen: not seen.has("XMP-tiff:Orientation"),
        lies=True,
    ),
    Kind(
        "XMP: place",
        lambda seen: seen.has("XMP-photoshop:City") or seen.has("XMP-exif:GPS.*"),
        _place_of("XMP"),
        place=True,
    ),
    Kind("IPTC: text", lambda seen: seen.has("IPTC:Caption-Abstract", _WORDS), "IPTC data was left out"),
    Kind("IPTC: place", lambda seen: seen.has("IPTC:City", "Irun"), _place_of("IPTC"), place=True),
    Kind(
        "ICC profile",
        lambda seen: seen.has("ICC_Profile:ProfileDescription", "Display P3"),
        right=lambda seen: _is_srgb(seen) and "converted from Display P3" in seen.notes,
        lies=True,
    ),
    Kind(
        "resolution",
        lambda seen: seen.has("(JFIF|IFD0):XResolution", 300.0) or seen.has("PNG-pHYs:.*X|File:.*PerMeterX", 11811),
    ),
    Kind("text fields", lambda seen: seen.has("(File|PNG|GIF):(Comment|Title)", _WORDS), "text fields were left out"),
    Kind("transparency", lambda seen: "A" in seen.mode, "transparency was laid over white"),
    Kind("gain map", lambda seen: any(mark in seen.raw for mark in _GAIN_MAPS), "(a|the) gain map"),
    Kind("C2PA manifest", lambda seen: b"jumdc2pa" in seen.raw, "C2PA manifest was left out"),
    Kind("several pictures", lambda seen: seen.pictures == 2, "(first|primary) of 2 "),
)


def table(folder: Path) -> tuple[dict[tuple[str, str], dict[str, str]], list[str]]:
    """What becomes of each kind: kind and column → format in → verdict; and what ExifTool finds wrong with results."""
    sources = _sources(folder)
    results: dict[Path, tuple[str, str, Variant, str]] = {}
    for (name, variant), data in sources.items():
        for column, result, notes in _results(name, variant, data):
            path = (
                folder
                / f"{name}-{variant}-{column}{EXTENSIONS[name] if column == ITSELF else codec.EXTENSIONS[column]}"
            )
            path.write_bytes(result)
            results[path] = name, column, variant, notes
    before = {path: folder / f"{name}-{variant}{EXTENSIONS[name]}" for path, (name, _, variant, _) in results.items()}
    seen = look([*before.values(), *results])
    verdicts: dict[tuple[str, str], dict[str, str]] = {}
    for path, (name, column, _, notes) in results.items():
        there, after = seen[before[path]], seen[path]
        for kind in KINDS:
            if kind.there(there):
                told = replace(
                    after, notes=notes, upright=(WIDTH, HEIGHT) if name in _TURNED_BY_BOXES else (HEIGHT, WIDTH)
                )
                verdict = kind.verdict(told, anew=column != ITSELF)
                verdicts.setdefault((kind.name, column), {}).setdefault(name, verdict)
                if verdicts[kind.name, column][name] != verdict:
                    verdicts[kind.name, column][name] = f"{verdict} or {verdicts[kind.name, column][name]}"
    return verdicts, complaints(results)


def _results(name: str, variant: Variant, data: bytes) -> Iterable[tuple[str, bytes, str]]:
    """The column, file and notes of each result."""
    if variant != "everything":
        own = codec.untouched(data, codec.output_format(codec.read_header(data).format))
        if own is not None:
            yield ITSELF, own[0], "; ".join(own[1])
    if variant in ("plain", "signed"):
        return
    picture = codec.decode(data)
    for column in codec.OUTPUT_FORMATS:
        notes = (*picture.metadata.notes, *codec.omitted(picture, column))
        yield column, codec.encode(picture, column), "; ".join(notes)


def told(page: str, lines: Iterable[str]) -> str:
    """A page with the table in the place of the one that it has."""
    first, _ = rows({})[:2]
    return re.sub(rf"^{re.escape(first)}\n(\|.*\n)*", "".join(f"{line}\n" for line in lines), page, flags=re.MULTILINE)


def rows(verdicts: Mapping[tuple[str, str], Mapping[str, str]]) -> list[str]:
    """The table in Markdown: a row a kind, a column a format of results."""
    lines = [
        f"| | in | {' | '.join(codec.OUTPUT_FORMATS)} | the file itself |",
        f"| --- | --- |{' --- |' * len(COLUMNS)}",
    ]
    for kind in KINDS:
        cells = [verdicts.get((kind.name, column), {}) for column in COLUMNS]
        holders = [name for name in EXTENSIONS if any(name in cell for cell in cells)]
        words = [_cell(cell) for cell in cells]
        lines.append(f"| {' | '.join([kind.name, ', '.join(holders), *words])} |")
    return lines


def _cell(cell: Mapping[str, str]) -> str:
    by_verdict: dict[str, list[str]] = {}
    for name in EXTENSIONS:
        if name in cell:
            by_verdict.setdefault(cell[name], []).append(name)
    if len(by_verdict) <= 1:
        return next(iter(by_verdict), "")
    common = max(by_verdict, key=lambda verdict: len(by_verdict[verdict]))
    others = [f"{verdict} from {', '.join(names)}" for verdict, names in by_verdict.items() if verdict != common]
    return "; ".join([common, *others])


def look(paths: Iterable[Path]) -> dict[Path, Seen]:
    """What others find in files."""
    found: dict[Path, Seen] = {}
    for tags in _exiftool("-j", "-n", "-G1", *map(str, dict.fromkeys(paths))):
        path = Path(tags["SourceFile"])
        raw = path.read_bytes()
        if path.suffix == ".heic":
            mode = "RGBA" if b"auxiliary:alpha" in raw else "RGB"
            beside = ("A" in mode) + (b"aux:hdrgainmap" in raw)
            found[path] = Seen(tags, raw, mode, pictures=raw.count(b"hvc1") - beside)
            continue
        with Image.open(path) as image:
            mode = "RGBA" if image.has_transparency_data else image.mode
            count = getattr(image, "n_frames", 1) - (image.format == "MPO" and any(mark in raw for mark in _GAIN_MAPS))
            found[path] = Seen(tags, raw, mode, image.size, pictures=count)
    return found


def complaints(paths: Iterable[Path]) -> list[str]:
    """What ExifTool's validation finds wrong with files."""
    found = []
    for tags in _exiftool("-j", "-a", "-G4", "-validate", "-warning", "-error", *map(str, paths)):
        said = [str(text) for name, text in tags.items() if name.rpartition(":")[2] in ("Warning", "Error")]
        found += [f"{Path(tags['SourceFile']).name}: {text}" for text in said if not text.endswith(_TOO_NEW)]
    return found


_TOO_NEW = ("Invalid value for IFD0 tag 0x0103 Compression", "[minor] Unknown APP2 segment")
"""ExifTool knows the compressions of TIFF 6.0 (1992), and not Deflate, which came with a supplement of 2002;
nor does its version 12 know ISO 21496-1 (2025), which marks a gain map in APP2."""


def _exiftool(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(["exiftool", "-q", "-q", *arguments], capture_output=True, check=False)
    read: list[dict[str, Any]] = json.loads(done.stdout) if done.stdout else []
    return read


def _sources(folder: Path) -> dict[tuple[str, Variant], bytes]:
    """Each format's files: with everything, turned and of another colour space; those that may be their own result,
    with a place or with a manifest; and of several pictures."""
    base = folder / "base.jpg"
    small = folder / "small.jpg"
    pixels = pictures.colors(HEIGHT, WIDTH)
    base.write_bytes(pictures.save(pixels, "JPEG", exif=exif.PREFIX + _canon()))
    small.write_bytes(pictures.save(pixels[::4, ::4], "JPEG", quality=30))
    files: dict[tuple[str, Variant], Path] = {}
    for name, extension in EXTENSIONS.items():
        for variant in ("everything", "plain", "signed"):
            path = folder / f"{name}-{variant}{extension}"
            path.write_bytes(_bare(name, P3 if variant == "everything" else None))
            files[name, variant] = path
    written = ("-overwrite_original", "-tagsfromfile", str(base), "-makernotes", "-make", "-model", *_WRITTEN)
    more = (f"-ThumbnailImage<={small}",)
    of = lambda *kinds: [str(path) for (name, kind), path in files.items() if kind in kinds and name != "BMP"]  # noqa: E731
    _exiftool(*written, *more, *_TURNED, *_PLACE, *of("everything"))
    _exiftool(*written, *more, *_PLACE, *of("plain"))
    _exiftool(*written, *more, *of("signed"))
    data = {key: path.read_bytes() for key, path in files.items()}
    for (name, variant), content in data.items():
        if name == "JPEG":
            content = with_gain_map(content, pictures.save(pixels[:8, :12, 0], "JPEG", xmp=_MAP))
        if variant != "plain" and name in _SIGN:
            content = _SIGN[name](content)
        data[name, variant] = content
    data |= {(name, "several"): content for name, content in _several().items()}
    gain = pictures.save(pixels[::2, ::2, 1], "AVIF", quality=100)
    data["AVIF", "mapped"] = avif.with_gain_map(_bare("AVIF", None), gain, avif.PARAMETERS)
    for (name, variant), content in data.items():
        (folder / f"{name}-{variant}{EXTENSIONS[name]}").write_bytes(content)
    return data


def _bare(name: str, profile: bytes | None) -> bytes:
    """A picture by Pillow, with transparency, profile and resolution where the format has them."""
    pixels = pictures.colors(HEIGHT, WIDTH)
    clear = np.dstack((pixels, pixels[..., 0]))
    wide: dict[str, Any] = {} if profile is None else {"icc_profile": profile}
    match name:
        case "JPEG":
            return pictures.save(pixels, "JPEG", quality=90, dpi=(300, 300), **wide)
        case "PNG":
            return pictures.save(clear, "PNG", dpi=(300, 300), **wide)
        case "WebP":
            return pictures.save(clear, "WEBP", lossless=True, **wide)
        case "TIFF":
            return pictures.save(clear, "TIFF", dpi=(300, 300), **wide)
        case "GIF":
            return pictures.save(Image.fromarray(pixels).quantize(16), "GIF", transparency=3)
        case "BMP":
            return pictures.save(pixels, "BMP", dpi=(300, 300))
        case "HEIC":
            return heic.write(pixels, icc=profile, alpha=pixels[..., 0], gain=pixels[::2, ::2, 1])
    return pictures.save(clear, "AVIF", **wide)


def _several() -> dict[str, bytes]:
    kinds = {"JPEG": "MPO", **{name: name.upper() for name in ("PNG", "WebP", "GIF", "AVIF", "TIFF")}}
    found = {name: pictures.animation(kind, 2) for name, kind in kinds.items()}
    return {**found, "HEIC": heic.write(pictures.colors(HEIGHT, WIDTH), pictures=2)}


def _canon() -> bytes:
    """EXIF with notes as Canon's cameras make them, whose offsets count from the block's beginning."""
    owner = b"Somebody" + bytes(24)
    note = struct.pack("<HHHII", 1, 9, 2, len(owner), 0) + bytes(4) + owner
    block: Any = exif.compose(
        "<",
        {0x010F: (2, 6, b"Canon\0"), 0x0110: (2, 11, b"Canon EOS \0")},
        {0x9000: (7, 4, b"0232"), 0x927C: (7, len(note), note)},
        {},
        {},
    )
    at = block.index(note)
    return block[: at + 10] + struct.pack("<I", at + 18) + block[at + 14 :]


def with_gain_map(first: bytes, second: bytes) -> bytes:
    """A JPEG with another one behind it, as phones store what is lighter than white (multi-picture format)."""
    size = len(first) + 90
    entries = struct.pack("<IIIHH", 0x030000, size, 0, 0, 0) + struct.pack("<IIIHH", 0, len(second), size - 10, 0, 0)
    index = struct.pack("<HHHI4s", 3, 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
    index += struct.pack("<HHII", 0xB002, 7, 32, 50) + bytes(4)
    segment = b"MPF\0II*\0\x08\0\0\0" + index + entries
    return first[:2] + b"\xff\xe2" + struct.pack(">H", len(segment) + 2) + segment + first[2:] + second


def _manifest() -> bytes:
    """A box of JUMBF, as C2PA's manifests begin."""
    kind = b"c2pa" + bytes.fromhex("00110010800000aa00389b71")
    description = box(b"jumd", kind, b"\x03c2pa\0")
    return box(b"jumb", description)


def _signed_jpeg(data: bytes) -> bytes:
    segment = b"JP\0\1\0\0\0\1" + _manifest()
    return data[:2] + b"\xff\xeb" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def _signed_webp(data: bytes) -> bytes:
    manifest = _manifest()
    chunk = b"C2PA" + struct.pack("<I", len(manifest)) + manifest + bytes(len(manifest) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:] + chunk


_SIGN: Mapping[str, Callable[[bytes], bytes]] = {
    "JPEG": _signed_jpeg,
    "PNG": lambda data: data[:33] + pictures.png_chunk(b"caBX", _manifest()) + data[33:],
    "WebP": _signed_webp,
    "TIFF": lambda data: exif.editable(data).with_fields({0xCD41: (7, len(_manifest()), _manifest())}),
    "HEIC": lambda data: data + box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), _manifest()),
    "AVIF": lambda data: data + box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), _manifest()),
}


if __name__ == "__main__":
    page = Path(__file__).parents[3] / "docs/files.md"
    with tempfile.TemporaryDirectory() as place:
        made = told(page.read_text("utf-8"), rows(table(Path(place))[0]))
    page.write_text(made, "utf-8")

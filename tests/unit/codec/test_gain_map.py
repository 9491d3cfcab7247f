"""Gain maps of JPEGs: kept where a picture looks as it did, and named where they are left out. By ExifTool too."""

import io
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom import blending, codec, library
from darkroom.aws import handover
from darkroom.codec import boxes, exif
from darkroom.codec.jpeg import APP2, ISO_GAIN_MAP, XMP, parse
from tests.support import heic
from tests.support.avif import PARAMETERS, with_gain_map
from tests.unit.codec import carried
from tests.unit.codec.pictures import save
from tests.unit.codec.test_carried import PACKET
from tests.unit.codec.test_color import P3

ULTRA_HDR = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
)
APPLE = b"<x:xmpmeta>urn:com:apple:photo:2020:aux:hdrgainmap</x:xmpmeta>"
GAIN = np.add.outer(np.arange(20) * 5, np.arange(28) * 3).astype(np.uint8)
LOST = "the gain map (HDR) was left out"


def photo() -> Any:
    rows, columns = np.mgrid[:160, :224]
    noise = np.random.default_rng(5).normal(0, 6, (160, 224, 3))
    tone = np.dstack((rows + 40, columns * 0.8 + 20, 190 - rows))
    return np.clip(tone + noise, 0, 255).astype(np.uint8)


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def mapped(
    said: bytes = ULTRA_HDR,
    gain: Any = GAIN,
    *,
    orientation: int = 1,
    iso: bool = False,
    mpf: bool = True,
    **options: Any,
) -> bytes:
    """A JPEG with a gain map behind it. said: the XMP packet of the map."""
    gps = {1: (2, 2, b"N\0"), 2: exif.rationals("<", 52.0, 31.0, 12.0)}
    second = save(gain, "JPEG", quality=90, xmp=said, exif=exif.PREFIX + (exif.compose("<", {}, {}, gps, {}) or b""))
    if iso:
        second = second[:2] + segment(0xE2, ISO_GAIN_MAP + bytes(range(40))) + second[2:]
    block = exif.compose("<", {0x0112: exif.integers("<", exif.SHORT, orientation)}, {}, {}, {})
    first = save(photo(), "JPEG", quality=92, exif=exif.PREFIX + (block or b""), **options)
    if not mpf:
        return first + second
    return carried.with_gain_map(first, second)


def result(data: bytes, *steps: dict[str, Any], format: str = "jpeg") -> tuple[bytes, str]:
    """A result that is encoded anew, and its notes."""
    done = library.enhance(data, {"steps": list(steps)})
    body, told = blending.write(done.report, done.picture, format, None)
    return body, "; ".join(told.notes)


def map_of(data: bytes) -> bytes:
    start, end = parse(data).gain_map()
    return data[start:end]


def pixels_of(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data))).astype(int)


@pytest.mark.parametrize("mpf", [True, False])
@pytest.mark.parametrize(
    "steps", [(), ({"name": "denoise"},), ({"name": "unsharp_mask"},), ({"name": "resize", "params": {"width": 112}},)]
)
def test_a_gain_map_stays_where_the_tone_does(steps: Any, mpf: bool) -> None:
    source = mapped(mpf=mpf)
    data, notes = result(source, *steps)
    assert LOST not in notes
    assert np.array_equal(pixels_of(map_of(data)), pixels_of(map_of(source)))
    again, notes = result(data)
    assert map_of(again) == map_of(data)
    assert LOST not in notes


@pytest.mark.parametrize(
    "step",
    [
        {"name": "gamma", "params": {"gamma": 1.1}},
        {"name": "adjust_color", "params": {"exposure": 0.2}},
        {"name": "convert_color", "params": {"to": "gray"}},
        {"name": "resize", "params": {"width": 80, "height": 80, "fit": "cover"}},
    ],
)
def test_a_gain_map_goes_with_the_tone_and_what_is_shown(step: dict[str, Any]) -> None:
    data, notes = result(mapped(), step)
    assert f"{LOST}: it holds for the picture as it was" in notes
    assert map_of(data) == b""
    assert b"MPF\0" not in data
    assert b"hdr-gain-map" not in data


@pytest.mark.parametrize("format", ["png", "webp", "tiff", "avif"])
def test_other_formats_say_that_they_are_written_without(format: str) -> None:
    _, notes = result(mapped(), format=format)
    assert f"{LOST}: {format.upper()} is written without one" in notes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_gain_map_stands_upright_as_its_picture(orientation: int) -> None:
    data, notes = result(mapped(orientation=orientation))
    assert LOST not in notes
    whole = codec.decode(
        save(
            GAIN,
            "JPEG",
            quality=90,
            exif=exif.PREFIX
            + (exif.compose("<", {0x0112: exif.integers("<", exif.SHORT, orientation)}, {}, {}, {}) or b""),
        )
    )
    seen = pixels_of(map_of(data))
    assert seen.shape == whole.pixels.shape
    assert np.abs(seen - whole.pixels).max() <= 3


def test_where_it_was_taken_and_what_is_not_the_map_s_own_go() -> None:
    place = PACKET.replace(b'hdrgm:Version="1.0"', b'hdrgm:Version="1.0" hdrgm:GainMapMax="2.5"')
    data, _ = result(mapped(place))
    kept = map_of(data)
    assert b"43,1.5N" not in data
    assert exif.PREFIX not in kept
    assert b'GainMapMax="2.5"' in kept


def test_three_channels_hold_for_the_file_s_own_colours_alone() -> None:
    colored = np.dstack((GAIN, GAIN[::-1], GAIN[:, ::-1]))
    assert LOST not in result(mapped(gain=colored))[1]
    assert "its three channels" in result(mapped(gain=colored, icc_profile=P3))[1]
    assert LOST not in result(mapped(icc_profile=P3))[1]


def test_a_gain_map_passes_from_stage_to_stage() -> None:
    picture = codec.decode(mapped(iso=True))
    assert handover.unpack(handover.pack(picture)).metadata.gain_map == picture.metadata.gain_map


def test_what_lies_behind_a_gain_map_is_told_still() -> None:
    _, notes = result(mapped() + b"\0\0\0\x18ftypmp42" + bytes(99))
    assert "a video (motion photo), were left out" in notes
    assert "gain map" not in notes


SMALL_GAIN = np.add.outer(np.arange(40) * 3, np.arange(56) * 2).astype(np.uint8)


def photo_of_heic() -> Any:
    return np.ascontiguousarray(photo()[:80, :112])


@pytest.mark.slow
@pytest.mark.parametrize("rotate", [0, 1, 2, 3])
def test_apple_s_gain_map_of_a_heic_goes_into_a_jpeg(rotate: int) -> None:
    block = exif.compose("<", {0x010F: (2, 6, b"Apple\0")}, {}, {}, {})
    source = heic.write(photo_of_heic(), matrix=heic.BT601, rotate=rotate, exif=block, gain=SMALL_GAIN)
    data, notes = result(source)
    assert "gain map" not in notes
    found = map_of(data)
    assert np.abs(pixels_of(found) - np.rot90(SMALL_GAIN, rotate)).max() <= 3
    assert b"urn:com:apple:photo:2020:aux:hdrgainmap" in parse(found).contents(0xE1, XMP)[0]
    assert map_of(result(data, {"name": "denoise"})[0]) == found
    assert LOST in result(source, {"name": "gamma", "params": {"gamma": 1.2}})[1]
    assert LOST in result(source, format="webp")[1]


def avif(parameters: bytes = PARAMETERS, *, turn: int = 0, **options: Any) -> bytes:
    base = save(photo(), "AVIF", quality=90, subsampling="4:4:4", **options)
    return with_gain_map(base, save(GAIN, "AVIF", quality=100), parameters, turn=turn)


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_iso_s_gain_map_of_an_avif_goes_into_a_jpeg(turn: int) -> None:
    data, notes = result(avif(turn=turn))
    assert "gain map" not in notes
    found = map_of(data)
    assert np.abs(pixels_of(found) - np.rot90(GAIN, turn)).max() <= 4
    assert parse(found).contents(APP2, ISO_GAIN_MAP) == [PARAMETERS]
    assert parse(data).contents(APP2, ISO_GAIN_MAP) == [bytes(4)]
    assert f"{LOST}: AVIF is written without one" in result(avif(), {"name": "denoise"}, format="avif")[1]


@pytest.mark.slow
def test_a_gain_map_of_an_avif_that_holds_no_more_is_told() -> None:
    as_pq = avif().replace(b"nclx" + struct.pack(">HH", 1, 13), b"nclx" + struct.pack(">HH", 9, 16))
    assert f"{LOST}: it holds for the picture of high dynamic range" in result(as_pq)[1]
    items = boxes.parse(avif())
    start, length = items.places[2][0]
    broken = avif()[:start] + bytes(length) + avif()[start + length :]
    assert "the gain map (HDR) is broken and was left out" in result(broken)[1]


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [b"", bytes(9), b"\xff" * 61])
def test_parameters_that_no_reader_knows_cost_no_picture(parameters: bytes) -> None:
    assert np.array_equal(codec.decode(avif(parameters)).pixels, codec.decode(avif()).pixels)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
def test_a_damaged_gain_map_costs_no_picture(cut: float) -> None:
    data = mapped()
    start, end = parse(data).gain_map()
    _, notes = result(data[: start + int((end - start) * cut)])
    assert "behind the picture" in notes
    turned = mapped(orientation=6)
    start, end = parse(turned).gain_map()
    _, notes = result(turned[: end - 300] + bytes(300))
    assert LOST in notes or "behind the picture" in notes


@pytest.mark.exiftool
@pytest.mark.skipif(bool(carried.missing()), reason=carried.missing() or "it is there")
@pytest.mark.parametrize(("said", "iso"), [(ULTRA_HDR, False), (ULTRA_HDR, True), (APPLE, False), (APPLE, True)])
def test_exiftool_finds_the_gain_map(tmp_path: Path, said: bytes, iso: bool) -> None:
    data, _ = result(mapped(said, iso=iso), {"name": "denoise"})
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    asked = ["exiftool", "-j", "-n", "-G1", "-struct", "-validate", "-MPF:all", "-XMP:all", str(path)]
    seen = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)[0]
    found = map_of(data)
    assert seen["ExifTool:Validate"] == ("0 1 1" if iso else "0 0 0")  # to ExifTool 12 ISO's segment is "unknown"
    assert seen["MPImage2:MPImageStart"] + seen["MPImage2:MPImageLength"] == len(data)
    assert seen["MPImage2:MPImageLength"] == len(found)
    assert seen["MPImage1:MPImageLength"] == len(data) - len(found)
    second = subprocess.run(["exiftool", "-b", "-MPImage2", str(path)], capture_output=True, check=True).stdout
    assert second == found
    if said is ULTRA_HDR:
        assert seen["XMP-hdrgm:Version"] == 1.0
        items = [each["Item"] for each in seen["XMP-Container:Directory"]]
        assert [(item["Semantic"], item.get("Length")) for item in items] == [
            ("Primary", None),
            ("GainMap", len(found)),
        ]
    assert bool(parse(data).contents(APP2, ISO_GAIN_MAP)) is iso
    assert parse(found).contents(0xE1, XMP) == [said]

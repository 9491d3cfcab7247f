"""Colour told without a profile: every field and value that a format has for it, against the standards' own formulas.

The references are written here once more, from the standards, with XYZ as the way between two spaces.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile

from darkroom import codec
from darkroom.codec import exif, icc
from tests.support import heic
from tests.unit.codec import pictures
from tests.unit.codec.pictures import png_chunk, save
from tests.unit.codec.test_color import ADOBE, BRADFORD, P3, reference, xyz

D65, WHITE_C, EQUAL, DCI = (0.3127, 0.3290), (0.310, 0.316), (1 / 3, 1 / 3), (0.314, 0.351)
GAMUTS = {  # H.273, table 2
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), WHITE_C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), WHITE_C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}


def bt709(v):
    return np.where(v < 4.5 * 0.018053968510807, v / 4.5, ((v + 0.09929682680944) / 1.09929682680944) ** (1 / 0.45))


def smpte240(v):
    return np.where(v < 4 * 0.0228, v / 4, ((v + 0.1115) / 1.1115) ** (1 / 0.45))


def srgb(v):
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def pq(v):
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = v ** (1 / m2)
    return 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1) / 203


CURVES = {  # H.273, table 3
    1: bt709,
    4: lambda v: v**2.2,
    5: lambda v: v**2.8,
    6: bt709,
    7: smpte240,
    8: lambda v: v,
    9: lambda v: np.where(v > 0, 10 ** ((v - 1) * 2), 0),
    10: lambda v: np.where(v > 0, 10 ** ((v - 1) * 2.5), 0),
    11: bt709,
    12: bt709,
    13: srgb,
    14: bt709,
    15: bt709,
    16: pq,
    17: lambda v: 52.37 / 48 * v**2.6,
}


def light_of(light: np.ndarray, gamut) -> np.ndarray:
    """Linear light of a gamut to sRGB's, white to white (Bradford)."""
    columns = np.array([xyz(*primary) for primary in gamut[:3]]).T
    forward = columns * np.linalg.solve(columns, xyz(*gamut[3]))
    gain = (BRADFORD @ xyz(*D65)) / (BRADFORD @ xyz(*gamut[3]))
    srgb_columns = np.array([xyz(*primary) for primary in GAMUTS[1][:3]]).T
    back = np.linalg.inv(srgb_columns * np.linalg.solve(srgb_columns, xyz(*D65)))
    return light @ (back @ np.linalg.inv(BRADFORD) @ np.diag(gain) @ BRADFORD @ forward).T


def encoded(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def patches(most: float = 1.0) -> np.ndarray:
    """1x512x3 in 0-1: all mixtures of eight levels."""
    levels = np.linspace(0, most, 8)
    return np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3)


def as_png(samples: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """16-bit PNG of samples in 0-1."""
    image = np.rint(samples * 65535).astype(np.uint16)
    return pictures.png(image.shape[1], image.shape[0], 16, 2, pictures.png_rows(image), *chunks)


def shown(data: bytes) -> np.ndarray:
    pixels = codec.decode(data).pixels
    return pixels / (257 if pixels.dtype == np.uint16 else 1)


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes((primaries, transfer, matrix, full))


@pytest.mark.parametrize("transfer", sorted(CURVES))
@pytest.mark.parametrize("primaries", sorted(GAMUTS))
def test_every_code_point_of_primaries_and_transfer(primaries, transfer):
    samples = patches(0.55 if transfer == 16 else 1.0)  # PQ: beneath reference white
    picture = codec.decode(as_png(samples, cicp(primaries, transfer)))
    wanted = encoded(light_of(CURVES[transfer](samples), GAMUTS[primaries]))
    assert np.abs(picture.pixels / 257 - wanted).max() <= 1.5
    same = (primaries, transfer) == (1, 13)
    assert (picture.metadata.notes == ()) == same
    assert same or "to sRGB" in picture.metadata.notes[0]


def test_hlg_by_the_formulas_of_bt_2100():
    samples = patches(0.7)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(samples <= 0.5, samples**2 / 3, (np.exp((samples - c) / a) + b) / 12)
    luminance = scene @ (0.2627, 0.6780, 0.0593)
    display = 1000 * luminance[..., None] ** 0.2 * scene / 203
    wanted = light_of(display, GAMUTS[9])
    beneath = display.max(axis=-1) <= 1
    got = shown(as_png(samples, cicp(9, 18)))
    assert beneath.sum() > 200
    assert np.abs(got - encoded(wanted))[beneath].max() <= 1.5
    white = np.full((1, 1, 3), 0.75)
    assert np.abs(shown(as_png(white, cicp(9, 18))) - 255).max() <= 1  # BT.2408: 75 % is reference white


def test_light_above_reference_white_keeps_its_hue_and_goes_to_white():
    levels = np.array([0.45, 0.58, 0.65, 0.75, 0.9, 1.0])
    red = np.stack((levels, levels * 0.7, levels * 0.7), -1)[None]
    got = shown(as_png(red, cicp(9, 16)))[0]
    assert (np.diff(got.sum(axis=1)) > 0).all()
    assert (got[:, 0] >= got[:, 1] - 0.01).all()
    assert got[2, 0] > 254.9
    assert np.abs(got[2, 1] - got[-1, 1]) > 20
    neutral = shown(as_png(np.repeat(levels[None, :, None], 3, axis=2), cicp(9, 16)))
    assert np.ptp(neutral, axis=2).max() < 0.1


def test_limited_range_and_unknown_numbers():
    samples = patches()
    stored = (16 + 219 * samples) / 255
    assert np.abs(shown(as_png(stored, cicp(1, 13, full=0))) - 255 * samples).max() <= 0.1
    picture = codec.decode(as_png(samples, cicp(99, 77)))
    assert np.abs(picture.pixels / 257 - 255 * samples).max() <= 0.1
    assert picture.metadata.notes == ("colour primaries 99 and transfer 77 is not known and was taken for sRGB's",)
    picture = codec.decode(as_png(samples, cicp(9, 13, matrix=9)))
    assert "matrix 9" in picture.metadata.notes[0]


GAMA_1 = (b"gAMA", struct.pack(">I", 100_000))
WIDE = (b"cHRM", struct.pack(">8I", *(round(x * 1e5) for x in (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046))))
SRGB = (b"sRGB", b"\0")


def test_gamma_and_chromaticities_of_png():
    samples = patches()
    wide = GAMUTS[9]
    assert np.abs(shown(as_png(samples, GAMA_1)) - encoded(samples)).max() <= 0.1
    assert np.abs(shown(as_png(samples, GAMA_1, WIDE)) - encoded(light_of(samples, wide))).max() <= 1.5
    assert np.abs(shown(as_png(samples, WIDE)) - encoded(light_of(srgb(samples), wide))).max() <= 1.5
    usual = (b"gAMA", struct.pack(">I", 45455))
    assert codec.decode(as_png(samples, usual)).metadata.notes == ()
    adobe = (b"eXIf", exif_block(2, None))
    assert codec.decode(as_png(samples, usual, adobe)).metadata.notes == ()  # said, so that EXIF is not asked
    assert "Adobe RGB" in codec.decode(as_png(samples, adobe)).metadata.notes[0]
    senseless = codec.decode(as_png(samples, (b"gAMA", bytes(4))))
    assert "makes no sense" in senseless.metadata.notes[0]


def test_precedence_of_png_is_cicp_iccp_srgb_then_the_rest():
    samples = patches()
    iccp = (b"iCCP", b"P3\0\0" + zlib.compress(P3))
    as_icc = 255 * reference(samples, "Display P3")
    assert (
        np.abs(shown(as_png(samples, cicp(9, 8), iccp, SRGB, GAMA_1)) - encoded(light_of(samples, GAMUTS[9]))).max()
        < 1.5
    )
    assert np.abs(shown(as_png(samples, iccp, SRGB, GAMA_1)) - as_icc).max() < 1.5
    assert np.abs(shown(as_png(samples, SRGB, GAMA_1, WIDE)) - 255 * samples).max() < 0.1
    broken = as_png(samples, cicp(9, 8)).replace(png_chunk(*cicp(9, 8)), png_chunk(*cicp(9, 8))[:-1] + b"\0")
    assert np.abs(shown(broken) - 255 * samples).max() < 0.1  # a wrong checksum: not heard
    broken = as_png(samples, SRGB, GAMA_1).replace(png_chunk(*SRGB), png_chunk(*SRGB)[:-1] + b"\0")
    assert np.abs(shown(broken) - encoded(samples)).max() < 0.1


def exif_block(space: int | None, index: bytes | None, order: exif.Order = "<") -> Any:
    details = {} if space is None else {0xA001: exif.integers(order, exif.SHORT, space)}
    interop = {} if index is None else {1: (2, 4, index)}
    details = details or {0x9003: (2, 20, b"2024:05:06 07:08:09\0")}
    return exif.compose(order, {0x010F: (2, 6, b"Maker\0")}, details, {}, interop)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("space", "index"), [(65535, b"R03\0"), (2, None), (None, b"R03\0")])
def test_adobe_rgb_by_exif(format, order, space, index):
    image = np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3).repeat(16, 0).repeat(16, 1)
    options = {"quality": 100, "subsampling": 0} if format == "JPEG" else {"lossless": True} if format == "WEBP" else {}
    data = save(image, format, exif=exif.PREFIX + exif_block(space, index, order), **options)
    wanted = 255 * reference(image / 255, "Adobe RGB", 563 / 256)
    picture: Any = codec.decode(data)
    assert np.abs(picture.pixels - wanted).mean() <= 1.0
    assert picture.metadata.notes == ("converted from Adobe RGB (1998) to sRGB",)
    if index is not None:
        assert b"R98\0" in picture.metadata.exif
        assert b"R03" not in picture.metadata.exif


def bmp_with(image: np.ndarray, profile: bytes) -> bytes:
    """A BMP of version 5 with its profile behind the pixels."""
    height, width = image.shape[:2]
    rows = image[::-1, :, ::-1].tobytes()
    sizes = struct.pack("<IiiHHIIiiII", 124, width, height, 1, 24, 0, len(rows), 0, 0, 0, 0)
    header = sizes + bytes(16) + b"DEBM" + bytes(48) + struct.pack("<IIII", 0, 124 + len(rows), len(profile), 0)
    return b"BM" + struct.pack("<IHHI", 138 + len(rows) + len(profile), 0, 0, 138) + header + rows + profile


CONTAINERS: dict[str, Any] = {
    "JPEG": lambda image, icc: save(image, "JPEG", quality=100, subsampling=0, icc_profile=icc),
    "PNG": lambda image, icc: save(image, "PNG", icc_profile=icc),
    "WebP": lambda image, icc: save(image, "WEBP", lossless=True, icc_profile=icc),
    "TIFF": lambda image, icc: save(image, "TIFF", icc_profile=icc),
    "AVIF": lambda image, icc: save(image, "AVIF", quality=100, subsampling="4:4:4", icc_profile=icc),
    "HEIC": lambda image, icc: heic.write(image[:64, :128].astype(np.uint16) * 1023 // 255, 10, icc=icc),
    "BMP": lambda image, icc: bmp_with(image, icc or b"none"),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
def test_a_profile_in_every_container(container, name):
    image = np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3).repeat(4, 0).repeat(4, 1)
    profile, gamma = {"Display P3": (P3, None), "Adobe RGB": (ADOBE, 563 / 256)}[name]
    stored = shown(CONTAINERS[container](image, None))
    data = CONTAINERS[container](image, profile)
    assert np.abs(shown(data) - 255 * reference(stored / 255, name, gamma)).max() <= 1.5
    assert "to sRGB" in codec.decode(data).metadata.notes[0]


def test_a_profile_beats_exif_and_uncalibrated_is_told():
    image = np.rint(patches() * 255).astype(np.uint8)
    both = save(image, "PNG", exif=exif.PREFIX + exif_block(65535, b"R03\0"), icc_profile=P3)
    assert codec.decode(both).metadata.notes == ("converted from Display P3 to sRGB",)
    open_end = save(image, "PNG", exif=exif.PREFIX + exif_block(65535, None))
    assert "not what they are" in codec.decode(open_end).metadata.notes[0]
    said = save(image, "PNG", exif=exif.PREFIX + exif_block(1, b"R98\0"))
    assert codec.decode(said).metadata.notes == ()


def test_primaries_among_the_tags_of_a_tiff():
    image = np.rint(patches() * 65535).astype(np.uint16)
    numbers = [round(x * 1e4) for x in (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)]
    pairs = lambda values: [part for value in values for part in (value, 10_000)]  # noqa: E731
    extra = [(318, 5, 2, pairs((3127, 3290)), True), (319, 5, 6, pairs(numbers), True)]
    file = io.BytesIO()
    tifffile.imwrite(file, image, photometric="rgb", extratags=extra)
    wanted = encoded(light_of(srgb(patches()), GAMUTS[9]))
    assert np.abs(shown(file.getvalue()) - wanted).max() <= 1.5


def tagged(image: np.ndarray, *tags: tuple[int, int, int, Any]) -> bytes:
    """A TIFF of tags by number, type and count."""
    file = io.BytesIO()
    kind = "rgb" if image.ndim == 3 else "minisblack"
    tifffile.imwrite(file, image, photometric=kind, extratags=[(*tag, True) for tag in tags])
    return file.getvalue()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("curves", [1, 3])
def test_a_curve_among_the_tags_of_a_tiff(bits, curves):
    white = (1 << bits) - 1
    image = np.rint(patches() * white).astype(np.uint8 if bits == 8 else np.uint16)
    table = np.rint(np.linspace(0, 1, white + 1) ** 1.8 * 65535).astype(int).tolist() * curves
    data = tagged(image, (301, 3, len(table), table))
    assert np.abs(shown(data) - encoded((image / white) ** 1.8)).max() <= 1.0
    assert codec.decode(data).metadata.notes == ("converted from BT.709, a curve of its own to sRGB",)


def test_a_curve_that_is_srgb_or_makes_no_sense():
    image = np.rint(patches() * 255).astype(np.uint8)
    levels = np.linspace(0, 1, 256)
    rounded = lambda light: np.rint(light * 65535).astype(int).tolist()  # noqa: E731
    usual = tagged(image, (301, 3, 256, rounded(srgb(levels))))
    assert np.array_equal(codec.decode(usual).pixels, image)
    assert codec.decode(usual).metadata.notes == ()
    for table in (rounded(levels) + rounded(levels**2) + rounded(levels), rounded(1 - levels), [0] * 256, [0] * 99):
        (note,) = codec.decode(tagged(image, (301, 3, len(table), table))).metadata.notes
        assert "TransferFunction" in note


def test_black_and_white_among_the_tags_of_a_tiff():
    image = np.rint(16 + patches() * 219).astype(np.uint8)
    range_of = lambda low, high: (532, 5, 6, [low, 1, high, 1] * 3)  # noqa: E731
    narrow = tagged(image, range_of(16, 235))
    assert np.abs(shown(narrow) - (image - 16.0) * 255 / 219).max() <= 1.0
    assert codec.decode(narrow).metadata.notes == ("converted from BT.709, 16 to 235 to sRGB",)
    assert codec.decode(tagged(image, range_of(0, 255))).metadata.notes == ()
    assert "ReferenceBlackWhite is not known" in codec.decode(tagged(image, range_of(5, 99))).metadata.notes[0]


def test_what_lies_behind_a_bmp_s_profile_is_told():
    data = bmp_with(np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3), P3)
    assert codec.decode(data).metadata.notes == ("converted from Display P3 to sRGB",)
    assert "4 bytes behind the picture were left out" in codec.decode(data + b"more").metadata.notes


def test_primaries_in_the_header_of_a_bmp():
    image = np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3)
    gamut = GAMUTS[9]
    columns = np.array([xyz(*primary) for primary in gamut[:3]]).T
    columns = columns * np.linalg.solve(columns, xyz(*D65))
    endpoints = [round(value * (1 << 30)) for value in columns.T.ravel()]
    header = struct.pack("<IiiHHIIiiII", 108, 32, 16, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(16) + bytes(4)
    header += struct.pack("<9i3I", *endpoints, *(round(1.8 * 65536),) * 3)
    rows = image[::-1, :, ::-1].tobytes()
    data = b"BM" + struct.pack("<IHHI", 14 + len(header) + len(rows), 0, 0, 14 + len(header)) + header + rows
    wanted = encoded(light_of((image / 255) ** 1.8, gamut))
    assert np.abs(shown(data) - wanted).max() <= 1.5


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 1), (9, 16), (12, 13), (9, 14), (1, 8)])
def test_code_points_of_heic(primaries, transfer):
    samples = patches(0.55 if transfer == 16 else 1.0).reshape(16, 32, 3)
    stored = np.rint(samples * 1023).astype(np.uint16)
    data = bytearray(heic.write(stored, 10, primaries=primaries))
    at = data.index(b"nclx") + 6
    data[at : at + 2] = transfer.to_bytes(2)
    wanted = encoded(light_of(CURVES[transfer](stored / 1023), GAMUTS[primaries]))
    assert np.abs(shown(bytes(data)) - wanted).max() <= 1.5


@pytest.mark.slow
@pytest.mark.parametrize(("primaries", "transfer"), [(1, 1), (12, 13), (9, 13), (1, 4)])
def test_code_points_of_avif(primaries, transfer):
    image = np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3).repeat(8, 0).repeat(8, 1)
    data = bytearray(save(image, "AVIF", quality=100, subsampling="4:4:4"))
    stored = codec.decode(bytes(data)).pixels
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", primaries, transfer)
    wanted = encoded(light_of(CURVES[transfer](stored / 255), GAMUTS[primaries]))
    assert np.abs(shown(bytes(data)) - wanted).max() <= 1.5


def test_high_dynamic_range_by_a_profile_with_code_points():
    profile = icc._build("BT.2100 PQ", b"RGB ", {b"cicp": b"cicp\0\0\0\0" + bytes((9, 16, 0, 1))})
    samples = patches(0.55)
    got = shown(as_png(samples, (b"iCCP", b"PQ\0\0" + zlib.compress(profile))))
    assert np.abs(got - encoded(light_of(pq(samples), GAMUTS[9]))).max() <= 1.5

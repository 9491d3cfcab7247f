"""Colours of every profile become sRGB, at the depth they came in."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from darkroom import codec
from darkroom.codec import color, icc
from darkroom.picture import Picture
from tests.support import heic
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, noise, save

# Chromaticities of the primaries (x, y) with D65, from their standards: independent of the profiles' rounded numbers.
PRIMARIES = {
    "sRGB": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "Adobe RGB": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    "BT.2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
D65 = (0.3127, 0.3290)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D50_XYZ = np.array([0.9642, 1.0, 0.8249])


def xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def to_xyz(name: str) -> np.ndarray:
    columns = np.array([xyz(*primary) for primary in PRIMARIES[name]]).T
    return columns * np.linalg.solve(columns, xyz(*D65))


def to_d50(matrix: np.ndarray) -> np.ndarray:
    gain = (BRADFORD @ D50_XYZ) / (BRADFORD @ xyz(*D65))
    return np.linalg.inv(BRADFORD) @ np.diag(gain) @ BRADFORD @ matrix


def reference(encoded: np.ndarray, name: str, gamma: float | None = None) -> np.ndarray:
    """Values in 0–1 of one space to sRGB, in float64, clipped to the gamut. `gamma` None is sRGB's curve."""
    low = encoded / 12.92
    linear = np.where(encoded <= 0.04045, low, ((encoded + 0.055) / 1.055) ** 2.4) if gamma is None else encoded**gamma
    linear = np.clip(linear @ (np.linalg.inv(to_xyz("sRGB")) @ to_xyz(name)).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


P3 = icc.rgb_profile("Display P3", to_d50(to_xyz("Display P3")))
ADOBE = icc.rgb_profile("Adobe RGB (1998)", to_d50(to_xyz("Adobe RGB")), [563 / 256])
PROPHOTO = icc.rgb_profile(
    "ProPhoto RGB", np.array([[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0, 0, 0.8249]]), [1.8]
)
GRAY_GAMMA = icc._build("Gray Gamma 1.8", b"GRAY", {b"kTRC": icc._curve_tag([1.8])})


def table_profile(space: bytes, lab_at_corners: list[tuple[float, float, float]]) -> bytes:
    """A profile of version 2 that is a table of two nodes an axis, first channel slowest; perceptual alone."""
    channels = len(lab_at_corners).bit_length() - 1
    encoded = [(light * 652.8, (a + 128) * 256, (b + 128) * 256) for light, a, b in lab_at_corners]
    curve = np.array([0, 65535], dtype=">u2").tobytes()
    table = (
        b"mft2\0\0\0\0"
        + bytes([channels, 3, 2, 0])
        + (np.eye(3) * 65536).astype(">i4").tobytes()
        + np.array([2, 2], dtype=">u2").tobytes()
        + curve * channels
        + np.rint(encoded).clip(0, 65535).astype(">u2").tobytes()
        + curve * 3
    )
    profile = bytearray(icc._build("Test tables", space, {b"A2B0": table}))
    profile[8:16] = bytes([2, 0x40, 0, 0]) + b"prtr"
    profile[20:24] = b"Lab "
    return bytes(profile)


def press(cyan: int, magenta: int, yellow: int, black: int) -> tuple[float, float, float]:
    light = (100 - 35 * cyan - 45 * magenta - 8 * yellow) * (1 - 0.9 * black)
    return max(light, 3), -35 * cyan + 70 * magenta, -45 * cyan - 3 * magenta + 88 * yellow


CMYK_TABLE = table_profile(b"CMYK", [press(*(node >> bit & 1 for bit in (3, 2, 1, 0))) for node in range(16)])
RGB_TABLE = table_profile(
    b"RGB ",
    [(0, 0, 0), (30, 68, -112), (88, -79, 81), (91, -51, -15), (54, 81, 70), (60, 94, -60), (98, -16, 93), (100, 0, 0)],
)


# ---- accuracy


@pytest.mark.parametrize(
    ("profile", "name", "gamma"), [(P3, "Display P3", None), (ADOBE, "Adobe RGB", 563 / 256)], ids=["p3", "adobe"]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_wide_gamut_against_the_definition(profile, name, gamma, dtype):
    white = np.iinfo(dtype).max
    image = np.concatenate([noise((60, 40, 3), dtype), colors(60, 40, dtype)], axis=1)
    picture = _decoded(image, profile)
    wanted = reference(image / white, name, gamma) * white
    assert picture.pixels.dtype == dtype
    error = np.abs(picture.pixels - wanted)
    # Profiles hold 16 bits after the point, which steep shadows show; 8 bits pass through LittleCMS's integers.
    assert np.percentile(error, 99) <= (8 if dtype == np.uint16 else 1.1)
    assert error.max() <= (60 if dtype == np.uint16 else 3)
    expected = icc.parse(profile).description
    assert picture.metadata.notes == (f"converted from {expected} to sRGB",)
    assert picture.metadata.icc is None


def test_16_bits_stay_16_and_do_not_band():
    ramp = np.arange(65536, dtype=np.uint16).reshape(64, 1024)
    image = np.dstack((ramp, ramp[:, ::-1], np.full_like(ramp, 30000)))
    assert len(np.unique(_decoded(image, P3).pixels[..., 0])) > 20_000


@pytest.mark.parametrize("profile", [P3, ADOBE, PROPHOTO], ids=["p3", "adobe", "prophoto"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_neutrals_stay_neutral_and_white_stays_white(profile, dtype):
    white = np.iinfo(dtype).max
    ramp = np.linspace(0, white, 256).astype(dtype).reshape(16, 16)
    picture = _decoded(np.dstack([ramp] * 3), profile)
    spread = picture.pixels.max(axis=2).astype(int) - picture.pixels.min(axis=2)
    assert spread.max() <= (2 if dtype == np.uint16 else 1)
    assert (picture.pixels[0, 0] == 0).all()
    assert (picture.pixels[-1, -1] == white).all()


@pytest.mark.parametrize("profile", [P3, ADOBE, PROPHOTO], ids=["p3", "adobe", "prophoto"])
def test_16_bit_arithmetic_agrees_with_littlecms(profile):
    image = colors(40, 40, np.uint16)
    fine, _ = color.to_srgb(image, "rgb", profile)
    coarse, _ = color.to_srgb(color.to_eight_bits(image), "rgb", profile)
    assert np.percentile(np.abs(fine / 257 - coarse), 95) <= 1.2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_profiles(dtype):
    white = np.iinfo(dtype).max
    image = np.linspace(0, white, 400).astype(dtype).reshape(20, 20)
    picture = _decoded(image, GRAY_GAMMA)
    linear = (image / white) ** 1.8
    wanted = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * white
    assert picture.pixels.ndim == 2
    assert np.abs(picture.pixels - wanted).max() <= (2 if dtype == np.uint16 else 1.1)
    assert picture.metadata.notes == ("converted from Gray Gamma 1.8 to sRGB",)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_grey_picture_with_an_rgb_profile_stays_grey(dtype):
    image = noise((20, 20), dtype)
    picture, _ = color.to_srgb(image, "gray", PROPHOTO)
    in_color, _ = color.to_srgb(np.dstack([image] * 3), "rgb", PROPHOTO)
    assert np.array_equal(picture, in_color[..., 1])


@pytest.mark.parametrize(("primaries", "name"), [(12, "Display P3"), (9, "BT.2020")])
def test_primaries_given_by_number_in_heic(primaries, name):
    image = noise((40, 56, 3), np.uint16) >> 6
    picture = codec.decode(heic.write(image, 10, primaries=primaries))
    wanted = reference(image / 1023, name) * 65535
    assert np.percentile(np.abs(picture.pixels - wanted), 99) <= 12
    assert picture.metadata.notes == (f"converted from {name} to sRGB",)


def test_primaries_given_by_number_in_avif():
    data = bytearray(save(colors(), "AVIF"))
    at = data.index(b"colrnclx") + 8
    assert codec.decode(bytes(data)).metadata.notes == ()
    data[at : at + 2] = b"\0\x0c"
    assert codec.decode(bytes(data)).metadata.notes == ("converted from Display P3 to sRGB",)


# ---- CMYK


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(format):
    inks = [(0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (0, 128, 0, 128)]
    image = Image.new("CMYK", (16 * len(inks), 16))
    for place, ink in enumerate(inks):
        image.paste(ink, (16 * place, 0, 16 * place + 16, 16))
    picture = codec.decode(save(image, format, **({"quality": 100} if format == "JPEG" else {})))
    wanted = [(255, 255, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0), (127, 63, 127)]
    assert np.abs(picture.pixels[8, 8::16].astype(int) - wanted).max() <= 3
    assert "CMYK without a profile" in picture.metadata.notes[0]


def test_cmyk_jpegs_are_inverted_only_with_adobes_marker():
    image = Image.new("CMYK", (16, 16), (200, 100, 0, 0))
    data = save(image, "JPEG", quality=100)
    at = data.index(b"\xff\xee")
    plain = data[:at] + data[at + 16 :]
    with_marker, without = (codec.decode(part).pixels[8, 8].astype(int) for part in (data, plain))
    assert np.abs(with_marker - (55, 155, 255)).max() <= 3
    # Stored numbers taken as they are: ink of 55, 155, 255, 255.
    assert np.abs(without - (0, 0, 0)).max() <= 3


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_with_a_profile_goes_through_it(format):
    image = Image.new("CMYK", (32, 32), (0, 255, 0, 0))
    profile = CMYK_TABLE
    picture = codec.decode(save(image, format, icc_profile=profile, **({"quality": 100} if format == "JPEG" else {})))
    assert picture.metadata.notes == ("converted from Test tables to sRGB",)
    by_hand = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.PERCEPTUAL,
        outputMode="RGB",
    )
    assert np.abs(picture.pixels[9, 9].astype(int) - np.asarray(by_hand)[9, 9]).max() <= 6
    assert picture.pixels[9, 9, 0] > 200 > 70 > picture.pixels[9, 9, 1]  # magenta


def test_16_bit_pixels_with_a_profile_of_tables_say_that_they_became_8():
    image = colors(8, 8, np.uint16)
    picture = _decoded(image, RGB_TABLE)
    assert picture.metadata.notes == (
        "converted from Test tables to sRGB, in 8 bits because the profile is made of tables",
    )
    assert np.array_equal(picture.pixels, _decoded(color.to_eight_bits(image), RGB_TABLE).pixels)


# ---- recognising, ignoring


@pytest.mark.parametrize(
    "profile",
    [
        icc.srgb_profile(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        icc.rgb_profile("camera's own words", to_d50(to_xyz("sRGB"))),
    ],
    ids=["own", "littlecms", "computed"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_srgb_in_any_words_is_left_alone(profile, dtype):
    image = noise((8, 8, 3), dtype)
    picture = _decoded(image, profile)
    assert np.array_equal(picture.pixels, image)
    assert picture.metadata.notes == ()


def test_gamma_2_2_is_not_srgb():
    assert not icc.parse(icc.rgb_profile("simple", icc.SRGB_COLORANTS, [2.2])).is_srgb()


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", P3[:100], P3[:-60], bytes(200), GRAY_GAMMA, CMYK_TABLE, P3[:16] + b"XXXX" + P3[20:]],
    ids=["nonsense", "header", "cut", "zeros", "grey", "cmyk", "space"],
)
def test_a_broken_or_unfit_profile_is_ignored_with_a_note(profile):
    image = noise((8, 8, 3))
    picture = _decoded(image, profile)
    assert np.array_equal(picture.pixels, image)
    assert picture.metadata.notes[0].startswith("the ICC profile was ignored: ")


@pytest.mark.parametrize("seed", range(40))
def test_damaged_profiles_never_raise(seed):
    random = np.random.default_rng(seed)
    for good in (P3, GRAY_GAMMA, CMYK_TABLE):
        bad = bytearray(good)
        for at in random.integers(0, len(bad), 6):
            bad[at] = random.integers(0, 256)
        for model, image in (("rgb", noise((3, 3, 3), np.uint16)), ("gray", noise((3, 3))), ("cmyk", noise((3, 3, 4)))):
            result, notes = color.to_srgb(image, model, bytes(bad))
            assert result.shape[:2] == (3, 3)
            assert notes or np.array_equal(result, image)


def test_littlecms_reads_the_profiles_that_are_written():
    for profile, space in ((icc.srgb_profile(), "RGB "), (icc.srgb_gray_profile(), "GRAY")):
        read = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        assert read.xcolor_space == space
        assert read.version == pytest.approx(4.4)
    read = ImageCms.ImageCmsProfile(io.BytesIO(icc.srgb_profile())).profile
    # Its own idea of the primaries, undone from D50.
    for found, wanted in zip(
        (read.red_primary, read.green_primary, read.blue_primary), to_d50(to_xyz("sRGB")).T, strict=True
    ):
        assert found is not None
        assert np.abs(np.array(found[0]) - wanted).max() < 1e-3


def _decoded(image: np.ndarray, profile: bytes) -> Picture:
    """Through a file where the format can hold the profile as it is: PNG, of 8 or 16 bits."""
    depth = image.dtype.itemsize * 8
    chunk = (b"iCCP", b"profile\0\0" + zlib.compress(profile))
    kind = 0 if image.ndim == 2 else 2
    height, width = image.shape[:2]
    return codec.decode(pictures.png(width, height, depth, kind, pictures.png_rows(image), chunk))

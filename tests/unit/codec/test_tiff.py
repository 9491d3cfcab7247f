"""TIFF of every arrangement of samples, as other writers make it."""

import io
import itertools
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from darkroom import codec
from darkroom.errors import ImageRejected
from darkroom.picture import Picture
from tests.unit.codec.pictures import colors, noise, save, tiff, tiff_of

HEIGHT, WIDTH = 37, 53


def by_tifffile(image: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    order = options.pop("byteorder", "<")
    big = options.pop("bigtiff", False)
    with tifffile.TiffWriter(file, bigtiff=big, byteorder=order) as writer:
        writer.write(image, metadata=None, **options)
    return file.getvalue()


def samples(count: int, dtype: Any) -> np.ndarray:
    """HxWxS (HxW of one) of noise; of floating point in 0-1."""
    shape = (HEIGHT, WIDTH, count) if count > 1 else (HEIGHT, WIDTH)
    if np.issubdtype(dtype, np.floating):
        return np.random.default_rng(count).random(shape).astype(dtype)
    return noise(shape, dtype, seed=count)


def full_range(image: np.ndarray) -> np.ndarray:
    if np.issubdtype(image.dtype, np.floating):
        return np.rint(image.astype(np.float64) * 65535).astype(np.uint16)
    return (image >> 16).astype(np.uint16) if image.dtype == np.uint32 else image


KINDS: dict[str, tuple[int, dict[str, Any]]] = {  # samples, and what tifffile is told of them
    "grey": (1, {"photometric": "minisblack"}),
    "grey + alpha": (2, {"photometric": "minisblack", "extrasamples": ["unassalpha"]}),
    "rgb": (3, {"photometric": "rgb"}),
    "rgb + alpha": (4, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    "rgb + 2 more": (5, {"photometric": "rgb", "extrasamples": ["unspecified", "unassalpha"]}),
}
WAYS: list[dict[str, Any]] = [
    {},
    {"byteorder": ">"},
    {"bigtiff": True, "byteorder": ">"},
    {"bigtiff": True},
    {"compression": "zlib", "predictor": True, "rowsperstrip": 5},
    {"compression": "zlib", "predictor": True, "byteorder": ">", "tile": (16, 32)},
    {"compression": "lzma", "rowsperstrip": 11},
    {"tile": (32, 16)},
]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("planar", [False, True])
def test_every_depth_kind_and_arrangement(dtype, kind, planar):
    count, options = KINDS[kind]
    image = samples(count, dtype)
    wanted = full_range(image)
    for way in WAYS:
        told = {**options, **way}
        if way.get("predictor") and np.issubdtype(dtype, np.floating):
            told.pop("predictor")
        stored = image
        if count > 1:
            told["planarconfig"] = "separate" if planar else "contig"
            stored = np.moveaxis(image, 2, 0) if planar else image
        data = by_tifffile(stored, **told)
        picture, header = codec.decode(data), codec.read_header(data)
        alpha = {2: 1, 4: 3, 5: 4}.get(count)
        expected = wanted if count == 1 else wanted[..., 0] if count == 2 else wanted[..., :3]
        assert np.abs(picture.pixels.astype(int) - expected).max() <= np.issubdtype(dtype, np.floating), way
        assert header.has_alpha == (alpha is not None) == (picture.alpha is not None)
        assert alpha is None or np.abs(np.asarray(picture.alpha).astype(int) - wanted[..., alpha]).max() <= 1
        assert (header.bit_depth > 8) == (picture.bit_depth == 16)
        noted = dtype not in (np.uint8, np.uint16) or count == 5  # of which one is left out
        assert bool(picture.metadata.notes) == noted


def _with_alpha(picture: Picture) -> np.ndarray:
    assert picture.alpha is not None
    return np.dstack((picture.pixels, picture.alpha))


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "tiff_adobe_deflate", "lzma"])
@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA", "CMYK", "P", "1"])
def test_what_pillow_packs(compression, mode):
    image = Image.fromarray(colors(HEIGHT, WIDTH)).convert(mode)
    data = save(image, "TIFF", compression=compression)
    shown = np.asarray(image.convert("RGB" if mode == "P" else "L" if mode == "1" else mode))
    picture = codec.decode(data)
    if mode == "CMYK":
        assert np.abs(picture.pixels.astype(int) - (255 - shown[..., :3].astype(int))).max() <= 1
    else:
        assert np.array_equal(_with_alpha(picture) if mode == "LA" else picture.as_array(), shown)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_lzw_with_prediction_by_opencv(dtype):
    cv2 = pytest.importorskip("cv2")
    image = samples(3, dtype)
    options = [
        cv2.IMWRITE_TIFF_COMPRESSION,
        5,
        cv2.IMWRITE_TIFF_PREDICTOR,
        3 if np.issubdtype(dtype, np.floating) else 2,
    ]
    ok, data = cv2.imencode(".tiff", image[..., ::-1], options)
    assert ok
    assert np.abs(codec.decode(data.tobytes()).pixels.astype(int) - full_range(image)).max() <= 1


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 10, 12, 14])
@pytest.mark.parametrize("count", [1, 3])
def test_samples_of_odd_depths(bits, count):
    white = (1 << bits) - 1
    image = noise((HEIGHT, WIDTH, count), np.uint16) & white
    spread = (image.reshape(HEIGHT, -1, 1) >> np.arange(bits - 1, -1, -1) & 1).reshape(HEIGHT, -1).astype(np.uint8)
    tags = {
        256: (4, (WIDTH,)),
        257: (4, (HEIGHT,)),
        258: (3, (bits,) * count),
        259: (3, (1,)),
        262: (3, (1 if count == 1 else 2,)),
        277: (3, (count,)),
        278: (4, (HEIGHT,)),
    }
    picture = codec.decode(tiff(tags, np.packbits(spread, axis=1).tobytes()))
    most = 255 if bits <= 8 else 65535
    assert picture.bit_depth == (8 if bits <= 8 else 16)
    assert np.array_equal(picture.pixels.reshape(image.shape), np.rint(image * (most / white)))


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_prediction_of_floating_point_by_the_technical_note(size):
    image = samples(3, np.float64)
    if size == 3:  # 1 of sign, 7 of exponent, 16 of fraction
        fraction, exponent = np.frexp(image)
        stored = ((exponent - 1 + 63) << 16 | np.rint((fraction * 2 - 1) * 65536).astype(np.int64)).astype(">u4")
        raw = stored.reshape(HEIGHT, -1, 1).view(np.uint8)[..., 1:]
    else:
        raw = image.astype(f">f{size}").reshape(HEIGHT, -1, 1).view(np.uint8)
    planes = np.ascontiguousarray(raw.swapaxes(1, 2)).reshape(HEIGHT, -1)
    coded = planes.copy()
    coded[:, 3:] -= planes[:, :-3]
    tags = {
        256: (4, (WIDTH,)),
        257: (4, (HEIGHT,)),
        258: (3, (8 * size,) * 3),
        259: (3, (1,)),
        262: (3, (2,)),
        277: (3, (3,)),
        278: (4, (HEIGHT,)),
        317: (3, (3,)),
        339: (3, (3, 3, 3)),
    }
    got = codec.decode(tiff(tags, coded.tobytes())).pixels
    assert np.abs(got / 65535 - image).max() <= (2**-11 if size == 2 else 2e-5)


def test_floating_point_outside_0_to_1():
    image = samples(3, np.float32)
    image[:4] = 1.5
    image[4, 0] = np.nan
    picture = codec.decode(by_tifffile(image, photometric="rgb"))
    assert picture.pixels[:4].min() == 65535
    assert picture.pixels[4, 0].max() == 0
    assert "lay outside, and were cut off" in picture.metadata.notes[0]
    with pytest.raises(ImageRejected, match=r"unsupported-format.*lie outside 0 to 1.*scale them"):
        codec.decode(by_tifffile(image * 255, photometric="rgb"))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
def test_cmyk_with_alpha(dtype, planar):
    image = samples(5, dtype)
    stored = np.moveaxis(image, 2, 0) if planar else image
    options = {"planarconfig": "separate" if planar else "contig"}
    picture = codec.decode(by_tifffile(stored, photometric="separated", extrasamples=["unassalpha"], **options))
    share = np.rint(image / (257 if dtype == np.uint16 else 1)).astype(int)
    wanted = (255 - share[..., :3]) * (255 - share[..., 3:4]) / 255
    assert picture.bit_depth == 8
    assert np.abs(picture.pixels - wanted).max() <= 1
    assert np.array_equal(np.asarray(picture.alpha), share[..., 4])
    assert any("16-bit CMYK" in note for note in picture.metadata.notes) == (dtype == np.uint16)


LAB = np.array(list(itertools.product((10, 30, 50, 70, 90), range(-60, 61, 20), range(-60, 61, 20))), np.int16)[None]


def test_lab_of_8_bits_against_littlecms():
    stored = np.dstack((np.rint(LAB[..., 0] * 2.55), LAB[..., 1:] & 0xFF)).astype(np.uint8)
    picture = codec.decode(tiff_of(stored, photometric=8))
    offset = np.dstack((stored[..., :1], stored[..., 1:] ^ 0x80))
    image = Image.frombytes("LAB", (LAB.shape[1], 1), stored.tobytes())
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("LAB", 5003),  # D50
        ImageCms.createProfile("sRGB"),
        "LAB",
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.NOOPTIMIZE,  # its table of 33 nodes would be up to 24 levels off at the gamut's edge
    )
    assert np.abs(picture.pixels - np.asarray(transform.apply(image)).astype(int)).max() <= 1
    assert picture.metadata.notes == ("converted from CIE L*a*b* to sRGB",)
    assert np.array_equal(codec.decode(tiff_of(offset, photometric=9)).pixels, picture.pixels)  # ICCLAB


@pytest.mark.parametrize(("photometric", "most", "middle"), [(8, 65535, 0), (9, 0xFF00, 0x8000)])
def test_lab_of_16_bits_by_the_formulas(photometric, most, middle):
    stored = np.dstack((np.rint(LAB[..., 0] * (most / 100)), (LAB[..., 1:].astype(np.int64) * 256 + middle) & 0xFFFF))
    picture = codec.decode(tiff_of(stored.astype(np.uint16), photometric=photometric, order=">"))
    y = (LAB[..., 0] + 16) / 116
    roots = np.stack((y + LAB[..., 1] / 500, y, y - LAB[..., 2] / 200), -1)
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * (0.9642, 1, 0.8249)
    to_srgb = np.array(
        [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
    )
    light = np.clip(xyz @ to_srgb.T, 0, 1)  # D50 to sRGB by Bradford (B. Lindbloom)
    wanted = 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert picture.bit_depth == 16
    inside = ((wanted > 2) & (wanted < 253)).all(axis=-1)
    assert np.abs(picture.pixels / 257 - wanted)[inside].max() <= 0.3


def test_neutral_lab_is_neutral():
    stored = np.zeros((1, 256, 3), np.uint8)
    stored[..., 0] = np.arange(256)
    shown = codec.decode(tiff_of(stored, photometric=8)).pixels
    assert np.ptp(shown, axis=2).max() == 0
    assert (shown[0, 0, 0], shown[0, -1, 0]) == (0, 255)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("most", [255, 65535])
def test_a_palette_of_8_or_16_bits(bits, most):
    count = 1 << bits
    table = noise((count, 3), seed=8)
    stored = (table.astype(np.uint16) * (257 if most == 65535 else 1)).T.ravel().tolist()
    indices = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % count
    packed = indices.astype(np.uint8)
    if bits == 4:
        padded = np.pad(indices, ((0, 0), (0, WIDTH % 2)))
        packed = (padded[:, ::2] << 4 | padded[:, 1::2]).astype(np.uint8)
    data = tiff_of(packed, photometric=3, t256=(4, (WIDTH,)), t258=(3, (bits,)), t320=(3, tuple(stored)))
    picture = codec.decode(data)
    assert np.array_equal(picture.pixels, table[indices])
    assert picture.metadata.coding is not None
    assert picture.metadata.coding.palette


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("lossless", [True, False])
def test_webp_in_tiff(count, lossless):
    image = np.dstack((colors(HEIGHT, WIDTH), np.full((HEIGHT, WIDTH), 255, np.uint8)))[..., :count].copy()
    packed = save(image, "WEBP", lossless=lossless, quality=95, exact=True)
    tags = {
        256: (4, (WIDTH,)),
        257: (4, (HEIGHT,)),
        258: (3, (8,) * count),
        259: (3, (50001,)),
        262: (3, (2,)),
        277: (3, (count,)),
        278: (4, (HEIGHT,)),
    }
    picture = codec.decode(tiff(tags, packed))
    assert np.abs(picture.as_array().astype(int) - image).max() <= (0 if lossless else 12)
    with pytest.raises(ImageRejected, match=r"image\.broken.*WebP of another size"):
        codec.decode(tiff({**tags, 256: (4, (WIDTH + 1,))}, packed))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_in_tiff(mode):
    image = Image.fromarray(colors(64, 96)).convert(mode)
    picture = codec.decode(save(image, "TIFF", compression="jpeg", quality=95))
    shown = np.asarray(image).astype(int)
    wanted = 255 - shown[..., :3] if mode == "CMYK" else shown
    assert np.abs(picture.pixels - wanted).max() <= 12
    assert picture.metadata.coding is not None
    assert not picture.metadata.coding.lossless


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ({"t259": (3, (34712,))}, "compressed in JPEG 2000"),
        ({"t259": (3, (50002,))}, "compressed in JPEG XL"),
        ({"t259": (3, (34887,))}, "compressed in LERC"),
        ({"t259": (3, (12345,))}, "way of its own"),
        ({"t262": (3, (32803,))}, "raw file"),
        ({"t259": (3, (65535,))}, "raw file"),
        ({"t339": (3, (2, 2, 2))}, "signed integers"),
        ({"t339": (3, (6, 6, 6))}, "complex numbers"),
        ({"t258": (3, (8, 8, 4))}, "different bits"),
        ({"t258": (3, (24, 24, 24))}, "samples of 24 bits"),
        ({"t317": (3, (3,))}, "predictor"),
    ],
)
def test_what_is_not_read_is_named(tags, what):
    with pytest.raises(ImageRejected, match=f"image.unsupported-format: .*{what}"):
        codec.read_header(tiff_of(colors(8, 8), **tags))


@pytest.mark.parametrize("options", WAYS)
def test_a_tiff_that_ends_early_or_is_damaged_is_refused(options):
    if options.get("bigtiff"):
        return  # their directories lie as those of the others
    data = by_tifffile(samples(3, np.uint16), photometric="rgb", **options)
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    assert isinstance(page, tifffile.TiffPage)
    last = page.dataoffsets[-1] + page.databytecounts[-1]
    with pytest.raises(ImageRejected, match=r"image\.(truncated|broken): the TIFF"):
        codec.decode(data[: last - 9])
    if page.compression != 1:
        hurt = bytearray(data)
        hurt[page.dataoffsets[0] + 2 : page.dataoffsets[0] + 60] = bytes(58)
        with pytest.raises(ImageRejected, match=r"image\.broken: the TIFF"):
            codec.decode(bytes(hurt))


def test_a_directory_that_claims_more_than_there_is():
    data = tiff_of(colors(8, 8))
    for tag, value, reason in (
        (277, 60_000, "samples per pixel"),
        (277, 2, "fewer than its colours"),
        (256, 0, "how large"),
    ):
        hurt = bytearray(data)
        at = hurt.index(struct.pack("<HH", tag, 4 if tag == 256 else 3))
        struct.pack_into("<I", hurt, at + 8, value)
        with pytest.raises(ImageRejected, match=reason):
            codec.decode(bytes(hurt))

"""Whatever the bytes: a valid picture, or `ImageRejected`. Nothing else, and no silent half of a picture."""

import concurrent.futures
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import simplejpeg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from darkroom import codec
from darkroom.errors import ImageRejected
from darkroom.limits import Limits
from darkroom.picture import Picture
from tests.support import heic
from tests.support.boxes import box
from tests.support.photographs import PNGSUITE, photo
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, png, save, tiff_of

REASONS = {
    "empty",
    "not-an-image",
    "unsupported-format",
    "truncated",
    "broken",
    "too-many-bytes",
    "too-many-pixels",
    "too-large-side",
    "too-many-frames",
    "animated",
}
IMAGE = colors(24, 32)
SEEDS = {
    "jpeg": save(IMAGE, "JPEG", exif=pictures.exif(6, gps=True), dpi=(300, 300)),
    "progressive": save(IMAGE, "JPEG", progressive=True),
    "png": save(IMAGE, "PNG", exif=pictures.exif(5), dpi=(300, 300)),
    "png 16": codec.encode(Picture(colors(24, 32, np.uint16)), "png"),
    "apng": pictures.animation("PNG"),
    "webp": save(IMAGE, "WEBP", exif=pictures.exif(3)),
    "webp lossless": save(IMAGE, "WEBP", lossless=True),
    "webp animation": pictures.animation("WEBP"),
    "tiff": save(IMAGE, "TIFF", exif=pictures.exif(8)),
    "tiff lzw": save(IMAGE, "TIFF", compression="tiff_lzw"),
    "tiff 16": codec.encode(Picture(colors(24, 32, np.uint16)), "tiff"),
    "bmp": save(IMAGE, "BMP"),
    "gif": pictures.animation("GIF"),
    "avif": save(IMAGE, "AVIF", exif=pictures.exif(2)),
    "heic": heic.write(IMAGE, matrix=heic.BT601, exif=pictures.exif().tobytes().removeprefix(b"Exif\0\0")),
    "heic 10": heic.write(IMAGE.astype(np.uint16) * 4, 10),
}
SMALL = Limits(max_pixels=100_000, max_side=4000, max_frames=20)


def outcome(content: bytes, limits: Limits | None = None) -> Picture | ImageRejected:
    """The picture, or why there is none; anything else fails the test."""
    try:
        header = codec.read_header(content, limits)
        picture = codec.decode(content, limits=limits)
    except ImageRejected as error:
        rejected: ImageRejected | None = error
    else:
        rejected = None
    if rejected is not None:
        assert rejected.code.removeprefix("image.") in REASONS
        assert rejected.message
        return rejected
    assert isinstance(picture, Picture)
    assert (picture.width, picture.height) == (header.width, header.height)
    assert (picture.alpha is not None) == header.has_alpha
    return picture


def test_pngsuites_broken_files_are_rejected_and_the_others_are_not():
    files = sorted(PNGSUITE.glob("*.png"))
    assert len(files) > 150
    for path in files:
        assert isinstance(outcome(path.read_bytes()), ImageRejected) == path.name.startswith("x"), path.name


@pytest.mark.parametrize("size", [(400, 260), (260, 400)], ids=["landscape", "portrait"])
def test_a_camera_turned_in_every_way_takes_one_picture(size):
    """The files differ by JPEG's losses, so they are compared in small."""
    width, height = size
    scene = photo("dog")[:height, :width]
    small = []
    for orientation, turn in pictures.PLAIN_ORIENTATIONS.items():
        stored = np.ascontiguousarray(turn(scene))
        picture = codec.decode(save(stored, "JPEG", exif=pictures.exif(orientation), quality=90))
        assert picture.pixels.shape == (height, width, 3)
        blocks = picture.pixels.reshape(height // 20, 20, width // 20, 20, 3)
        small.append(blocks.mean(axis=(1, 3)))
    turned = small[0][::-1, ::-1]
    for other in small:
        assert np.median(np.abs(other - small[0])) < 2 < np.median(np.abs(other - turned)) / 5


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_truncated_file_is_never_half_a_picture(name):
    whole = SEEDS[name]
    complete = codec.decode(whole).pixels
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        result = outcome(whole[: int(len(whole) * share)])
        # What was cut may be frames or metadata behind the first picture: then that is whole.
        if isinstance(result, Picture) and any("with it how it is turned" in note for note in result.metadata.notes):
            result = replace(result, pixels=result.pixels[::-1, ::-1])  # stored by 3
        assert isinstance(result, ImageRejected) or np.array_equal(result.pixels, complete)
    if name in ("jpeg", "progressive", "png", "png 16", "webp lossless", "bmp"):
        result = outcome(whole[: int(len(whole) * 0.8)])
        assert isinstance(result, ImageRejected)
        assert result.code in ("image.truncated", "image.broken")


@pytest.mark.parametrize(
    ("content", "reason", "named"),
    [
        (b"", "empty", "empty"),
        (b"hello, world", "not-an-image", "HEIC and AVIF"),
        (b"\0" * 1000, "not-an-image", "JPEG"),
        (b"8BPS" + bytes(30), "unsupported-format", "Photoshop"),
        (b"%!PS-Adobe-3.0", "unsupported-format", "EPS"),
        (b"%PDF-1.7", "unsupported-format", "PDF"),
        (b"<svg/>", "unsupported-format", "SVG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "unsupported-format", "JPEG 2000"),
        (b"\xff\x0a" + bytes(20), "unsupported-format", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\x02\0", "unsupported-format", "raw"),
        (b"IIRO" + bytes(30), "unsupported-format", "raw file (ORF)"),
        (b"IIU\0" + bytes(30), "unsupported-format", "raw file (RW2)"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "unsupported-format", "raw file (CR3)"),
        (b"\0\0\x02\0" + bytes(8) + b"\x10\0\x10\0\x18\0", "unsupported-format", "Targa"),
        (b"\0\0\x02\0\x01\0" + bytes(20), "unsupported-format", "cursor"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "unsupported-format", "video"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avci", "unsupported-format", "neither HEVC nor AV1"),
        (b"\x1aE\xdf\xa3" + bytes(30), "unsupported-format", "video (Matroska or WebM)"),
        (b"RIFF\0\0\0\0AVI LIST", "unsupported-format", "video (AVI)"),
        (bytes(128) + b"DICM", "unsupported-format", "DICOM record"),
        (b"P6\n2 2\n255\n" + bytes(12), "unsupported-format", "PNM picture"),
        (b"PK\x03\x04" + bytes(30), "unsupported-format", "unpack it"),
        (b"<!DOCTYPE html><html></html>", "unsupported-format", "web page"),
        (save(IMAGE, "TGA", compression="tga_rle")[:-26], "unsupported-format", "Targa"),
        (save(IMAGE[..., 0].copy(), "TGA"), "unsupported-format", "Targa"),
        (save(IMAGE, "PCX"), "unsupported-format", "PCX"),
        (save(IMAGE, "ICO"), "unsupported-format", "icon"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI" + bytes(30), "unsupported-format", "Xcode"),
        (png(1, 1, 8, 2, bytes(4), (b"HDRP", b"more")), "unsupported-format", "may pass over (HDRP)"),
        (
            tiff_of(np.dstack((IMAGE, IMAGE[..., 0])), photometric=5, t332=(3, (2,))),
            "unsupported-format",
            "inks other than cyan",
        ),
    ],
)
def test_other_files_are_named(content, reason, named):
    rejected = outcome(content)
    assert isinstance(rejected, ImageRejected)
    assert rejected.code == f"image.{reason}"
    assert named in rejected.message


DAMAGED = {
    "JPEG": SEEDS["jpeg"].replace(b"\xff\xc0", b"\xff\xe9"),
    "PNG": png(32, 24, 8, 2, b"\7" * 97 * 24),  # a filter that PNG does not have
    "WebP": SEEDS["webp"].replace(b"VP8 ", b"VP8Q"),
    "GIF": SEEDS["gif"][:10] + bytes(1) + SEEDS["gif"][11:13] + b"\x21\xfe\0;",
    "TIFF": tiff_of(IMAGE, t259=(3, (7,))),
    "HEIC": SEEDS["heic"] + box(b"moov", bytes(100)),
    "AVIF": SEEDS["avif"].replace(b"av1C", b"av1Q"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_its_decoder_stops_at_is_told_in_words_that_help(name):
    rejected = outcome(DAMAGED[name])
    assert isinstance(rejected, ImageRejected)
    assert rejected.message == f"the {name} is damaged and cannot be decoded: send the original file, or save it anew"
    assert str(rejected.__cause__)  # the library's own words, for the log


@pytest.mark.parametrize(("bits", "frame"), [(12, 0xC1), (12, 0xC2), (16, 0xC3)])
def test_a_jpeg_of_more_than_8_bits_is_named(bits, frame):
    data = bytearray(save(IMAGE, "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = frame, bits
    rejected = outcome(bytes(data))
    assert isinstance(rejected, ImageRejected)
    assert rejected.code == "image.unsupported-format"
    assert f"the JPEG has {bits} bits per sample" in rejected.message


@pytest.mark.parametrize(("frame", "words"), [(0xC3, "without loss"), (0xCB, "without loss"), (0xC5, "hierarchical")])
def test_a_jpeg_that_no_decoder_reads_is_named(frame, words):
    data = bytearray(save(IMAGE, "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = frame
    rejected = outcome(bytes(data))
    assert isinstance(rejected, ImageRejected)
    assert rejected.code == "image.unsupported-format"
    assert words in rejected.message


def test_a_jpeg_of_a_subsampling_without_a_name():
    """Which the second decoder cannot read: all it takes is to leave it to the first."""
    unnamed = 0
    for factors in (0x31, 0x13, 0x33, 0x14, 0x42):
        data = bytearray(save(IMAGE, "JPEG", subsampling=0))
        data[data.index(b"\xff\xc0") + 11] = factors
        try:
            simplejpeg.decode_jpeg_header(bytes(data), strict=False)
        except KeyError:
            unnamed += 1
        except ValueError:
            pass
        outcome(bytes(data))
    assert unnamed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=250, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(sorted(SEEDS)),
    edits=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8),
    keep=st.floats(0.2, 1),
)
@example(seed="gif", edits=[(0.0, 71)], keep=1.0)
def test_damaged_files_are_decoded_or_rejected(seed, edits, keep):
    content = bytearray(SEEDS[seed])
    for place, value in edits:
        # Most of the edits go to the beginning, where the structure is.
        content[int(place**3 * len(content))] = value
    outcome(bytes(content[: int(len(content) * keep)]), SMALL)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=100)
@given(start=st.sampled_from([seed[:length] for seed in SEEDS.values() for length in (4, 12, 30)]), rest=st.binary())
def test_any_bytes_behind_any_beginning(start, rest):
    outcome(start + rest, SMALL)


@pytest.mark.slow
def test_many_threads_decode_and_encode_alike():
    def work(name: str) -> tuple[str, bytes]:
        return name, codec.encode(codec.decode(SEEDS[name]), "png")

    alone = dict(map(work, SEEDS))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for name, content in pool.map(work, sorted(SEEDS) * 5):
            assert content == alone[name]


def test_the_codec_needs_neither_opencv_nor_onnx_runtime():
    program = (
        "import sys; sys.modules['cv2'] = sys.modules['onnxruntime'] = None\n"
        "import numpy as np; from darkroom import codec; from darkroom.picture import Picture\n"
        "for name in ('png', 'tiff'):\n"
        "    picture = codec.decode(codec.encode(Picture(np.full((3, 4, 3), 40000, np.uint16)), name))\n"
        "    assert picture.bit_depth == 16\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_mutants_and_bombs_in_workers_of_their_own():
    """The short form of `make test-hostile`."""
    command = [sys.executable, "-m", "tests.bench.hostile", "--mutants", "90", "--bombs", "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 130
    assert "untyped 0, crashes 0, hangs 0" in done.stdout

"""AVIF: its full depth, its bitstream's own words about colour, and a process of its own."""

import subprocess
import sys

import numpy as np
import pytest

from darkroom import codec
from darkroom.codec import av1, boxes
from darkroom.errors import ImageRejected
from tests.unit.codec import pictures
from tests.unit.codec.pictures import colors, save
from tests.unit.codec.test_colorimetry import CURVES, GAMUTS, encoded, light_of, patches, shown


def deep(image: np.ndarray, bits: int) -> bytes:
    """By OpenCV, of HxW, HxWx3 or HxWx4 samples of `bits` bits."""
    cv2 = pytest.importorskip("cv2")
    swapped = image if image.ndim == 2 else image[..., [2, 1, 0, 3][: image.shape[2]]]
    options = [cv2.IMWRITE_AVIF_QUALITY, 100, cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_SPEED, 10]
    ok, data = cv2.imencode(".avif", np.ascontiguousarray(swapped), options)
    assert ok
    return bytes(data)


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_more_than_8_bits_come_out_in_16(bits, channels):
    white = (1 << bits) - 1
    ramp = (np.arange(64 * 80).reshape(64, 80) * white // (64 * 80)).astype(np.uint16)
    image = {1: ramp, 3: np.dstack((ramp, ramp[:, ::-1], ramp[::-1])), 4: np.dstack((ramp,) * 3 + (ramp[:, ::-1],))}[
        channels
    ]
    data = deep(image, bits)
    picture, header = codec.decode(data), codec.read_header(data)
    assert header.bit_depth == bits
    assert picture.bit_depth == 16
    got = picture.as_array()
    if channels == 1 and got.ndim == 3:
        got = got[..., 0]
    assert np.abs(got / 65535 - image / white).max() < 2.5 / 1023  # 8 bits would be 2 of 1,023 off by themselves
    assert np.median(np.abs(got / 65535 - image / white)) < 0.6 / 1023
    assert len(np.unique(got)) > 700
    assert picture.metadata.notes == ()


def with_points(data: bytes, points: tuple[int, int, int]) -> bytes:
    """The file without its ``colr`` boxes, and with other code points in the sequence headers of its bitstream."""
    start = data.index(b"mdat")
    bits = "".join(f"{byte:08b}" for byte in data[start:])
    own, new = ("1" + "".join(f"{value:08b}" for value in values) for values in ((1, 13, 6), points))
    assert own in bits
    bits = bits.replace(own, new)
    changed = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return data[:start].replace(b"colrnclx", b"freenclx") + changed


@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 13), (1, 4)])
def test_code_points_of_the_bitstream_count_where_the_container_has_none(primaries, transfer):
    image = np.rint(patches() * 255).astype(np.uint8).reshape(16, 32, 3).repeat(8, 0).repeat(8, 1)
    data = save(image, "AVIF", quality=100, subsampling="4:4:4")
    stored = codec.decode(data).pixels
    changed = with_points(data, (primaries, transfer, 6))
    wanted = encoded(light_of(CURVES[transfer](stored / 255), GAMUTS[primaries]))
    assert np.abs(shown(changed) - wanted).max() <= 1.5
    assert "to sRGB" in codec.decode(changed).metadata.notes[0]
    assert codec.untouched(changed, "avif") is None


@pytest.mark.parametrize(
    "data", [save(colors(), "AVIF"), pictures.animation("AVIF"), deep(colors(dtype=np.uint16) >> 6, 10)]
)
def test_the_bitstream_says_what_its_container_says(data):
    told = boxes.parse(data).code_points
    assert told is not None
    silent = boxes.parse(data.replace(b"colrnclx", b"freenclx"))
    assert silent.code_points == told


@pytest.mark.parametrize(
    "stream", [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\xff", b"\x12\0", b"\x0a\x0b" + bytes(5), bytes(5000)]
)
def test_a_stream_without_a_header_says_nothing(stream):
    assert av1.code_points(stream) is None


def test_what_takes_the_decoder_down_takes_no_more_down():
    """Where this process has no decoder of AVIF, another one has."""
    program = (
        "import sys; sys.modules['PIL._avif'] = sys.modules['PIL.AvifImagePlugin'] = None\n"
        "from darkroom import codec; print(codec.decode(sys.stdin.buffer.read()).pixels.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=save(colors(), "AVIF"), capture_output=True, check=True
    )
    assert done.stdout == b"(40, 56, 3)\n"


def test_a_decoder_that_dies_is_the_file_s_fault(monkeypatch, tmp_path):
    dies = tmp_path / "dies.py"
    dies.write_text("import os; os.abort()")
    monkeypatch.setattr("darkroom.codec.isolated._WORKER", dies)
    with pytest.raises(ImageRejected, match=r"image\.broken: the AVIF is broken: its decoder crashes"):
        codec.decode(save(colors(), "AVIF"))

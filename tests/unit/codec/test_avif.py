"""AVIF: its full depth, its bitstream's own words about colour, and a process of its own."""

import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("primaries", [9, 12])
def test_high_dynamic_range_in_10_bits_against_the_formulas(primaries):
    samples = np.rint(patches(0.55).reshape(16, 32, 3).repeat(8, 0).repeat(8, 1) * 1023).astype(np.uint16)
    data = bytearray(deep(samples, 10))
    at = data.index(b"colrnclx") + 8
    data[at : at + 4] = struct.pack(">HH", 1, 13)
    stored = codec.decode(bytes(data)).pixels / 65535
    data[at : at + 4] = struct.pack(">HH", primaries, 16)
    assert np.abs(shown(bytes(data)) - encoded(light_of(CURVES[16](stored), GAMUTS[primaries]))).max() <= 1.5


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


def with_property(data: bytes, prop: bytes) -> bytes:
    """The file with one more property of its first item, behind those that it has."""
    grown = len(prop) + 1  # and its number in the list

    def longer(data: bytes, kind: bytes, by: int) -> bytes:
        at = data.index(kind) - 4
        return data[:at] + struct.pack(">I", int.from_bytes(data[at : at + 4]) + by) + data[at + 4 :]

    at = data.index(b"ipco") - 4
    end = at + int.from_bytes(data[at : at + 4])
    count, place = 0, at + 8
    while place < end:
        count, place = count + 1, place + int.from_bytes(data[place : place + 4])
    data = data[:end] + prop + data[end:]
    listed = data.index(b"ipma") + 14  # version, flags, number of entries; of the first its item, then how many
    amount = data[listed]
    data = (
        data[:listed]
        + bytes([amount + 1])
        + data[listed + 1 : listed + 1 + amount]
        + bytes([0x80 | count + 1])
        + data[listed + 1 + amount :]
    )
    for kind, by in ((b"ipco", len(prop)), (b"ipma", 1), (b"iprp", grown), (b"meta", grown)):
        data = longer(data, kind, by)
    located = data.index(b"iloc")
    assert data[located + 8 : located + 10] == b"\x44\0"  # offsets and lengths of 4 bytes, no base
    first = located + 12 + 2 + 2 + 2
    return data[:first] + struct.pack(">I", int.from_bytes(data[first : first + 4]) + grown) + data[first + 4 :]


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize(("right", "down"), [(0, 0), (4, -3)])
def test_the_clean_aperture_is_what_there_is_of_a_picture(bits, right, down):
    image = colors()
    data = save(image, "AVIF", quality=100) if bits == 8 else deep(image.astype(np.uint16) * 1023 // 255, 10)
    whole = codec.decode(data).pixels
    numbers = (20, 1, 30, 1, right, 1, down, 1)
    clap = struct.pack(">I4s", 40, b"clap") + struct.pack(">IIIIiIiI", *numbers)
    cut = with_property(data, clap)
    left, top = (56 - 20) // 2 + right, (40 - 30) // 2 + down
    header = codec.read_header(cut)
    assert (header.width, header.height) == (20, 30)
    assert np.array_equal(codec.decode(cut).pixels, whole[top : top + 30, left : left + 20])


@pytest.mark.parametrize("kind", ["full", "limited"])
@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_of_either_range_reaches_from_black_to_white(kind, mode):
    ramp = np.linspace(0, 255, 64 * 64).astype(np.uint8).reshape(64, 64)
    image = Image.fromarray(ramp if mode == "L" else np.dstack((ramp, ramp[::-1])))
    data = save(image, "AVIF", quality=100, range=kind)
    told = boxes.parse(data).code_points
    assert told is not None
    assert told[3] == (kind == "full")
    picture = codec.decode(data)
    shown = picture.pixels if picture.pixels.ndim == 2 else picture.pixels[..., 0]
    assert np.abs(shown.astype(int) - ramp).max() <= 3
    assert (picture.alpha is not None) == (mode == "LA")


def test_orientation_in_xmp_turns_nothing():
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    plain, told = (save(colors(), "AVIF", **options) for options in ({}, {"xmp": packet}))
    assert np.array_equal(codec.decode(told).pixels, codec.decode(plain).pixels)
    rows, text = pictures.png_rows(colors()), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    assert np.array_equal(codec.decode(pictures.png(56, 40, 8, 2, rows, text)).pixels, colors())


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

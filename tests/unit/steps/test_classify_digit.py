"""Handwritten digits: found, cleaned, framed and read; and a photo without any has none."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from skimage import data as skimage_data
from sklearn.datasets import load_digits, load_sample_image

import darkroom
from darkroom import recipe
from darkroom.digits.components import find_components
from darkroom.digits.frame import frame
from darkroom.errors import RecipeInvalid
from darkroom.picture import Array
from docs.make.handwriting import on_paper, write
from tests.support import handwriting
from tests.support.photographs import NAMES
from tests.support.photographs import photo as photo_of

pytestmark = pytest.mark.slow

PAPER, BLUE = (236, 232, 222), (30, 40, 110)
BOARD, CHALK = (40, 60, 50), (235, 235, 230)

WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = sys.modules["scipy"] = None
import numpy as np
import darkroom
assert darkroom.apply("classify_digit", np.full((60, 80), 200, np.uint8))["count"] == 0
assert darkroom.apply("classify_digit", np.full((60, 80), 200, np.uint8), rows=2, columns=2)["count"] == 0
"""


def classify(image: Array, **params: int) -> dict[str, Any]:
    answer = darkroom.apply("classify_digit", image, **params)
    assert isinstance(answer, dict)
    return answer


def photo(text: str, height: int = 60, **options: Any) -> Array:
    return on_paper(write(text, height, **options), PAPER, BLUE)


def test_needs_neither_opencv_nor_scipy() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_OPENCV], check=True)


@pytest.mark.parametrize("text", ["7", "42", "0123456789", "20173\n4568", "5\n5\n5"])
@pytest.mark.parametrize(("paper", "ink"), [(PAPER, BLUE), (BOARD, CHALK)], ids=["ink", "chalk"])
def test_reads_what_is_written(text: str, paper: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    found = classify(on_paper(write(text, 60), paper, ink))
    assert found["text"] == text
    assert found["count"] == len(found["digits"]) == len(text.replace("\n", ""))
    assert "".join(str(digit["digit"]) for digit in found["digits"]) == text.replace("\n", "")


@pytest.mark.parametrize("height", [32, 45, 150, 700])
def test_reads_digits_of_any_size(height: int) -> None:
    assert classify(photo("2083", height))["text"] == "2083"


@pytest.mark.parametrize("pen", [0.06, 0.1, 0.16])
def test_reads_thin_and_thick_pens(pen: float) -> None:
    assert classify(photo("0123456789", 80, pen=pen))["text"] == "0123456789"


@pytest.mark.parametrize("angle", [-10, 10])
def test_reads_rows_that_slope(angle: float) -> None:
    ink = Image.fromarray(write("306824", 70, slant=0)).rotate(angle, Image.Resampling.BILINEAR, expand=True)
    assert classify(on_paper(np.asarray(ink), PAPER, BLUE))["text"] == "306824"


def test_a_five_s_bar_belongs_to_it_though_it_stands_off() -> None:
    found = classify(photo("535", 100, broken=True))
    assert found["text"] == "535"
    heights = [digit["box"][3] for digit in found["digits"]]
    assert heights[0] > 1.1 * heights[1], "the box holds the bar, too"


def test_finds_small_digits_in_the_corner_of_a_large_photo() -> None:
    large = np.full((3000, 4000, 3), 225, np.uint8)
    piece = on_paper(write("8052", 60), (225, 225, 225), (30, 30, 90))
    large[2700 : 2700 + len(piece), 3300 : 3300 + piece.shape[1]] = piece
    found = classify(large)
    assert found["text"] == "8052"
    left, top, width, height = found["digits"][0]["box"]
    assert 3300 < left < left + width < 3450
    assert 2700 < top < 2800
    assert height == pytest.approx(66, abs=8)  # with the pen's width


def test_reads_on_ruled_paper() -> None:
    page = photo("3141", 120)
    page[::60] = page[::60] * 0.85
    assert classify(page)["text"] == "3141"


def test_answers_alike_for_every_dtype_and_layout() -> None:
    page = photo("306")
    expected = classify(page)
    assert expected["text"] == "306"
    assert classify(page.astype(np.uint16) * 257) == expected
    assert classify(page.astype(np.float32) / 255) == expected
    assert classify(np.dstack((page, np.full(page.shape[:2], 255, np.uint8)))) == expected
    assert classify(np.asfortranarray(page)) == expected
    assert classify(np.asarray(Image.fromarray(page).convert("L")))["text"] == "306"


def test_an_answer_has_probabilities_and_a_box() -> None:
    (digit,) = classify(photo("8", 100))["digits"]
    assert digit["digit"] == int(np.argmax(digit["probabilities"])) == 8
    assert digit["probability"] == max(digit["probabilities"]) > 0.9
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert digit["is_digit"] > 0.9
    left, top, width, height = digit["box"]
    ink = write("8", 100) > 0.5
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    expected = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    np.testing.assert_allclose([left, top, width, height], expected, atol=4)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "rocket", "brick", "grass", "gravel", "moon"])
def test_photographs_without_handwriting_have_no_digits(name: str) -> None:
    found = classify(getattr(skimage_data, name)())
    assert found == {"text": "", "count": 0, "says": "no digit here", "digits": []}


def test_noise_and_scribbles_are_no_digits() -> None:
    rng = np.random.default_rng(3)
    assert classify(rng.integers(0, 256, (300, 400), dtype=np.uint8))["count"] == 0
    page = np.full((300, 400), 230, np.uint8)
    for x in range(100, 300, 12):  # hatching
        page[100:200, x : x + 4] = 30
    assert classify(page)["count"] == 0


# --- sheets -----------------------------------------------------------------------------------------------------------


def sheet(texts: list[str], cell: int = 64, *, boxes: bool = True) -> Array:
    """Rows of boxes, dark on light, with printed lines; a space is an empty box."""
    page = np.full((len(texts) * cell, len(texts[0]) * cell), 235, np.uint8)
    for row, text in enumerate(texts):
        for column, digit in enumerate(text):
            if digit != " ":
                ink = write(digit, cell // 2, margin=0.1)
                top, left = row * cell + (cell - len(ink)) // 2, column * cell + (cell - ink.shape[1]) // 2
                part = page[top : top + len(ink), left : left + ink.shape[1]]
                part[:] = part * (1 - ink * 0.8)
    if boxes:
        for side in range(0, max(page.shape), cell):
            page[side : side + 2] = page[:, side : side + 2] = 60
    return page


@pytest.mark.parametrize("boxes", [False, True], ids=["plain", "printed"])
def test_reads_a_form_s_boxes(boxes: bool) -> None:
    found = classify(sheet(["31 4", "1592", " 65 "], boxes=boxes), rows=3, columns=4)
    assert found["text"] == "31.4\n1592\n.65."
    assert (found["count"], found["says"]) == (9, "9 digits in 12 boxes")
    assert [(d["row"], d["column"]) for d in found["digits"]][:4] == [(0, 0), (0, 1), (0, 3), (1, 0)]
    assert found["digits"][2]["box"] == [192, 0, 64, 64]


def test_a_large_sheet_s_answer_stays_small() -> None:
    texts = ["0123456789" * 4] * 30
    found = classify(sheet(texts, 32, boxes=False), rows=30, columns=40)
    assert found["count"] == 1200
    right = sum(a == b for a, b in zip(found["text"], "\n".join(texts), strict=True)) - 29
    assert right >= 1190
    assert "digits" not in found
    assert len(json.dumps(found)) < 20_000


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"rows": 3}, "'rows' and 'columns' are both 0 or both at least 1"),
        ({"rows": 1000, "columns": 11}, "at most 10000"),
        ({"rows": 20, "columns": 10}, "boxes of 10x5 px; they must be at least 8"),
    ],
)
def test_impossible_sheets_are_refused(params: dict[str, int], says: str) -> None:
    with pytest.raises(RecipeInvalid, match=says):
        classify(np.zeros((100, 100), np.uint8), **params)


# --- parts ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.floats(0, 2))
@settings(max_examples=60)
def test_components_are_scipy_s(seed: int, height: int, width: int, smooth: float) -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(height, width)), smooth) > 0
    expected, count = ndimage.label(mask, np.ones((3, 3)))
    found = find_components(mask)
    assert len(found.areas) == count
    np.testing.assert_array_equal(found.labels() + 1, expected)
    for index, (rows, columns) in enumerate(ndimage.find_objects(expected)):
        assert found.boxes[index].tolist() == [columns.start, rows.start, columns.stop, rows.stop]
        assert found.areas[index] == (expected == index + 1).sum()
        part = found.window([index], np.arange(height), np.arange(width))
        np.testing.assert_array_equal(part, expected == index + 1)


def test_framing_fits_twenty_pixels_and_centres_by_mass() -> None:
    ink = np.ones((60, 30))
    ink[:30, :15] = 0
    framed = frame(ink)
    rows, columns = np.flatnonzero(framed.any(axis=1)), np.flatnonzero(framed.any(axis=0))
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (20, 10)
    weights = framed / framed.sum()
    assert weights.sum(axis=1) @ np.arange(28) == pytest.approx(14, abs=0.5)
    assert weights.sum(axis=0) @ np.arange(28) == pytest.approx(14, abs=0.5)


def test_the_recipe_reads_and_leaves_the_photo_as_it_is() -> None:
    page = photo("31", 80)
    result = darkroom.enhance(page, "digits")
    np.testing.assert_array_equal(result.image, page)
    (report,) = result.report.steps
    assert report.details["text"] == "31"
    assert [call.name for call in recipe.built_in("digits").steps] == ["classify_digit"]  # type: ignore[union-attr]


# --- on data ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [0, 4])
def test_reads_handwriting_as_a_sheet_of_the_largest_size(margin: int) -> None:
    images, text = handwriting.digits()
    boxes = np.pad(np.tile(images, (100, 1, 1)), ((0, 0), (margin, margin), (margin, margin)))
    found = classify(handwriting.sheet(boxes, 100), rows=100, columns=100)
    right = sum(said == written for said, written in zip(found["text"].replace("\n", ""), text * 100, strict=True))
    assert right >= 9900
    assert len(json.dumps(found)) < 20_000


def test_reads_other_handwriting_that_was_never_trained_on() -> None:
    """scikit-learn's digits: other writers, 8x8 px, enlarged. `models/digits/evaluate.py` measures MNIST as a whole."""
    known = load_digits()
    small, written = np.rint(known.images[:1764] * (255 / 16)).astype(np.uint8), known.target[:1764]
    large = [np.asarray(Image.fromarray(image).resize((20, 20), Image.Resampling.BICUBIC)) for image in small]
    boxes: Array = np.pad(np.stack(large), ((0, 0), (4, 4), (4, 4)))
    found = classify(handwriting.sheet(boxes, 42), rows=42, columns=42)["text"].replace("\n", "")
    assert sum(said == str(digit) for said, digit in zip(found, written, strict=True)) >= 1690


def test_reads_a_single_image_as_it_is() -> None:
    images, text = handwriting.digits()
    assert sum(classify(image)["text"] == digit for image, digit in zip(images, text, strict=True)) >= 93


def test_photographs_have_no_digits() -> None:
    """`models/digits/evaluate.py` counts on all that training never saw; what the packages ship it never saw either."""
    packaged = ("astronaut", "brick", "camera", "chelsea", "clock", "coffee", "coins", "gravel", "moon", "rocket")
    pictures = {name: getattr(skimage.data, name)() for name in packaged}
    pictures |= {name: load_sample_image(name) for name in ("china.jpg", "flower.jpg")}
    pictures |= {name: photo_of(name) for name in NAMES}
    found = {name: classify(picture)["text"] for name, picture in pictures.items()}
    assert {name: text for name, text in found.items() if text} == {}

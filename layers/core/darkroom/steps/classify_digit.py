"""Which handwritten digits a photo shows."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from darkroom.digits.read import Digit, read_digits
from darkroom.digits.sheet import read_sheet
from darkroom.errors import RecipeInvalid
from darkroom.params import Params, param
from darkroom.picture import Array
from darkroom.step import step

MOST_CELLS = 10_000
LEAST_CELL_PX = 8

MOST_LISTED = 50
"""Digits that are described one by one, and cells that are named as unsure: the answer goes through the workflow's
state, which holds 256 KiB. With 50 of them it has some 10 KB, with the text of 10,000 boxes 20 KB."""

UNSURE = 0.9
EMPTY = "."


class ClassifyDigit(Params, frozen=True):
    rows: Annotated[
        int, param("rows of equal boxes with one digit or nothing in each; 0 looks for digits anywhere", ge=0, le=1000)
    ] = 0
    columns: Annotated[int, param("columns of boxes; 0 looks for digits anywhere", ge=0, le=1000)] = 0

    scene = "handwriting"

    def check(self) -> None:
        if bool(self.rows) != bool(self.columns):
            raise ValueError("'rows' and 'columns' are both 0 or both at least 1")
        if self.rows * self.columns > MOST_CELLS:
            raise ValueError(f"'rows' times 'columns' is {self.rows * self.columns} but must be at most {MOST_CELLS}")


@step("classify_digit", stage="classify", params=ClassifyDigit, on="native", returns="annotation")
def classify_digit(image: Array, params: ClassifyDigit) -> dict[str, Any]:
    """Reads the handwritten digits in a photo or scan.

    Dark on light or light on dark, anywhere, under uneven light, from 28 px of height on: marks of ink are found on
    halved copies of the photo, cut out at a fine one, framed as MNIST frames its digits (fitted into 20×20, centred by
    mass in 28×28) and read by a small convolutional network. It also says whether a mark is a digit at all. Beyond that
    a mark must be ink on paper: the paper even, the ink of one tone, the stroke of a pen's width, nothing else close
    by. A photo without handwriting has no digits, and that is an answer. Digits that touch each other are not read.

    `text` is what was read, each line from left to right, lines from top to bottom; `count` how many digits; `says` a
    sentence; `digits` the first 50: `digit`, its `probability`, the `probabilities` of 0 to 9 given that it is a
    digit, `is_digit`, how likely that is, and `box`: left, top, width and height in pixels.

    With `rows` and `columns` the photo is a sheet of equal boxes, as on a form: each box is cleaned of printed lines at
    its sides, framed and read alike; a digit that has MNIST's size is only centred. `text` then has a line a row, with
    `.` for an empty box; where more than 50 boxes hold a digit, `unsure` names up to 50 of a probability below 0.9 in
    place of `digits`.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
    """
    if not params.rows:
        return describe([list(line) for line in read_digits(image)], sheet=False)
    height, width = image.shape[:2]
    if min(height // params.rows, width // params.columns) < LEAST_CELL_PX:
        raise RecipeInvalid(
            "bad-parameters",
            f"step 'classify_digit': {params.rows} rows and {params.columns} columns leave boxes of "
            f"{width / params.columns:.3g}x{height / params.rows:.3g} px; they must be at least {LEAST_CELL_PX}",
        )
    return describe(read_sheet(image, params.rows, params.columns), sheet=True)


def describe(lines: list[list[Digit | None]], *, sheet: bool) -> dict[str, Any]:
    """The annotation: JSON types, bounded."""
    found = [
        (row, column, digit) for row, line in enumerate(lines) for column, digit in enumerate(line) if digit is not None
    ]
    texts = ["".join(EMPTY if digit is None else str(digit.digit) for digit in line) for line in lines]
    answer: dict[str, Any] = {
        "text": "\n".join(texts),
        "count": len(found),
        "says": _sentence(texts, len(found), sheet),
    }
    if not sheet:
        return answer | {"digits": [_describe(digit) for _, _, digit in found[:MOST_LISTED]]}
    if len(found) <= MOST_LISTED:
        return answer | {"digits": [{"row": r, "column": c} | _describe(digit) for r, c, digit in found]}
    unsure = sorted((each for each in found if each[2].probability < UNSURE), key=lambda each: each[2].probability)
    return answer | {
        "unsure": [
            {"row": r, "column": c, "digit": digit.digit, "probability": round(digit.probability, 4)}
            for r, c, digit in unsure[:MOST_LISTED]
        ]
    }


def _describe(digit: Digit) -> dict[str, Any]:
    left, top, right, bottom = np.rint(digit.box).astype(int).tolist()
    return {
        "digit": digit.digit,
        "probability": round(digit.probability, 4),
        "probabilities": [round(float(value), 4) for value in digit.probabilities],
        "is_digit": round(digit.is_digit, 4),
        "box": [left, top, right - left, bottom - top],
    }


def _sentence(texts: list[str], count: int, sheet: bool) -> str:
    if count == 0:
        return "no digit here"
    digits = "1 digit" if count == 1 else f"{count} digits"
    if sheet:
        return f"{digits} in {sum(map(len, texts))} boxes"
    lines = "" if len(texts) == 1 else f" in {len(texts)} lines"
    return f"{digits}{lines}: {', '.join(texts)}"

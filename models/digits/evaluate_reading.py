"""Print how well the step `classify_digit` reads: photos of handwriting, sheets, and photographs without any.

The photos of handwriting are made from MNIST's test digits (`handwriting.py`), so that what is written is known. Runs
in the project's environment, not in the one of training.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from digits.handwriting import photograph
from digits.photos import photo_paths
from PIL import Image

import darkroom

SHEET = 100
MARGINS_PX = (0, 4)


def read(image: np.ndarray, **params: int) -> str:
    return str(darkroom.apply("classify_digit", image, **params)["text"])


def matching(text: str, found: str) -> int:
    """How many digits of `text` were read, in their order."""
    return sum(block.size for block in SequenceMatcher(None, text, found, autojunk=False).get_matching_blocks())


def report_photos(images: np.ndarray, labels: np.ndarray, count: int, lengths: Sequence[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    exact = right = written = surplus = 0
    seconds = []
    wrong = []
    for _ in range(count):
        chosen = rng.integers(0, len(images), int(rng.choice(lengths)))
        photo = photograph(images[chosen], labels[chosen], rng)
        started = time.process_time()
        found = read(photo.image)
        seconds.append(time.process_time() - started)
        exact += found == photo.text
        matched = matching(photo.text, found)
        right += matched
        written += len(photo.text)
        surplus += len(found.replace("\n", "")) - matched
        if found != photo.text:
            wrong.append(f"{photo.text} of {photo.height_px:.0f} px read as {found!r}")
    print(
        f"{lengths[0]} to {lengths[-1]} digits, {count} photos: {100 * right / written:.1f} % of the digits read, "
        f"{100 * exact / count:.1f} % of the photos without a fault, {surplus} digits too many; "
        f"median {np.median(seconds):.2f} s, at most {max(seconds):.2f} s of CPU time"
    )
    print("".join(f"    {line}\n" for line in wrong[:20]), end="")


def report_sheets(images: np.ndarray, labels: np.ndarray) -> None:
    for margin in MARGINS_PX:
        side = 28 + 2 * margin
        cells = np.pad(images, ((0, 0), (margin, margin), (margin, margin))).reshape(SHEET, SHEET, side, side)
        sheet = cells.swapaxes(1, 2).reshape(SHEET * side, SHEET * side)
        text = read(sheet, rows=SHEET, columns=SHEET).replace("\n", "")
        right = sum(found == str(label) for found, label in zip(text, labels, strict=True))
        print(f"sheet of {SHEET}x{SHEET} boxes of {side} px: {100 * right / len(labels):.2f} % read right")


def report_photographs(folder: Path, part: str) -> None:
    """Every digit that is read there counts as false, though some pictures show printed ones."""
    paths = photo_paths(folder, part)
    found = {}
    seconds = []
    for path in paths:
        with Image.open(path) as file:
            photo = np.asarray(file.convert("RGB"))
        started = time.process_time()
        text = read(photo)
        seconds.append(time.process_time() - started)
        if text:
            found[path.name] = text
    print(
        f"photographs of the {part} part: digits in {len(found)} of {len(paths)}; "
        f"median {np.median(seconds):.2f} s, at most {max(seconds):.2f} s of CPU time"
    )
    print("".join(f"    {name}: {text!r}\n" for name, text in found.items()), end="")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz")
    parser.add_argument("--photos", type=Path, help="folder of photographs without handwriting")
    parser.add_argument("--count", type=int, default=200, help="photos of handwriting, of single digits and of rows")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with np.load(arguments.data) as arrays:
        images, labels = arrays["x_test"], arrays["y_test"]
    if arguments.photos:
        report_photographs(arguments.photos, "test")
    report_sheets(images, labels)
    report_photos(images, labels, arguments.count, (1,), arguments.seed)
    report_photos(images, labels, arguments.count, (2, 3, 4, 5, 6), arguments.seed)


if __name__ == "__main__":
    main()

"""How large results are beside their sources: `python -m tests.bench.sizes [FOLDER]`.

Each photo is stored as a JPEG, of a quality of 75 to 95 and a subsampling that go round, then enhanced with a recipe
that changes it, and left as it is. Asked for is a median ratio of at most 1.1 and none over 1.5, and of photos left
alone the very pixels in no more bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom import blending, codec, library
from darkroom.codec.formats import INPUT_EXTENSIONS
from darkroom.picture import Array
from tests.support import photographs

QUALITIES = (75, 80, 85, 90, 95)
SAMPLINGS = ("4:2:0", "4:4:4", "4:2:2")
MEDIAN, MOST = 1.1, 1.5


@dataclass(frozen=True)
class Sizes:
    """A photo's. changed: the changed result's bytes by the source's. left: the same of the photo left alone.

    same: whether that has the source's very pixels.
    """

    quality: int
    sampling: str
    changed: float
    left: float
    same: bool


def measure(photos: Iterable[Array], recipe: str) -> list[Sizes]:
    """photos: HxWx3 of uint8."""
    found = []
    for index, pixels in enumerate(photos):
        quality, sampling = QUALITIES[index % len(QUALITIES)], SAMPLINGS[index % len(SAMPLINGS)]
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=sampling)
        source = file.getvalue()
        changed, left = (written(source, name) for name in (recipe, "none"))
        same = np.array_equal(codec.decode(source).pixels, codec.decode(left).pixels)
        found.append(Sizes(quality, sampling, len(changed) / len(source), len(left) / len(source), same))
    return found


def written(source: bytes, recipe: str) -> bytes:
    """The file that a recipe makes of a JPEG."""
    done = library.enhance(source, recipe)
    return blending.write(done.report, done.picture, "jpeg", source if done.unchanged else None)[0]


def faults(found: Sequence[Sizes]) -> list[str]:
    """What falls short of what is asked for."""
    ratios = [sizes.changed for sizes in found]
    checks = {
        f"the median ratio is {np.median(ratios):.3f}": np.median(ratios) <= MEDIAN,
        f"the largest ratio is {max(ratios):.3f}": max(ratios) <= MOST,
        "a photo left alone is larger, or another one": all(sizes.same and sizes.left <= 1 for sizes in found),
    }
    return [fault for fault, holds in checks.items() if not holds]


def files(folder: Path) -> Iterable[Array]:
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in INPUT_EXTENSIONS):
        with Image.open(path) as image:
            yield np.asarray(image.convert("RGB"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sizes", description="Measure the size of results.")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="of photos; else the repository's own")
    parser.add_argument("--recipe", default="vivid", help="that changes the photos (default: vivid)")
    chosen = parser.parse_args(arguments)
    found = measure(files(chosen.folder) if chosen.folder else photographs.photos(), chosen.recipe)
    print(f"| {len(found)} photos, recipe {chosen.recipe} | median | largest |\n| --- | --- | --- |")
    for name, of in (*((f"quality {quality}", quality) for quality in QUALITIES), ("all", None)):
        ratios = [sizes.changed for sizes in found if of in (None, sizes.quality)]
        if ratios:
            print(f"| {name} | {np.median(ratios):.2f} | {max(ratios):.2f} |")
    print(
        f"\nleft alone: {sum(s.same and s.left <= 1 for s in found)} of {len(found)} the same pixels in no more bytes"
    )
    for fault in faults(found):
        print(fault)
    return 1 if faults(found) else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the recipe `auto` takes before its first step: `python -m tests.bench.planning [--megapixels N…]`.

Measuring a decoded photo, diagnosing it with the trained networks, and choosing the steps, on one processor, in the
processor's milliseconds; medians, taking turns. Beside it a floor: one reduction of the photo to 512 px by OpenCV.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from time import process_time

import cv2

from darkroom import recipe
from darkroom.auto import treatments
from darkroom.diagnosis.network import diagnose
from darkroom.estimates.measure import measure
from darkroom.picture import Picture
from tests.bench.photo import photo
from tests.bench.timing import medians, use_one_processor


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planning", description="The cost of deciding.")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[2, 12, 24, 100], metavar="N")
    sizes = parser.parse_args(arguments).megapixels
    use_one_processor()
    auto = recipe.built_in("auto")
    print("Planning of `auto`, one thread, the processor's milliseconds")
    print(f"{'MP':>4}{'measure':>10}{'diagnose':>10}{'choose':>8}{'together':>10}{'one INTER_AREA to 512 px':>26}")
    for megapixels in sizes:
        picture = Picture(photo(megapixels))
        known = measure(picture), diagnose(picture.pixels)
        size = (512, round(512 * picture.height / picture.width))
        works: dict[str, Callable[[], object]] = {
            "measure": partial(measure, picture),
            "diagnose": partial(diagnose, picture.pixels),
            "choose": partial(treatments.resolve, auto, *known),
            "floor": partial(cv2.resize, picture.pixels, size, interpolation=cv2.INTER_AREA),
        }
        measured, diagnosed, chosen, floor = (1000 * t for t in medians(works, 7, process_time).values())
        row = f"{measured:>10.0f}{diagnosed:>10.0f}{chosen:>8.0f}{measured + diagnosed + chosen:>10.0f}{floor:>26.0f}"
        print(f"{megapixels:>4g}{row}", flush=True)


if __name__ == "__main__":
    main()

"""Where a photo's time goes, with and without the compiled loops: `python -m tests.bench.parts [--megapixels N]`.

Each part of a usual recipe by itself, on one processor, in the processor's milliseconds; medians, taking turns. And
the ways of writing a JPEG of quality 90, which hold the same pixels where colour is as fine: time and bytes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import process_time
from typing import Any

from darkroom import codec, registry
from darkroom.estimates.jpeg_traces import find_traces
from darkroom.estimates.measure import measure
from darkroom.estimates.noise import estimate_noise
from darkroom.kernels import compiled
from darkroom.picture import Array, Picture
from tests.bench.photo import photo
from tests.bench.timing import medians, use_one_processor

STEPS: Sequence[tuple[str, dict[str, Any]]] = (
    ("stretch_histogram", {"low": 0.2, "high": 99.8}),
    ("equalize_adaptive", {"clip_limit": 1.6, "strength": 0.5}),
    ("unsharp_mask", {"radius": 1.2, "amount": 0.6}),
    ("adjust_color", {"vibrance": 0.45, "saturation": 0.1}),
    ("adjust_color", {"exposure": 0.3, "contrast": 0.15, "vibrance": 0.4}),
    ("stretch_nonlinear", {}),
    ("stretch_local", {"amount": 0.5}),
    ("denoise", {"sigma": 10}),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.parts", description="Where a photo's time goes.")
    parser.add_argument("--megapixels", type=float, default=12, metavar="N")
    megapixels = parser.parse_args(arguments).megapixels
    use_one_processor()
    image = photo(megapixels)
    data = codec.encode(Picture(image), "jpeg", quality=89)
    picture = codec.decode(data)
    parts: dict[str, Callable[[], object]] = {
        "decode JPEG": lambda: codec.decode(data),
        "measure": lambda: measure(picture),
        "estimate_noise, of it": lambda: estimate_noise(image),
        "find_traces of JPEG": lambda: find_traces(image),
        "encode JPEG": lambda: codec.encode(picture, "jpeg", quality=90),
    }
    parts |= {f"{name} {', '.join(params)}": _step(image, name, params) for name, params in STEPS}
    print(f"Parts of recipes on {megapixels:g} MP, one thread, the processor's milliseconds")
    print(f"{'':<48}{'NumPy':>8}{'compiled':>10}")
    for name, work in parts.items():
        times = medians({"none": _with("none", work), "": _with("", work)}, 2, process_time)
        print(f"{name:<48}{times['none'] * 1e3:>8.0f}{times[''] * 1e3:>10.0f}", flush=True)
    ways = {
        f"{'progressive' if progressive else 'baseline'}, {sampling}": _writing(picture, sampling, progressive)
        for sampling in ("4:2:0", "4:4:4")
        for progressive in (False, True)
    }
    print(f"\n{'JPEG of quality 90':<48}{'ms':>8}{'MB':>10}")
    for name, seconds in medians(ways, 3, process_time).items():
        print(f"{name:<48}{seconds * 1e3:>8.0f}{len(ways[name]()) / 1e6:>10.2f}", flush=True)


def _step(image: Array, name: str, params: dict[str, Any]) -> Callable[[], object]:
    step = registry.get(name)
    parsed = step.params.parse(params, of=name)
    return lambda: step(image, parsed)


def _writing(picture: Picture, sampling: str, progressive: bool) -> Callable[[], bytes]:
    assert picture.metadata.coding is not None
    told = replace(
        picture, metadata=replace(picture.metadata, coding=replace(picture.metadata.coding, subsampling=sampling))
    )
    return lambda: codec.encode(told, "jpeg", quality=90, progressive=progressive)


def _with(kernels: str, work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        os.environ["DARKROOM_KERNELS"] = kernels
        compiled.library.cache_clear()
        return work()

    return run


if __name__ == "__main__":
    main()

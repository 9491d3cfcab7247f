"""Whether a series flickers: photos of one scene, one by one and as an album.

python -m tests.bench.albums --scenes 4 --sheets folder

A series is one photograph as a camera's owner would take it several times: crops that share its middle, under a light
that is spoiled as stated and varies a little from photo to photo. How far its results lie apart is measured on the
middle, which all of them show: the root mean square over the series of ΔE (CIE 1976) between the means of 4x4 cells and
the mean of the series. How far they lie from the photograph before it was spoiled, likewise, says whether one is worse.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkroom import library
from darkroom.auto import albums
from darkroom.color.conversions import rgb_to_lab
from darkroom.picture import Array
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact
from tests.bench.commit import measured_commit
from tests.bench.quality.page import put
from tests.support import photographs
from tests.support.definition import ROOT

PHOTOS = 8
"""Of a series."""

MIDDLE = 0.36
"""Side of the middle that all photos show, as a share of the scene's."""

SMALLEST = 0.6
CELLS = 4


@dataclass(frozen=True)
class Light:
    """How a series is spoiled: exposure in EV, stops of red and blue over green, electrons at white (0: no noise)."""

    name: str
    ev: float = 0.0
    red: float = 0.0
    blue: float = 0.0
    electrons: int = 0


LIGHTS = (
    Light("as it is"),
    Light("dark", ev=-1.6),
    Light("by a lamp", red=0.45, blue=-0.55),
    Light("dark, by a lamp, noisy", ev=-1.3, red=0.35, blue=-0.45, electrons=900),
)
VARIES_EV, VARIES_STOPS = 0.1, 0.05
"""Standard deviation of exposure, and of red and blue over green, from photo to photo."""

HEADING = "Albums"

HEAD = """
Photos of one scene, decided about one by one and as an album (`darkroom enhance --album`): {scenes} photographs of
`tests/photos` and scikit-image, each as {photos} crops that share its middle, by {lights} lights that vary a little
from photo to photo. `python -m tests.bench.albums --scenes {scenes} --docs` measures them and writes this part.
Measured: {commit}.

{table}

*Came*, *alone* and *album* are how far the photos of a series lie apart in what all of them show: the root mean square
of ΔE (CIE 1976) between the means of 4×4 cells of the middle and their mean over the series. As far as they lie apart
as they came, the light itself varies. *Off* is how far they lie from the photograph before it was spoiled, on average.
*Worse than alone*: photos that are further off, by more than {worse:.0f} ΔE, than the same photo alone and than it
came; *than any*: and than any of its series alone.
"""

OTHERS = ("astronaut", "chelsea", "coffee", "rocket")
"""Of scikit-image's photographs."""

WORSE = 1.0
"""ΔE that a photo may lie further from the photograph than treated alone, or as it came."""


@dataclass(frozen=True)
class Spread:
    """Of one series, in ΔE. apart: how far its photos lie apart; off: how far each lies from the photograph.

    By "came", "alone" and "album": as they came, treated one by one, and as an album.
    """

    scene: str
    light: str
    apart: dict[str, float]
    off: dict[str, list[float]]

    @property
    def worse(self) -> int:
        """Photos that the album makes worse: further off than alone, and than they came."""
        came, alone, album = (self.off[name] for name in ("came", "alone", "album"))
        return sum(now > max(as_it_came, one) + WORSE for now, one, as_it_came in zip(album, alone, came, strict=True))

    @property
    def worst(self) -> int:
        """Those that are further off than each photo of the series alone, too."""
        most = max(self.off["alone"])
        return sum(
            now > max(as_it_came, most) + WORSE
            for now, as_it_came in zip(self.off["album"], self.off["came"], strict=True)
        )


def scenes() -> dict[str, Array]:
    """Photographs by name, uint8 RGB."""
    from skimage import data

    found = {name: photographs.photo(name) for name in photographs.NAMES}
    return found | {name: np.asarray(getattr(data, name)()) for name in OTHERS}


def series(scene: Array, light: Light, seed: int) -> list[tuple[Array, tuple[slice, slice]]]:
    """The photos of a series, each with where in it the middle lies."""
    random = np.random.default_rng(seed)
    height, width = scene.shape[:2]
    rows, columns = _middle(height), _middle(width)
    photos = []
    for _ in range(PHOTOS):
        side = random.uniform(SMALLEST, 1.0)
        top, left = (
            int(
                random.integers(
                    max(0, inner.stop - round(side * size)), min(inner.start, size - round(side * size)) + 1
                )
            )
            for inner, size in ((rows, height), (columns, width))
        )
        crop = scene[top : top + round(side * height), left : left + round(side * width)]
        photos.append(
            (
                spoiled(crop, light, random),
                (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)),
            )
        )
    return photos


def _middle(size: int) -> slice:
    """In whole cells."""
    side = round(size * MIDDLE / CELLS) * CELLS
    return slice((size - side) // 2, (size - side) // 2 + side)


def spoiled(crop: Array, light: Light, random: np.random.Generator) -> Array:
    """uint8 RGB by a light, which varies a little."""
    ev = light.ev + random.normal(0, VARIES_EV)
    red, blue = np.array([light.red, light.blue]) + random.normal(0, VARIES_STOPS, 2)
    linear = srgb_to_linear_exact(crop / 255.0) * 2.0 ** (ev + np.array([red, 0, blue]))
    if light.electrons:
        linear = random.poisson(np.clip(linear, 0, 1) * light.electrons) / light.electrons
    return np.asarray(np.rint(linear_to_srgb_exact(np.clip(linear, 0, 1)) * 255).astype(np.uint8))


def look(pixels: Array, place: tuple[slice, slice]) -> Array:
    """The means of the middle's cells, in Lab."""
    lab = rgb_to_lab(np.ascontiguousarray(pixels[place].astype(np.float32) / 255))
    rows, columns = lab.shape[0] // CELLS, lab.shape[1] // CELLS
    return np.asarray(lab.reshape(CELLS, rows, CELLS, columns, 3).mean(axis=(1, 3)).reshape(-1, 3))


def spread_of(looks: Sequence[Array]) -> float:
    off = np.linalg.norm(np.array(looks) - np.mean(looks, axis=0), axis=-1)
    return float(np.sqrt((off**2).mean()))


def measured(named: tuple[str, Array], light: Light, seed: int) -> tuple[Spread, dict[str, list[Array]]]:
    """A series of a scene, and its photos as they came, as each is treated alone, and as an album."""
    scene, original = named
    photos, places = zip(*series(original, light, seed), strict=True)
    evidence = [library.look(photo) for photo in photos]
    known = {
        "alone": [albums.Together(one, one, None) for one in evidence],
        "album": albums.together("series", evidence),
    }
    results = {"came": list(photos)} | {
        name: [library.enhance(photo, together=one).image for photo, one in zip(photos, members, strict=True)]
        for name, members in known.items()
    }
    looks = {name: [look(*each) for each in zip(images, places, strict=True)] for name, images in results.items()}
    truth = look(original, (_middle(original.shape[0]), _middle(original.shape[1])))
    off = {name: [float(np.linalg.norm(one - truth, axis=-1).mean()) for one in found] for name, found in looks.items()}
    return Spread(scene, light.name, {name: spread_of(found) for name, found in looks.items()}, off), results


def table(found: Sequence[Spread]) -> list[str]:
    """A row a light, and one of all."""
    columns = (
        "came, ΔE | alone, ΔE | album, ΔE | of alone | off alone, ΔE | off album, ΔE | worse than alone | than any"
    )
    lines = [f"| light | photos | {columns} |", "| --- |" + " ---: |" * 9]
    for light in (*dict.fromkeys(one.light for one in found), "all"):
        rows = [one for one in found if light in (one.light, "all")]
        came, alone, album = (_rms([one.apart[name] for one in rows]) for name in ("came", "alone", "album"))
        off = [float(np.mean([value for one in rows for value in one.off[name]])) for name in ("alone", "album")]
        worse, worst = sum(one.worse for one in rows), sum(one.worst for one in rows)
        lines.append(
            f"| {light} | {len(rows) * PHOTOS} | {came:.2f} | {alone:.2f} | {album:.2f} | {album / alone:.0%} "
            f"| {off[0]:.1f} | {off[1]:.1f} | {worse} | {worst} |"
        )
    return lines


def write(told: str, scenes: int, lights: int, commit: str) -> None:
    """The table into docs/quality.md."""
    words = HEAD.format(scenes=scenes, photos=PHOTOS, lights=lights, worse=WORSE, table=told, commit=commit)
    put(ROOT / "docs" / "quality.md", HEADING, words)


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def sheet(results: dict[str, list[Array]], side: int = 150) -> Array:
    """A series on one sheet, a row each: as it came, each alone, as an album."""
    from PIL import Image

    rows = []
    for images in results.values():
        cells = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX)) for image in images]
        rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.albums", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--scenes", type=int, metavar="N", help="only so many of them, evenly spaced")
    parser.add_argument("--lights", type=lambda text: text.split(","), metavar="NAME,…")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="draw each series")
    parser.add_argument("--each", action="store_true", help="a line for each series")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/quality.md")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    every = list(scenes().items())
    chosen = every if given.scenes is None else every[:: max(1, len(every) // given.scenes)][: given.scenes]
    lights = [light for light in LIGHTS if given.lights is None or light.name in given.lights]
    work = [
        (named, light, 1000 * index + row) for index, named in enumerate(chosen) for row, light in enumerate(lights)
    ]
    found = []
    with ProcessPoolExecutor(given.processes) as pool:
        for one, results in pool.map(measured, *zip(*work, strict=True)):
            found.append(one)
            if given.each:
                apart = ", ".join(f"{name} {value:.2f}" for name, value in one.apart.items())
                print(f"{one.scene}, {one.light}: {apart}; worse {one.worse}", flush=True)
            if given.sheets:
                from PIL import Image

                given.sheets.mkdir(parents=True, exist_ok=True)
                Image.fromarray(sheet(results)).save(given.sheets / f"{one.scene}, {one.light}.png")
    told = "\n".join(table(found))
    print(told)
    if given.docs:
        write(told, len(chosen), len(lights), measured_commit())
    return 0


if __name__ == "__main__":
    sys.exit(main())

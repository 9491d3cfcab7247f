"""The sets of photographs: what they are, where they lie, and what each photo is held against."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.picture import Array

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
MOST_PX = 1280
"""Greater pictures are read at this longer side: what is done to them is judged on a screen."""


@dataclass(frozen=True, slots=True)
class Photo:
    """set: a name of SETS. reference: what it should look like; None where nobody knows."""

    set: str
    path: Path
    reference: Path | None = None

    @property
    def name(self) -> str:
        """What tells it from its set's others, without spaces; where files are named by size, the folder's name."""
        named = self.path.parents[2].name if self.path.parent.name == "images" else self.path.stem
        return "_".join(named.split())


@dataclass(frozen=True, slots=True)
class Set:
    """find: its photographs in `folder`. every: so many-th of them is taken. judged: by eye, as there is no reference.

    finished: they need nothing, and leaving them alone is right.
    """

    name: str
    what: str
    folder: str
    find: Callable[[str, Path], list[Photo]]
    every: int = 1
    judged: bool = True
    finished: bool = False


def frames(kind: str) -> Callable[[str, Path], list[Photo]]:
    """NN-dark.jpg and NN-bright.jpg beside NN-middle.jpg of the same scene."""

    def find(name: str, folder: Path) -> list[Photo]:
        pairs = ((path, path.with_name(path.name.replace(kind, "middle"))) for path in pictures(folder, f"*-{kind}.*"))
        return [Photo(name, path, middle) for path, middle in pairs if middle.exists()]

    return find


def noisy(name: str, folder: Path) -> list[Photo]:
    """NAME_noisy.webp beside NAME_clean.webp, the mean of many frames."""
    pairs = ((path, path.with_name(path.name.replace("_noisy", "_clean"))) for path in pictures(folder, "*_noisy.*"))
    return [Photo(name, path, clean) for path, clean in pairs if clean.exists()]


def singles(name: str, folder: Path) -> list[Photo]:
    return [Photo(name, path) for path in pictures(folder, "*")]


def wallpapers(name: str, folder: Path) -> list[Photo]:
    """Packages as `dpkg -x` unpacks them: of a wallpaper in several sizes the widest; no previews, no links."""
    chosen: dict[str, Path] = {}
    for path in pictures(folder, "**/*"):
        if path.is_symlink() or path.stem in ("screenshot", "preview"):
            continue
        if (size := re.fullmatch(r"(\d+)x(\d+)", path.stem)) is None:
            stem = re.sub(r"_\d+x\d+$", "", path.stem)
            chosen.setdefault(f"{path.parent}/{stem}", path)
        else:
            key = str(path.parent)
            if key not in chosen or int(size[1]) > int(chosen[key].stem.split("x")[0]):
                chosen[key] = path
    return [Photo(name, path) for path in sorted(chosen.values())]


def pictures(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix.lower() in SUFFIXES)


SETS = (
    Set("brackets-dark", "exposure brackets, the dark frame", "brackets", frames("dark"), judged=False),
    Set("brackets-bright", "exposure brackets, the bright frame", "brackets", frames("bright"), judged=False),
    Set("cc15", "real camera noise", "cc15", noisy, judged=False),
    Set("wrong", "exposed or balanced wrongly in the camera", "wrong", singles),
    Set("ordinary", "snapshots of all sorts, every third by name", "ordinary", singles, every=3),
    Set("clic2025", "professional photographs", "clic2025", singles, finished=True),
    Set("elementary", "wallpapers, photographs mostly", "elementary", singles, finished=True),
    Set("wallpapers", "wallpapers, drawings mostly", "wallpapers", wallpapers, finished=True),
)
BY_NAME = {each.name: each for each in SETS}


def find(folders: Sequence[Path], names: Sequence[str]) -> tuple[list[Photo], list[str]]:
    """The photographs of the sets named, below any of the folders; and what is missing, in words."""
    photos, missing = [], []
    for each in (BY_NAME[name] for name in names):
        places = [place for folder in folders for place in below(folder, each.folder)]
        found = each.find(each.name, places[0])[:: each.every] if places else []
        photos += found
        if not found:
            missing.append(f"{each.name} ({each.what}): no folder '{each.folder}' with such pictures")
    return photos, missing


def below(folder: Path, name: str) -> list[Path]:
    """Folders of that name, the least deep first."""
    if folder.name == name:
        return [folder]
    return sorted((path for path in folder.rglob(name) if path.is_dir()), key=lambda path: (len(path.parts), path))


def read(path: Path) -> Array:
    """HxWx3 uint8 in sRGB, upright, at most MOST_PX a side, over black where it is transparent."""
    picture = codec.decode(path.read_bytes())
    pixels = picture.pixels if picture.bit_depth == 8 else (picture.pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if picture.alpha is not None:
        alpha = picture.alpha / np.iinfo(picture.alpha.dtype).max
        pixels = np.rint(pixels * alpha[..., np.newaxis]).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((MOST_PX, MOST_PX), Image.Resampling.LANCZOS)
    return np.array(image)

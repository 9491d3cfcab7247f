"""Who repairs: darkroom's `auto`, which is not told what is wrong, general tools, and the right step chosen by hand."""

from __future__ import annotations

import hashlib
import inspect
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import PIL
from PIL import Image, ImageOps

import darkroom
from darkroom.picture import Array
from darkroom.recipe import StepCall
from darkroom.report import StepReport
from tests.bench.quality.conditions import Condition

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "layers/core/darkroom"
ABOVE = ("aws", "cli", "client")
"""Rooms that nothing below imports (`pyproject.toml` holds them to that): they change no result."""

NODE = ROOT / "build/quality/node"
SHARP = "0.35.5"

Work = Sequence[tuple[Condition, Array]]
Repaired = list[tuple[Array, str]]
"""A picture and a note on what was done, for each that was given."""


class NotHere(Exception):
    """A tool that is not on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Contender:
    """repair: from photos, HxWx3 uint8, to the same repaired. identity: changes when `repair` may.

    general: a tool that, like `auto`, is not told the defect. Raises `NotHere` from `identity` and `repair`.
    """

    name: str
    title: str
    repair: Callable[[Work, Path], Repaired]
    identity: Callable[[], str]
    general: bool = True


class Identified(Protocol):
    """A contender of either benchmark."""

    @property
    def identity(self) -> Callable[[], str]: ...


def present[C: Identified](contenders: Iterable[C]) -> tuple[list[C], dict[C, str]]:
    """Those that can run here, and why the others cannot."""
    here, missing = [], {}
    for contender in contenders:
        try:
            contender.identity()
            here.append(contender)
        except NotHere as error:
            missing[contender] = str(error)
    return here, missing


REPAIR = {"steps": "auto", "finish": "none"}
"""What is wrong is to be mended: what an editor would add takes a photo away from its original."""


def auto(work: Work, _: Path) -> Repaired:
    results = [darkroom.enhance(image, REPAIR) for _, image in work]
    return [(np.asarray(result.image), told(result.report.steps)) for result in results]


def told(steps: Iterable[StepReport | StepCall]) -> str:
    """The steps that were run, as the command line takes them."""
    calls = []
    for step in steps:
        params = ",".join(f"{name}={value}" for name, value in step.params.items())
        calls.append(f"{step.name}:{params}" if params else step.name)
    return " ".join(calls)


def autocontrast(cutoff: float) -> Callable[[Work, Path], Repaired]:
    def repair(work: Work, _: Path) -> Repaired:
        return [(np.asarray(ImageOps.autocontrast(Image.fromarray(image), cutoff=cutoff)), "") for _, image in work]

    return repair


def grey_world_clahe(work: Work, _: Path) -> Repaired:
    """Channels scaled to one mean, then CLAHE on L* at the limit and the tiles of OpenCV's tutorial."""
    clahe = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
    repaired: Repaired = []
    for _condition, image in work:
        means = np.maximum(image.mean(axis=(0, 1)), 1)
        balanced = np.rint(np.clip(image * (means.mean() / means), 0, 255)).astype(np.uint8)
        lab = cv2.cvtColor(balanced, cv2.COLOR_RGB2LAB)
        lab[..., 0] = clahe.apply(np.ascontiguousarray(lab[..., 0]))
        repaired.append((np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)), ""))
    return repaired


def imagemagick(*options: str) -> Callable[[Work, Path], Repaired]:
    def repair(work: Work, folder: Path) -> Repaired:
        """One process for all, by way of PPM files."""
        done = folder / "done"
        done.mkdir()
        for number, (_, image) in enumerate(work):
            Image.fromarray(image).save(folder / f"{number:03}.ppm")
        files = sorted(map(str, folder.glob("*.ppm")))
        subprocess.run([*mogrify(), "-path", str(done), *options, *files], check=True)
        return [(np.asarray(Image.open(path).convert("RGB")), "") for path in sorted(done.iterdir())]

    return repair


@cache
def mogrify() -> list[str]:
    """The command of ImageMagick 7 or 6."""
    if magick := shutil.which("magick"):
        return [magick, "mogrify"]
    if found := shutil.which("mogrify"):
        return [found]
    raise NotHere("ImageMagick is not installed")


@cache
def imagemagick_version() -> str:
    told = subprocess.run([*mogrify(), "-version"], check=True, capture_output=True, text=True).stdout
    return " ".join(told.split()[1:3])


def sharp(work: Work, folder: Path) -> Repaired:
    """One Node.js process for all, by way of raw samples."""
    for number, (_, image) in enumerate(work):
        np.ascontiguousarray(image).tofile(folder / f"{number:03}-{image.shape[1]}x{image.shape[0]}.rgb")
    script = Path(__file__).with_name("sharp_normalise.mjs")
    subprocess.run([str(node()), str(script), str(NODE), str(folder)], check=True)
    done = sorted(folder.glob("*.done"))
    return [(np.fromfile(path, np.uint8).reshape(image.shape), "") for path, (_, image) in zip(done, work, strict=True)]


@cache
def node() -> Path:
    """Node.js, with sharp below NODE: installed there if need be."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise NotHere("Node.js and npm are not installed")
    if not (NODE / "node_modules/sharp").exists():
        NODE.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(NODE), f"sharp@{SHARP}"]
        if (ended := subprocess.run(command, capture_output=True, text=True)).returncode:
            raise NotHere(f"npm could not install sharp: {ended.stderr.strip().splitlines()[-1:]}")
    return Path(program)


def sharp_version() -> str:
    node()
    return SHARP


BY_HAND: dict[str, tuple[str, dict[str, Any]] | None] = {
    "-1.5 EV": ("adjust_color", {"exposure": 1.5}),
    "-2.5 EV": ("adjust_color", {"exposure": 2.5}),
    "+0.8 EV": ("adjust_color", {"exposure": -0.8}),
    "+1.3 EV": ("adjust_color", {"exposure": -1.3}),
    "contrast 0.5": ("stretch_linear", {"in_low": 0.25, "in_high": 0.75}),
    "contrast 0.3": ("stretch_linear", {"in_low": 0.35, "in_high": 0.65}),
    "cast 20 %": ("white_balance", {}),
    "cast 40 %": ("white_balance", {}),
    "noise 15": ("denoise", {"sigma": 15}),
    "noise 25": ("denoise", {"sigma": 25}),
    "blur 1.0": ("deblur", {"sigma": 1.0}),
    "blur 1.8": ("deblur", {"sigma": 1.8}),
    "JPEG 25": ("reduce_jpeg_artifacts", {"quality": 25}),
    "JPEG 12": ("reduce_jpeg_artifacts", {"quality": 12}),
    "specks 2 %": ("remove_salt_pepper", {}),
    "specks 5 %": ("remove_salt_pepper", {}),
    "clean": None,
    "-1 EV, cast 20 %, noise 8": ("adjust_color", {"exposure": 1.0}),
    "-2 EV, cast 30 %, noise 10": ("adjust_color", {"exposure": 2.0}),
}


def by_hand(work: Work, _: Path) -> Repaired:
    """The one step that defect and strength ask for."""
    repaired: Repaired = []
    for condition, image in work:
        if (call := BY_HAND[condition.title]) is None:
            repaired.append((image, ""))
        else:
            repaired.append((darkroom.apply(call[0], image, **call[1]), told([StepCall(*call)])))
    return repaired


def _source(*functions: Callable[..., Any]) -> str:
    return "".join(inspect.getsource(function) for function in functions)


@cache
def library() -> str:
    """A digest of darkroom's own code and models, but for the rooms that stand above the pixels."""
    digest = hashlib.sha256()
    apart = {"__pycache__", *ABOVE}
    files = [
        path for path in LIBRARY.rglob("*") if path.is_file() and apart.isdisjoint(path.relative_to(LIBRARY).parts)
    ]
    for path in sorted([*files, *(ROOT / "models").glob("*/*.onnx")]):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


CONTENDERS = [
    Contender("auto", "darkroom auto", auto, lambda: library() + _source(auto) + repr(REPAIR), general=False),
    Contender(
        "pillow-0", "Pillow autocontrast", autocontrast(0), lambda: f"{PIL.__version__} 0 {_source(autocontrast)}"
    ),
    Contender(
        "pillow-1", "Pillow autocontrast 1 %", autocontrast(1), lambda: f"{PIL.__version__} 1 {_source(autocontrast)}"
    ),
    Contender(
        "opencv",
        "OpenCV grey world, CLAHE",
        grey_world_clahe,
        lambda: f"{cv2.__version__} {_source(grey_world_clahe)}",
    ),
    Contender(
        "im-normalize",
        "ImageMagick normalize",
        imagemagick("-normalize"),
        lambda: f"{imagemagick_version()} {_source(imagemagick)}",
    ),
    Contender(
        "im-auto",
        "ImageMagick auto-level, auto-gamma",
        imagemagick("-auto-level", "-auto-gamma"),
        lambda: f"{imagemagick_version()} {_source(imagemagick)}",
    ),
    Contender(
        "sharp",
        "sharp normalise",
        sharp,
        lambda: sharp_version() + _source(sharp) + Path(__file__).with_name("sharp_normalise.mjs").read_text(),
    ),
    Contender("hand", "one step by hand", by_hand, lambda: library() + _source(by_hand) + repr(BY_HAND), general=False),
]

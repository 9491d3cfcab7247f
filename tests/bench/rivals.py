"""One recipe by darkroom and by what people use instead: `python -m tests.bench.rivals [--megapixels N]… [--get]`.

A JPEG is read, stretched between percentiles, given local contrast (with and without), sharpened by an unsharp mask,
made more colourful, and written as a JPEG of quality 90: by each in a process of its own on one processor. Seconds are
the processor's, without starting and loading; contenders take turns, and the medians are shown as ratios as well.

The work is alike, not the same: OpenCV's saturation is a 3×3 matrix and libvips' one of LCh, where darkroom's is
Oklab's with the gamut kept; Pillow has no local contrast; libvips' (and so sharp's) is a sliding window, which is
dearer than tiles. All JPEGs are baseline and 4:2:0, as the source is.
pyvips and sharp are used where they are installed; ``--get`` fetches them into `build/rivals`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from darkroom import codec
from darkroom.picture import Picture
from tests.bench.photo import photo
from tests.bench.timing import use_one_processor

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "rivals"
PACKAGES = FOLDER / "python"

TURNS, RUNS = 1, 4
"""Processes of each contender, and runs of each process, of which the first warms up."""

SLOW_SECONDS = 5
"""A process does no more runs after these; and who needs them for one run has no further turns."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1"}

CLOCK = """
import json, sys, time
path, local, runs, slow = sys.argv[1], sys.argv[2] == "1", int(sys.argv[3]), float(sys.argv[4])
data = open(path, "rb").read()
def clock(work):
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        size = len(work())
        seconds.append(time.process_time() - started)
        if sum(seconds) > slow:
            break
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps([seconds, size, int(peak.split()[1]) / 1e3]))
"""

DARKROOM = """
from darkroom import codec, pipeline
from darkroom.limits import Limits
limits = Limits(max_pixels=10**9)
from darkroom.recipe import StepCall
calls = [StepCall("stretch_histogram", {"low": 0.2, "high": 99.8})]
calls += [StepCall("equalize_adaptive", {})] if local else []
calls += [StepCall("unsharp_mask", {"radius": 1.2, "amount": 0.6}), StepCall("adjust_color", {"saturation": 0.2})]
clock(lambda: codec.encode(pipeline.run(codec.decode(data, limits=limits), calls)[0], "jpeg", quality=90))
"""

OPENCV = """
import cv2, numpy as np
cv2.setNumThreads(1)
luma = np.array([[0.114, 0.587, 0.299]] * 3)
colorful = 1.2 * np.eye(3) - 0.2 * luma
def work():
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    counts = sum(cv2.calcHist([image], [c], None, [256], [0, 256]).ravel() for c in range(3)).cumsum()
    low, high = np.searchsorted(counts, [counts[-1] * 0.002, counts[-1] * 0.998])
    image = cv2.LUT(image, np.clip((np.arange(256.0) - low) * 255 / (high - low), 0, 255).astype(np.uint8))
    if local:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
        image[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(image[..., 0])
        image = cv2.cvtColor(image, cv2.COLOR_YCrCb2BGR)
    image = cv2.addWeighted(image, 1.6, cv2.GaussianBlur(image, (0, 0), 1.2), -0.6, 0)
    return cv2.imencode(".jpg", cv2.transform(image, colorful), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
clock(work)
"""

PILLOW = """
import io
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
Image.MAX_IMAGE_PIXELS = None
def work():
    image = ImageOps.autocontrast(Image.open(io.BytesIO(data)), 0.2)
    image = ImageEnhance.Color(image.filter(ImageFilter.UnsharpMask(1.2, 60, 0))).enhance(1.2)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()
clock(work)
"""

PYVIPS = """
import pyvips
def work():
    image = pyvips.Image.new_from_buffer(data, "")
    grey = image.colourspace("b-w")
    low, high = grey.percent(0.2), grey.percent(99.8)
    image = (image - low).linear(255 / (high - low), 0).cast("uchar")
    lch = image.colourspace("lch")
    if local:
        lightness = lch[0].linear(2.55, 0).cast("uchar").hist_local(image.width // 8, image.height // 8, max_slope=2)
        lch = (lightness / 2.55).bandjoin(lch[1:])
    lch = (lch * [1, 1.2, 1]).copy(interpretation="lch")
    return lch.colourspace("srgb").sharpen(sigma=1.2).jpegsave_buffer(Q=90)
clock(work)
"""

SHARP = """
const sharp = require("sharp"), fs = require("fs");
const [path, local, runs, slow] = [process.argv[2], process.argv[3] === "1", +process.argv[4], +process.argv[5]];
sharp.concurrency(1);
sharp.cache(false);
const data = fs.readFileSync(path);
async function work() {
  let image = sharp(data), { width, height } = await image.metadata();
  image = image.normalise({ lower: 0.2, upper: 99.8 });
  if (local) image = image.clahe({ width: width >> 3, height: height >> 3, maxSlope: 2 });
  return image.sharpen({ sigma: 1.2 }).modulate({ saturation: 1.2 }).jpeg({ quality: 90 }).toBuffer();
}
(async () => {
  let size, total = 0;
  const seconds = [];
  for (let i = 0; i < runs && total < slow; i++) {
    const before = process.cpuUsage();
    size = (await work()).length;
    const used = process.cpuUsage(before);
    seconds.push((used.user + used.system) / 1e6);
    total += seconds[i];
  }
  console.log(JSON.stringify([seconds, size, process.resourceUsage().maxRSS / 1e3]));
})();
"""

MAGICK = """
import resource, subprocess
used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
command = ["magick", path, "-linear-stretch", "0.2%x0.2%", *(["-clahe", "12.5%x12.5%+128+2"] if local else [])]
command += ["-unsharp", "0x1.2+0.6+0", "-modulate", "100,120", "-quality", "90", "jpeg:-"]
time.process_time = used
clock(lambda: subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
"""

DARKROOM_PROGRESSIVE = DARKROOM.replace("quality=90", "quality=90, progressive=True")

DARKROOM_BY_V3 = "import os\nos.environ['DARKROOM_KERNELS'] = 'x86_64-v3'\n" + DARKROOM

DARKROOM_BY_NUMPY = "import os\nos.environ['DARKROOM_KERNELS'] = 'none'\n" + DARKROOM

CONTENDERS: Mapping[str, str] = {
    "darkroom": DARKROOM,
    "… by AVX2": DARKROOM_BY_V3,
    "… progressive": DARKROOM_PROGRESSIVE,
    "… by NumPy alone": DARKROOM_BY_NUMPY,
    "OpenCV": OPENCV,
    "Pillow": PILLOW,
    "pyvips": PYVIPS,
    "sharp": SHARP,
    "ImageMagick": MAGICK,
}

WITHOUT_LOCAL_CONTRAST = {"Pillow"}

SLIDING = {"pyvips", "sharp"}
"""Their local contrast takes minutes at 12 MP: they have it only where they are named."""


class Figures(NamedTuple):
    """Of a contender: the processor's seconds of a run, megabytes written, and of memory at the peak."""

    seconds: float
    megabytes: float
    memory: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rivals", description="One recipe by several tools.")
    parser.add_argument("--megapixels", type=float, action="append", metavar="N", help="2, 12 and 100 if none is given")
    parser.add_argument("--only", action="append", choices=list(CONTENDERS), metavar="NAME", help="beside OpenCV")
    parser.add_argument("--turns", type=int, default=TURNS, help="processes of each contender")
    parser.add_argument("--get", action="store_true", help="fetch pyvips and sharp from PyPI and npm")
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.get:
        _get()
    there = [name for name in CONTENDERS if _is_there(name)]
    asked = {"OpenCV", *(options.only or there)}
    left_out = WITHOUT_LOCAL_CONTRAST | (SLIDING - set(options.only or ()))
    medians = f"medians of {options.turns * (RUNS - 1)}"
    print(f"JPEG → levels, (local contrast,) unsharp mask, saturation → JPEG; one thread, {medians}")
    print(f"not installed: {', '.join(set(CONTENDERS) - set(there)) or 'nothing'}")
    use_one_processor()
    for megapixels in options.megapixels or (2, 12, 100):
        path = FOLDER / "photo.jpg"
        path.write_bytes(codec.encode(Picture(photo(megapixels)), "jpeg", quality=89))
        for local in (False, True):
            names = [name for name in there if name in asked and not (local and name in left_out)]
            _print(megapixels, local, _measure(names, path, local, options.turns))


def seconds_of_sharp(file: bytes) -> float | None:
    """The processor's seconds of the recipe without local contrast by sharp; None where it is not installed."""
    if not _is_there("sharp"):
        return None
    path = FOLDER / "photo.jpg"
    path.write_bytes(file)
    return _measure(["sharp"], path, local=False, turns=1)["sharp"].seconds


def _measure(names: Sequence[str], path: Path, local: bool, turns: int) -> dict[str, Figures]:
    told: dict[str, list[Figures]] = {name: [] for name in names}
    environment = {**os.environ, **ONE_THREAD, "NODE_PATH": str(FOLDER / "node_modules")}
    environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{PACKAGES}"
    for _ in range(turns):
        for name in names:
            if told[name] and told[name][0].seconds > SLOW_SECONDS:
                continue
            begin = ["node", "-e", SHARP, "-"] if name == "sharp" else [sys.executable, "-c", CLOCK + CONTENDERS[name]]
            command = [*begin, str(path), str(int(local)), str(RUNS), str(SLOW_SECONDS)]
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
            seconds, size, memory = json.loads(done.stdout)
            told[name].append(Figures(statistics.median(seconds[1:] or seconds), size / 1e6, memory))
    return {name: Figures(*map(statistics.median, zip(*each, strict=True))) for name, each in told.items()}


def _print(megapixels: float, local: bool, measured: Mapping[str, Figures]) -> None:
    print(f"\n{megapixels:g} MP, {'with' if local else 'without'} local contrast")
    print(f"{'':<18}{'CPU s':>8}{'× OpenCV':>10}{'MB out':>8}{'peak MB':>9}")
    for name, (seconds, size, memory) in measured.items():
        print(
            f"{name:<18}{seconds:>8.3f}{seconds / measured['OpenCV'][0]:>10.2f}{size:>8.2f}{memory:>9.0f}", flush=True
        )


def _get() -> None:
    """pyvips and sharp, with the libvips that each brings."""
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "pip", "install", "--quiet", "--target", PACKAGES, "pyvips[binary]"], check=True)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", FOLDER, "sharp"], check=True)


def _is_there(name: str) -> bool:
    match name:
        case "sharp":
            return shutil.which("node") is not None and (FOLDER / "node_modules" / "sharp").is_dir()
        case "pyvips":
            return (PACKAGES / "pyvips").is_dir()
        case "… by AVX2":
            return "avx2" in Path("/proc/cpuinfo").read_text("utf-8")
        case "ImageMagick":
            return shutil.which("magick") is not None
    return True


if __name__ == "__main__":
    main()

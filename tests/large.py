"""`make test-large`: a photo of 100 MP through the deployed stack on an embedded AWS, and the memory of each stage.

The workflow runs as deployed, with IAM enforced; only `MaxPixels` is raised. The result is opened and looked at. A
stage's memory is the most that its function's process held, as Linux counts it: 3,008 MB are what it may have.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom import codec
from darkroom.picture import Picture
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.bench.photo import photo
from tests.cloud.cloud import Cloud

FUNCTION_MB = 3008
MOST_PIXELS = 200_000_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.large", description="A large photo through the stack.")
    parser.add_argument("--megapixels", type=float, default=100, metavar="N")
    parser.add_argument("--recipe", default="vivid")
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None
    pixels = photo(options.megapixels)
    file = codec.encode(Picture(pixels), "jpeg", quality=89)
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws.start(Path(folder)) as aws:
        cloud = Cloud(aws, stack.deploy(aws, MaxPixels=str(MOST_PIXELS)))
        cloud.upload("large.jpg", file, recipe=options.recipe)
        job = cloud.job("large.jpg")
        assert job["status"] == "succeeded", job
        peaks = memory(aws)
        manifest = cloud.manifest(job)
        with Image.open(io.BytesIO(cloud.result(job))) as result:
            assert result.size == pixels.shape[1::-1]
            changed = np.abs(np.asarray(result.reduce(16), np.float32) - np.asarray(Image.fromarray(pixels).reduce(16)))
    assert 0.5 < changed.mean() < 40, "not the photo, or not enhanced"
    shape = f"{pixels.shape[1]}x{pixels.shape[0]}"
    print(f"{shape}, a JPEG of {len(file) / 1e6:.1f} MB, recipe {options.recipe}, by the deployed workflow")
    print(f"{'stage':<16}{'seconds':>8}{'MB at the peak':>16}")
    well = True
    for told in manifest["stages"]:
        peak = peaks["classify" if told["stage"] == "diagnose" else told["stage"]]
        well &= peak <= FUNCTION_MB * (1 << 20)
        print(f"{told['stage']:<16}{told['milliseconds'] / 1000:>8.1f}{peak / (1 << 20):>16,.0f}")
    return 0 if well else 1


def memory(aws: EmbeddedAws) -> dict[str, int]:
    """The most bytes that the functions' processes have held, by the function's name for itself."""
    peaks: dict[str, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = dict(
                pair.partition("=")[::2] for pair in (process / "environ").read_text(errors="replace").split("\0")
            )
            stage = environment.get("POWERTOOLS_SERVICE_NAME")
            if stage is None or str(aws.port) not in environment.get(
                "GATEWAY_PORT", environment.get("AWS_ENDPOINT_URL", "")
            ):
                continue
            lines = (process / "status").read_text().splitlines()
        except OSError:  # it has ended
            continue
        held = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
        peaks[stage] = max(peaks.get(stage, 0), held)
    return peaks


if __name__ == "__main__":
    sys.exit(main())

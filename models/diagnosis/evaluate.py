"""Print the diagnosis's figures on photographs that training never saw: Keras file and ONNX file, and that they agree.

With `--picture` the matrix of what is there against what is said is drawn, too. The figures on the defects that the
comparison with other tools uses, at their two strengths, come last.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime
from backend import keras, make_repeatable
from defects import DEFECTS
from photos import load, photo_paths
from picture import draw_matrix
from report import THRESHOLD, decode, report
from samples import compute_features, make_samples
from stated import SINGLE, spoil_photo
from train import TEST_PER_PHOTO

TOLERANCE = 1e-4


class OnnxFile:
    """An `.onnx` file, run by ONNX Runtime: thumbnails and numbers → presence N×12 and strength N×13."""

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, thumbnails: np.ndarray, numbers: np.ndarray) -> list[np.ndarray]:
        return self.session.run(["presence", "strength"], {"thumbnail": thumbnails, "numbers": numbers})


TELLING = {
    "underexposed": 0,
    "overexposed": 0,
    "low contrast": 1,
    "noise": 4,
    "salt and pepper": 5,
    "blur": 6,
    "JPEG artefacts": 10,
}
"""Column of the strength that tells of a defect."""


def report_stated(model: OnnxFile, folder: Path) -> None:
    """Each stated defect on every test photograph: how often it is found, what else is said, how strong."""
    print(f"\n{'spoiled by':<16}{'found':>7}{'others said':>13}{'fine':>7}{'strength, median':>18}")
    photos = [load(path) for path in photo_paths(folder, "test")]
    for title, (defect, spoiler) in SINGLE.items():
        spoiled = [spoil_photo(photo, spoiler) for photo in photos]
        features = [compute_features(photo) for photo in spoiled]
        presence, strength = model(np.stack([f.thumbnail for f in features]), np.stack([f.numbers for f in features]))
        said = presence[:, :-1] >= THRESHOLD
        own = DEFECTS.index(defect) if defect else None
        found = f"{said[:, own].mean():.2f}" if own is not None else ""
        others = (np.delete(said, own, axis=1) if own is not None else said).sum(axis=1).mean()
        told = f"{np.median(decode(strength)[:, TELLING[defect]]):.3g}" if defect in TELLING else ""
        fine = (presence[:, -1] >= THRESHOLD).mean()
        print(f"{title:<16}{found:>7}{others:>13.2f}{fine:>7.2f}{told:>18}")


def time_one(model: OnnxFile, folder: Path) -> None:
    photo = load(photo_paths(folder, "test")[0])
    big = np.tile(photo, (12, 16, 1))
    for pixels in (photo, big):
        times = []
        for _ in range(5):
            started = time.process_time()
            features = compute_features(pixels)
            model(features.thumbnail[None], features.numbers[None])
            times.append(time.process_time() - started)
        print(f"one photo of {pixels.shape[0] * pixels.shape[1] / 1e6:.1f} MP: {1000 * min(times):.0f} ms of one core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the files to compare, without .keras and .onnx")
    parser.add_argument("--photos", type=Path, required=True, help="folder of good photographs")
    parser.add_argument("--cache", type=Path, help="folder to keep the spoiled photographs' features in")
    parser.add_argument("--picture", type=Path, help="where to draw the matrix (PNG)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    make_repeatable(0, arguments.threads)
    test = make_samples(arguments.photos, "test", TEST_PER_PHOTO, arguments.seed, arguments.processes, arguments.cache)
    onnx_file = OnnxFile(arguments.model.with_suffix(".onnx"), arguments.threads)
    by_onnx = onnx_file(test.thumbnails, test.numbers)
    model = keras.models.load_model(arguments.model.with_suffix(".keras"))
    by_keras = model.predict([test.thumbnails, test.numbers], verbose=0)
    report(*by_onnx, test)
    if arguments.picture:
        draw_matrix(by_onnx[0], test.presence, arguments.picture)
    difference = max(float(np.abs(one - other).max()) for one, other in zip(by_keras, by_onnx, strict=True))
    print(f"\nlargest difference between Keras and ONNX on {len(test.numbers)} photos: {difference:.1e}")
    report_stated(onnx_file, arguments.photos)
    time_one(onnx_file, arguments.photos)
    if difference > TOLERANCE * max(float(np.abs(by_keras[1]).max()), 1):
        raise SystemExit(f"Keras and ONNX differ by {difference:.1e}")


if __name__ == "__main__":
    main()

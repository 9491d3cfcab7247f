"""Print the diagnosis's figures on photographs that training never saw: Keras file and ONNX file, and that they agree.

With `--picture` the matrix of what is there against what is said is drawn, too. The figures on the defects that the
comparison with other tools uses, at their stated strengths, come last.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from backend import keras, keras_file, make_repeatable, onnxruntime
from diagnosis.library import DEFECTS, STRENGTHS, cast_degrees, compute_features
from diagnosis.photos import load, measured_paths, photo_paths
from diagnosis.picture import draw_matrix
from diagnosis.report import THRESHOLD, decode, report
from diagnosis.samples import make_samples
from diagnosis.stated import MIXED, SINGLE, spoil_photo
from diagnosis.train import TEST_PER_PHOTO

TOLERANCE = 1e-4


class OnnxFile:
    """An `.onnx` file, run by ONNX Runtime: inputs by name → presence N×12 and strength N×13."""

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return self.session.run(["presence", "strength"], inputs)


def features_of(photos: list[np.ndarray]) -> dict[str, np.ndarray]:
    features = [compute_features(photo) for photo in photos]
    return {name: np.stack([getattr(one, name) for one in features]) for name in ("thumbnail", "chroma", "numbers")}


TELLING = {
    "underexposed": "exposure_ev",
    "overexposed": "exposure_ev",
    "low contrast": "contrast_log2",
    "noise": "noise_sigma_log2",
    "salt and pepper": "impulse_share_log2",
    "blur": "blur_sigma_log2",
    "JPEG artefacts": "jpeg_quality",
}
"""The strength that tells of a defect; a cast is told as the angle of the light."""


def report_stated(model: OnnxFile, folder: Path) -> None:
    """Each stated defect on every test photograph: shares in which it is said, something else is, the photo is fine."""
    print(f"\n{'spoiled by':<28}{'said':>6}{'others said':>13}{'fine':>7}{'strength, median':>18}")
    photos = [load(path) for path in measured_paths(folder, "test")]
    for title, (defect, spoiler) in (
        SINGLE | {title: ("underexposed", mixed) for title, mixed in MIXED.items()}
    ).items():
        presence, strength = model(features_of([spoil_photo(photo, spoiler) for photo in photos]))
        said = presence[:, :-1] >= THRESHOLD
        fine = (presence[:, -1] >= THRESHOLD) & ~said.any(axis=1)
        found, told = "", ""
        if defect:
            found = f"{said[:, DEFECTS.index(defect)].mean():.2f}"
            told = f"{np.median(told_strength(defect, decode(strength))):.3g}"
            said = np.delete(said, DEFECTS.index(defect), axis=1)
        print(f"{title:<28}{found:>6}{said.any(axis=1).mean():>13.2f}{fine.mean():>7.2f}{told:>18}")


def told_strength(defect: str, strength: np.ndarray) -> np.ndarray:
    if defect == "colour cast":
        red, blue = (strength[:, STRENGTHS.index(f"cast_{side}_log2")] for side in ("red", "blue"))
        return np.array([cast_degrees(np.array([r, 1, b])) for r, b in zip(red, blue, strict=True)])
    return strength[:, STRENGTHS.index(TELLING[defect])]


def time_one(model: OnnxFile, folder: Path) -> None:
    photo = load(photo_paths(folder, "test")[0])
    big = np.tile(photo, (12, 16, 1))
    for pixels in (photo, big):
        times = []
        for _ in range(5):
            started = time.process_time()
            model(features_of([pixels]))
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
    trained = keras_file(arguments.model, "diagnosis.train")
    make_repeatable(0, arguments.threads)
    test = make_samples(arguments.photos, "test", TEST_PER_PHOTO, arguments.seed, arguments.processes, arguments.cache)
    onnx_file = OnnxFile(arguments.model.with_suffix(".onnx"), arguments.threads)
    by_onnx = onnx_file(test.inputs())
    model = keras.models.load_model(trained, compile=False)
    by_keras = model.predict(list(test.inputs().values()), verbose=0)
    presence, strength = by_onnx
    report(presence, strength, test)
    if arguments.picture:
        draw_matrix(presence, test.presence, arguments.picture)
    difference = max(float(np.abs(one - other).max()) for one, other in zip(by_keras, by_onnx, strict=True))
    print(f"\nlargest difference between Keras and ONNX on {len(test.numbers)} photos: {difference:.1e}")
    report_stated(onnx_file, arguments.photos)
    time_one(onnx_file, arguments.photos)
    if difference > TOLERANCE * max(float(np.abs(by_keras[1]).max()), 1):
        raise SystemExit(f"Keras and ONNX differ by {difference:.1e}")


if __name__ == "__main__":
    main()

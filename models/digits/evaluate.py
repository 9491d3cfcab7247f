"""Print a digit classifier's figures on MNIST's 10,000 test images: Keras file and ONNX file, and that they agree.

With `--photos` also how often the second answer, `is_digit`, takes for a digit what is none: pieces of the photographs
that training never saw. With `--picture` the confusion matrix is drawn, too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from backend import keras, keras_file, make_repeatable, onnxruntime
from digits.batches import as_input, negative_pools
from digits.data import load_digits
from digits.distort import distort
from digits.measures import confusion_matrix, expected_calibration_error, negative_log_likelihood
from digits.negatives import photo_candidates
from digits.network import answers
from digits.photos import load_photos
from digits.picture import draw_confusion

TOLERANCE = 1e-5
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
DISTORTION_SEED = 2026


class OnnxFile:
    """An `.onnx` file, run by ONNX Runtime: images N×28×28×1 → answers by name."""

    def __init__(self, path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        parts = [self.session.run(self.names, {"image": images[i : i + 500]}) for i in range(0, len(images), 500)]
        return {name: np.concatenate(part) for name, part in zip(self.names, zip(*parts, strict=True), strict=True)}


def report_digits(title: str, probabilities: np.ndarray, labels: np.ndarray) -> None:
    wrong = int((probabilities.argmax(axis=1) != labels).sum())
    print(
        f"{title}: accuracy {100 * (1 - wrong / len(labels)):.2f} % ({wrong} of {len(labels)} wrong), "
        f"loss {negative_log_likelihood(probabilities, labels):.4f}, "
        f"calibration error {expected_calibration_error(probabilities, labels):.4f} "
        f"(mean confidence {100 * probabilities.max(axis=1).mean():.2f} %)"
    )


def report_presence(model: OnnxFile, accepted: dict[str, np.ndarray]) -> None:
    """Share of each kind of image (N×28×28×1) that is taken for a digit, by threshold on `is_digit`."""
    print(f"\nTaken for a digit, % at is_digit ≥ {'':>12}" + "".join(f"{threshold:>8}" for threshold in THRESHOLDS))
    for kind, images in accepted.items():
        score = model(images)["is_digit"][:, 0]
        shares = "".join(f"{100 * (score >= threshold).mean():>8.2f}" for threshold in THRESHOLDS)
        print(f"{kind:<30} {len(images):>8} " + shares)


def report_photos(model: OnnxFile, photos: dict[str, np.ndarray]) -> None:
    """Share of photographs in which at least one candidate is taken for a digit: what a search by this network alone
    would do to them."""
    best = []
    for photo in photos.values():
        candidates = as_input(photo_candidates(photo))
        best.append(float(model(candidates)["is_digit"].max()) if len(candidates) else 0.0)
    shares = ", ".join(f"{100 * np.mean(np.array(best) >= t):.0f} % at {t}" for t in (*THRESHOLDS, 0.999))
    print(f"\nPhotographs ({len(photos)}) with a candidate taken for a digit: {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the files to compare, without .keras and .onnx")
    parser.add_argument("--data", type=Path, help="MNIST as .npz; without it Keras downloads it")
    parser.add_argument("--photos", type=Path, help="folder of photographs without handwriting")
    parser.add_argument("--picture", type=Path, help="where to draw the confusion matrix (PNG)")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    trained = keras_file(arguments.model, "digits.train")
    make_repeatable(0, arguments.threads)
    digits = load_digits(arguments.data)
    onnx_file = OnnxFile(arguments.model.with_suffix(".onnx"), arguments.threads)
    by_onnx = onnx_file(digits.test_images)
    by_keras = answers(keras.models.load_model(trained), digits.test_images)
    report_digits("Keras", by_keras["probabilities"], digits.test_labels)
    report_digits("ONNX ", by_onnx["probabilities"], digits.test_labels)
    difference = max(float(np.abs(by_keras[name] - by_onnx[name]).max()) for name in onnx_file.names)
    print(f"largest difference between the two on {len(digits.test_labels)} images: {difference:.1e}")
    if difference > TOLERANCE:
        raise SystemExit(f"Keras and ONNX differ by {difference:.1e}, more than {TOLERANCE:.0e}")

    distorted = distort(digits.test_images, DISTORTION_SEED)
    report_digits("ONNX, strongly distorted", onnx_file(distorted)["probabilities"], digits.test_labels)
    matrix = confusion_matrix(by_onnx["probabilities"], digits.test_labels)
    print("\nConfusion matrix (row: true digit, column: answer)")
    print("\n".join("".join(f"{count:>6}" for count in row) for row in matrix))
    if arguments.picture:
        draw_confusion(matrix, arguments.picture)
    if arguments.photos and "is_digit" in onnx_file.names:
        pools = negative_pools(digits.test_images, arguments.photos, "test", seed=0)
        images = {"test digits": digits.test_images, "test digits, distorted": distorted}
        report_photos(onnx_file, load_photos(arguments.photos, "test"))
        report_presence(onnx_file, images | {f"not digits: {kind}": as_input(pool) for kind, pool in pools.items()})


if __name__ == "__main__":
    main()

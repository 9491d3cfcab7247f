"""The figures of a diagnosis against the truth: labels one by one, strengths one by one."""

from __future__ import annotations

import numpy as np
from diagnosis.library import DEFECTS, STRENGTHS
from diagnosis.network import LOGARITHMIC
from diagnosis.samples import Samples

THRESHOLD = 0.5


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative (Mann & Whitney 1947)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    many = int(positive.sum())
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * (len(scores) - many)))


def decode(strength: np.ndarray) -> np.ndarray:
    """The network's strengths in their own units, N×S."""
    decoded = strength.copy()
    decoded[:, LOGARITHMIC] = np.exp2(decoded[:, LOGARITHMIC])
    return decoded


def report_labels(probabilities: np.ndarray, presence: np.ndarray) -> float:
    """Print precision, recall and AUC of each label, and return the mean AUC over the defects.

    Positive is what is plainly visible, negative what is absent or invisible; what is in doubt does not count.
    """
    truth = np.concatenate([presence, np.prod(1 - presence, axis=1, keepdims=True)], axis=1)
    print(f"{'label':<18}{'positive':>9}{'negative':>9}{'precision':>11}{'recall':>8}{'AUC':>8}")
    areas = []
    for column, name in enumerate((*DEFECTS, "fine as it is")):
        sure = (truth[:, column] == 0) | (truth[:, column] == 1)
        positive, score = truth[sure, column] == 1, probabilities[sure, column]
        said = score >= THRESHOLD
        hits = (said & positive).sum()
        areas.append(auc(score, positive))
        print(
            f"{name:<18}{positive.sum():>9}{(~positive).sum():>9}{hits / max(said.sum(), 1):>11.3f}"
            f"{hits / max(positive.sum(), 1):>8.3f}{areas[-1]:>8.4f}"
        )
    mean = float(np.mean(areas[: len(DEFECTS)]))
    print(f'mean AUC over the {len(DEFECTS)} defects: {mean:.4f}; with "fine as it is": {np.mean(areas):.4f}')
    return mean


Errors = dict[str, tuple[np.ndarray, str]]


def strength_errors(strength: np.ndarray, targets: np.ndarray, presence: np.ndarray) -> Errors:
    """Errors of each strength on photos that plainly have the defect, and their unit."""
    answer, column = decode(strength), STRENGTHS.index
    plain = {name: presence[:, DEFECTS.index(name)] == 1 for name in DEFECTS}
    either = plain["underexposed"] | plain["overexposed"]

    def absolute(name: str, mask: np.ndarray) -> np.ndarray:
        return np.abs(answer[mask, column(name)] - targets[mask, column(name)])

    def relative(name: str, mask: np.ndarray) -> np.ndarray:
        return absolute(name, mask) / targets[mask, column(name)] * 100

    def light(values: np.ndarray) -> np.ndarray:
        ratios = values[:, [column("cast_red_log2"), column("cast_blue_log2")]]
        return np.insert(ratios, 1, 1, axis=1)

    true, found = light(targets[plain["colour cast"]]), light(answer[plain["colour cast"]])
    cosine = (true * found).sum(axis=1) / np.linalg.norm(true, axis=1) / np.linalg.norm(found, axis=1)
    moved = plain["motion blur"]
    angle, true_angle = (
        np.degrees(np.arctan2(v[moved, column("motion_sin")], v[moved, column("motion_cos")])) / 2
        for v in (answer, targets)
    )
    return {
        "exposure": (absolute("exposure_ev", either), "EV"),
        "exposure, under": (absolute("exposure_ev", plain["underexposed"]), "EV"),
        "exposure, over": (absolute("exposure_ev", plain["overexposed"]), "EV"),
        "contrast factor": (absolute("contrast_log2", plain["low contrast"]), ""),
        "colour cast": (np.degrees(np.arccos(np.minimum(cosine, 1))), "°"),
        "noise sigma": (relative("noise_sigma_log2", plain["noise"]), "%"),
        "impulse share": (relative("impulse_share_log2", plain["salt and pepper"]), "%"),
        "blur sigma": (absolute("blur_sigma_log2", plain["blur"]), "px"),
        "motion length": (absolute("motion_length_log2", moved), "px"),
        "motion angle": (np.abs((angle - true_angle + 90) % 180 - 90), "°"),
        "JPEG quality": (absolute("jpeg_quality", plain["JPEG artefacts"]), ""),
        "haze": (absolute("haze", plain["haze"]), ""),
        "backlight": (absolute("backlight_ev", plain["backlight"]), "EV"),
    }


def report(probabilities: np.ndarray, strength: np.ndarray, samples: Samples) -> float:
    """Print all figures; the mean AUC over the defects."""
    mean = report_labels(probabilities, samples.presence)
    print(f"\n{'error of strength':<18}{'photos':>8}{'median':>9}{'mean':>9}")
    for name, (errors, unit) in strength_errors(strength, samples.targets, samples.presence).items():
        print(f"{name:<18}{len(errors):>8}{np.median(errors):>9.3g}{np.mean(errors):>9.3g} {unit}")
    return mean

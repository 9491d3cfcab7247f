"""The filter that suits the picture."""

from __future__ import annotations

import math
from typing import Annotated, Any

import cv2
import numpy as np

from darkroom.algorithms.smoothing import median
from darkroom.estimates.filter_choice import MEASURING_MS, Candidate, candidates, squared_errors, take_samples, trial_ms
from darkroom.estimates.noise import NoiseEstimate, estimate_noise
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Reported, step, to_float

LEAST_GAIN_DB = 0.1
"""What a filter must promise to be worth it: every filter takes some of the picture with the noise."""

LEAST_IMPULSES = 0.001
"""Share of samples that are impulses, from which on they are the picture's first fault."""

LEAST_IMPULSE = 0.15
"""Difference from each neighbour, in 0–1."""

NEIGHBOURS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)

MEDIAN_OF_NORMAL = 0.6745
"""Median absolute value of a normal distribution of deviation 1."""

IMPULSE_REMOVERS = (Candidate("remove_salt_pepper", {}, 70.0), Candidate("median_blur", {"size": 3}, 6.0))


class AutoFilter(Params, frozen=True):
    budget_ms: Annotated[
        float,
        param("what choosing and filtering together may take on one core, as predicted", ge=0, le=600_000, unit="ms"),
    ] = 10_000.0
    output_scale: Annotated[
        float, param("scale at which the result will be seen; a reduction averages noise by itself", ge=0.05, le=1)
    ] = 1.0
    strength: Strength = 1.0

    neutral = {"budget_ms": 0.0}
    scene = "noisy"


@step(
    "auto_filter",
    stage="filter",
    params=AutoFilter,
    on="native",
    discontinuous="a choice: rounding may tip it from one filter to another that promises as much",
)
def auto_filter(image: Array, params: AutoFilter) -> Reported:
    """The filter that suits the picture.

    Measures noise (by octave, luminance and chroma apart), impulses and detail, and predicts for each of a table of
    filters, from nothing to `denoise`, in several sizes and shapes, its time at this picture's size and its error
    against the clean picture: by Stein's unbiased risk estimate, on six pieces of the picture. Takes the one with the
    least error whose time lies within `budget_ms`, trials included; none if none promises 0.1 dB. Impulses, if there
    are any to speak of, go first. Times are those of a table, not of a clock, so the choice is the same on any machine.

    The report names the choice, why, and the predicted trade: milliseconds and PSNR for each filter, and those that the
    budget ruled out.

    Source: Ramani, Blu and Unser, "Monte-Carlo SURE: a black-box optimization of regularization parameters for general
    denoising algorithms", 2008.
    """
    samples = take_samples(image)
    density = _impulse_density(samples)
    details: dict[str, Any] = {"impulse_density": round(density, 4), "budget_ms": params.budget_ms}
    left_ms = params.budget_ms - MEASURING_MS
    if left_ms < 0:
        return _nothing(image, details, "the budget does not even allow to measure noise")
    if density >= LEAST_IMPULSES:
        for remover in IMPULSE_REMOVERS:
            if remover.cost_ms(image.shape) <= left_ms:
                cost = MEASURING_MS + remover.cost_ms(image.shape)
                return _run(image, remover, details | {"predicted_ms": round(cost)}, "impulses go first")
        return _nothing(image, details, "impulses, and no filter for them is within the budget")
    noise = estimate_noise(image)
    details |= {"noise": noise.to_dict(), "detail": round(_detail(samples, noise), 2)}
    if noise.luminance_sigma == 0 and noise.chroma_sigma == 0:
        return _nothing(image, details, "no noise was measured")
    return _best(image, samples, noise, params, details)


def _best(
    image: Array, samples: list[Array], noise: NoiseEstimate, params: AutoFilter, details: dict[str, Any]
) -> Reported:
    spent = MEASURING_MS
    tried: list[Candidate] = []
    table: list[dict[str, Any]] = []
    every = candidates(noise)
    for candidate in every:
        trial, cost = trial_ms(candidate, samples), candidate.cost_ms(image.shape)
        if spent + trial + cost <= params.budget_ms:
            tried.append(candidate)
            spent += trial
    if not tried:
        return _nothing(image, details, "no filter is within the budget")
    as_it_is, errors = squared_errors(samples, noise, tried, params.output_scale)
    # A candidate that fitted when it was tried may not fit after the trials that followed.
    fitting = [index for index, one in enumerate(tried) if spent + one.cost_ms(image.shape) <= params.budget_ms]
    for candidate in every:
        row = _describe(candidate) | {"predicted_ms": round(spent + candidate.cost_ms(image.shape))}
        if candidate in tried:
            row["predicted_psnr"] = _psnr(errors[tried.index(candidate)])
        row["within_budget"] = candidate in tried and tried.index(candidate) in fitting
        table.append(row)
    details |= {"psnr_as_it_is": _psnr(as_it_is), "candidates": table}
    best = min(fitting, key=errors.__getitem__, default=None)
    if best is None or _psnr(errors[best]) < _psnr(as_it_is) + LEAST_GAIN_DB:
        return _nothing(image, details, f"no filter promises {LEAST_GAIN_DB:g} dB")
    gain = _psnr(errors[best]) - _psnr(as_it_is)
    details |= {"predicted_ms": round(spent + tried[best].cost_ms(image.shape)), "predicted_gain_db": round(gain, 2)}
    return _run(image, tried[best], details, "the least predicted error within the budget")


def _run(image: Array, chosen: Candidate, details: dict[str, Any], reason: str) -> Reported:
    result = chosen.step(image, chosen.params).image
    return Reported(result, {"chosen": _describe(chosen), "reason": reason} | details)


def _nothing(image: Array, details: dict[str, Any], reason: str) -> Reported:
    return Reported(image, {"chosen": None, "reason": reason} | details)


def _describe(candidate: Candidate) -> dict[str, Any]:
    return {"step": candidate.name, "params": dict(candidate.values)}


def _psnr(error: float) -> float:
    """In dB; errors below a tenth of an 8-bit level, where the estimate may even be negative, count as that."""
    return round(-10 * math.log10(max(error, (0.1 / 255) ** 2)), 2)


def _impulse_density(samples: list[Array]) -> float:
    """Share of values at black or white that differ from all their neighbours, and far more so than noise does.

    Of impulses that are as dense as 30 % a twentieth has none beside it, which is still enough to notice them.
    """
    shares = []
    for sample in samples:
        given = to_float(sample)
        away = np.abs(given - median(given, 3))
        spread = float(np.median(away)) / MEDIAN_OF_NORMAL
        salt = (given == 1) & (cv2.dilate(given, NEIGHBOURS) < 1 - LEAST_IMPULSE)
        pepper = (given == 0) & (cv2.erode(given, NEIGHBOURS) > LEAST_IMPULSE)
        shares.append(float(((salt | pepper) & (away > 6 * spread)).mean()))
    return float(np.mean(shares))


def _detail(samples: list[Array], noise: NoiseEstimate) -> float:
    """Deviation of what is finer than some 5 px, without the noise's share, in levels of 255."""
    powers = []
    for sample in samples:
        plane = to_float(sample) if sample.ndim == 2 else to_float(sample).mean(axis=2)
        powers.append(float(np.square(plane - cv2.blur(plane, (5, 5), borderType=cv2.BORDER_REFLECT)).mean()))
    channels = 1 if samples[0].ndim == 2 else 3
    return math.sqrt(max(float(np.mean(powers)) * 255**2 - noise.luminance_sigma**2 / channels, 0.0))

"""The last look at what `auto` did: is it better than what came in, and if not, how much of it may stay?

Imports neither OpenCV nor, until a picture is looked at, ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from darkroom import blending
from darkroom.defects import KINDS
from darkroom.diagnosis.network import diagnose
from darkroom.picture import Array, Picture
from darkroom.report import Defect, Diagnosis, Review
from darkroom.srgb import LUMA_WEIGHTS, highest, lowest
from darkroom.step import bands, from_float, max_level, to_float

SHARES = (100, 85, 50)
"""Percent of the result over the original that are tried, in this order; then the original is given back."""

LEAST_GAIN = 0.1
"""By how much what is wrong must fall, in defects."""

MOST_TORN = 4.5
"""Times that soft steps in highlights may become as high as they were."""

SOFT_FROM, SOFT_LEVELS, SOFT_PERCENTILE, LEAST_SOFT = 0.78, 3 / 255, 99.5, 200
"""Soft steps: between neighbours that differ by at most so much above this luma; this percentile of them is looked at,
and fewer say nothing."""

RESTORED = ("blur", "motion blur", "noise", "salt and pepper", "JPEG artefacts")
"""Defects whose treatment makes other single steps, on purpose."""

MORE_LIGHT, LEAST_OFF = {"underexposed": 1, "backlight": 1, "overexposed": -1}, 0.05
"""Defects of light, and which way mean luma should go then; and how far, by what the photo shows, for that to tell what
became of them: behind a subject that is lightened it stays as light as it was."""

MOST_LOST = 0.05
"""Share of the pixels whose differences may be lost to black or white."""

LOST_LEVELS = 4 / 255
"""Pixels that all become white, or black, have lost something where they differed by more."""

MOST_PALED = 0.07
"""Share of the pixels whose light, strong colours a finish alone may make paler; from there on they are kept."""

LIGHT, STRONG, PALER = 0.5, 0.5, 0.05
"""Luma and saturation from which a colour is light and strong, and by how much less saturation it is paler: what is
made lighter at the edge of what can be shown has nothing left but to pale."""

LIGHTER_FROM, STRONGER_FROM = 0.25, 0.2
"""Luma and saturation from which on a colour is kept in part, up to where it is light and strong, if such are kept."""

SAMPLED_PIXELS = 1 << 20


def review(original: Picture, enhanced: Picture, before: Diagnosis, treated: Collection[str]) -> tuple[Picture, Review]:
    """The enhanced picture, or less of it, or the original: the first that is better than what came in.

    before: the diagnosis of the original. treated: the defects that something was done about, and "finish". The result
    is judged by how it looks: what gains left in its histogram is darkroom's own doing. Where what was treated is none
    of what the diagnosis found, it cannot tell, and the pixels alone do: whether differences were lost, or soft
    highlights torn. Where a finish alone pales light, strong colours, they stay as they were, whatever its share.
    """
    at_first = sum(defect.probability for defect in before.defects)
    restored = any(name in treated for name in RESTORED)
    told = any(name in treated and before[name].present for name in KINDS)
    kept_as = ""
    seen = original.shown()
    if set(treated) == {"finish"} and paled(seen, enhanced.shown()) > MOST_PALED:
        enhanced = enhanced.with_pixels(with_strong_colors(original.pixels, enhanced.pixels))
        kept_as = "; light, strong colours stay as they were"
    for share in SHARES:
        candidate = blending.blend(original, enhanced, share)
        shown = candidate.shown()
        after = diagnose(shown, traces=False)
        left = what_is_wrong(after, before, treated)
        lost = newly_lost(seen, shown)
        steeper = 0.0 if restored else torn(seen, shown)
        kept = lost <= MOST_LOST and steeper <= MOST_TORN
        if kept and (not told or left <= at_first - LEAST_GAIN):
            why = f"what is wrong fell from {at_first:.1f} to {left:.1f} defects"
            if not told:
                why = f"no differences were lost ({lost:.1%} of the pixels), no highlights torn, no colours paled"
            why = why if share == 100 else f"{why} with {share}% of the change"
            return candidate, Review(share, f"{why}{kept_as}", after)
    why = f"what is wrong would not fall: from {at_first:.1f} to {left:.1f} defects"
    if lost > MOST_LOST:
        why = f"{lost:.0%} of the pixels would lose their differences to black or white"
    elif steeper > MOST_TORN:
        why = f"soft highlights would be torn: their steps become {steeper:.1f} times as high"
    return original, Review(0, f"{why}; the photo is given back", before)


def what_is_wrong(after: Diagnosis, before: Diagnosis, treated: Collection[str]) -> float:
    """The sum of all defects' probabilities; of one that was treated, as far as it is not weaker than before: by its
    own strength, or, of light, by how much more or less of it the photo should have by what it shows."""
    total = 0.0
    for defect in after.defects:
        if defect.name in treated:
            weaker = _severity(defect) / max(_severity(before[defect.name]), 1e-6)
            total += defect.probability * min(weaker, _light_left(defect.name, after, before), 1.0)
        elif not any(name in treated for name in KINDS[defect.name].shown_by):
            total += defect.probability
    return total


def _light_left(name: str, after: Diagnosis, before: Diagnosis) -> float:
    """How much of what the light was off by what the photo shows is left, 1 for all; for other defects, too."""
    if name not in MORE_LIGHT or MORE_LIGHT[name] * before.brighter < LEAST_OFF:
        return 1.0
    return abs(after.brighter / before.brighter)


def _severity(defect: Defect) -> float:
    """Its strength, counted so that more is worse."""
    whole = KINDS[defect.name].full_scale
    return defect.strength if whole is None else whole - defect.strength


def torn(before: Array, after: Array) -> float:
    """By how many times soft steps between neighbours in highlights are steepened; of two equal shapes."""
    if before.shape != after.shape:
        return 0.0
    rows = max(before.shape[0] * before.shape[1] // SAMPLED_PIXELS, 1)
    old, new = (luma_of(pixels[::rows]) for pixels in (before, after))
    step, becomes = np.abs(np.diff(old, axis=1)), np.abs(np.diff(new, axis=1))
    soft = (step > 0.9 / 255) & (step <= SOFT_LEVELS + 1e-4) & (old[:, :-1] > SOFT_FROM)
    if np.count_nonzero(soft) < LEAST_SOFT:
        return 0.0
    return float(np.percentile(becomes[soft] / step[soft], SOFT_PERCENTILE))


def luma_of(pixels: Array) -> Array:
    levels = pixels.astype(np.float32) / np.float32(max_level(pixels.dtype))
    return levels if levels.ndim == 2 else levels @ LUMA_WEIGHTS


def paled(before: Array, after: Array) -> float:
    """The share of pixels whose light, strong colours became paler; of two equal shapes."""
    if before.shape != after.shape or before.ndim == 2:
        return 0.0
    old, new = _sampled(before), _sampled(after)
    strong = luma_of(old[None])[0] > LIGHT
    old, new = old[strong], new[strong]
    saturation = _saturation(old)
    return float(
        np.count_nonzero((saturation > STRONG) & (saturation - _saturation(new) > PALER)) / max(len(strong), 1)
    )


def with_strong_colors(before: Array, after: Array) -> Array:
    """`after` with light, strong colours as they were before; of two equal shapes, HxWx3. By each pixel's own colour,
    and smoothly, so that no border shows."""
    result = np.empty_like(after)
    for rows, _, _ in bands(after.shape, 0):
        old = to_float(before[rows])
        kept = _passed(luma_of(old), LIGHTER_FROM, LIGHT) * _passed(_saturation(old), STRONGER_FROM, STRONG)
        new = to_float(after[rows])
        result[rows] = from_float(new + kept[..., None] * (old - new), result.dtype)
    return result


def _passed(values: Array, low: float, high: float) -> Array:
    """How far values have come from `low` to `high`, in 0-1, smoothly."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _saturation(pixels: Array) -> Array:
    """Of HSV, of Nx3 pixels of any dtype."""
    lightest, darkest = highest(pixels).astype(np.float32), lowest(pixels).astype(np.float32)
    return 1 - darkest / np.maximum(lightest, np.float32(1e-6))


def _sampled(pixels: Array) -> Array:
    """Evenly spread pixels, NxC."""
    stride = max(int(np.sqrt(pixels.shape[0] * pixels.shape[1] / SAMPLED_PIXELS)), 1)
    return pixels[::stride, ::stride].reshape(-1, pixels.shape[2] if pixels.ndim == 3 else 1)


def newly_lost(before: Array, after: Array) -> float:
    """The share of pixels that became black or white in a channel and differed in it before; of two equal shapes."""
    if before.shape != after.shape:
        return 0.0
    white = max_level(after.dtype)
    old, new = _sampled(before), _sampled(after)
    lost = np.zeros(len(new), np.bool_)
    for channel in range(new.shape[1]):
        for end in (0, white):
            there = new[:, channel] == end
            if there.any():
                levels = old[there, channel].astype(np.float32)
                lost[there] |= np.abs(levels - np.median(levels)) > LOST_LEVELS * white
    return float(lost.mean())

"""Scratches and spots found in a picture: thin lines and small blots of one tone that do not belong to it."""

from __future__ import annotations

import cv2
import numpy as np

from darkroom.picture import Array

ORIENTATIONS = 16
LENGTH = 21
"""Shortest piece of a scratch, px, that is told from texture. Short enough to be straight in a bent one."""

MIN_EXTENT = 40
"""A scratch is at least this long in all, px."""

UNEVENNESS, OF_CRACKS = 3, 200
"""Levels of 255 by which the tone may vary along a piece, and by how many more for each 1 of sensitivity above 0.5:
bare paper has grain and dirt, and a crack's width changes; but so do twigs and strings."""

EXTREME = 0.8
"""A light scratch is lighter, a dark one darker than this share of the picture: it bares the paper or lets no light
through."""

EXTREME_ENOUGH = 205
"""Where most of the picture is as light (or, inverted, as dark) as a scratch, this many levels of 255 will do."""

OVER_TEXTURE, FOLLOWED_OVER_TEXTURE = 3.75, 2.0
"""Times the mean contrast around it that a scratch must have, somewhere and everywhere."""

SPOT_OVER_TEXTURE = 8.0
SURROUNDINGS = 41
"""Side, px, of the window in which mean contrast is taken."""

NEAR = np.ones((3, 3), np.uint8)


def find_damage(levels: Array, width: int, sensitivity: float, *, spots: bool, scratches: bool = True) -> Array:
    """Where there is damage: HxW uint8, 1 or 0, of luma (HxW uint8).

    width: of the widest, px. sensitivity: 0–1; how little contrast is enough. spots, scratches: what to look for.

    A scratch is lighter or darker than both its sides (top-hat and black-hat by a square wider than it), all along a
    straight piece (erosion by line segments at 16 orientations, as in Soille and Talbot, "Directional Morphological
    Filtering", 2001), far more than is usual around it, and of one extreme tone, for what lies bare is paper or base
    and not the picture: that tells it from twigs, hair and weave, which are as thin but shaded. From such pieces it is
    followed while contrast lasts. A spot is as extreme and stands out more, but is small and compact.

    Takes 16 bytes per pixel.
    """
    square = np.ones((((width + 3) | 1),) * 2, np.uint8)
    damage = np.zeros_like(levels)
    least = round(72 - 64 * sensitivity)
    unevenness = round(UNEVENNESS + OF_CRACKS * max(sensitivity - 0.5, 0))
    for operation, lightness in ((cv2.MORPH_TOPHAT, levels), (cv2.MORPH_BLACKHAT, 255 - levels)):
        contrast = cv2.morphologyEx(levels, operation, square)
        texture = cv2.blur(contrast, (SURROUNDINGS, SURROUNDINGS))
        extreme = min(int(np.quantile(lightness, EXTREME)), EXTREME_ENOUGH)
        if scratches:
            damage |= _scratches(contrast, texture, lightness, extreme, least, unevenness)
        if spots:
            damage |= _spots(contrast, texture, lightness, extreme, least, width)
    return damage


def _scratches(contrast: Array, texture: Array, lightness: Array, extreme: int, least: int, unevenness: int) -> Array:
    # A line one pixel wide seldom runs along a drawn segment exactly: its neighbours stand in for it.
    wide_contrast, wide_lightness = cv2.dilate(contrast, NEAR), cv2.dilate(lightness, NEAR)
    sure = np.maximum(_times(texture, OVER_TEXTURE), least)
    likely = np.maximum(_times(texture, FOLLOWED_OVER_TEXTURE), least // 2)
    strongest, followed = np.zeros_like(contrast), np.zeros_like(contrast)
    for k in range(ORIENTATIONS):
        segment = _segment(np.pi * k / ORIENTATIONS)
        weakest, darkest = cv2.erode(wide_contrast, segment), cv2.erode(wide_lightness, segment)
        one_tone = (cv2.dilate(wide_lightness, segment) - darkest <= unevenness) & (darkest >= extreme)
        weakest[~one_tone | (weakest < likely)] = 0
        np.maximum(followed, cv2.dilate(weakest, segment), out=followed)
        weakest[weakest < sure] = 0
        np.maximum(strongest, cv2.dilate(weakest, segment), out=strongest)
    certain = _standing_out(contrast, strongest, least // 2)
    candidates = _standing_out(contrast, followed, least // 2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    extent = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    certain_area = np.bincount(np.asarray(labels[certain > 0], np.int64), minlength=count)
    return _selected(labels, (certain_area >= 0.3 * area) & (extent >= MIN_EXTENT))


def _spots(contrast: Array, texture: Array, lightness: Array, extreme: int, least: int, width: int) -> Array:
    needed = np.maximum(_times(texture, SPOT_OVER_TEXTURE), 2 * least)
    candidates = ((contrast >= needed) & (lightness >= extreme)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    sides = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    compact = (np.maximum(*sides) <= 2 * np.minimum(*sides) + 1) & (area >= 0.5 * sides[0] * sides[1])
    return _selected(labels, compact & (np.maximum(*sides) <= 2 * width + 1))


def _standing_out(contrast: Array, along: Array, least: int) -> Array:
    """What lies along found pieces and stands out at least half as much as they do."""
    along = cv2.dilate(along, NEAR)
    return ((along > 0) & (contrast >= np.maximum(along // 2, least))).astype(np.uint8)


def _times(levels: Array, factor: float) -> Array:
    """Rounded and clipped to uint8."""
    return np.asarray(cv2.convertScaleAbs(levels, alpha=factor))


def _selected(labels: Array, chosen: Array) -> Array:
    """HxW uint8: 1 in the components that are chosen, whose first is the background."""
    chosen = chosen.astype(np.uint8)
    chosen[0] = 0
    result: Array = chosen[labels]
    return result


def _segment(angle: float) -> Array:
    """A line of `LENGTH` px through the middle of a kernel."""
    kernel = np.zeros((LENGTH, LENGTH), np.uint8)
    half = LENGTH // 2
    dx, dy = round(np.cos(angle) * half), round(np.sin(angle) * half)
    cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1)
    return kernel

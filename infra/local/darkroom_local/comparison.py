"""Before and after, side by side, each over its histogram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkroom.picture import Array

PAPER, INK, QUIET = "#ffffff", "#1d1d1f", "#8a8a8e"
CHANNELS = {"#e5484d": 0, "#30a46c": 1, "#3e63dd": 2}
PANEL_INCHES = 5.0
HISTOGRAM_INCHES = 1.3
TITLE_INCHES = 0.42
CAPTION_INCHES = 0.55
MARGIN_INCHES = 0.25
DPI = 160


def draw(before: Array, after: Array, caption: str, path: Path) -> None:
    """Write a PNG of two HxWx3 (or HxW) ``uint8`` pictures with their histograms, and a caption beneath."""
    pictures = [_rgb(picture) for picture in (before, after)]
    aspect = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    # Tall pictures are kept as high as a panel is wide.
    width = PANEL_INCHES * min(1.0, 1.0 / aspect)
    height = width * aspect
    total_width = 2 * width + 3 * MARGIN_INCHES
    total_height = TITLE_INCHES + height + HISTOGRAM_INCHES + CAPTION_INCHES + MARGIN_INCHES
    figure = Figure(figsize=(total_width, total_height), dpi=DPI, facecolor=PAPER)
    counts = [_counts(picture) for picture in pictures]
    # Clipped values pile up at the ends: they may leave the picture, lest they flatten all the rest.
    ceiling = max(np.percentile(count, 99.5) for count in counts) * 1.1
    for column, (title, picture, count) in enumerate(zip(("Before", "After"), pictures, counts, strict=True)):
        left = (MARGIN_INCHES + column * (width + MARGIN_INCHES)) / total_width
        box = (left, 1 - (TITLE_INCHES + height) / total_height, width / total_width, height / total_height)
        axes = figure.add_axes(box)
        axes.imshow(picture, interpolation="lanczos")
        axes.axis("off")
        figure.text(left, 1 - 0.28 / total_height, title, size=11, weight="bold", color=INK, va="baseline")
        bottom = CAPTION_INCHES / total_height
        below = figure.add_axes((left, bottom, width / total_width, HISTOGRAM_INCHES / total_height))
        _histogram(below, count, ceiling)
    figure.text(MARGIN_INCHES / total_width, 0.22 / total_height, caption, size=8, color=QUIET, va="baseline")
    figure.savefig(path)


def _histogram(axes: Axes, counts: Array, ceiling: float) -> None:
    levels = np.arange(256)
    for colour, channel in CHANNELS.items():
        axes.fill_between(levels, counts[channel], color=colour, alpha=0.22, linewidth=0)
        axes.plot(levels, counts[channel], color=colour, linewidth=0.9)
    axes.set(xlim=(0, 255), ylim=(0, ceiling), yticks=[], xticks=[0, 64, 128, 192, 255])
    axes.tick_params(length=2, labelsize=6.5, colors=QUIET, width=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set(color=QUIET, linewidth=0.6)


def _counts(picture: Array) -> Array:
    """Share of the pixels at each of the 256 levels, a row for each channel."""
    return np.stack([np.bincount(picture[..., c].ravel(), minlength=256) for c in range(3)]) / picture[..., 0].size


def _rgb(picture: Array) -> Array:
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture

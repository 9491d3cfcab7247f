"""Plots as SVG within a page: no script, no font and no file of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, BINS = 640, 180, 32
LEFT, BOTTOM = 44, 24
ROW, LABEL = 20, 220


def histogram(values: Sequence[float], unit: str) -> str:
    """How values that are at least 0 are spread, with their median and 95th percentile. Nothing for fewer than two."""
    if len(values) < 2:
        return ""
    ordered = sorted(values)
    top = ordered[-1] or 1.0
    counts = [0] * BINS
    for value in ordered:
        counts[min(BINS - 1, int(value / top * BINS))] += 1
    most = max(counts)
    wide, high = (WIDTH - LEFT) / BINS, HEIGHT - BOTTOM
    bars = "".join(
        f'<rect x="{LEFT + index * wide:.1f}" y="{high * (1 - count / most):.1f}" width="{wide - 1:.1f}" '
        f'height="{high * count / most:.1f}"/>'
        for index, count in enumerate(counts)
        if count
    )
    said = f"median {_short(_quantile(ordered, 0.5))}, 95 % below {_short(_quantile(ordered, 0.95))} {unit}"
    texts = (
        f'<text x="{LEFT}" y="{HEIGHT - 8}">0</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 8}" text-anchor="end">{_short(top)} {escape(unit)}</text>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(said)}</text>'
        f'<text x="{LEFT - 4}" y="12" text-anchor="end">{most:,}</text>'
    )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">{bars}{texts}</svg>'


def bars(counts: Sequence[tuple[str, int]]) -> str:
    """Counts by name, in their order. Nothing for none."""
    if not counts:
        return ""
    most, room = max(count for _, count in counts), WIDTH - LABEL - 60
    rows = "".join(
        f'<text x="{LABEL - 6}" y="{index * ROW + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{LABEL}" y="{index * ROW + 3}" width="{room * count / most:.1f}" height="{ROW - 6}"/>'
        f'<text x="{LABEL + room * count / most + 5:.1f}" y="{index * ROW + 14}">{count:,}</text>'
        for index, (name, count) in enumerate(counts)
    )
    return f'<svg viewBox="0 0 {WIDTH} {len(counts) * ROW}" role="img" aria-label="counts">{rows}</svg>'


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"

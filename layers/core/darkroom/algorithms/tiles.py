"""Wide bands in tiles, for steps whose many planes would otherwise not fit into the memory they may take."""

from __future__ import annotations

from collections.abc import Iterator


def column_tiles(width: int, tile: int, halo: int) -> Iterator[tuple[slice, slice, slice]]:
    """Slices of columns: those to fill, those to read (with `halo` px of context), and the filled ones within the read.

    As `darkroom.step.bands` is for rows. Tiles have `tile` px, or enough that context does not outweigh them.
    """
    tile = max(tile, 4 * halo)
    for left in range(0, width, tile):
        right = min(left + tile, width)
        start = max(left - halo, 0)
        yield slice(left, right), slice(start, min(right + halo, width)), slice(left - start, right - start)

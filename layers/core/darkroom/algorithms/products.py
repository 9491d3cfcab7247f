"""Products of tall matrices, by NumPy alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from darkroom.picture import Array


def product_in_pieces(pieces: Iterable[Array], by: Array) -> Array:
    """N×K: the rows of all pieces (M×L each) times `by` (L×K or L), a piece at a time.

    Pieces are to be too small for OpenBLAS to start threads over, which would wait for each other longer than they
    compute. It rounds by a piece's size: another division of the same rows gives results that differ in the last bit.
    """
    return np.concatenate([piece @ by for piece in pieces])

"""The file between two stages loses nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from darkroom.aws import handover
from darkroom.errors import StepFailed
from darkroom.picture import Array, Metadata, Picture

META = Metadata(icc=b"profile", exif=b"II*\0", dpi=(300.0, 72.5), source_format="TIFF", notes=("one", "zwei ü"))


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    height, width = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    pixels: Array = draw(hnp.arrays(dtype, draw(st.sampled_from([(height, width), (height, width, 3)]))))
    alpha = draw(st.none() | hnp.arrays(dtype, (height, width)))
    return Picture(pixels, alpha, META)


@given(pictures())
def test_round_trip(picture: Picture) -> None:
    back = handover.unpack(handover.pack(picture))
    np.testing.assert_array_equal(back.pixels, picture.pixels, strict=True)
    if picture.alpha is None:
        assert back.alpha is None
    else:
        assert back.alpha is not None
        np.testing.assert_array_equal(back.alpha, picture.alpha, strict=True)
    assert back.metadata == META


def test_same_picture_same_bytes() -> None:
    picture = Picture(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    assert handover.pack(picture) == handover.pack(picture)


@pytest.mark.parametrize("at", [0, 3, 5, 9, 40, -1])
def test_a_damaged_file_is_told(at: int) -> None:
    whole = bytearray(handover.pack(Picture(np.arange(3000, dtype=np.uint16).reshape(20, 50, 3))))
    cut = bytes(whole[:at])
    with pytest.raises(StepFailed) as caught:
        handover.unpack(cut)
    assert caught.value.code == "step.bad-handover"
    whole[at] ^= 0xFF
    with pytest.raises(StepFailed):
        handover.unpack(bytes(whole))

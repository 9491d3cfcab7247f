"""Results are about as large as their sources, and photos left alone are their own results."""

import io

import numpy as np
import pytest
from PIL import Image

from darkroom import codec
from darkroom.picture import Picture
from tests.bench import sizes
from tests.support import photographs
from tests.unit.codec import pictures


@pytest.mark.slow
def test_sizes_of_the_repository_s_photos() -> None:
    """`python -m tests.bench.sizes FOLDER` does the same with any photos."""
    found = sizes.measure(photographs.photos(), "vivid")
    assert len(found) == len(photographs.NAMES)
    assert sizes.faults(found) == []


@pytest.mark.parametrize("quality", [60, 80, 95])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("strips", [{}, {"strip_size": 1 << 14}], ids=["one strip", "many strips"])
def test_a_tiff_that_jpeg_packed_is_packed_so_again(quality: int, mode: str, strips: dict[str, int]) -> None:
    photo = Image.open(photographs.FOLDER / f"{photographs.NAMES[0]}.webp").convert(mode)
    source = pictures.save(photo, "TIFF", compression="jpeg", quality=quality, **strips)
    picture = codec.decode(source)
    result = codec.encode(picture, "tiff")
    assert len(result) <= 1.1 * len(source)
    with Image.open(io.BytesIO(result)) as seen:
        assert seen.info["compression"] == "jpeg"
        shown = np.asarray(seen.convert(mode)).astype(int)
    assert np.array_equal(codec.decode(result).pixels, shown)
    assert np.abs(shown - picture.pixels).mean() < 3
    assert tables(codec.decode(result)) == tables(picture)


def tables(picture: Picture) -> tuple[tuple[int, ...], ...]:
    assert picture.metadata.coding
    return picture.metadata.coding.tables[:1]


def test_transparency_is_packed_without_loss() -> None:
    photo = np.asarray(Image.open(photographs.FOLDER / f"{photographs.NAMES[0]}.webp").convert("RGB"))
    picture = codec.decode(pictures.save(photo, "TIFF", compression="jpeg"))
    clear = codec.decode(codec.encode(picture.with_pixels(picture.pixels, photo[..., 0].copy()), "tiff"))
    assert np.array_equal(clear.pixels, picture.pixels)
    assert clear.alpha is not None
    assert np.array_equal(clear.alpha, photo[..., 0])

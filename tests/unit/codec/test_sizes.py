"""Results are about as large as their sources, and photos left alone are their own results."""

from tests.bench import sizes
from tests.support import photographs


def test_sizes_of_the_repository_s_photos() -> None:
    """`python -m tests.bench.sizes FOLDER` does the same with any photos."""
    found = sizes.measure(photographs.photos(), "vivid")
    assert len(found) == len(photographs.NAMES)
    assert sizes.faults(found) == []

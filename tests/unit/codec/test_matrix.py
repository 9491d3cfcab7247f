"""Every format in, every format out, every kind of what a file holds: kept, corrected or noted, by ExifTool's eyes."""

from pathlib import Path

import pytest

from tests.unit.codec import carried

PAGE = Path(__file__).parents[3] / "docs/files.md"

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.slow,
    pytest.mark.skipif(bool(carried.missing()), reason=carried.missing() or "it is there"),
]


def test_nothing_is_lost_in_silence_and_no_result_is_invalid(tmp_path: Path) -> None:
    verdicts, complaints = carried.table(tmp_path)
    lost = {
        (*cell, name): verdict
        for cell, each in verdicts.items()
        for name, verdict in each.items()
        if verdict not in ("kept", "corrected", "noted")
    }
    assert not lost
    assert complaints == []
    page = PAGE.read_text("utf-8")
    assert carried.told(page, carried.rows(verdicts)) == page, "python -m tests.unit.codec.carried has not been run"

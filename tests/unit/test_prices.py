"""What a photo costs, by the price file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from darkroom import prices
from darkroom.errors import RecipeInvalid

STAGES = [("inspect", 1450), ("adjust_tone", 1490), ("correct_color", 2840), ("sharpen", 2290), ("publish", 1200)]


def test_a_photo_costs_what_its_invocations_use() -> None:
    costs = prices.read().of_photo(STAGES, 3008)
    assert costs["Lambda"] == pytest.approx(9.27 * 3008 / 1024 * 0.0000166667 + 5 * 2e-7)
    assert costs["Step Functions"] == pytest.approx((8 + 2 * 3) * 25e-6)
    assert costs["S3 requests"] == pytest.approx(7 * 5e-6 + 8 * 4e-7)


def test_one_invocation_for_all_costs_no_hand_overs() -> None:
    apart, together = (prices.read().of_photo(STAGES, 3008, together=together) for together in (False, True))
    assert together["Lambda"] == pytest.approx(apart["Lambda"] - 4 * 2e-7)
    assert together["Step Functions"] == pytest.approx(7 * 25e-6)
    assert together["S3 requests"] == pytest.approx(3 * 5e-6 + 2 * 4e-7)


def test_less_memory_and_arm_cost_less_and_a_diagnosis_reads_twice_more() -> None:
    usual = prices.read().of_photo(STAGES, 3008)
    assert prices.read().of_photo(STAGES, 1504)["Lambda"] < usual["Lambda"]
    assert prices.read().of_photo(STAGES, 3008, "arm64")["Lambda"] < usual["Lambda"]
    diagnosed = prices.read().of_photo([*STAGES, ("diagnose", 0)], 3008)
    assert diagnosed["S3 requests"] - usual["S3 requests"] == pytest.approx(2 * prices.read().s3_read)


def test_another_file_has_other_prices_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    told = json.loads(prices.FILE.read_text())
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(told | {"s3_read": 1.0}))
    assert prices.read(mine).s3_read == 1.0
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(told | {"gold": 1}))
    with pytest.raises(RecipeInvalid, match=r"broken\.json.*gold"):
        prices.read(broken)

"""Each decision a switch: what was done, without one, or with more or less of a quality."""

from __future__ import annotations

import pytest

import darkroom
from darkroom.auto.switches import KNOBS, changed
from darkroom.errors import RecipeInvalid
from darkroom.recipe import StepCall
from darkroom.report import Report
from tests.support import photographs


@pytest.fixture(scope="module")
def told() -> Report:
    """What auto does to a photo that was taken too dark."""
    dark = (photographs.photo("city").astype(float) * 0.25).astype("uint8")
    report = darkroom.enhance(dark, "auto").report
    assert report.treated
    return report


def steps(told: Report, **asked: list[str]) -> list[StepCall]:
    calls = changed(told, **asked).steps
    assert not isinstance(calls, str)
    return calls


def test_without_one_decision_the_others_stay(told: Report) -> None:
    assert steps(told) == [call for one in told.decisions if one.chosen for call in one.steps]
    for name in told.treated:
        left = [call for one in told.decisions if one.chosen and one.defect != name for call in one.steps]
        assert steps(told, without=[name]) == left
        assert len(left) < len(steps(told))
    assert steps(told, without=told.treated) == []


def test_more_and_less_add_up_within_bounds(told: Report) -> None:
    def last(**asked: list[str]) -> dict[str, float]:
        return steps(told, **asked)[-1].params

    assert last(more=["exposure"]) == {"exposure": 0.5}
    assert last(more=["exposure", "exposure"], less=["warmth"]) == {"exposure": 1.0, "temperature": -0.15}
    assert last(more=["contrast"] * 20) == {"contrast": 1.0}
    assert steps(told, more=["contrast"], less=["contrast"]) == steps(told)


def test_a_stated_recipe_keeps_its_steps() -> None:
    report = darkroom.enhance(photographs.photo("city"), "vivid").report
    names = [step.name for step in steps(report, more=["exposure"])]
    assert names == [*(step.name for step in report.steps), "adjust_color"]
    lighter = darkroom.enhance(photographs.photo("city"), changed(report, more=["exposure"]))
    assert [step.name for step in lighter.report.steps] == names


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"without": ["colour casts"]}, "recipe.unknown-decision", "no decision 'colour casts'"),
        ({"without": ["salt and pepper"]}, "recipe.no-decision", "nothing was done about 'salt and pepper'"),
        ({"more": ["exposur"]}, "recipe.unknown-quality", "did you mean 'exposure'"),
        ({"less": ["x"]}, "recipe.unknown-quality", ", ".join(KNOBS)),
    ],
)
def test_what_cannot_be_switched_is_told(told: Report, asked: dict[str, list[str]], code: str, words: str) -> None:
    with pytest.raises(RecipeInvalid, match=words) as refused:
        changed(told, **asked)
    assert refused.value.code == code

"""The table of defects holds together, and with what is trained, treated and told by it."""

from __future__ import annotations

import numpy as np
import pytest

from darkroom import models, registry
from darkroom.auto import treatments
from darkroom.defects import DEFECTS, KINDS, PRESENT, STRENGTHS, Kind
from darkroom.diagnosis import network


def test_the_networks_answers_are_as_many_as_the_table_has() -> None:
    presence, strength = models.load(network.MODEL).get_outputs()
    assert (presence.name, presence.shape[1]) == ("presence", len(DEFECTS) + 1)
    assert (strength.name, strength.shape[1]) == ("strength", len(STRENGTHS))


def test_every_defect_has_its_treatment() -> None:
    assert sorted(name for name, _ in treatments.TREATMENTS) == sorted(DEFECTS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=DEFECTS)
class TestEachKind:
    def test_it_names_defects_and_steps_that_there_are(self, kind: Kind) -> None:
        assert set(kind.helps) <= {step.name for step in registry.steps()}
        assert set(kind.rivals) | set(kind.shown_by) <= set(DEFECTS) - {kind.name}

    def test_rivals_are_each_others(self, kind: Kind) -> None:
        for name in kind.rivals:
            assert {name, *KINDS[name].rivals} == {kind.name, *kind.rivals}

    def test_its_numbers_are_in_order(self, kind: Kind) -> None:
        assert kind.low < kind.high
        assert kind.full_scale in (None, kind.high)
        assert PRESENT <= kind.treated_from < 1

    @pytest.mark.parametrize("told", [-60.0, -1.0, 0.0, 1.0, 60.0])
    def test_it_is_told_within_its_bounds(self, kind: Kind, told: float) -> None:
        strength = np.full(len(STRENGTHS), told)
        found, absent = (network.interpret(np.full(len(DEFECTS) + 1, p), strength)[kind.name] for p in (1.0, 0.0))
        assert kind.low <= found.strength <= kind.high
        assert found.unit == kind.unit
        assert found.words != absent.words
        assert absent.words.startswith("no")

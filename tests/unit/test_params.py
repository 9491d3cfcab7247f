"""Parameters: validated in one place, with messages that name the step, the field and its bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pytest

from darkroom import registry
from darkroom.errors import RecipeInvalid
from darkroom.params import Params, Strength, describe_bounds, param


class Trial(Params, frozen=True):
    radius: Annotated[float, param("how far", ge=0.5, le=20, unit="px")] = 2.0
    size: Annotated[int, param("how many", gt=0)] = 3
    shape: Annotated[Literal["disk", "square"], param("which")] = "disk"
    strength: Strength = 1.0

    neutral = {"radius": 0.5}

    def check(self) -> None:
        if self.shape == "square" and self.size % 2 == 0:
            raise ValueError("'size' must be odd where 'shape' is square")


class Needy(Params, frozen=True):
    width: Annotated[int, param("how wide", ge=1, unit="px")]


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        ({"radius": 50}, "recipe.bad-parameter", "step 'trial': 'radius' is 50 but must be number 0.5 to 20 px"),
        (
            {"radius": float("nan")},
            "recipe.bad-parameter",
            "step 'trial': 'radius' is nan but must be number 0.5 to 20 px",
        ),
        (
            {"radius": "wide"},
            "recipe.bad-parameter",
            "step 'trial': 'radius' is 'wide' but must be number 0.5 to 20 px",
        ),
        ({"radius": None}, "recipe.bad-parameter", "step 'trial': 'radius' is None but must be number 0.5 to 20 px"),
        ({"radius": True}, "recipe.bad-parameter", "step 'trial': 'radius' is True but must be number 0.5 to 20 px"),
        ({"size": 2.5}, "recipe.bad-parameter", "step 'trial': 'size' is 2.5 but must be integer more than 0"),
        (
            {"shape": "dist"},
            "recipe.bad-parameter",
            "step 'trial': 'shape' is 'dist' but must be one of disk, square; did you mean 'disk'?",
        ),
        (
            {"radios": 2},
            "recipe.unknown-parameter",
            "step 'trial' has no parameter 'radios'; did you mean 'radius'? (it has: radius, size, shape, strength)",
        ),
        (
            {"shape": "square", "size": 4},
            "recipe.bad-parameters",
            "step 'trial': 'size' must be odd where 'shape' is square",
        ),
    ],
)
def test_a_bad_value_names_field_and_bounds(values: dict[str, object], code: str, message: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        Trial.parse(values, of="trial")
    assert caught.value.code == code
    assert caught.value.message == message
    assert str(caught.value) == f"{code}: {message}"


def test_numbers_of_numpy_are_numbers() -> None:
    step = registry.get("resize")
    params = step.params.parse({"width": np.int64(50), "linear_light": np.bool_(False)}, of="resize")
    assert params == step.params.parse({"width": 50, "linear_light": False}, of="resize")
    with pytest.raises(RecipeInvalid, match=r"'gamma' is 99\.0 but must be number 0.1 to 10"):
        registry.get("gamma").params.parse({"gamma": np.float32(99)}, of="gamma")


def test_a_missing_value_is_named() -> None:
    with pytest.raises(RecipeInvalid, match="step 'needy' needs the parameter 'width'"):
        Needy.parse({}, of="needy")


def test_text_is_read_as_numbers_only_where_asked() -> None:
    assert Trial.parse({"radius": "3.5", "size": "5"}, of="trial", from_text=True) == Trial(radius=3.5, size=5)
    with pytest.raises(RecipeInvalid):
        Trial.parse({"radius": "3.5"}, of="trial")


def test_bounds_are_inclusive() -> None:
    assert Trial.parse({"radius": 0.5}, of="trial").radius == 0.5
    assert Trial.parse({"radius": 20}, of="trial").radius == 20


def test_schema_has_meaning_unit_bounds_and_default() -> None:
    schema = Trial.schema()
    assert schema["properties"]["radius"] == {
        "description": "how far",
        "unit": "px",
        "type": "number",
        "minimum": 0.5,
        "maximum": 20,
        "default": 2.0,
    }
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    assert Needy.schema()["required"] == ["width"]
    assert describe_bounds(schema["properties"]["size"]) == "integer more than 0"


def test_neutral_by_value_or_by_strength() -> None:
    assert Trial(radius=0.5).is_neutral()
    assert Trial(strength=0.0).is_neutral()
    assert not Trial().is_neutral()


EVERY_NUMBER = [
    (step, name, schema)
    for step in registry.steps()
    for name, schema in step.schema()["properties"].items()
    if schema.get("type") == "number"
]


def answer(step: Any, values: dict[str, Any], *, from_text: bool) -> dict[str, Any] | str:
    """The values that a step's parameters take, or how they are refused."""
    try:
        return step.params.parse(values, of=step.name, from_text=from_text).to_dict()
    except RecipeInvalid as error:
        return error.message


@pytest.mark.parametrize(("step", "name", "schema"), EVERY_NUMBER, ids=lambda value: getattr(value, "name", None))
def test_a_number_that_float32_cannot_divide_by_counts_as_zero(step: Any, name: str, schema: dict[str, Any]) -> None:
    required = {key: value for key, value in step.params.example.items() if key in step.schema().get("required", ())}
    zero = answer(step, {**required, name: 0.0}, from_text=False)
    assert isinstance(zero, dict) or f"'{name}'" in zero, "zero is out of bounds, or does not go with the others"
    for tiny, from_text in ((1.4e-45, False), (5e-324, False), ("1e-45", True)):
        told = answer(step, {**required, name: tiny}, from_text=from_text)
        if isinstance(zero, dict):
            assert told == zero
        else:
            assert isinstance(told, str)
            assert f"'{name}'" in told

"""Recipes as data, and plans made of them."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from darkroom import planner, recipe, registry
from darkroom.errors import RecipeInvalid
from darkroom.recipe import Recipe, StepCall
from darkroom.wanted import Wanted

GAMMA = {"name": "gamma", "params": {"gamma": 1.2}}


@pytest.mark.parametrize("name", recipe.BUILT_IN)
def test_built_in_recipes_are_valid_and_called_like_their_file(name: str) -> None:
    built_in = recipe.built_in(name)
    assert built_in.name == name
    assert built_in.description.endswith(".")


@pytest.mark.parametrize(
    ("source", "code", "says"),
    [
        ("vivit", "recipe.unknown-recipe", "there is no recipe 'vivit'; did you mean 'vivid'?"),
        ("{", "recipe.bad-json", "the recipe is not JSON"),
        (b"{\xff", "recipe.bad-json", "the recipe is not JSON"),
        ("[" * 100_000, "recipe.unknown-recipe", "there is no recipe '["),
        ('{"steps": ' + "[" * 100_000, "recipe.bad", "the recipe is not"),
        ({}, "recipe.bad-recipe", "missing required field `steps`"),
        ({"steps": [GAMMA], "blend": 101}, "recipe.bad-recipe", "<= 100 - at `$.blend`"),
        ({"steps": [GAMMA], "format": "bmp"}, "recipe.bad-recipe", "Invalid enum value 'bmp' - at `$.format`"),
        ({"steps": [GAMMA], "stesp": []}, "recipe.bad-recipe", "unknown field `stesp`"),
        ({"steps": "manual"}, "recipe.bad-recipe", "the recipe is not valid"),
        ({"steps": [{"name": "gama"}]}, "recipe.unknown-step", "there is no step 'gama'; did you mean 'gamma'?"),
        ({"steps": [{"name": "gamma", "params": {"gamma": 99}}]}, "recipe.bad-parameter", "number 0.1 to 10"),
        (
            {"steps": [{"name": "gamma", "references": {"mask": "m.png"}}]},
            "recipe.unknown-reference",
            "step 'gamma' takes no reference image 'mask'",
        ),
        (None, "recipe.bad-recipe", "StepCalls or a Recipe, not None"),
        (["gamma"], "recipe.bad-recipe", "StepCalls or a Recipe, not ['gamma']"),
        ({"steps": [GAMMA] * 33}, "recipe.too-many-steps", "33 steps; at most 32"),
    ],
)
def test_a_bad_recipe_says_where_it_is_wrong(source: object, code: str, says: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        recipe.find(source)  # type: ignore[arg-type]
    assert caught.value.code.startswith(code)
    assert says in caught.value.message


def test_a_recipe_is_found_from_whatever_a_caller_has() -> None:
    expected = Recipe(steps=[StepCall("gamma", {"gamma": 1.2})])
    for source in (expected, json.dumps({"steps": [GAMMA]}), {"steps": [GAMMA]}, expected.steps):
        assert recipe.find(source) == expected


def test_neighbouring_steps_of_a_stage_run_together_and_order_is_kept() -> None:
    calls = [StepCall(name) for name in ("gaussian_blur", "median_blur", "gamma", "gaussian_blur")]
    staged = planner.plan(calls)
    assert [(part.stage, [call.name for call in part.steps]) for part in staged] == [
        ("filter", ["gaussian_blur", "median_blur"]),
        ("adjust_tone", ["gamma"]),
        ("filter", ["gaussian_blur"]),
    ]
    assert [call for part in planner.plan(calls, "fused") for call in part.steps] == calls
    assert len(planner.plan(calls, "fused")) == 1
    assert planner.plan([]) == planner.plan([], "fused") == []


def test_what_is_fused_runs_where_its_reference_may_be_read() -> None:
    calls = [StepCall("gamma"), StepCall("inpaint", references={"mask": "references/a.png"}), StepCall("unsharp_mask")]
    (part,) = planner.plan(calls, "fused")
    assert (part.stage, part.steps) == ("restore", calls)


def test_networks_are_never_fused_with_imaging() -> None:
    names = ("diagnose", "gaussian_blur", "gamma", "diagnose", "diagnose", "unsharp_mask")
    fused = planner.plan([StepCall(name) for name in names], "fused")
    assert [(part.stage, [call.name for call in part.steps]) for part in fused] == [
        ("classify", ["diagnose"]),
        ("filter", ["gaussian_blur", "gamma"]),
        ("classify", ["diagnose", "diagnose"]),
        ("sharpen", ["unsharp_mask"]),
    ]


def test_what_takes_long_is_known_by_steps_that_there_are() -> None:
    """A step that is renamed would join others again, and nothing would say so."""
    assert set(registry.STEPS) >= planner.LONG


PLAN_WITHOUT_OPENCV = """
import sys
sys.modules["cv2"] = None
from darkroom import auto, planner
from darkroom.recipe import StepCall
assert [part.stage for part in planner.plan([StepCall("denoise"), StepCall("unsharp_mask")])] == ["filter", "sharpen"]
"""


def test_plans_are_made_without_opencv() -> None:
    subprocess.run([sys.executable, "-c", PLAN_WITHOUT_OPENCV], check=True)


@pytest.mark.parametrize(
    ("metadata", "key", "expected"),
    [
        ({}, "photo.jpg", "auto"),
        ({}, "vivid/photo.jpg", "vivid"),
        ({}, "holiday/vivid/photo.jpg", "auto"),
        ({}, "vivid", "auto"),
        ({"recipe": "none"}, "vivid/photo.jpg", "none"),
        ({"recipe": json.dumps({"name": "mine", "steps": [GAMMA]})}, "vivid/photo.jpg", "mine"),
    ],
)
def test_which_recipe_an_upload_gets(metadata: dict[str, str], key: str, expected: str) -> None:
    assert Wanted.of_metadata(metadata, key, "auto").to_recipe().name == expected


def test_metadata_overrides_the_recipe() -> None:
    metadata = {"blend": "40", "format": "webp", "quality": "70"}
    chosen = Wanted.of_metadata(metadata, "vivid/a.jpg", "auto").to_recipe()
    assert (chosen.name, chosen.blend, chosen.format, chosen.quality) == ("vivid", 40, "webp", 70)
    assert chosen.steps == recipe.built_in("vivid").steps
    for bad in ({"blend": "101"}, {"blend": "half"}, {"format": "exe"}, {"quality": "0"}):
        with pytest.raises(RecipeInvalid, match="the upload's metadata is not valid"):
            Wanted.of_metadata(bad, "a.jpg", "auto")


def test_recipes_survive_a_round_trip_through_json() -> None:
    for built_in in recipe.built_ins():
        assert recipe.parse(msgspec.json.encode(built_in)) == built_in

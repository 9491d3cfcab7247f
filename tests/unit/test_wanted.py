"""What is asked for: the same value, wherever it is said, and small enough to travel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from darkroom import recipe
from darkroom.errors import RecipeInvalid
from darkroom.recipe import Recipe, StepCall
from darkroom.wanted import METADATA_BYTES, Wanted

GAMMA = {"name": "gamma", "params": {"gamma": 1.5}}
MINE = Recipe(steps=[StepCall("gamma", {"gamma": 1.5})])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: Wanted.of_options("vivid", blend=70), Wanted(recipe=recipe.built_in("vivid"), blend=70)),
        (lambda: Wanted.of_arguments("vivid", 70), Wanted(recipe=recipe.built_in("vivid"), blend=70)),
        (lambda: Wanted.of_body({"recipe": "vivid", "blend": 70}), Wanted(recipe=recipe.built_in("vivid"), blend=70)),
        (
            lambda: Wanted.of_query({"recipe": ["vivid"], "blend": ["70"]}),
            Wanted(recipe=recipe.built_in("vivid"), blend=70),
        ),
        (
            lambda: Wanted.of_metadata({"recipe": "vivid", "blend": "70"}, "none/a.jpg", "auto"),
            Wanted(recipe=recipe.built_in("vivid"), blend=70),
        ),
        (lambda: Wanted.of_options(None, ("gamma:gamma=1.5",)), Wanted(recipe=MINE)),
        (lambda: Wanted.of_options(json.dumps({"steps": [GAMMA]}).encode()), Wanted(recipe=MINE)),
        (lambda: Wanted.of_arguments([StepCall("gamma", {"gamma": 1.5})]), Wanted(recipe=MINE)),
        (lambda: Wanted.of_arguments(Wanted(recipe=MINE, blend=5)), Wanted(recipe=MINE, blend=5)),
        (lambda: Wanted.of_arguments(Wanted(recipe=MINE, blend=5), 6), Wanted(recipe=MINE, blend=6)),
        (lambda: Wanted.of_body({"steps": [GAMMA]}), Wanted(recipe=MINE)),
        (lambda: Wanted.of_body({"recipe": {"steps": [GAMMA]}}), Wanted(recipe=MINE)),
        (lambda: Wanted.of_query({"step": ["gamma:gamma=1.5"]}), Wanted(recipe=MINE)),
        (lambda: Wanted.of_metadata({"recipe": json.dumps({"steps": [GAMMA]})}, "a.jpg", "auto"), Wanted(recipe=MINE)),
        (lambda: Wanted.of_options(None, partial="accept"), Wanted(partial="accept")),
        (lambda: Wanted.of_body({"partial": "accept"}), Wanted(partial="accept")),
        (lambda: Wanted.of_query({"partial": ["accept"]}), Wanted(partial="accept")),
        (
            lambda: Wanted.of_metadata({"partial": "accept"}, "a.jpg", "scan"),
            Wanted(recipe=recipe.built_in("scan"), partial="accept"),
        ),
        (lambda: Wanted.of_options(None, progressive=False), Wanted(progressive=False)),
        (lambda: Wanted.of_body({"progressive": True}), Wanted(progressive=True)),
        (lambda: Wanted.of_query({"progressive": ["true"]}), Wanted(progressive=True)),
        (
            lambda: Wanted.of_metadata({"progressive": "True"}, "a.jpg", "scan"),
            Wanted(recipe=recipe.built_in("scan"), progressive=True),
        ),
        (lambda: Wanted.of_options("auto", finish="full"), Wanted(recipe=recipe.built_in("auto"), finish="full")),
        (lambda: Wanted.of_body({"finish": "none"}), Wanted(finish="none")),
        (lambda: Wanted.of_query({"finish": ["none"]}), Wanted(finish="none")),
        (
            lambda: Wanted.of_metadata({"finish": "none"}, "a.jpg", "auto"),
            Wanted(recipe=recipe.built_in("auto"), finish="none"),
        ),
        (lambda: Wanted.of_options(None), Wanted()),
        (lambda: Wanted.of_body({}), Wanted()),
        (lambda: Wanted.of_query({}), Wanted()),
        (lambda: Wanted.of_metadata({}, "a.jpg", "scan"), Wanted(recipe=recipe.built_in("scan"))),
    ],
)
def test_one_value_wherever_it_is_said(made: Callable[[], Wanted], expected: Wanted) -> None:
    assert made() == expected


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(blend=0, format="webp", quality=1, progressive=True, partial="accept", sidecar="beside"),
        Wanted(recipe=MINE, blend=40),
        *(Wanted(recipe=each) for each in recipe.built_ins()),
        Wanted(recipe=Recipe(steps=[], name="größer", description="„ä“ \U0001f4f7\n")),
        Wanted(recipe=Recipe(steps=[], name="vivid")),  # not the built-in one of that name
    ],
)
def test_it_arrives_as_it_was_sent(wanted: Wanted) -> None:
    metadata = wanted.to_metadata()
    assert all(text.isascii() and text.isprintable() for pair in metadata.items() for text in pair)
    arrived = Wanted.of_metadata(metadata, "a.jpg", "none")
    assert arrived.to_recipe() == wanted.to_recipe("none")
    assert Wanted.of_body(json.loads(json.dumps(wanted.to_body()))) == wanted


def test_a_built_in_recipe_travels_by_its_name() -> None:
    assert Wanted.of_options("portrait").to_metadata() == {"recipe": "portrait"}
    assert Wanted.of_body({"recipe": "portrait"}).to_body() == {"recipe": "portrait"}


def test_what_overrides_a_recipe_is_in_it() -> None:
    mine = Recipe(steps=[], blend=10, format="png", quality=50)
    assert Wanted(recipe=mine).to_recipe() == mine
    assert Wanted(recipe=mine, blend=0, quality=7).to_recipe() == Recipe(steps=[], blend=0, format="png", quality=7)
    assert Wanted(blend=3).to_recipe("vivid").name == "vivid"
    assert Wanted(blend=3).to_recipe().name == "auto"


def test_only_what_was_written_takes_room() -> None:
    names = ("gamma", "denoise", "unsharp_mask", "lift_shadows", "white_balance", "adjust_color", "dehaze") * 3
    wanted = Wanted.of_options(None, [f"{name}:strength=0.5" for name in names])
    metadata = wanted.to_metadata()
    assert json.loads(metadata["recipe"]) == {"steps": [{"name": name, "params": {"strength": 0.5}} for name in names]}
    with_defaults = json.dumps([{"name": n, "params": recipe.StepCall(n).resolve()[1].to_dict()} for n in names])
    assert len(metadata["recipe"]) < METADATA_BYTES < len(with_defaults)


@pytest.mark.parametrize("overrides", [{}, {"blend": 100, "format": "webp", "quality": 100}])
def test_names_and_values_have_one_limit(overrides: dict[str, Any]) -> None:
    def asked(length: int) -> Wanted:
        return Wanted(recipe=Recipe(steps=[], name="n", description="d" * length), **overrides)

    def size(wanted: Wanted) -> int:
        return sum(len(name.encode()) + len(value.encode()) for name, value in wanted.to_metadata().items())

    longest = METADATA_BYTES - size(asked(1)) + 1
    assert size(asked(longest)) == METADATA_BYTES
    with pytest.raises(RecipeInvalid, match=r"takes 2,049 bytes .* at most 2048") as caught:
        asked(longest + 1).to_metadata()
    assert caught.value.code == "recipe.too-long"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Wanted.of_options(None, blend=101), "'blend' is 101 but must be integer 0 to 100"),
        (lambda: Wanted.of_arguments("auto", -1), "'blend' is -1 but must be integer 0 to 100"),
        (lambda: Wanted.of_body({"blend": "7"}), "'blend' is '7' but must be integer 0 to 100"),
        (lambda: Wanted.of_query({"quality": ["0"]}), "'quality' is '0' but must be integer 1 to 100"),
        (
            lambda: Wanted.of_query({"format": ["jpegg"]}),
            "must be one of avif, jpeg, png, tiff, webp; did you mean 'jpeg'?",
        ),
        (lambda: Wanted.of_query({"partial": ["acept"]}), "must be one of accept, reject; did you mean 'accept'?"),
        (lambda: Wanted.of_body({"recipe": 5}), "'recipe': Expected `str | object | null`, got `int`"),
        (lambda: Wanted.of_body({"steps": [{"name": "gamma", "x": 1}]}), "'steps': Object contains unknown field `x`"),
        (lambda: Wanted.of_body({"steps": [], "recipe": "auto"}), "'recipe' and 'steps' exclude each other"),
        (lambda: Wanted.of_query({"step": ["gamma"], "recipe": ["auto"]}), "'recipe' and 'step' exclude each other"),
        (lambda: Wanted.of_query({"step": ["convolve:kernel=[1,"]}), "'kernel' is '[1,', which is not JSON"),
        (lambda: Wanted.of_query({"blend": ["10", "20"]}), "'blend' is said twice"),
        (lambda: Wanted.of_query({"step": ["gamma:gamma=1,gamma=2"]}), "'gamma' is said twice"),
        (lambda: Wanted.of_query({"step": ['convolve:kernel=[{"a":1,"a":2}]']}), "'a' is said twice"),
        (lambda: Wanted.of_options('{"steps": [], "blend": 1, "blend": 2}'), "'blend' is said twice"),
        (lambda: Wanted.of_metadata({"blend": "x"}, "a", "auto"), "metadata is not valid: 'blend' is 'x' but must be"),
        (lambda: Wanted.of_metadata({"recipe": "vivit"}, "a", "auto"), "did you mean 'vivid'?"),
    ],
)
def test_what_cannot_be_asked_for_is_named(make: Callable[[], Wanted], says: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        make()
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("said", "format_name"),
    [("jpg", "jpeg"), ("JPG", "jpeg"), (".jpeg", "jpeg"), ("image/jpeg", "jpeg"), ("tif", "tiff"), ("WebP", "webp")],
)
def test_a_format_may_be_called_by_its_usual_names(said: str, format_name: str) -> None:
    assert Wanted.of_query({"format": [said]}).format == format_name
    assert Wanted.of_body({"format": said}).format == format_name
    assert Wanted.of_metadata({"format": said}, "a.png", "auto").format == format_name


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted.of_options("vivid", blend=70, progressive=True),
        Wanted(recipe=MINE, format="webp"),
        Wanted(recipe=Recipe(steps=[], quality=40)),
        Wanted(recipe=Recipe(steps="auto", finish="none", blend=30, partial="accept"), blend=60),
        Wanted(recipe=Recipe(steps=[StepCall("convolve", {"kernel": [[0, 1, 0], [1, 4, 1], [0, 1, 0]]})])),
        Wanted(recipe=Recipe(steps=[StepCall("adjust_distribution", {}, {"reference": "a b.png"})])),
        Wanted(recipe=Recipe(steps=[StepCall("crop", {"aspect": "1:1"}), StepCall("gamma")])),
    ],
)
def test_a_query_asks_for_what_it_was_made_of(wanted: Wanted) -> None:
    query: dict[str, list[str]] = {}
    for name, value in wanted.to_query():
        query.setdefault(name, []).append(value)
    told, meant = (
        msgspec.structs.replace(one.to_recipe(), name="any", description="", scene="photo")
        for one in (Wanted.of_query(query), wanted)
    )
    assert told == meant


@pytest.mark.parametrize(
    "own",
    [
        Recipe(steps=[StepCall("adjust_distribution", {}, {"reference": "a,b.png"})]),
        Recipe(steps=[], animation="keep"),
    ],
)
def test_what_no_query_says_is_told(own: Recipe) -> None:
    with pytest.raises(RecipeInvalid, match="cannot be said"):
        Wanted(recipe=own).to_query()

"""What every step promises, whatever its algorithm. Driven by the registry: a newly registered step joins by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from darkroom import registry
from darkroom import step as step_module
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.params import SMALLEST, Params
from darkroom.picture import Array
from darkroom.step import Step, max_level

STEPS = registry.steps()
IMAGE_STEPS = [step for step in STEPS if step.returns == "image"]
ANNOTATING = [step for step in STEPS if step.returns == "annotation"]
SIZE_KEEPING = [step for step in IMAGE_STEPS if not step.resizes]
WITH_STRENGTH = [step for step in SIZE_KEEPING if "strength" in step.params.names()]
IN_BANDS = [step for step in SIZE_KEEPING if step.halo is not None]  # the others see the whole picture at once

CHANNELS = (None, 3, 4)
DTYPES = (np.uint8, np.uint16, np.float32)
SIZES = ((1, 1), (1, 7), (7, 1), (3, 2), (33, 47))
DISCONTINUOUS_SHARE = 0.02
"""Share of samples that a discontinuous step may change by more than a level between dtypes."""

every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
every_image_step = pytest.mark.parametrize("step", IMAGE_STEPS, ids=lambda step: step.name)
every_annotating_step = pytest.mark.parametrize("step", ANNOTATING, ids=lambda step: step.name)
every_size_keeping_step = pytest.mark.parametrize("step", SIZE_KEEPING, ids=lambda step: step.name)
every_step_with_strength = pytest.mark.parametrize("step", WITH_STRENGTH, ids=lambda step: step.name)
every_banded_step = pytest.mark.parametrize("step", IN_BANDS, ids=lambda step: step.name)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)


def scene(size: tuple[int, int], channels: int | None, dtype: Any, seed: int = 7) -> Array:
    """A picture with gradients, edges, texture and noise, black and white included; read-only. Alpha is noise."""
    height, width = size
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    gray = 0.5 + 0.3 * np.sin(x / 5) * np.cos(y / 7) + 0.2 * ((x > width / 2) ^ (y > height / 3))
    tints = np.array([1.0, 0.85, 0.6])
    image = gray if channels is None else gray[..., None] * tints
    image = image + rng.normal(0, 0.03, image.shape)
    if channels == 4:
        image = np.dstack((image, rng.random(size)))
    levels = np.rint(np.clip(image, 0, 1) * 255) / 255  # the same picture in every dtype
    result = levels.astype(np.float32) if dtype == np.float32 else np.rint(levels * max_level(np.dtype(dtype)))
    result = np.ascontiguousarray(result.astype(dtype))
    result.flags.writeable = False
    return result


def needs_example(step: Step) -> bool:
    """True where the defaults are not enough: a parameter is required, or the example stands for a reference image."""
    return "required" in step.schema() or bool(step.references and step.params.example)


def visible_params(step: Step) -> list[Params]:
    """Parameters that do something: the defaults where they do, and the step's own example."""
    candidates: list[Params] = []
    if not needs_example(step):
        candidates.append(step.params.parse({}, of=step.name))
    if step.params.example:
        candidates.append(step.params.parse(step.params.example, of=step.name))
    visible = [params for params in candidates if not params.is_neutral()]
    assert visible, f"{step.name}: its defaults are neutral, so its Params need an `example`"
    return visible


def level_differences(a: Array, b: Array) -> Array:
    """Differences in 8-bit levels."""
    return np.abs(a / max_level(a.dtype) - b / max_level(b.dtype)) * 255


def assert_within_a_level(step: Step, a: Array, b: Array, levels: float = 1.0) -> None:
    far = level_differences(a, b) > levels + 1e-3
    assert far.mean() <= (DISCONTINUOUS_SHARE if step.discontinuous else 0)


# --- pictures ---------------------------------------------------------------------------------------------------------


@every_dtype
@pytest.mark.parametrize("channels", CHANNELS, ids=("grey", "rgb", "rgba"))
@every_image_step
def test_keeps_the_promises_around_the_picture(step: Step, channels: int | None, dtype: Any) -> None:
    for size in SIZES:
        image = scene(size, channels, dtype)
        before = image.copy()
        for params in visible_params(step):
            outcome = step(image, params)
            result, again = outcome.image, step(image, params).image
            msgspec.json.encode(outcome.details)  # the report's own encoder, which takes no scalars of NumPy
            assert result.dtype == image.dtype
            assert result.shape[2:] == image.shape[2:] or step.changes_channels
            np.testing.assert_array_equal(image, before, err_msg="the input was changed")
            np.testing.assert_array_equal(result, again, err_msg="the same input gave another output")
            assert np.isfinite(result).all()
            assert result.min() >= 0
            assert result.max() <= max_level(result.dtype)
            if not step.resizes:
                assert result.shape[:2] == image.shape[:2]
            if channels == 4 and not step.resizes and result.ndim == 3:
                np.testing.assert_array_equal(result[..., 3:], image[..., 3:], err_msg="alpha changed")


@every_image_step
def test_what_is_hidden_changes_nothing_that_shows(step: Step) -> None:
    image = scene((67, 45), 4, np.uint8).copy()
    image[..., 3] = 255
    image[20:, :15, 3] = image[:9, 20:, 3] = 0
    other = image.copy()
    hidden = image[..., 3] == 0
    image[hidden, :3], other[hidden, :3] = 255, np.random.default_rng(3).integers(0, 99, (hidden.sum(), 3))
    for params in visible_params(step):
        one, two = step(image, params).image, step(other, params).image
        shows = one[..., 3] == 255
        np.testing.assert_array_equal(one[shows], two[shows])
        if one.shape == image.shape and not step.resizes and not step.changes_channels:
            np.testing.assert_array_equal(one[hidden], image[hidden])


@every_image_step
def test_works_on_any_memory_layout(step: Step) -> None:
    image = scene((20, 30), 3, np.uint8)
    for params in visible_params(step):
        expected = step(image, params).image
        np.testing.assert_array_equal(step(np.asfortranarray(image), params).image, expected)
        doubled = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
        np.testing.assert_array_equal(step(doubled[::2, ::2], params).image, expected)


@every_image_step
def test_is_the_same_on_any_number_of_threads(step: Step) -> None:
    image = scene((67, 45), 3, np.uint8)
    params = visible_params(step)[-1]
    expected = step(image, params).image
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        np.testing.assert_array_equal(step(image, params).image, expected)
    finally:
        cv2.setNumThreads(threads)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: step(image, params).image, range(4)):
            np.testing.assert_array_equal(result, expected)


@every_size_keeping_step
def test_dtypes_agree(step: Step) -> None:
    for params in visible_params(step):
        floats = step(scene((61, 47), 3, np.float32), params).image
        rounded = np.rint(floats * 255).astype(np.uint8)
        assert_within_a_level(step, step(scene((61, 47), 3, np.uint8), params).image, rounded)
        assert_within_a_level(step, step(scene((61, 47), 3, np.uint16), params).image, floats)


@every_size_keeping_step
def test_neutral_parameters_return_the_input(step: Step) -> None:
    image = scene((19, 23), 4, np.uint16)
    for base in visible_params(step):
        neutral = [{name: value} for name, value in step.params.neutral.items()]
        if "strength" in step.params.names():
            neutral.append({"strength": 0.0})
        for values in neutral:
            params = step.params.parse(base.to_dict() | values, of=step.name)
            assert params.is_neutral()
            np.testing.assert_array_equal(step(image, params).image, image)


@every_step_with_strength
def test_half_strength_lies_halfway(step: Step) -> None:
    image = scene((33, 47), 3, np.float32)
    for params in visible_params(step):
        full, half = (
            step(image, step.params.parse(params.to_dict() | {"strength": strength}, of=step.name)).image
            for strength in (1.0, 0.5)
        )
        np.testing.assert_allclose(half, (image + full) / 2, atol=1e-5)


@every_banded_step
def test_bands_do_not_show(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    assert step.halo is not None
    for params in visible_params(step):
        halo = step.halo(params) if callable(step.halo) else step.halo
        image = scene((min(1200, 10 * halo + 100), 24), 3, np.uint8)
        whole = step(image, params).image
        with monkeypatch.context() as patch:
            patch.setattr(step_module, "BAND_PIXELS", 1)
            banded = step(image, params).image
        assert_within_a_level(step, banded, whole)


@every_dtype
@every_image_step
def test_flat_pictures_stay_finite(step: Step, dtype: Any) -> None:
    white = max_level(np.dtype(dtype))
    for value in (0, white, white // 2 or white / 2):
        for shape in ((16, 24), (16, 24, 3)):
            for params in visible_params(step):
                result = step(np.full(shape, value, dtype), params).image
                assert np.isfinite(result).all()
                assert result.dtype == dtype


@every_step
def test_rejects_what_is_not_a_picture(step: Step) -> None:
    params = visible_params(step)[0] if step.returns == "image" else step.params()
    for bad in (
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.float64),
        np.full((4, 4), np.nan, np.float32),
        np.full((4, 4), 1.5, np.float32),
    ):
        with pytest.raises(ImageRejected):
            step(bad, params)


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@every_dtype
@pytest.mark.parametrize("channels", CHANNELS, ids=("grey", "rgb", "rgba"))
@every_annotating_step
def test_answers_in_json_and_leaves_the_picture_as_it_is(step: Step, channels: int | None, dtype: Any) -> None:
    for size in SIZES:
        image = scene(size, channels, dtype)
        before = image.copy()
        outcome = step(image, parse_visible(step))
        np.testing.assert_array_equal(outcome.image, before)
        np.testing.assert_array_equal(image, before, err_msg="the input was changed")
        text = json.dumps(outcome.details, allow_nan=False)
        assert json.loads(text) == outcome.details, "JSON would change the answer"
        assert outcome.details
        msgspec.json.encode(outcome.details)
        assert len(text) < 20_000, "the workflow's state holds 256 KiB in all"
    assert registry.apply(step.name, image, **step.params.example) == outcome.details


@every_annotating_step
def test_answers_the_same_on_any_memory_layout_and_thread(step: Step) -> None:
    image, params = scene((20, 30), 3, np.uint8), parse_visible(step)
    expected = step(image, params).details
    assert step(np.asfortranarray(image), params).details == expected
    with ThreadPoolExecutor(4) as pool:
        assert all(outcome.details == expected for outcome in pool.map(lambda _: step(image, params), range(4)))


# --- parameters -------------------------------------------------------------------------------------------------------


def numbers(step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and schema of each numeric parameter, those that may also be absent included."""
    for name, schema in step.schema()["properties"].items():
        for option in schema.get("anyOf", [schema]):
            if option.get("type") in ("number", "integer"):
                yield name, option


def parse_visible(step: Step, **values: Any) -> Params:
    base = dict(step.params.example) if needs_example(step) else {}
    return step.params.parse(base | values, of=step.name)


@every_step
def test_numbers_past_their_bounds_are_refused_by_name(step: Step) -> None:
    for name, schema in numbers(step):
        past: list[tuple[float, float]] = []
        if "minimum" in schema:
            past.append((schema["minimum"], schema["minimum"] - 1))
        if "maximum" in schema:
            past.append((schema["maximum"], schema["maximum"] + 1))
        if "exclusiveMinimum" in schema:
            past.append((schema["exclusiveMinimum"], schema["exclusiveMinimum"]))
        if "exclusiveMaximum" in schema:
            past.append((schema["exclusiveMaximum"], schema["exclusiveMaximum"]))
        for bound, value in past:
            with pytest.raises(RecipeInvalid) as caught:
                parse_visible(step, **{name: value})
            assert f"'{name}'" in str(caught.value)
            assert f"{bound:g}" in str(caught.value)
        with pytest.raises(RecipeInvalid, match=f"'{name}'"):
            parse_visible(step, **{name: float("nan")})
        with pytest.raises(RecipeInvalid, match=f"'{name}'"):
            parse_visible(step, **{name: "much"})


@every_step
def test_numbers_are_bounded(step: Step) -> None:
    """Every number has both ends, but for a seed or the like, which has a least."""
    for name, schema in numbers(step):
        assert {"minimum", "exclusiveMinimum"} & schema.keys(), name


@every_step
def test_unknown_parameters_name_the_nearest(step: Step) -> None:
    for name in step.params.names():
        with pytest.raises(RecipeInvalid, match=re.escape(f"did you mean '{name}'")):
            parse_visible(step, **{name + "_": 1})


@every_step
def test_schema_is_complete(step: Step) -> None:
    schema = step.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for name, field in schema["properties"].items():
        assert field.get("description"), f"{name} has no meaning"
    for params in visible_params(step) if step.returns == "image" else [step.params()]:
        jsonschema.validate(params.to_dict(), schema)


@every_step
def test_docstring_has_a_summary_and_a_source(step: Step) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", step.doc.partition("\n")[0]), "the first line is one sentence"
    assert re.search(r"\b(19|20)\d\d\b|Reference|IEC|CIE", step.doc), "no paper, standard or reference is named"


# --- any parameters within bounds -------------------------------------------------------------------------------------


LARGEST_SIDE = 300
"""px: a screen or a result of 64 megapixels tells nothing more, and takes minutes."""


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a parameter's JSON schema allows; arrays and objects are left at their defaults."""
    if "anyOf" in schema:
        return st.one_of([values_of(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    low, high = schema.get("minimum", schema.get("exclusiveMinimum", 0)), schema.get("maximum", 1000)
    match schema.get("type"):
        case "number":
            return st.floats(low, high, exclude_min="exclusiveMinimum" in schema)
        case "integer":
            return st.integers(low, min(high, max(low, LARGEST_SIDE)) if "px" in schema.get("unit", "") else high)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.nothing()


def ends(schema: dict[str, Any]) -> list[float]:
    """A number's bounds, and if it is no integer, what lies near to zero: the nearest that float32 divides by."""
    values = [schema[name] for name in ("minimum", "maximum") if name in schema]
    return values if schema["type"] == "integer" else [*values, SMALLEST, -SMALLEST, 1e-20]


@every_image_step
def test_numbers_at_their_ends_give_a_picture(step: Step) -> None:
    image = scene((11, 14), 3, np.uint8)
    for name, schema in numbers(step):
        for value in ends(schema):
            try:
                params = parse_visible(step, **{name: value})
            except RecipeInvalid as error:
                if f"'{name}'" in str(error):
                    continue
                raise
            try:
                result = step(image, params).image
            except (ImageRejected, RecipeInvalid):
                continue  # a typed refusal of this picture with these parameters; anything else fails
            assert result.dtype == image.dtype
            assert np.isfinite(result).all()


@every_image_step
@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_valid_parameters_give_a_picture(step: Step, data: st.DataObject) -> None:
    options = {name: values_of(schema) for name, schema in step.schema()["properties"].items()}
    optional = {name: strategy for name, strategy in options.items() if not strategy.is_empty}
    values = data.draw(st.fixed_dictionaries({}, optional=optional))
    try:
        params = parse_visible(step, **values)
    except RecipeInvalid:
        assume(False)  # single values are within bounds but do not go together
    image = scene((11, 14), 3, np.uint8)
    try:
        result = step(image, params).image
    except (ImageRejected, RecipeInvalid):
        return  # a typed refusal of this picture with these parameters; anything else fails
    assert result.dtype == image.dtype
    if not step.resizes:
        assert result.shape[:2] == image.shape[:2]

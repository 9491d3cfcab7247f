"""`make docs`: a page with pictures for each step and each recipe, made from the registry alone.

Writes docs/steps/ and docs/recipes/. What a step is shown on stands with the step (`Params.scene`, `Params.example`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

import darkroom
from darkroom import recipe, registry
from darkroom.errors import ImageRejected, RecipeInvalid
from darkroom.params import describe_bounds
from darkroom.picture import Array, Picture
from darkroom.recipe import Recipe, StepCall
from darkroom.report import reasons
from darkroom.step import Step
from docs.make import cli_page
from docs.make.scenes import SCENES, fit

DOCS = Path(__file__).parents[1]
TILE_PX = 180
GAP_PX = 6
DEMO_PX = 1200
STRIPS = 3
"""Parameters that are shown in pictures, at most, per step."""

LIST_ENTRIES = 2
"""Entries of a list that are shown of an answer."""

STEPS_HEAD = """# Steps

What darkroom can do to a picture, by the stage (Lambda function) that does it. On a terminal: `darkroom steps NAME`.
"""
RECIPES_HEAD = """# Recipes

Each is a list of steps for a stated kind of photo. [How to write one of your own](../recipes.md).
"""
CREDITS = """
The photographs: *Coffee* by Rachel Michetti (CC0), *Chelsea* by Stéfan van der Walt (CC0), *Eileen Collins* by NASA
(public domain) and the page, from scikit-image; *China* by Danielle Buma (CC BY) and *Flower* by dany13 (CC BY), from
scikit-learn.
"""


def main() -> None:
    make_steps(DOCS / "steps")
    make_recipes(DOCS / "recipes")
    cli_page.make()
    make_demo(DOCS.parent / "build/demo/comparison.png", DOCS / "demo.webp")


def make_steps(folder: Path) -> None:
    empty(folder)
    lines = [STEPS_HEAD]
    for stage in registry.stages():
        lines += [f"\n## {stage}\n", "| step | does |", "| --- | --- |"]
        for step in (s for s in registry.steps() if s.stage == stage):
            lines.append(f"| [`{step.name}`]({step.name}.md) | {step.summary} |")
            (folder / f"{step.name}.md").write_text(step_page(step, folder))
    (folder / "README.md").write_text("\n".join(lines) + "\n" + CREDITS)


def step_page(step: Step, folder: Path) -> str:
    """The page of one step; its pictures are written beside it."""
    properties = step.schema()["properties"]
    parts = [f"# {step.name}\n", f"Stage `{step.stage}`. {step.doc}\n"]
    before = SCENES[step.params.scene]()
    if step.returns == "annotation":
        save(folder / f"{step.name}.webp", side_by_side([before]))
        answer = msgspec.json.encode(shorten(darkroom.apply(step.name, before, **step.params.example)))
        parts.append(f"![the photo]({step.name}.webp)\n")
        parts.append(f"What it says of this one:\n\n```json\n{msgspec.json.format(answer).decode()}\n```\n")
    else:
        after = darkroom.apply(step.name, before, **step.params.example, **references(step))
        save(folder / f"{step.name}.webp", side_by_side([before, after]))
        options = ",".join(f"{name}={value}" for name, value in step.params.example.items())
        parts.append(f"![before and after]({step.name}.webp)\n")
        parts.append(f"*Left before, right after `{step.name}{':' + options if options else ''}`.*\n")
    if properties or step.references:
        parts += ["| parameter | allowed | unit | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, schema in properties.items():
        default = schema.get("default")
        shown = "" if default is None else f"`{default}`"
        allowed = describe_bounds(schema).replace("|", "\\|")
        parts.append(f"| `{name}` | {allowed} | {schema.get('unit', '')} | {shown} | {schema['description']} |")
    for name, meaning in step.references.items():
        parts.append(f"| `{name}` | an image | | | {meaning} |")
    for name, pictures in strips(step, properties):
        file = f"{step.name}-{name}.webp"
        save(folder / file, side_by_side([tile(image) for image in pictures.values()]))
        values = " · ".join(f"`{value}`" for value in pictures)
        parts += ["", f"![{name}]({file})", "", f"*`{name}`: {values}*"]
    return "\n".join(parts) + "\n"


def shorten(answer: Any) -> Any:
    """An answer with no more than the first two entries of each list, and how many more there are."""
    if isinstance(answer, dict):
        return {name: shorten(value) for name, value in answer.items()}
    if isinstance(answer, list) and len(answer) > LIST_ENTRIES + 1:
        return [*map(shorten, answer[:LIST_ENTRIES]), f"… and {len(answer) - LIST_ENTRIES} more"]
    return answer


def strips(step: Step, properties: Mapping[str, Any]) -> Iterator[tuple[str, dict[Any, Array]]]:
    """For the first parameters that can be varied, the picture at each of some values."""
    if step.returns != "image" or step.resizes:
        return
    before, shown = SCENES[step.params.scene](), 0
    for name, schema in properties.items():
        if name == "strength" or shown == STRIPS:
            continue
        pictures = {}
        for value in values_of(schema, step.params.example.get(name)):
            try:
                pictures[value] = darkroom.apply(
                    step.name, before, **{**step.params.example, name: value}, **references(step)
                )
            except (RecipeInvalid, ImageRejected):
                continue  # does not go together with the example's other values
        if len(pictures) > 1:
            shown += 1
            yield name, pictures


def values_of(schema: Mapping[str, Any], example: Any) -> list[Any]:
    """Some values over a parameter's range: all of an enumeration, five of a number, none of anything else."""
    if "anyOf" in schema:
        schema = next((option for option in schema["anyOf"] if option.get("type") != "null"), schema)
    if "enum" in schema:
        return list(schema["enum"])[:6]
    low, high = schema.get("minimum"), schema.get("maximum")
    if schema.get("type") not in ("number", "integer") or low is None or high is None:
        return []
    middle = example if example is not None else schema.get("default")
    if middle is None or middle <= 0 or low < 0:
        values = np.linspace(low, high, 7)[1:-1]
    else:
        values = np.clip(middle * np.array([0.25, 0.5, 1, 2, 4]), low, high)
    if schema["type"] == "integer":
        odd = 1 if middle and middle % 2 else 0
        whole = [int(value) for value in values]
        return list(dict.fromkeys(value + (1 if odd and value % 2 == 0 else 0) for value in whole))
    return list(dict.fromkeys(float(f"{value:.3g}") for value in values))


def make_recipes(folder: Path) -> None:
    empty(folder)
    lines = [RECIPES_HEAD, "| recipe | for |", "| --- | --- |"]
    for each in recipe.built_ins():
        lines.append(f"| [`{each.name}`]({each.name}.md) | {each.description} |")
        (folder / f"{each.name}.md").write_text(recipe_page(each, folder))
    (folder / "README.md").write_text("\n".join(lines) + "\n" + CREDITS)


def recipe_page(each: Recipe, folder: Path) -> str:
    before = SCENES[each.scene]()
    result = darkroom.enhance(before, each)
    save(folder / f"{each.name}.webp", side_by_side([before, result.image]))
    parts = [f"# {each.name}\n", f"{each.description}\n", f"![before and after]({each.name}.webp)\n"]
    if each.steps == "auto":
        parts.append("What it said of this photo:\n")
        told = [reason for reason in reasons(result.report) if reason.about in ("done", "left")]
        parts += [f"- **{one.words}**" if one.about == "done" else f"- {one.words}" for one in told]
    else:
        parts += ["| step | parameters |", "| --- | --- |"]
        for call in each.steps:
            values = ", ".join(f"`{name}={value}`" for name, value in call.params.items())
            parts.append(f"| [`{call.name}`](../steps/{call.name}.md) | {values} |")
    for done in result.report.steps:
        if "says" in done.details:
            parts.append(f"\nWhat `{done.name}` says of this one: {done.details['says']}.")
    return "\n".join(parts) + "\n"


def make_demo(comparison: Path, target: Path) -> None:
    """The README's picture, from the last `make demo`; left as it is where there was none."""
    if comparison.exists():
        small = darkroom.enhance(comparison.read_bytes(), [StepCall("resize", {"width": DEMO_PX})])
        target.write_bytes(darkroom.encode(small.picture, "webp", quality=85))


def references(step: Step) -> dict[str, Array]:
    """Something for each required reference image: the flower."""
    return {name: SCENES["flower"]() for name in step.references if name == "reference"}


def tile(image: Array) -> Array:
    height = round(image.shape[0] * TILE_PX / image.shape[1])
    return np.asarray(cv2.resize(image, (TILE_PX, height), interpolation=cv2.INTER_AREA))


def side_by_side(images: list[Array]) -> Array:
    """Pictures in a row on white, in colour."""
    colored = [fit(image if image.ndim == 3 else np.dstack([image] * 3))[..., :3] for image in images]
    height = max(image.shape[0] for image in colored)
    row: list[Array] = []
    for image in colored:
        row += [np.pad(image, ((0, height - image.shape[0]), (0, GAP_PX), (0, 0)), constant_values=255)]
    return np.ascontiguousarray(np.hstack(row)[:, :-GAP_PX])


def save(path: Path, image: Array) -> None:
    path.write_bytes(darkroom.encode(Picture(image), "webp", quality=78))


def empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


if __name__ == "__main__":
    main()

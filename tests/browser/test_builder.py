"""A recipe of one's own: what the form shows is what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from darkroom import registry
from tests.browser.actions import Asked, add, files, ready, shown, tile
from tests.browser.conftest import Windows
from tests.support import photos

pytestmark = pytest.mark.browser

SHOWN = """(list) => [...list.children].map((item) => Object.fromEntries(
    [...item.querySelectorAll(".param")].map((row) => {
        const input = row.querySelector("select, input:not([type=range]):not(.tick input)");
        const tick = row.querySelector(".tick input");
        return [input.name, tick?.checked ? null : input.type === "checkbox" ? input.checked : input.value];
    })))"""
"""What the form shows of each step: texts as they stand there, null where it says automatic."""

NEEDED = {"kernel": "[0, -1, 0], [-1, 5, -1], [0, -1, 0]", "illuminant": "1, 1, 1", "aspect": "3:2"}
"""What is written into fields that begin empty."""

AT_ONCE = 14
"""Steps in one recipe: with all of their parameters, as much as an upload's metadata hold."""

STEPS = [registry.describe(step) for step in registry.steps()]
DRAWING = [step for step in STEPS if step["returns"] == "image"]


def as_json(text: Any, schema: dict[str, Any]) -> Any:
    """What a field that shows this means."""
    schema = next((half for half in schema.get("anyOf", []) if half.get("type") != "null"), schema)
    if isinstance(text, bool):
        return text
    if "enum" in schema:
        return next(value for value in schema["enum"] if str(value) == text)
    if schema.get("type") == "array":
        return json.loads(text if text.startswith("[[") else f"[{text}]")
    return text if schema.get("type") == "string" else float(text)


def check(shown: list[dict[str, Any]], sent: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    assert [call["name"] for call in sent] == [step["name"] for step in steps]
    for fields, call, step in zip(shown, sent, steps, strict=True):
        properties = step["schema"]["properties"]
        assert set(fields) == set(properties), step["name"]
        for name, text in fields.items():
            said = call.get("params", {}).get(name, properties[name].get("default"))
            meant = None if text is None else as_json(text, properties[name])
            assert said == meant, (step["name"], name, text)


def build(page: Page, steps: list[dict[str, Any]]) -> None:
    page.locator("#edit-steps").evaluate("(button) => button.click()")
    while page.locator("#chosen-steps li").count():
        page.locator("#chosen-steps li").first.get_by_role("button").click()
    for step in steps:
        page.locator("#step").select_option(step["name"])
        page.locator("#add-step").click()
    for name, text in NEEDED.items():
        for field in page.locator(f"#chosen-steps input[name={name}]:enabled").all():
            field.fill(text)


@pytest.mark.parametrize("first", range(0, len(DRAWING), AT_ONCE))
def test_it_sends_what_it_shows(windows: Windows, tmp_path: Path, first: int) -> None:
    """Every step with its defaults, and every parameter that may be automatic, chosen. The API takes each recipe."""
    steps = DRAWING[first : first + AT_ONCE]
    page = windows.open()
    asked = Asked(page)
    ready(page)
    build(page, steps)
    listed = page.locator("#chosen-steps")
    before = listed.evaluate(SHOWN)
    for number, automatic in enumerate((True, False)):
        if not automatic:
            page.locator("#edit-steps").evaluate("(button) => button.click()")
            for tick in page.locator("#chosen-steps .tick input").all():
                tick.uncheck()
            for name, text in NEEDED.items():
                for field in page.locator(f"#chosen-steps input[name={name}]").all():
                    field.fill(text)
        now = listed.evaluate(SHOWN)
        page.locator("#use-next").click()
        expect(page.locator("#steps-dialog")).to_be_hidden()
        name = f"no photo {number}.jpg"
        add(page, *files(tmp_path, [(name, b"a recipe is checked before the photo is")]))
        expect(tile(page, name)).to_have_attribute("data-phase", "rejected")
        check(now, asked.bodies("/jobs")[-1]["steps"], steps)
    page.locator("#edit-steps").evaluate("(button) => button.click()")
    for tick in page.locator("#chosen-steps .tick input").all():
        tick.check()
    assert listed.evaluate(SHOWN) == before, "all that was automatic is so again"


def test_wide_ranges_are_numbers_and_fine_ones_have_a_slider(windows: Windows) -> None:
    page = windows.open()
    ready(page)
    build(page, [step for step in DRAWING if step["name"] in ("resize", "gamma")])
    rows = page.locator("#chosen-steps .param")
    for name, sliders in (("width", 0), ("gamma", 1)):
        assert rows.filter(has=page.locator(f"[name={name}]")).locator("input[type=range]").count() == sliders
    page.locator("#chosen-steps input[type=range]").first.fill("2.5")
    expect(page.get_by_role("spinbutton", name="gamma")).to_have_value("2.5")
    page.get_by_role("spinbutton", name="gamma").fill("11")
    page.locator("#use-next").click()
    expect(page.locator("#steps-alert")).to_have_text("gamma: 0.1 to 10")


def test_a_table_of_numbers(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    build(page, [step for step in DRAWING if step["name"] == "convolve"])
    kernel = page.get_by_label("kernel")
    kernel.fill("0 -1 0")
    page.locator("#use-next").click()
    expect(page.locator("#steps-alert")).to_have_text("kernel: rows of numbers in brackets, as [1, 2], [3, 4]")
    kernel.fill(NEEDED["kernel"])
    page.locator("#use-next").click()
    add(page, *files(tmp_path, [("sharp.jpg", photos.encoded())]))
    shown(page)
    expect(page.locator("#words")).to_contain_text("Convolve, as asked")

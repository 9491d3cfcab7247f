"""What people do with the page, and what they see of it, in the words of the tests."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Request, expect

PATIENCE_MILLISECONDS = 300_000


def ready(page: Page, recipe: str = "none") -> None:
    """Wait for the page to know the recipes; the next photos get this one."""
    expect(page.locator("#recipe option").first).to_be_attached()
    if page.locator("#recipe").input_value() != recipe:
        page.locator("#defaults").evaluate("(details) => { details.open = true; }")
        page.locator("#recipe").select_option(recipe)
        page.locator("#defaults").evaluate("(details) => { details.open = false; }")


def tile(page: Page, name: str) -> Locator:
    return page.locator("#grid button").filter(has_text=name)


def done(page: Page, name: str) -> None:
    """Wait for a photo's result."""
    expect(tile(page, name)).to_have_attribute("data-phase", "done")


def add(page: Page, *files: Path) -> None:
    page.set_input_files("#files", list(files))


def shown(page: Page) -> None:
    """Wait for before and after of the photo that is open."""
    expect(page.locator("#download")).to_be_visible()
    for which in ("before", "after"):
        expect(page.locator(f"#stage img.{which}")).to_be_visible()


def brightness(page: Page, which: str) -> int:
    """Mean brightness in percent of what is shown, as the histogram tells a screen reader."""
    canvas = page.locator(f"#histogram-{which}")
    expect(canvas).to_have_attribute("aria-label", re.compile("brightness"))
    return int((canvas.get_attribute("aria-label") or "").split()[-2])


class Asked:
    """The requests that a page makes from now on."""

    def __init__(self, page: Page) -> None:
        self.requests: list[Request] = []
        page.on("request", lambda one: self.requests.append(one))  # Playwright marks what it calls

    def to(self, end: str, method: str = "POST") -> list[Request]:
        """Those whose path ends so."""
        return [one for one in self.requests if one.method == method and one.url.partition("?")[0].endswith(end)]

    def bodies(self, end: str) -> list[Any]:
        return [json.loads(one.post_data or "") for one in self.to(end)]

    def uploads(self) -> int:
        return sum(one.method == "POST" and "uploadsbucket" in one.url.lower() for one in self.requests)


def until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for what no locator tells."""
    deadline = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        page.wait_for_timeout(50)


def files(folder: Path, contents: Iterable[tuple[str, bytes]]) -> list[Path]:
    made = []
    for name, content in contents:
        (folder / name).write_bytes(content)
        made.append(folder / name)
    return made


def complaints(page: Page) -> list[str]:
    """What axe finds that some people could not use."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'][:200] for node in one['nodes']]}" for one in found]

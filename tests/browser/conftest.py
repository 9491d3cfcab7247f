"""The page of the deployed stack in Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from darkroom_local import stack
from darkroom_local.emulator import REPOSITORY, EmbeddedAws

SHOTS = REPOSITORY / "build" / "screenshots"
PATIENCE_MILLISECONDS = 120_000


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address with the key, as `make local` prints it."""
    if not chromium():
        pytest.skip("no Chromium (install it, or set CHROMIUM to its path)")
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws")) as aws:
        outputs = stack.deploy(aws)
        yield f"{stack.address(aws, outputs)}/#key={stack.key(aws, outputs)}"


@pytest.fixture(scope="session")
def browser(address: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The sandbox needs rights that containers lack; the page is our own.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the page in a window of a given size. Fails the test where the page complains on the console."""
    contexts, complaints = [], []

    def open_one(width: int = 1280, height: int = 900, fragment: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, ignore_https_errors=True, has_touch=width < 600
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if "Content Security" in told.text else None)
        page.goto(address if fragment else address.partition("#")[0])
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Saves a picture of the page for people to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def shoot_one(page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    return shoot_one


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return found if found and Path(found).exists() else None

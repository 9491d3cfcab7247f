"""The page of the deployed stack in Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.browser.actions import PATIENCE_MILLISECONDS


@dataclass
class Site:
    """The deployed stack, as the page sees it."""

    aws: EmbeddedAws
    outputs: dict[str, str]

    @property
    def key(self) -> str:
        return stack.key(self.aws, self.outputs)

    @property
    def address(self) -> str:
        return f"{stack.address(self.aws, self.outputs)}/"

    def forget(self) -> None:
        """All jobs and batches, lest the next page shows them."""
        work, s3 = self.outputs["WorkBucket"], self.aws.client("s3")
        for one in s3.list_objects_v2(Bucket=work, Prefix="batches/").get("Contents", []):
            s3.delete_object(Bucket=work, Key=one["Key"])
        table = self.outputs["JobsTable"]
        dynamodb = self.aws.client("dynamodb")
        for item in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={"id": item["id"]})


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not chromium():
        pytest.skip("no Chromium (install it, or set CHROMIUM to its path)")
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws")) as aws:
        yield Site(aws, stack.deploy(aws))


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@dataclass
class Windows:
    """Opens the page in windows of a given size."""

    browser: Browser
    site: Site
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, width: int = 1280, height: int = 900, *, key: bool = True, clock: bool = False, **more: Any) -> Page:
        """The page, with the key in its address. clock: whether its time can be moved forward."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, ignore_https_errors=True, has_touch=width < 600, **more
        )
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda told: self.complaints.append(told.text) if "Content Security" in told.text else None,
        )
        if clock:
            page.clock.install()
        page.goto(f"{self.site.address}#key={self.site.key}" if key else self.site.address)
        return page


@pytest.fixture
def windows(browser: Browser, site: Site) -> Iterator[Windows]:
    """Fails the test where a page raises, or what it does is against its content security policy."""
    windows = Windows(browser, site)
    yield windows
    for context in windows.contexts:
        context.close()
    site.forget()
    assert not windows.complaints


@contextmanager
def deployed(home: Path) -> Iterator[Windows]:
    """The page of a stack of its own, in a folder, for what is no test."""
    with EmbeddedAws.start(home) as aws, launched() as browser:
        yield Windows(browser, Site(aws, stack.deploy(aws)))


@contextmanager
def launched() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        # The sandbox needs rights that containers lack; the page is our own.
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    return found if found and Path(found).exists() else None

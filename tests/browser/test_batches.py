"""Batches on the page: the caller's newest, and what became of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from darkroom.client import Client
from darkroom.errors import ImageRejected
from tests.browser.actions import PATIENCE_MILLISECONDS, complaints, ready
from tests.browser.conftest import Site, Windows
from tests.support import photos

pytestmark = pytest.mark.browser


def telling(**also: str) -> Callable[[Route], None]:
    """What passes answers on with these members."""
    return lambda route: route.fulfill(json={**route.fetch().json(), **also})


def test_a_batch_is_followed_and_its_failures_are_told_by_reason(
    windows: Windows, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(site.aws.certificate))
    client = Client(site.address.rstrip("/"), site.key)
    good, bad = client.submit(photos.encoded(), "none"), client.submit(photos.encoded()[:-600], "none")
    client.wait(good, PATIENCE_MILLISECONDS / 1000)
    with pytest.raises(ImageRejected):
        client.wait(bad, PATIENCE_MILLISECONDS / 1000)
    batch = client.begin_batch([good, bad], recipe="vivid").id
    page = windows.open(locale="en-GB")
    ready(page)
    entry = page.locator("#batches details")
    expect(entry).to_have_count(1)
    expect(entry.locator("summary")).to_contain_text("2 photos")
    entry.locator("summary").click()
    expect(entry).to_contain_text("2 of 2: 0 done before, 1 not accepted, 0 failed")
    expect(entry).to_contain_text("Done")
    expect(entry.locator(".reasons li")).to_have_count(1)
    expect(entry.locator(".reasons li")).to_contain_text("1 ×")
    expect(entry.locator("code")).to_have_text(f"darkroom batch report {batch}")
    page.locator("#language").click()
    expect(entry).to_contain_text("2 von 2: 0 schon vorher fertig, 1 nicht angenommen, 0 gescheitert")
    expect(entry.locator(".reasons li span")).to_have_attribute("lang", "de")
    assert complaints(page) == []

    # While one of albums runs, what it is at.
    for phase, german, english in (
        ("looking", "Sieht die Fotos an", "Looking at the photos"),
        ("agreeing", "Stimmt das Licht je Ordner ab", "Folders agree on their light"),
        ("enhancing", "Verbessert die Fotos", "Enhancing the photos"),
    ):
        page.route("**/batches/*", telling(status="running", phase=phase))
        entry.locator("summary").click(click_count=2)  # closed, and open again
        expect(entry.locator("strong").first).to_have_text(german)
        page.locator("#language").click()
        expect(entry.locator("strong").first).to_have_text(english)
        page.locator("#language").click()
        page.unroute("**/batches/*")

    # By keys, in the narrowest window, and the older ones where they are asked for.
    earlier = batch
    client.begin_batch([good], recipe="vivid")
    narrow = windows.open(360, 740, locale="en-GB", key=False)
    narrow.route("**/batches?*", lambda route: route.continue_(url=route.request.url.replace("limit=10", "limit=1")))
    narrow.goto(f"{site.address}#key={site.key}")
    narrow.reload()
    ready(narrow)
    entries = narrow.locator("#batches details")
    expect(entries).to_have_count(1)
    narrow.locator("#older-batches").press("Enter")
    expect(entries).to_have_count(2)
    expect(narrow.locator("#older-batches")).to_be_hidden()
    entries.nth(0).locator("summary").focus()
    narrow.keyboard.press("Tab")
    narrow.keyboard.press("Enter")
    expect(entries.nth(1).locator("code")).to_have_text(f"darkroom batch report {earlier}")
    assert narrow.evaluate("document.documentElement.scrollWidth") == 360
    narrow.keyboard.press("Enter")
    expect(entries.nth(1).locator("code")).to_be_hidden()

"""The page itself: how it is looked at, by whom and on what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from darkroom_local import sample
from darkroom_local.emulator import REPOSITORY
from docs.make import screenshots
from tests.browser.actions import add, complaints, done, files, ready, shown, tile
from tests.browser.conftest import Site, Windows
from tests.support import photos

pytestmark = pytest.mark.browser

MOST_BYTES = 200_000


def test_it_is_light_and_allows_nothing_but_itself(windows: Windows) -> None:
    page = windows.open()
    answer = page.reload()
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    ready(page)
    web = REPOSITORY / "infra" / "web"
    sizes = {path.name: path.stat().st_size for path in web.iterdir()}
    assert sum(sizes.values()) < MOST_BYTES
    for name in sizes:
        assert page.request.get(f"{page.url}web/{name}").status == 200, name


def test_it_is_documented_in_each_of_its_states() -> None:
    assert (REPOSITORY / "docs" / "page.md").read_text("utf-8") == screenshots.text()
    for name in screenshots.STATES:
        assert 5_000 < (screenshots.FOLDER / f"{name}.webp").stat().st_size < 120_000


def split(page: Page) -> int:
    return int(page.locator("#stage .handle").get_attribute("aria-valuenow") or "")


def test_the_handle_the_zoom_and_the_original(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    add(page, *files(tmp_path, [("one.jpg", photos.encoded()), ("two.jpg", photos.encoded(seed=2))]))
    shown(page)
    stage, after, zoom = page.locator("#stage"), page.locator("#stage img.after"), page.locator("#zoom-value")
    box = stage.bounding_box()
    assert box
    middle = box["y"] + 200
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle)
    page.mouse.up()
    assert abs(split(page) - 80) < 2
    page.get_by_role("slider", name="Where before ends").press("Home")
    assert split(page) == 0
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    expect(after).to_be_hidden()  # held: the original
    page.mouse.up()
    expect(after).to_be_visible()
    page.mouse.wheel(0, -600)
    expect(zoom).to_have_text("4.5×")
    before = page.locator("#stage .pan").get_attribute("style")
    stage.press("ArrowRight")
    assert page.locator("#stage .pan").get_attribute("style") != before
    stage.press("0")
    expect(zoom).to_have_text("1×")
    expect(page.locator("#photo-name")).to_have_text("one.jpg")
    stage.press("ArrowRight")
    expect(page.locator("#photo-name")).to_have_text("two.jpg")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(tile(page, "two.jpg")).to_be_focused()


def test_all_of_it_by_keyboard_alone(windows: Windows) -> None:
    page = windows.open()
    ready(page)
    page.locator("#sample").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#photo-name")).to_be_focused()
    shown(page)
    page.keyboard.press("Tab")  # close
    page.keyboard.press("Tab")
    expect(page.locator("#stage")).to_be_focused()
    page.keyboard.down("o")
    expect(page.locator("#stage img.after")).to_be_hidden()
    page.keyboard.up("o")
    expect(page.locator("#stage img.after")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#stage .handle")).to_be_focused()
    page.keyboard.press("ArrowRight")
    assert split(page) == 52
    page.locator("#hold").focus()
    page.keyboard.down(" ")
    expect(page.locator("#stage img.after")).to_be_hidden()
    page.keyboard.up(" ")
    page.locator("#recipes").get_by_role("button", name="Own steps").focus()
    page.keyboard.press("Enter")
    page.locator("#step").focus()
    page.keyboard.type("gamma")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    field = page.get_by_role("spinbutton", name="gamma")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")
    assert complaints(page) == []
    page.locator("#use-here").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_contain_text("Gamma, as asked")


def test_ten_photos_on_a_phone(windows: Windows, tmp_path: Path) -> None:
    page = windows.open(390, 844, reduced_motion="reduce")
    ready(page)
    names = [f"photo {number}.jpg" for number in range(10)]
    add(page, *files(tmp_path, [(name, photos.encoded(seed=number)) for number, name in enumerate(names)]))
    for name in names:
        done(page, name)
    shown(page)
    places = [page.locator(name).bounding_box() for name in ("#stage", "#download", "#recipes", "#drop", "#grid")]
    tops = [place["y"] for place in places if place]
    assert tops == sorted(tops), "picture, then download, then the rest"
    assert len(tops) == 5
    scrolled = page.evaluate("scrollY")
    assert places[1]
    assert places[1]["y"] + scrolled < 844 + 200, "the download is near the picture"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    assert page.evaluate("document.documentElement.scrollHeight") < 3 * 844
    pinch(page, 100, 200)
    expect(page.locator("#zoom-value")).to_have_text("2×")
    assert complaints(page) == []


def pinch(page: Page, apart: float, then: float) -> None:
    """Two fingers on the picture, moved away from each other."""
    box = page.locator("#stage").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for kind, wide in (("touchStart", apart), ("touchMove", then), ("touchEnd", 0)):
        touches = [{"x": x - wide / 2, "y": y, "id": 1}, {"x": x + wide / 2, "y": y, "id": 2}] if wide else []
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def test_in_german(windows: Windows, tmp_path: Path) -> None:
    page = windows.open(locale="de-DE")
    ready(page, "auto")
    expect(page.locator("#recipe-note")).to_contain_text("wählt Schritte und Stärken selbst")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#sample")).to_have_text("Beispielfoto probieren")
    add(page, *files(tmp_path, [("dunkel.jpg", sample.spoiled_photo()), ("kaputt.jpg", photos.encoded()[:900])]))
    done(page, "dunkel.jpg")
    tile(page, "dunkel.jpg").click()
    expect(page.locator("#decisions")).to_contain_text("die Belichtung wird um")
    expect(page.locator("#words")).to_contain_text("Diagnose: unterbelichtet um etwa")
    shown_in = page.locator("#decisions p, #words li, #not-found li").evaluate_all(
        "(all) => all.map((one) => one.lang)"
    )
    assert set(shown_in) == {"de"}
    assert complaints(page) == []
    expect(tile(page, "kaputt.jpg")).to_have_attribute("data-phase", "rejected")
    tile(page, "kaputt.jpg").click()
    expect(page.locator("#photo-error")).to_have_text(re.compile("^Das JPEG "))
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#photo-error")).to_have_text(re.compile("^The JPEG "))
    expect(page.locator("#sample")).to_have_text("Try a sample photo")
    page.reload()
    expect(page.locator("#sample")).to_have_text("Try a sample photo")


def test_without_a_key_it_asks_for_one(windows: Windows, site: Site) -> None:
    page = windows.open(key=False)
    expect(page.get_by_label("API key")).to_be_focused()
    assert complaints(page) == []
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("does not know this key")
    page.get_by_label("API key").fill(site.key)
    page.keyboard.press("Enter")
    ready(page)

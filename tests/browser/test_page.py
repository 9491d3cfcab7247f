"""What people do with the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from darkroom_local import sample
from tests.support import photos

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]
PATIENCE = 120_000


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "dark portrait.jpg"
    path.write_bytes(sample.spoiled_photo())
    return path


def ready(page: Page) -> None:
    expect(page.locator("#recipe option").first).to_have_text("auto", timeout=PATIENCE)


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def mean(card: Locator, which: str) -> int:
    """Mean brightness in percent, as the histogram tells a screen reader."""
    canvas = card.locator(f".histogram-{which}")
    expect(canvas).to_have_attribute("aria-label", re.compile("brightness"), timeout=PATIENCE)
    return int((canvas.get_attribute("aria-label") or "").split()[-2])


def test_a_photo_comes_back_better_with_its_report(open_page: Open, photo: Path, shoot: Shoot) -> None:
    page = open_page()
    ready(page)
    assert "#" not in page.url, "the key stays in the address"
    shoot(page, "start")
    page.set_input_files("#files", photo)
    job = card(page, photo.name)
    expect(job.locator(".stages li").first).to_contain_text("inspect", timeout=PATIENCE)
    shoot(page, "progress")
    expect(job.locator(".state")).to_have_text("Done", timeout=PATIENCE)
    assert job.locator(".stages li").count() >= 4
    expect(job.locator(".stages li").last).to_contain_text("publish")
    expect(job.locator(".words")).to_contain_text("EV")
    expect(job.locator(".words li").first).to_contain_text("Diagnosis: ")
    assert mean(job, "after") > mean(job, "before") + 10
    with page.expect_download() as download:
        job.get_by_role("link", name="Download").click()
    assert photos.decoded(Path(download.value.path()).read_bytes()).shape == (512, 512, 3)
    shoot(page, "result")


def test_digits_are_read_to_people(open_page: Open, tmp_path: Path, shoot: Shoot) -> None:
    page = open_page()
    ready(page)
    (tmp_path / "note.png").write_bytes(photos.ones())
    page.locator("#recipe").select_option("digits")
    page.set_input_files("#files", tmp_path / "note.png")
    job = card(page, "note.png")
    expect(job.locator(".state")).to_have_text("Done", timeout=PATIENCE)
    expect(job.locator(".words")).to_contain_text("2 digits: 11")
    shoot(page, "digits")


def test_the_line_and_the_zoom(open_page: Open, photo: Path, shoot: Shoot) -> None:
    page = open_page()
    ready(page)
    page.set_input_files("#files", photo)
    job = card(page, photo.name)
    expect(job.locator(".compare")).to_be_visible(timeout=PATIENCE)
    mean(job, "after")
    box = job.locator(".compare").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 50)
    page.mouse.up()
    assert abs(float(job.locator(".split").input_value()) - 80) < 2
    job.locator(".zoom").fill("4")
    expect(job.locator(".zoom-value")).to_have_text("4×")
    before = job.locator(".pan").get_attribute("style")
    job.locator(".compare").press("ArrowRight")
    assert job.locator(".pan").get_attribute("style") != before
    shoot(page, "zoom")


def test_a_recipe_of_one_s_own_by_keyboard_alone(open_page: Open, photo: Path, shoot: Shoot) -> None:
    page = open_page()
    ready(page)
    page.locator("#recipe").focus()
    page.keyboard.press("End")
    expect(page.locator("#builder")).to_be_visible()
    page.keyboard.press("Tab")  # blend
    page.keyboard.press("Tab")  # format
    page.keyboard.press("Tab")  # step
    page.keyboard.type("gamma")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="gamma")
    expect(slider).to_be_focused()
    page.keyboard.press("End")
    assert slider.input_value() == "10"
    shoot(page, "builder")
    page.set_input_files("#files", photo)
    job = card(page, photo.name)
    expect(job.locator(".state")).to_have_text("Done", timeout=PATIENCE)
    expect(job.locator(".words")).to_contain_text("Gamma, as asked")


def test_a_table_of_numbers(open_page: Open, photo: Path) -> None:
    page = open_page()
    ready(page)
    page.locator("#recipe").select_option("own steps")
    page.locator("#step").select_option("convolve")
    page.get_by_role("button", name="Add step").click()
    kernel = page.get_by_label("kernel")
    kernel.fill("0 -1 0")
    page.set_input_files("#files", photo)
    expect(page.get_by_role("alert")).to_have_text("kernel: rows of numbers in brackets, as [1, 2], [3, 4]")
    kernel.fill("[0, -1, 0], [-1, 5, -1], [0, -1, 0]")
    page.set_input_files("#files", photo)
    expect(page.get_by_role("alert")).to_be_hidden()
    job = card(page, photo.name)
    expect(job.locator(".state")).to_have_text("Done", timeout=PATIENCE)
    expect(job.locator(".words")).to_contain_text("Convolve, as asked")


def test_errors_are_sentences(open_page: Open, tmp_path: Path, shoot: Shoot) -> None:
    page = open_page()
    ready(page)
    (tmp_path / "broken.jpg").write_bytes(photos.encoded()[:-600])
    (tmp_path / "notes.txt").write_text("not a picture")
    page.set_input_files("#files", [tmp_path / "broken.jpg", tmp_path / "notes.txt"])
    expect(card(page, "broken.jpg").locator(".state")).to_have_text("Not accepted", timeout=PATIENCE)
    expect(card(page, "broken.jpg").locator(".error")).to_contain_text("ends early")
    expect(card(page, "notes.txt").locator(".error")).to_contain_text("accepted are JPEG", timeout=PATIENCE)
    shoot(page, "errors")


def test_without_a_key_it_asks_for_one(open_page: Open, address: str) -> None:
    page = open_page(fragment=False)
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not know this key")
    page.get_by_label("API key").fill(address.partition("#key=")[2])
    page.keyboard.press("Enter")
    ready(page)


def test_several_photos_on_a_phone(open_page: Open, tmp_path: Path, shoot: Shoot) -> None:
    page = open_page(390, 844)
    ready(page)
    files = [tmp_path / f"photo {number}.jpg" for number in range(10)]
    for number, file in enumerate(files):
        file.write_bytes(photos.encoded(seed=number))
    page.locator("#recipe").select_option("vivid")
    page.set_input_files("#files", files)
    for file in files:
        expect(card(page, file.name).locator(".state")).to_have_text("Done", timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    shoot(page, "phone")


def test_dropping_a_photo(open_page: Open) -> None:
    page = open_page()
    ready(page)
    page.locator("#drop").evaluate(
        """(field, bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", { type: "image/jpeg" }));
            field.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        list(photos.encoded()),
    )
    expect(card(page, "dropped.jpg").locator(".state")).to_have_text("Done", timeout=PATIENCE)

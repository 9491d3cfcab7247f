"""Photos come in, are made better, come out again, and stay."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from darkroom_local import sample
from tests.browser.actions import Asked, add, brightness, complaints, done, files, ready, shown, tile, until
from tests.browser.conftest import Site, Windows
from tests.support import heic, photos
from tests.support.held import held

pytestmark = pytest.mark.browser

AT_ONCE = 3
"""Pictures of tiles that the page asks for before one of them is answered."""


def test_a_photo_comes_back_better_and_each_decision_is_a_switch(windows: Windows, tmp_path: Path) -> None:
    page = windows.open(color_scheme="dark")
    asked = Asked(page)
    ready(page, "auto")
    assert "#" not in page.url, "the key stays in the address"
    add(page, *files(tmp_path, [("dark portrait.jpg", sample.spoiled_photo())]))
    shown(page)
    bright = brightness(page, "after")
    assert bright > brightness(page, "before") + 10
    expect(page.locator("#words")).to_contain_text("Diagnosis: ")
    expect(page.locator("#decisions")).to_contain_text("EV")
    assert complaints(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "dark portrait-auto.jpg"
    assert photos.decoded(Path(download.value.path()).read_bytes()).shape == (512, 512, 3)

    assert page.locator("#decisions input:checked").count() > 1
    page.get_by_role("switch", name="Underexposed").uncheck()
    expect(page.locator("#download")).to_have_attribute("href", re.compile("custom[.]jpg"))
    old = f"Histogram; mean brightness {bright} percent"
    expect(page.locator("#histogram-after")).not_to_have_attribute("aria-label", old)
    expect(page.get_by_role("switch", name="Underexposed")).not_to_be_checked()
    assert page.locator("#decisions input:checked").count() > 0, "the other decisions stay"
    expect(page.locator("#words")).to_contain_text("Made as you switched it")
    assert brightness(page, "after") < bright - 10
    assert asked.bodies("/again")[0]["steps"]
    assert asked.uploads() == 1


def test_a_photo_is_asked_for_otherwise_without_another_upload(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    asked = Asked(page)
    ready(page)
    add(page, *files(tmp_path, [("lake.jpg", photos.encoded(width=480, height=320))]))
    shown(page)
    faces = page.locator("#recipes img.face")
    expect(faces).to_have_count(14)  # all but digits, which makes no picture
    assert len(asked.to("/thumbnails")) == 1
    assert len({face.get_attribute("src") for face in faces.all()}) == 14
    vivid = page.get_by_role("button", name="vivid")
    vivid.click()
    expect(vivid).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#download")).to_have_attribute("href", re.compile("lake-vivid[.]jpg"))
    size = page.locator("#size").text_content()
    slide(page, "#blend", 40)
    expect(page.locator("#stage img.after")).to_have_css("opacity", "0.4")
    page.locator("#blend").dispatch_event("change")
    expect(page.locator("#stage img.after")).to_have_css("opacity", "1")  # this one is made so
    slide(page, "#quality", 20)
    expect(page.locator("#quality-value")).to_contain_text("about")
    page.locator("#quality").dispatch_event("change")
    expect(page.locator("#size")).not_to_have_text(size or "")
    bodies = asked.bodies("/again")
    assert bodies[0] == {"recipe": "vivid"}
    assert bodies[-1] == {"recipe": "vivid", "blend": 40, "quality": 20}
    assert asked.uploads() == 1
    expect(page.get_by_role("button", name="Own steps").first).to_be_visible()


def slide(page: Page, slider: str, value: int) -> None:
    """Move a slider and do not let go of it: what is asked for follows when it is, by the event `change`."""
    move = "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }"
    page.locator(slider).evaluate(move, value)


@pytest.mark.parametrize("format_name", ["TIFF", "HEIC"])
def test_before_and_after_of_what_no_browser_reads(windows: Windows, tmp_path: Path, format_name: str) -> None:
    picture = np.clip(photos.pixels() // 3, 0, 255)  # dark, so that the two differ
    content = heic.write(picture, matrix=heic.BT601) if format_name == "HEIC" else _tiff(picture)
    page = windows.open()
    ready(page, "lowlight")
    add(page, *files(tmp_path, [(f"scan.{format_name.lower()}", content)]))
    shown(page)
    expected = picture @ np.array([0.299, 0.587, 0.114])
    assert abs(brightness(page, "before") - expected.mean() / 2.55) < 3
    assert brightness(page, "after") > brightness(page, "before") + 5


def _tiff(picture: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "TIFF")
    return file.getvalue()


def test_a_reload_keeps_photos_and_what_became_of_them(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    add(page, *files(tmp_path, [("kept.jpg", photos.encoded())]))
    shown(page)
    expect(tile(page, "kept.jpg").locator("img[data-result]")).to_be_visible()
    page.get_by_role("button", name="natural").click()
    expect(page.locator("#download")).to_have_attribute("href", re.compile("kept-natural"))
    page.reload()
    expect(page.locator("#grid li")).to_have_count(1)  # two jobs are one photo
    expect(tile(page, "kept.jpg").locator("img")).to_be_visible()
    tile(page, "kept.jpg").click()
    shown(page)
    expect(page.get_by_role("button", name="natural")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#download")).to_have_attribute("href", re.compile("kept-natural"))


def test_tiles_are_drawn_as_soon_as_the_jobs_are_known_and_few_at_a_time(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    made = [(f"{number}.png", photos.encoded("PNG", seed=number)) for number in range(5)]
    add(page, *files(tmp_path, made))
    for name, _ in made:
        done(page, name)
    asked, stopped, most = list[Route](), list[Route](), 0
    page.route("**/v1/steps", lambda route: stopped.append(route))  # Playwright marks what it calls
    page.route(re.compile("/preview[?]"), lambda route: asked.append(route))
    page.reload()
    until(page, lambda: len(asked) >= AT_ONCE, "the first tiles' pictures are asked for")
    for answered in range(len(made)):  # one after another, each when it has been seen how many are asked for
        until(page, lambda: len(asked) > answered, "the next picture is asked for")  # noqa: B023 - called here
        page.wait_for_timeout(100)
        most = max(most, len(asked) - answered)
        asked[answered].continue_()
    assert most == AT_ONCE
    page.unroute(re.compile("/preview[?]"))
    for name, _ in made:
        expect(tile(page, name).locator("img")).to_be_visible()
    tile(page, "3.png").click()
    shown(page)
    for route in stopped:
        route.continue_()
    expect(page.get_by_role("button", name="natural")).to_be_visible()


def test_links_are_renewed_before_they_lapse(windows: Windows, tmp_path: Path) -> None:
    page = windows.open(clock=True)
    ready(page)
    add(page, *files(tmp_path, [("left open.jpg", photos.encoded())]))
    shown(page)
    job = re.search("/api/([0-9a-f]{32})/", page.locator("#download").get_attribute("href") or "")
    assert job
    with page.expect_response(lambda answer: answer.url.endswith(f"/jobs/{job[1]}")) as renewed:
        page.clock.fast_forward("11:00")
    assert renewed.value.ok
    expect(page.locator("#download")).to_have_attribute("href", renewed.value.json()["links"]["download"])


def test_all_results_in_one_zip(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    names = ["ü 1.jpg", "b.png"]
    contents = [photos.encoded(seed=1), photos.encoded("PNG", seed=2)]
    add(page, *files(tmp_path, zip(names, contents, strict=True)))
    for name in names:
        done(page, name)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["b-none.png", "ü 1-none.jpg"]
        found = {name: photos.decoded(archive.read(name)) for name in archive.namelist()}
    assert np.array_equal(found["b-none.png"], photos.pixels(2))
    assert np.array_equal(found["ü 1-none.jpg"], photos.decoded(contents[0]))


def test_offline_it_waits_and_goes_on_and_what_waits_can_be_cancelled(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    made = [("goes on.jpg", photos.encoded()), ("is stopped.jpg", photos.encoded(seed=3))]
    add(page, *files(tmp_path, made))
    for name, _ in made:  # the first picture waits for no server
        expect(tile(page, name).locator("img")).to_be_visible()
        expect(tile(page, name)).to_have_attribute("data-phase", "line")
    tile(page, "is stopped.jpg").click()
    page.get_by_role("button", name="Cancel").click()
    expect(tile(page, "is stopped.jpg")).to_contain_text("Stopped")
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    done(page, "goes on.jpg")
    expect(tile(page, "is stopped.jpg")).to_contain_text("Stopped")
    page.get_by_role("button", name="Try again").click()
    done(page, "is stopped.jpg")


def test_a_job_that_runs_is_cancelled(windows: Windows, site: Site, tmp_path: Path) -> None:
    """While one of its stages may not begin, so that it runs until it is cancelled."""
    page = windows.open()
    ready(page)
    steps = [{"name": "cluster_colors"}, {"name": "denoise"}]
    page.route(
        "**/v1/jobs",
        lambda route: route.continue_(
            post_data={"filename": "long.png", "content_type": "image/png", "steps": steps}
            if route.request.method == "POST"
            else None
        ),
    )
    with held(site.aws, "FilterFunction"):
        add(page, *files(tmp_path, [("long.png", photos.encoded("PNG"))]))
        expect(tile(page, "long.png")).to_have_attribute("data-phase", "working")
        expect(page.locator("#phase")).to_have_text(re.compile(r"filter, \d+ s · \d+ of \d+"))
        expect(page.locator("#share")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        page.reload()  # at once: what was asked for goes through all the same
        expect(tile(page, "long.png")).to_have_attribute("data-phase", "failed")
        tile(page, "long.png").click()
        expect(page.locator("#photo-error")).to_have_text("The job was stopped.")


def test_what_is_removed_is_gone(windows: Windows, site: Site, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    add(page, *files(tmp_path, [("gone.jpg", photos.encoded())]))
    shown(page)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as removed:
        page.get_by_role("button", name="Remove").click()
    assert removed.value.status == 204
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page.locator("#grid li")).to_have_count(0)
    listed = site.aws.client("s3").list_objects_v2(Bucket=site.outputs["UploadsBucket"]).get("Contents", [])
    assert not [one for one in listed if one["Key"].endswith("gone.jpg")]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_photo_that_is_dropped_anywhere_or_pasted(windows: Windows, way: str) -> None:
    page = windows.open()
    ready(page)
    page.locator("h1").evaluate(
        """(element, [way, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "brought.jpg", { type: "image/jpeg" }));
            const how = { bubbles: true, cancelable: true };
            const event = way === "drop"
                ? new DragEvent("drop", { ...how, dataTransfer: data })
                : new ClipboardEvent("paste", { ...how, clipboardData: data });
            element.dispatchEvent(event);
        }""",
        [way, list(photos.encoded())],
    )
    done(page, "brought.jpg")


def test_digits_are_read_to_people(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page, "digits")
    add(page, *files(tmp_path, [("note.png", photos.ones())]))
    shown(page)
    expect(page.locator("#words")).to_contain_text("2 digits: 11")


def test_errors_are_sentences(windows: Windows, tmp_path: Path) -> None:
    page = windows.open()
    ready(page)
    add(page, *files(tmp_path, [("broken.jpg", photos.encoded()[:-600]), ("notes.txt", b"not a picture")]))
    for name, phase, words in (("broken.jpg", "rejected", "ends early"), ("notes.txt", "failed", "accepted are JPEG")):
        expect(tile(page, name)).to_have_attribute("data-phase", phase)
        tile(page, name).click()
        expect(page.locator("#photo-error")).to_contain_text(words)
    assert complaints(page) == []

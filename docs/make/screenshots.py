"""`make screenshots`: the page in each of its states, photographed in Chromium on an embedded AWS, and docs/page.md.

The photos are those of the tests (CC0), darkened, and the page's own sample.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from darkroom.client import Client
from darkroom_local.emulator import REPOSITORY
from tests.browser.actions import add, done, ready, shown, tile
from tests.browser.conftest import Windows, deployed
from tests.support.photographs import photo

FOLDER = REPOSITORY / "docs" / "page"
QUALITY = 55
NAMES = ("flowers", "waves", "city", "grass", "sunset", "reflect", "nyc")
PHONE = (390, 844)
SHOWN = """() => {
  const count = (what) => document.querySelectorAll(`#grid ${what}`).length;
  return count("[data-phase=done]") > 0 && count("[data-phase=done]") === count("img[data-result]");
}"""
"""Whether each photo that is done shows its result."""

STATES = {
    "start": "Nothing there yet: photos are chosen, dropped anywhere, pasted, or a sample is tried.",
    "open": "A photo, opened large: before and after, what was done and why, and the recipes on this very photo.",
    "switch": "A decision switched off: the photo is made once more, without being uploaded again.",
    "adjust": "Blend, finish, format, and quality with the size it makes.",
    "grid": "Many photos are tiles, those that wait too.",
    "offline": "Offline: what was begun goes on when the connection is back.",
    "steps": "Steps of one's own. What may be automatic says so, can be chosen, and set back.",
    "error": "What is not accepted, in a sentence.",
    "batches": "Batches: how far each is, and why photos were not done.",
    "phone": "On a phone: the picture, then the download.",
    "dark": "In the dark, in German.",
}

HEAD = """# The page

What `make local` prints the address of, and a deployed stack serves at its API's root, is a page: less than
200 kB of plain modules without a framework, in English and German, for keyboard, screen reader, phone and the dark
alike. It asks of the API what anyone may ask ([api.md](api.md)), and its content security policy lets in nothing but
the stack. `make screenshots` makes this page.

- **Keys** on the picture: arrows for other photos, or to move about when zoomed; `+`, `-` and `0` zoom; `O` held shows
  the original; `Esc` closes. On the handle, arrows move it.
- **Mouse and fingers**: the handle is dragged, the wheel and two fingers zoom, a photo that is zoomed is dragged, and
  one that is not shows the original while it is held.
- **A reload** forgets nothing but what was not uploaded yet: photos and what became of them are the caller's jobs.
- **Batches** ([batch.md](batch.md)) stand under the tiles, the newest ten and, asked for, older ones; one that is
  open is followed while it runs: how many photos are done, which were not and why, and the command for its report.
- **German** is a table (`infra/web/german.json`) from the API's English to the page's: decisions, reasons, notes on
  files, errors of photos and jobs, recipes. A test reads the sentences where they are worded, and fails where more than
  a tenth of them have no German; such a one is shown in English. Names of steps and of their parameters, and what is
  said of those, are the API's own and stay English.
- **A switch** is one's own choice, as steps of one's own are: the photo is made as it was switched. `auto` looks again
  only at what it chose by itself and would give the photo back over a choice that it likes less; the page says so.
"""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, deployed(Path(home)) as windows:
        files = darkened(Path(home))
        tell(windows.open(1200, 800), files)
        batches(windows)
        opened(windows.open(*PHONE), "waves.jpg", "phone")
        opened(windows.open(1200, 800, color_scheme="dark", locale="de-DE"), "flowers.jpg", "dark")
    (REPOSITORY / "docs" / "page.md").write_text(text(), "utf-8")


def text() -> str:
    """docs/page.md."""
    pictures = [f"\n## {words}\n\n![{words}](page/{name}.webp)\n" for name, words in STATES.items()]
    return HEAD + "".join(pictures)


def tell(page: Page, files: list[Path]) -> None:
    ready(page, "auto")
    shoot(page, "start")
    page.locator("#sample").click()
    shown(page)
    expect(page.locator("#recipes img.face")).to_have_count(14)
    shoot(page, "open")
    page.locator("#tune").scroll_into_view_if_needed()
    shoot(page, "adjust")
    chosen = page.locator("#decisions input:checked").first
    chosen.scroll_into_view_if_needed()
    chosen.uncheck()
    expect(page.locator("#download")).to_be_visible()
    shoot(page, "switch")
    last, *others = files
    add(page, *others)
    for file in others:
        done(page, file.name)
    page.locator("#close").click()
    page.mouse.wheel(0, -3000)
    results = page.locator("#grid img[data-result]")
    expect(results).to_have_count(1 + len(others))
    page.context.set_offline(True)
    add(page, last)
    page.locator("#close").click()
    page.mouse.wheel(0, -3000)
    expect(tile(page, last.name).locator("img")).to_be_visible()
    shoot(page, "offline")
    page.context.set_offline(False)
    expect(results).to_have_count(1 + len(files))
    shoot(page, "grid")
    page.locator("#edit-steps").evaluate("(button) => button.click()")
    for name in ("deblur_motion", "unsharp_mask"):
        page.locator("#step").select_option(name)
        page.locator("#add-step").click()
    page.locator("#steps-dialog").evaluate("(dialog) => { dialog.scrollTop = 0; }")
    shoot(page, "steps")
    page.locator("#steps-close").click()
    broken = last.with_name("broken.jpg")
    broken.write_bytes(last.read_bytes()[:-600])
    add(page, broken)
    expect(tile(page, "broken.jpg")).to_have_attribute("data-phase", "rejected")
    shoot(page, "error")


def batches(windows: Windows) -> None:
    """Shoot two batches of the photos that were sent, one of which is open."""
    os.environ["SSL_CERT_FILE"] = str(windows.site.aws.certificate)
    client = Client(windows.site.address.rstrip("/"), windows.site.key)
    jobs = [job.id for job in client.jobs() if job.status != "waiting"]
    for recipe in ("natural", "vivid"):
        client.wait_for_batch(client.begin_batch(jobs, recipe=recipe).id)
    page = windows.open(1200, 800)
    ready(page)
    page.wait_for_function(SHOWN)
    newest = page.locator("#batches details").first
    newest.locator("summary").click()
    expect(newest.locator(".reasons li")).to_have_count(1)
    page.locator("#batches details").last.scroll_into_view_if_needed()
    shoot(page, "batches")


def opened(page: Page, photo: str, state: str) -> None:
    """Shoot a photo that the page remembers, opened."""
    ready(page, "auto")
    tile(page, photo).click()
    shown(page)
    expect(page.locator("#recipes img.face")).to_have_count(14)
    shoot(page, state)


def darkened(folder: Path) -> list[Path]:
    files = []
    for name in NAMES:
        files.append(folder / f"{name}.jpg")
        Image.fromarray(np.rint(photo(name) * 0.5).astype(np.uint8)).save(files[-1], "JPEG", quality=90)
    return files


def shoot(page: Page, name: str) -> None:
    """Save what the window shows once all of its pictures are there."""
    page.wait_for_function("[...document.images].every((one) => one.hidden || !one.src || one.complete)")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    picture.convert("RGB").save(FOLDER / f"{name}.webp", "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()

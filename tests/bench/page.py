"""How soon the page shows pictures: ten photos in Chromium, on the stack on an embedded AWS.

`python -m tests.bench.page`. Times are the browser's own, from an answer of the API (or from where the photos are
chosen) until a picture is drawn; what the stages take is not in them. Told as well: what the page weighs, how much
of a core a busy process got before each round, as all of it runs on one machine, and each time multiplied by that: what
it would have been, about, on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from darkroom_local.emulator import REPOSITORY
from tests.browser.actions import add, done, ready, shown
from tests.browser.conftest import Windows, deployed
from tests.support.photographs import FOLDER

PHOTOS = 10
SIZE = (3000, 2000)
BUSY_SECONDS = 0.3

WATCH = """
window.seen = [];
const note = (what) => window.seen.push([what, performance.now()]);
const ask = window.fetch;
window.fetch = async (...given) => {
  const answer = await ask(...given);
  const path = new URL(answer.url).pathname;
  if (/[/]jobs$/.test(path)) note("list");
  if (/[/]jobs[/][0-9a-f]{32}$/.test(path)) answer.clone().json().then((job) => note(job.status));
  return answer;
};
addEventListener("change", (event) => event.target.id === "files" && note("chosen"), true);
document.addEventListener("load", ({ target }) => { // of an element it does not come as far as the window
  if (!(target instanceof HTMLImageElement)) return;
  note(target.closest(".tile") ? "tile" : target.className);
}, true);
"""
"""Notes what happens in the page, and when, in milliseconds."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as home, deployed(Path(home)) as windows:
        files = photos(Path(home))
        got = []
        for _ in range(rounds):
            got.append(share_of_a_core())
            for what, took in times(windows, files).items():
                found.setdefault(what, []).append((took, took * got[-1]))
            windows.site.forget()
    web = REPOSITORY / "infra" / "web"
    weight = sum(path.stat().st_size for path in web.iterdir())
    print(f"the page weighs {weight / 1000:.0f} kB, in all its languages")
    print(f"a busy process got {statistics.median(got):.0%} of a core")
    print(f"ten photos of {SIZE[0]} × {SIZE[1]} px, milliseconds: median of {rounds}, worst; and both so scaled")
    for what, each in found.items():
        columns = zip(*each, strict=True)
        print(f"{what:<58}" + "".join(f"{statistics.median(one):>7.0f}{max(one):>7.0f}" for one in columns))
    return 0


def share_of_a_core() -> float:
    wall, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < BUSY_SECONDS:
        pass
    return BUSY_SECONDS / (time.perf_counter() - wall)


def times(windows: Windows, files: list[Path]) -> dict[str, float]:
    """Milliseconds of one round."""
    page = windows.open()
    page.context.add_init_script(WATCH)
    page.reload()
    ready(page)
    add(page, *files)
    for file in files:
        done(page, file.name)
    shown(page)
    chosen = seen(page)
    page.reload()
    expect(page.locator(".tile img:not([hidden])")).to_have_count(PHOTOS)
    again = seen(page)
    page.context.close()
    windows.contexts.clear()
    listed = first(again, "list")
    return {
        "from choosing to the first picture": first(chosen, "tile") - first(chosen, "chosen"),
        "from the first job's last answer to its result, large": first(chosen, "after") - first(chosen, "succeeded"),
        "from the list of jobs, after a reload, to the first picture": first(again, "tile") - listed,
        "… and to the last of them": max(at for what, at in again if what == "tile") - listed,
    }


def seen(page: Page) -> list[tuple[str, float]]:
    return [(what, at) for what, at in page.evaluate("window.seen")]


def first(noted: list[tuple[str, float]], what: str) -> float:
    return min(at for name, at in noted if name == what)


def photos(folder: Path) -> list[Path]:
    """Photographs of the tests, as large as a camera's."""
    made = []
    for number, path in enumerate(sorted(FOLDER.glob("*.webp"))[:PHOTOS]):
        file = io.BytesIO()
        with Image.open(path) as photo:
            photo.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
        made.append(folder / f"{number}.jpg")
        made[-1].write_bytes(file.getvalue())
    return made


if __name__ == "__main__":
    sys.exit(main())

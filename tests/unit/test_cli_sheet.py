"""The report of many photos: one page that holds its pictures, escapes what it is told, and asks for nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from darkroom.cli import gathering, sheet
from darkroom.cli.main import cli
from darkroom.cli.sheet import KEPT, Entry, Pair, Sheet
from tests.support import photos


class Page(HTMLParser):
    """The elements of a page, and whatever they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.places: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.places += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def entry(name: str, change: float) -> Entry:
    return Entry(name, "done", seconds=change, treated=("noise",), change=change, pair=Pair(b"b", b"a", change))


def test_a_page_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for number in range(3):
        Path(f"in/{number}<b>.jpg").write_bytes(photos.encoded(seed=number))
    Path("in/words.jpg").write_text("just words, and more of them than a header has")
    line = ["enhance", "in", "-o", "out/", "--step", "gamma:gamma=1.4", "--report", "page.html"]
    done = CliRunner().invoke(cli, line)
    assert done.exit_code == 1, done.output
    page = Page(Path("page.html").read_text("utf-8"))
    assert page.tags.count("img") == 2 * (3 + 3)  # on the contact sheet, and among those that changed most
    assert all(place.startswith("data:image/jpeg;base64,") for place in page.places)
    assert "script" not in page.tags
    assert "image.not-an-image" in page.text
    assert "in/0<b>.jpg" in page.text
    assert "gamma" in page.text
    again = CliRunner().invoke(cli, [*line[:-1], "again.html", "--skip"])
    assert again.exit_code == 1
    resumed = Page(Path("again.html").read_text("utf-8"))
    assert re.search(r"skipped\s+3", resumed.text)
    assert "img" not in resumed.tags


def test_change_is_none_for_the_same_and_much_for_another() -> None:
    body = photos.encoded()
    same, other = gathering.pair(body, body), gathering.pair(body, photos.encoded(seed=9))
    assert same is not None
    assert same.change == 0
    assert other is not None
    assert other.change > 5
    assert gathering.pair(body, b"words") is None


def test_what_changed_most_and_least_is_kept_of_very_many() -> None:
    entries = [entry(str(number), float((number * 7919) % 1000)) for number in range(2 * KEPT)]
    kept = [one for one in sheet.pruned(entries) if one.pair]
    assert len(kept) < KEPT
    ranked = sorted(entries, key=lambda one: one.change or 0)
    for extreme in (*ranked[: sheet.EXTREMES], *ranked[-sheet.EXTREMES :]):
        assert extreme in kept
    assert [one.change for one in sheet.pruned(entries)] == [one.change for one in entries]
    few = entries[:10]
    assert sheet.pruned(few) == few


def test_an_empty_batch_and_one_with_photos_without_a_word_have_a_page() -> None:
    page = Page(sheet.page(Sheet("none", [], [], missing=7)))
    assert re.search(r"not begun\s+7", page.text)
    one = Page(sheet.page(Sheet("one", [], [replace(entry("a", 1.0), pair=None)])))
    assert "svg" in one.tags


def test_of_many_reasons_each_is_counted() -> None:
    entries = [Entry(f"{number}.jpg", "rejected", "it ends early", "image.truncated") for number in range(150)]
    page = Page(sheet.page(Sheet("cut", [], [*entries, Entry("x", "failed", "ours", "step.timeout")])))
    assert re.search(r"image\.truncated\s+150", page.text)
    assert "and 50 more" in page.text
    assert "step.timeout" in page.text

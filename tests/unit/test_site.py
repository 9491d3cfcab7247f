"""`make site`: it builds without a warning, leads nowhere that is not there, and asks nothing of other hosts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

import darkroom
from docs.make import site

pytestmark = pytest.mark.slow

FETCHED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="?(?:https?:)?//[^\s">]+')


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site.gather(folder / "pages")
    assert site.build(folder / "pages", folder / "site") == 0, "a link leads nowhere, or mkdocs warns of something else"
    return folder / "site"


def test_every_page_is_there(built: Path) -> None:
    for page in (site.ROOT / "docs").rglob("*.md"):
        there = built / page.relative_to(site.ROOT / "docs")
        assert there.with_name("index.html" if page.name == "README.md" else f"{page.stem}.html").is_file(), page
    assert "<h1" in (built / "index.html").read_text()


def test_what_a_page_leads_to_is_there(built: Path) -> None:
    links = [
        (page, link)
        for page in built.rglob("*.html")
        if page.name != "404.html"  # it is shown for any address, and leads from the top
        for link in re.findall(r'<a\b[^>]*?href="?([^"\s>#?]+)', page.read_text("utf-8"))
        if ":" not in link
    ]
    assert len(links) > 1000
    assert {(page.name, link) for page, link in links if not (page.parent / unquote(link)).exists()} == set()


def test_no_page_fetches_anything_from_elsewhere(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > 60
    fetched = {found[0] for page in pages for found in FETCHED.finditer(page.read_text("utf-8"))}
    assert {one for one in fetched if 'rel="canonical"' not in one} == set()


def test_the_reference_has_every_public_name_and_the_search_finds_it(built: Path) -> None:
    page = (built / "reference.html").read_text("utf-8")
    found = {one["location"] for one in json.loads((built / "search" / "search_index.json").read_text())["docs"]}
    for name in [*darkroom.__all__, "Client", "Job", "JobEnded"]:
        assert re.search(rf'id="darkroom\.[\w.]*\b{name}"', page), name
        assert any(re.fullmatch(rf"reference\.html#darkroom\.[\w.]*\b{name}", one) for one in found), name


def test_a_link_that_leads_nowhere_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text("# A page\n\n[nowhere](nowhere.md)\n")
    assert site.build(tmp_path / "pages", tmp_path / "site") != 0

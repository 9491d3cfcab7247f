"""`make site`: README and docs as a site with search and the library's reference, in build/site; it needs no network.

Pages are gathered in build/pages, where a link leads to the site's page of what it names, or to a copy of the file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import darkroom
from darkroom import client

ROOT = Path(__file__).parents[2]
PAGES, SITE = ROOT / "build" / "pages", ROOT / "build" / "site"
LINK = re.compile(r"(!?\[[^\]\n]*\]\()([^)#\s]+)(#[^)\s]*)?(\))")
OUTSIDE = re.compile(r"[a-z]+:", re.IGNORECASE)
AT_THE_TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}

REFERENCE_HEAD = """# The library

`import darkroom` has these names; more of the parameters of steps is on [the steps' pages](steps/README.md).
"""

CLIENT_HEAD = """
# A stack from outside

`darkroom.client` has these names; [client.md](client.md) shows them at work.
"""

CONFIG = {
    "site_name": "darkroom",
    "site_description": "A serverless photo lab",
    "use_directory_urls": False,  # files that a browser opens without a server
    "theme": {
        "name": "material",
        "font": False,  # else it asks Google for some
        "features": ["navigation.indexes", "navigation.top", "search.highlight", "content.code.copy"],
        "palette": [
            {"media": f"(prefers-color-scheme: {name})", "scheme": scheme}
            for name, scheme in (("light", "default"), ("dark", "slate"))
        ],
    },
    "plugins": [
        "search",
        {
            "mkdocstrings": {
                "handlers": {
                    "python": {
                        "paths": [str(ROOT / "layers" / "core")],
                        "options": {
                            "docstring_style": None,
                            "heading_level": 2,
                            "show_root_heading": True,
                            "show_root_full_path": False,
                            "show_source": False,
                            "show_signature_annotations": True,
                            "separate_signature": True,
                            "members_order": "source",
                            "filters": ["!^_"],
                        },
                    }
                }
            }
        },
    ],
    "markdown_extensions": [
        "tables",
        "attr_list",
        "pymdownx.superfences",
        "pymdownx.highlight",
        {"toc": {"permalink": True}},
    ],
    "validation": {
        "links": {"not_found": "warn", "anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"}
    },
}


def main() -> int:
    gather(PAGES)
    return build(PAGES, SITE)


def build(pages: Path, site: Path) -> int:
    """The site of a folder's pages. The exit status: 1 where a link leads nowhere, or anything else is amiss."""
    config = pages.with_suffix(".yml")
    config.write_text(yaml.safe_dump({**CONFIG, "docs_dir": str(pages), "site_dir": str(site)}, sort_keys=False))
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    # Without --quiet, which would keep warnings from counting.
    command = [*mkdocs(), "build", "--strict", "--config-file", config]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


def mkdocs() -> list[str | Path]:
    """The program, with what it needs at the versions of docs/make/site.txt, apart from the project's environment."""
    pins = Path(__file__).with_name("site.txt")
    program = ROOT / ".venv" / "bin" / "uv"
    return [program, "--quiet", "tool", "run", "--from", "mkdocs", "--with-requirements", pins, "mkdocs"]


def gather(pages: Path) -> None:
    """All pages, and the files that they lead to."""
    shutil.rmtree(pages, ignore_errors=True)
    for source in [*map(ROOT.joinpath, AT_THE_TOP), *sorted((ROOT / "docs").rglob("*"))]:
        if source.is_file() and "make" not in source.relative_to(ROOT).parts[1:2]:
            target = pages / place(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".md":
                target.write_text(relinked(source, pages), "utf-8")
            else:
                shutil.copy(source, target)
    (pages / "reference.md").write_text(reference(), "utf-8")


def place(source: Path) -> Path:
    """Where a file of the repository lies in the site: docs at its top, the rest beneath `files`."""
    path = source.relative_to(ROOT)
    if str(path) in AT_THE_TOP:
        return Path(AT_THE_TOP[str(path)])
    if path.parts[0] == "docs":
        return path.relative_to("docs")
    return Path("files", *(part.lstrip(".") for part in path.parts))  # mkdocs leaves out what begins with a dot


def relinked(page: Path, pages: Path) -> str:
    """A page whose links lead to where things lie in the site. A folder without a page has none, and is only named."""
    here = place(page).parent

    def link(found: re.Match[str]) -> str:
        before, target, anchor, after = found[1], found[2], found[3] or "", found[4]
        if OUTSIDE.match(target):
            return found[0]
        source = (page.parent / target).resolve()
        if source.is_dir() and (source / "README.md").is_file():
            source /= "README.md"
        if not source.is_file():
            return before[1:-2] if source.is_dir() else found[0]
        there = place(source)
        if there.parts[0] == "files":
            if source.suffix == ".md":  # it is no page of the site
                there = there.with_suffix(".txt")
            copy = pages / there
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        return f"{before}{os.path.relpath(there, here)}{anchor}{after}"

    return LINK.sub(link, page.read_text("utf-8"))


def reference() -> str:
    """A page on which each public name of the library is documented from its source."""
    named = [(name, getattr(darkroom, name)) for name in darkroom.__all__ if name != "steps"]
    places = {name: f"{one.__module__}.{one.__qualname__}" for name, one in named} | {
        "steps": "darkroom.registry.steps"
    }
    outside = [getattr(client, name) for name in client.__all__]
    named_outside = [f"{one.__module__}.{one.__qualname__}" for one in outside if one not in dict(named).values()]
    return (
        REFERENCE_HEAD
        + "".join(f"\n::: {places[name]}\n" for name in darkroom.__all__)
        + CLIENT_HEAD
        + "".join(f"\n::: {place}\n" for place in named_outside)
    )


if __name__ == "__main__":
    sys.exit(main())

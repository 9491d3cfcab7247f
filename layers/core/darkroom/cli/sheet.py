"""The report of many photos as one page of HTML, which holds its pictures and asks for nothing.

Before and after of some, those that changed most and least, why others were left undone, and how change and time are
spread.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from string import Template

from darkroom.cli import plots

SHOWN = 60
"""Pairs on the contact sheet."""

EXTREMES = 12
"""Pairs that changed most, and as many that changed least."""

KEPT = 400
"""Pairs that are kept in memory until it is known which are shown."""

NAMED = 100
"""Photos that are named under one reason."""


@dataclass(frozen=True)
class Pair:
    """A photo before and after, as small JPEGs, and how much it changed: the mean ΔE of CIE 1976 between the two."""

    before: bytes
    after: bytes
    change: float


@dataclass(frozen=True)
class Entry:
    """A photo. status: "done", "skipped", "rejected" or "failed". why: in a sentence. code: of an error.

    seconds: that it took. treated: what was done, a word each. pair: None where it is not looked at.
    """

    name: str
    status: str
    why: str = ""
    code: str = ""
    seconds: float | None = None
    treated: tuple[str, ...] = ()
    change: float | None = None
    pair: Pair | None = None


@dataclass(frozen=True)
class Sheet:
    """title: what it is of. about: lines of name and value. entries: every photo that is accounted for. missing: photos
    of which there is no word."""

    title: str
    about: Sequence[tuple[str, str]]
    entries: Sequence[Entry]
    missing: int = 0


def pruned(entries: list[Entry]) -> list[Entry]:
    """The same with no more than `KEPT` pairs, where there are twice as many: the extremes, and evenly some others."""
    with_pair = [index for index, one in enumerate(entries) if one.pair]
    if len(with_pair) < 2 * KEPT:
        return entries
    ranked = sorted(with_pair, key=lambda index: entries[index].change or 0.0)
    keep = {*ranked[:EXTREMES], *ranked[-EXTREMES:], *with_pair[:: -(-len(with_pair) // (KEPT // 2))]}
    return [one if index in keep else replace(one, pair=None) for index, one in enumerate(entries)]


def page(sheet: Sheet) -> str:
    """The page."""
    entries = sheet.entries
    shown = [one for one in entries if one.pair]
    ranked = sorted(shown, key=lambda one: -(one.change or 0.0))
    counts = Counter(one.status for one in entries)
    if sheet.missing:
        counts["not begun"] = sheet.missing
    parts = [
        _facts([*((name, f"{number:,}") for name, number in counts.items()), *sheet.about]),
        _section("Not done", _reasons([one for one in entries if one.status in ("rejected", "failed")])),
        _section("Before and after", _pairs(evenly(shown, SHOWN)), _of(shown, entries)),
        _section("Changed most", _pairs(ranked[:EXTREMES])) if len(shown) > 1 else "",
        _section("Changed least", _pairs(ranked[::-1][:EXTREMES])) if len(shown) > EXTREMES else "",
        _section(
            "How much they changed",
            plots.histogram([one.change for one in entries if one.change is not None], "mean ΔE"),
        ),
        _section(
            "How long they took", plots.histogram([one.seconds for one in entries if one.seconds is not None], "s")
        ),
        _section("What was done", plots.bars(Counter(word for one in entries for word in one.treated).most_common(20))),
    ]
    return _PAGE.substitute(title=escape(sheet.title), body="\n".join(filter(None, parts)))


def _of(shown: Sequence[Entry], entries: Sequence[Entry]) -> str:
    done = sum(one.status in ("done", "skipped") for one in entries)
    looked = sum(one.change is not None for one in entries)
    return f"{min(len(shown), SHOWN):,} of {done:,} that are done; {looked:,} were compared with their originals."


def evenly[T](items: Sequence[T], most: int) -> list[T]:
    """All, or as many as `most` spread evenly over them."""
    if len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]


def _section(title: str, body: str, words: str = "") -> str:
    said = f"<p>{escape(words)}</p>" if words else ""
    return f"<section><h2>{escape(title)}</h2>{said}{body}</section>" if body else ""


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
        + "</dl>"
    )


def _reasons(entries: Sequence[Entry]) -> str:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        groups[one.code or one.status].append(one)
    rows = []
    for code, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        more = f"<li>and {len(members) - NAMED:,} more</li>" if len(members) > NAMED else ""
        names = "".join(f"<li><code>{escape(one.name)}</code> {escape(one.why)}</li>" for one in members[:NAMED])
        rows.append(
            f"<details{' open' if len(members) < 20 else ''}><summary><code>{escape(code)}</code> {len(members):,}"
            f"</summary><ul>{names}{more}</ul></details>"
        )
    return "".join(rows)


def _pairs(entries: Iterable[Entry]) -> str:
    return "<div class=sheet>" + "".join(map(_pair, entries)) + "</div>"


def _pair(entry: Entry) -> str:
    assert entry.pair is not None
    pictures = "".join(
        f'<img alt="{escape(entry.name)}, {word}" src="data:image/jpeg;base64,{base64.b64encode(body).decode()}">'
        for word, body in (("before", entry.pair.before), ("after", entry.pair.after))
    )
    said = f"ΔE {entry.pair.change:.1f}" + (f" · {', '.join(entry.treated)}" if entry.treated else "")
    return (
        f"<figure>{pictures}<figcaption><b>{escape(entry.name)}</b><br>{escape(said)}"
        f"{'<br>' + escape(entry.why) if entry.why else ''}</figcaption></figure>"
    )


_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: #8886; --ink: #2a6db0; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem }
dl { display: flex; flex-wrap: wrap; gap: .8rem 2rem; margin: 0 }
dt { font-size: .8rem; opacity: .7 } dd { margin: 0; font-size: 1.1rem }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem }
figure { margin: 0; border: 1px solid var(--line); border-radius: 4px; padding: .4rem }
figure img { width: 49%; height: 9rem; object-fit: contain; margin-right: 1% }
figcaption { font-size: .8rem; overflow-wrap: anywhere }
details { margin: .3rem 0 } ul { margin: .3rem 0 } li { overflow-wrap: anywhere }
svg { max-width: 100%; height: auto } svg rect { fill: var(--ink) } svg text { fill: currentColor; font-size: 12px }
</style>
<h1>$title</h1>
$body
</html>
""")

"""The Accept header: in which format a photo is answered (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re

from darkroom.codec.formats import MEDIA_TYPES

MULTIPART = "multipart/mixed"
ALIASES = {"image/jpg": "image/jpeg"}
QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def choose(accept: str, own: str | None = None) -> str | None:
    """What an Accept header likes best: a format's name, "multipart", "any" for the source's own, None for nothing.

    A media type has the quality of the most specific range that covers it, and none where that is 0. The highest
    quality wins; of equal ones the range that stands first; and of what one range covers `own`, the format that goes
    with the source if that is known. An absent header takes anything.
    """
    ranges = _ranges(accept or "*/*")
    offers = [*MEDIA_TYPES.items(), ("multipart", MULTIPART)]
    ranked = []
    for index, (name, media_type) in enumerate(offers):
        found = _covering(media_type, ranges)
        if found is not None and ranges[found][1] > 0:
            ranked.append((-ranges[found][1], found, name != own, index))
    if not ranked:
        return None
    _, found, foreign, index = min(ranked)
    wildcard = ranges[found][0].endswith("/*")
    name = offers[index][0]
    return "any" if wildcard and name != "multipart" and (own is None or not foreign) else name


def _covering(media_type: str, ranges: list[tuple[str, float]]) -> int | None:
    """Where the most specific range that covers a media type stands, the first of equal ones; None without any."""
    for pattern in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        for index, (asked, _) in enumerate(ranges):
            if asked == pattern:
                return index
    return None


def _ranges(accept: str) -> list[tuple[str, float]]:
    """Media ranges with their qualities. A quality that is none counts as 0."""
    found = []
    for part in accept.split(","):
        asked, *parameters = (piece.strip(" \t").lower() for piece in part.split(";"))
        quality = next((piece[2:].strip() for piece in parameters if piece.startswith("q=")), "1")
        found.append((ALIASES.get(asked, asked), float(quality) if QVALUE.fullmatch(quality) else 0.0))
    return found

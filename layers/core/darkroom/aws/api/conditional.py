"""Answers that need not be sent again: entity tags and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

_TAGS = re.compile(r'(?:W/)?("[^"]*")')


def tag_of(content: str | bytes) -> str:
    """A strong tag of what an answer consists of, or follows from."""
    raw = content.encode() if isinstance(content, str) else content
    return f'"{hashlib.sha256(raw).hexdigest()[:32]}"'


def is_known(headers: Mapping[str, str], tag: str) -> bool:
    """Whether the caller has what this tag stands for, compared weakly, as for `If-None-Match`."""
    given = headers.get("If-None-Match") or ""
    return given.strip() == "*" or tag.removeprefix("W/") in _TAGS.findall(given)

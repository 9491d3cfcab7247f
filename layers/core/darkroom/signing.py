"""Addresses of pictures that only who has the stack's secret can make: `i/SIGNATURE/TRANSFORM/KEY?w=320`.

The signature is the HMAC-SHA256 (RFC 2104) of all that follows it, as it stands in the address, in base64url without
padding (RFC 4648). Nothing of an address can be changed, and none can be guessed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import quote

FOLDER = "i"
"""The first segment of every signed address."""

KEPT_IN_TRANSFORM = ":=,;"
"""What is not percent-encoded in a transform, beside letters, digits and ``-._~``."""


def signed_text(transform: str, key: str, query: Iterable[tuple[str, str]] = ()) -> str:
    """What is signed: transform, key and query percent-encoded (RFC 3986), the query's pairs sorted.

    transform: a built-in recipe's name, or steps as on a command line, separated by semicolons. key: of a photo in the
    bucket of uploads; its slashes stay.
    """
    path = f"{quote(transform, safe=KEPT_IN_TRANSFORM)}/{quote(key, safe='/')}"
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query)]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def signature(secret: bytes, text: str) -> str:
    """The signature of such a text: 43 characters."""
    digest = hmac.digest(secret, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_signed(secret: bytes, given: str, text: str) -> bool:
    """Whether a signature is that of a text. Takes as long for any wrong one, so that none is found by trying."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(secret, text).encode())


def address(secret: bytes, transform: str, key: str, query: Mapping[str, str] | None = None) -> str:
    """The signed address of a picture, relative to the API's. Raises ValueError where it cannot be one."""
    if not transform or "/" in transform:
        raise ValueError("a transform is a recipe's name or steps, and has no slash")
    if not key or key.startswith("/") or "//" in key or {".", ".."} & set(key.split("/")):
        raise ValueError("a key with an empty segment, '.' or '..' has no address, as browsers and proxies shorten it")
    text = signed_text(transform, key, (query or {}).items())
    return f"{FOLDER}/{signature(secret, text)}/{text}"

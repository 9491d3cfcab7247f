"""A photo as people send it: as it is, in a form (`curl -F`), as a data URL, as base64 (in JSON too), or by gzip."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import Any

from darkroom.aws.api.problems import Problem
from darkroom.params import once

MAX_UNPACKED = 32 << 20
"""Bytes that a gzip'd body may become."""

MAX_STREAMS = 200
"""Packed streams that a body may have, one behind the other."""

HOW = (
    "Send the photo's bytes as the body (curl --data-binary @photo.jpg), "
    "or a form with one file (curl -F file=@photo.jpg)."
)
NAMES = ("file", "photo", "image", "data", "upload", "picture")
"""Fields in which a form or a JSON object may hold the photo."""

URL = "url"
"""The field of a JSON object that says where the photo lies."""

_DATA_URL = re.compile(rb"\s*data:[^,;]*(?:;[^,;]*)*?;base64,", re.IGNORECASE)

_BASE64 = re.compile(rb"\s*[A-Za-z0-9+/_-]{64}")
"""How base64 alone begins, and no picture, whose first bytes are numbers."""

Wishes = dict[str, Sequence[str]]


def photo_in(body: bytes, headers: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> tuple[bytes | str, Wishes]:
    """The photo in a request's body, or its URL, and what is asked for: the query, and the fields beside the photo.

    Where both name something, the query counts. A body that is none of these wrappings is taken for the photo itself.
    Raises `Problem` 415 that says how to send it, 400 and 413; `RecipeInvalid` where JSON says a name twice.
    """
    packed = headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip", "deflate"):
        said = f"The body is packed by '{packed:.40}'; gzip and deflate are taken. {HOW}"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "http.no-photo", said)
    if packed.endswith("gzip") or body[:3] == b"\x1f\x8b\x08":
        body = _unpacked(body, zlib.MAX_WBITS | 16)
    elif packed == "deflate":
        body = _unpacked(body, zlib.MAX_WBITS if body[:1] == b"\x78" else -zlib.MAX_WBITS)
    content_type = headers.get("Content-Type", "")
    kind = content_type.partition(";")[0].strip().lower()
    fields: Wishes = {}
    if kind.startswith("multipart/"):
        body, fields = _of_form(body, content_type)
    elif kind == "application/json" or (body[:1] == b"{" and kind in ("", "text/plain")):
        photo, fields = _of_json(body)
        return photo, {**fields, **query}
    elif kind == "application/x-www-form-urlencoded" and re.match(rb"[\w.-]{1,40}=", body):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "http.no-photo", f"The form holds text alone. {HOW}")
    elif _DATA_URL.match(body[:200]) or _BASE64.match(body[:80]):
        body = _of_text(body)
    return body, {**fields, **query}


def _of_form(body: bytes, content_type: str) -> tuple[bytes, Wishes]:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace").replace(b"\n", b" ") + b"\r\n\r\n"
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = [] if not form.is_multipart() else list(form.iter_parts())
    files: list[bytes] = []
    fields: dict[str, list[str]] = {}
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        named = name if isinstance(name, str) else ""
        if (
            part.get_filename() is not None
            or named.lower() in NAMES
            or (not named and part.get_content_maintype() == "image")
        ):
            files.append(content)
        elif isinstance(name, str):
            fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
    if len(files) != 1:
        said = "no file" if not files else f"{len(files)} files"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "http.no-photo", f"The multipart form holds {said}. {HOW}")
    photo = files[0]
    return (_of_text(photo) if _DATA_URL.match(photo[:200]) else photo), dict(fields)


def _of_json(body: bytes) -> tuple[bytes | str, Wishes]:
    try:
        said: Any = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError):
        said = None
    names = [name for name in said if name.lower() in (*NAMES, URL)] if isinstance(said, dict) else []
    if len(names) != 1 or not isinstance(said[names[0]], str):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "http.no-photo",
            f'The JSON holds no photo: {{"photo": "…"}} with base64, or a data URL, is taken. {HOW}',
        )
    fields: Wishes = {
        name: [part if isinstance(part, str) else json.dumps(part) for part in (value if name == "step" else [value])]
        for name, value in said.items()
        if name not in names and (name != "step" or isinstance(value, list)) and value is not None
    }
    photo = said[names[0]]
    return (photo if names[0].lower() == URL else _of_text(photo.encode())), fields


def _of_text(text: bytes) -> bytes:
    """The bytes of a data URL, or of base64 alone (also as URLs have it, with or without padding)."""
    found = _DATA_URL.match(text[:200])
    digits = b"".join(text[found.end() if found else 0 :].split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-base64", f"The photo's base64 is broken. {HOW}") from None


def _unpacked(body: bytes, window: int) -> bytes:
    """The content of one or several packed streams, one behind the other."""
    content = bytearray()
    for _ in range(MAX_STREAMS):
        unpack = zlib.decompressobj(window)
        try:
            content += unpack.decompress(body, MAX_UNPACKED - len(content) + 1)
        except zlib.error:
            raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-gzip", f"The body's packing is broken. {HOW}") from None
        if len(content) > MAX_UNPACKED:
            said = f"The body unpacks to more than {MAX_UNPACKED:,} bytes."
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "http.too-large", said)
        if not unpack.eof:
            raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-gzip", f"The body's packing ends early. {HOW}")
        body = unpack.unused_data.lstrip(b"\0")
        if not body:
            return bytes(content)
    raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-gzip", f"The body has over {MAX_STREAMS} packed streams. {HOW}")

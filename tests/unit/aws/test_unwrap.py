"""A photo arrives whole however it is wrapped, or the answer says how to send it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping

import pytest

from darkroom.aws.api.problems import Problem
from darkroom.aws.api.unwrap import photo_in

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40 + b"\r\n--b0\r\n\n\r\x0b\x0c\x1c\x85\r"
TEXT = base64.b64encode(PHOTO)


def form(*parts: tuple[str, bytes], boundary: str = "b0x") -> bytes:
    """As curl and browsers write it."""
    lines = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n"
        for head, body in parts
    )
    return lines + f"--{boundary}--\r\n".encode()


FILE = 'name="file"; filename="photo.jpg"\r\nContent-Type: image/jpeg'
FORM = {"Content-Type": "multipart/form-data; boundary=b0x"}
JSON = {"Content-Type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "headers", "fields"),
    [
        (PHOTO, {"Content-Type": "image/jpeg"}, {}),
        (PHOTO, {"Content-Type": "application/x-www-form-urlencoded"}, {}),
        (PHOTO, {}, {}),
        (form((FILE, PHOTO)), FORM, {}),
        (form((FILE, PHOTO), ('name="recipe"', b"vivid")), FORM, {"recipe": ["vivid"]}),
        (form(('name="image"', PHOTO)), FORM, {}),
        (
            form(('name="step"', b"gamma:amount=2"), ('name="step"', b"sepia"), (FILE, PHOTO)),
            {"Content-Type": 'Multipart/Form-Data; boundary="b0x"'},
            {"step": ["gamma:amount=2", "sepia"]},
        ),
        (b"data:image/jpeg;base64," + TEXT, {"Content-Type": "text/plain"}, {}),
        (json.dumps({"photo": TEXT.decode(), "blend": 50}).encode(), JSON, {"blend": ["50"]}),
        (json.dumps({"image": "data:image/png;base64," + TEXT.decode()}).encode(), JSON, {}),
        (json.dumps({"data": base64.urlsafe_b64encode(PHOTO).decode().rstrip("=")}).encode(), JSON, {}),
        (gzip.compress(PHOTO, mtime=0), {"Content-Encoding": "gzip", "Content-Type": "image/jpeg"}, {}),
        (gzip.compress(PHOTO[:900]) + gzip.compress(PHOTO[900:]), {"Content-Encoding": "gzip"}, {}),
        (zlib.compress(PHOTO), {"Content-Encoding": "deflate"}, {}),
        (zlib.compress(PHOTO)[2:-4], {"Content-Encoding": "deflate"}, {}),
        (base64.encodebytes(PHOTO), {"Content-Type": "text/plain"}, {}),
        (TEXT, {"Content-Type": "application/octet-stream"}, {}),
        (form(('name="file"; filename="a.jpg"\r\nContent-Transfer-Encoding: base64', TEXT)), FORM, {}),
        (
            b"--b0x\r\nContent-Type: application/json\r\n\r\n{}\r\n--b0x\r\nContent-Type: image/jpeg\r\n\r\n"
            + PHOTO
            + b"\r\n--b0x--\r\n",
            {"Content-Type": "multipart/related; boundary=b0x"},
            {},
        ),
        (gzip.compress(form((FILE, PHOTO)), mtime=0), {**FORM, "Content-Encoding": "gzip"}, {}),
    ],
)
def test_a_photo_arrives_byte_for_byte(
    body: bytes, headers: Mapping[str, str], fields: Mapping[str, list[str]]
) -> None:
    assert photo_in(body, headers, {}) == (PHOTO, fields)


def test_the_query_counts_before_a_form_s_field() -> None:
    body = form((FILE, PHOTO), ('name="recipe"', b"vivid"), ('name="blend"', b"40"))
    assert photo_in(body, FORM, {"recipe": ["natural"]})[1] == {"recipe": ["natural"], "blend": ["40"]}


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (form(('name="recipe"', b"vivid")), FORM, 415, "holds no file"),
        (form((FILE, PHOTO), (FILE, PHOTO)), FORM, 415, "2 files"),
        (b"nothing of the kind", FORM, 415, "multipart"),
        (b'{"recipe": "vivid"}', JSON, 415, "base64"),
        (b'{"photo": 5}', JSON, 415, "base64"),
        (b"[" * 100_000, JSON, 415, "base64"),
        (b'{"photo": "%%%"}', JSON, 400, "base64"),
        (b"file=photo.jpg", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "--data-binary"),
        (gzip.compress(PHOTO, mtime=0)[:100], {"Content-Encoding": "gzip"}, 400, "ends early"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "broken"),
        (gzip.compress(b"") * 201, {"Content-Encoding": "gzip"}, 400, "streams"),
        (PHOTO, {"Content-Encoding": "br"}, 415, "gzip and deflate"),
        (gzip.compress(bytes(40 << 20), mtime=0), {"Content-Encoding": "gzip"}, 413, "unpacks"),
    ],
)
def test_what_holds_no_photo_is_told_how_to_send_one(
    body: bytes, headers: Mapping[str, str], status: int, words: str
) -> None:
    with pytest.raises(Problem) as caught:
        photo_in(body, headers, {})
    assert int(caught.value.status) == status
    assert words in str(caught.value.detail)

"""Every way of sending a photo that the description names is taken, by each route that takes one."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import jsonschema
import pytest

from darkroom.aws.api import parse
from darkroom.wanted import Query
from tests.support import networks as stand_ins
from tests.support import photos
from tests.support.api_client import OPENAPI, Client, Lambda, Workflow

ROUTES = ("/enhance", "/diagnose", "/classify")
PHOTO = photos.encoded("PNG")
DIGITS = base64.b64encode(PHOTO).decode()
SCHEMAS = OPENAPI["components"]["schemas"]


def contents(route: str) -> dict[str, Any]:
    """What a route's body may be: content type → schema."""
    content: dict[str, Any] = OPENAPI["paths"][route]["post"]["requestBody"]["content"]
    return content


def schema_of(route: str, content_type: str) -> dict[str, Any]:
    schema = contents(route)[content_type]["schema"]
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def form(**fields: str) -> bytes:
    """The photo and text fields, as curl and browsers write them."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts.append(b'name="file"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n' + PHOTO)
    lines = b"".join(b"--b0x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    return lines + b"--b0x--\r\n"


BODIES = {
    "multipart/form-data": form(),
    "application/json": json.dumps({"photo": DIGITS}).encode(),
    "text/plain": b"data:image/png;base64," + DIGITS.encode(),
}
SENT = [("image/png", True), ("multipart/form-data", True), *((kind, False) for kind in BODIES)]


def test_what_is_described_is_what_is_taken() -> None:
    for route in ROUTES:
        described = contents(route)
        assert set(BODIES) == {kind for kind in described if not kind.startswith("image/")}
        assert {kind for kind in described if kind.startswith("image/")} <= parse.MEDIA_TYPES
        jsonschema.validate(json.loads(BODIES["application/json"]), schema_of(route, "application/json"))
        jsonschema.validate(BODIES["text/plain"].decode(), schema_of(route, "text/plain"))
        parameters = OPENAPI["paths"][route]["post"]["parameters"]
        queried = {parameter["name"] for parameter in parameters if "name" in parameter}
        assert {"$ref": "#/components/parameters/ContentEncoding"} in parameters
        for kind, photo in (("multipart/form-data", {"file"}), ("application/json", {"photo", "url"})):
            assert set(schema_of(route, kind)["properties"]) == photo | queried
    assert {"report", *Query.__struct_fields__} <= set(schema_of("/enhance", "multipart/form-data")["properties"])


@pytest.mark.parametrize(
    ("route", "body", "content_type"),
    [
        ("/enhance", json.dumps({"photo": DIGITS, "blend": 1})[:-1].encode() + b', "blend": 2}', "application/json"),
        ("/enhance", form(blend="1") [:-9].replace(b"--b0x", b"--b0x\r\nContent-Disposition: form-data; "
            b'name="blend"\r\n\r\n2\r\n--b0x', 1) + b"--b0x--\r\n", "multipart/form-data; boundary=b0x"),
        ("/classify?rows=1&columns=2&rows=2", PHOTO, "image/png"),
        ("/thumbnails?side=64&side=96", PHOTO, "image/png"),
        ("/jobs", b'{"filename": "a.jpg", "content_type": "image/jpeg", "filename": "b.jpg"}', "application/json"),
        ("/jobs", b'{"filename": "a.jpg", "content_type": "image/jpeg", "recipe": {"steps": [], "steps": []}}',
            "application/json"),
    ],
)  # fmt: skip
def test_what_is_said_twice_is_named(
    api: Client, workflow: Workflow, route: str, body: bytes, content_type: str
) -> None:
    reply = api.call("POST", route, body, {"Content-Type": content_type})
    assert (reply.status, reply.json["code"]) == (400, "recipe.said-twice"), reply.body
    assert re.search("'(blend|rows|side|filename|steps)' is said twice", reply.json["detail"])


@pytest.mark.parametrize(("kind", "packed"), SENT)
@pytest.mark.parametrize("route", ROUTES[1:])
def test_an_answer_about_a_photo(
    api: Client, networks: Lambda, monkeypatch: pytest.MonkeyPatch, route: str, kind: str, packed: bool
) -> None:
    stand_ins.answer(monkeypatch, stand_ins.Diagnostician(*stand_ins.DARK))
    plain = api.call("POST", route, PHOTO, {"Content-Type": "image/png"})
    reply = api.call("POST", route, *sent(kind, packed))
    assert (reply.status, reply.json) == (200, plain.json), reply.body


@pytest.mark.parametrize(("kind", "packed"), SENT)
def test_a_better_photo(api: Client, workflow: Workflow, kind: str, packed: bool) -> None:
    reply = api.call("POST", "/enhance?recipe=none", *sent(kind, packed))
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png"), reply.body
    assert reply.body == PHOTO


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json"])
def test_wishes_beside_the_photo(api: Client, workflow: Workflow, kind: str) -> None:
    wishes = {"recipe": "vivid", "blend": "50", "format": "webp", "report": "1"}
    body = form(**wishes) if kind == "multipart/form-data" else json.dumps({"photo": DIGITS, **wishes}).encode()
    reply = api.call("POST", "/enhance?blend=40", body, sent(kind, packed=False)[1])
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"].startswith("multipart/mixed")
    report, _ = json.JSONDecoder().raw_decode(reply.body[reply.body.index(b"{") :].decode("latin-1"))
    assert (report["recipe"], report["blend"], report["format"]) == ("vivid", 40, "webp")


def sent(kind: str, packed: bool) -> tuple[bytes, dict[str, str]]:
    """A body of a kind, and the headers that go with it."""
    body = BODIES.get(kind, PHOTO)
    headers = {"Content-Type": f"{kind}; boundary=b0x" if kind == "multipart/form-data" else kind}
    return (gzip.compress(body, mtime=0), {**headers, "Content-Encoding": "gzip"}) if packed else (body, headers)


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"data:image/png;base64,%%%", {"Content-Type": "text/plain"}, "http.bad-base64"),
        (b"no gzip", {"Content-Encoding": "gzip"}, "http.bad-gzip"),
        (b"{}", {"Content-Type": "application/json"}, "http.no-photo"),
    ],
)
def test_what_cannot_be_unwrapped_is_told_as_described(
    api: Client, body: bytes, headers: dict[str, str], code: str
) -> None:
    reply = api.call("POST", "/diagnose", body, headers)
    assert reply.json["code"] == code
    jsonschema.validate(reply.json, SCHEMAS["Problem"])

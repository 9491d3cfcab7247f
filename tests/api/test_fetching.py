"""A photo by its URL: from allowed hosts alone, whatever a URL, a name or a host tries."""

from __future__ import annotations

import http.server
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from darkroom.aws.api import fetching
from darkroom.aws.api.problems import Problem
from darkroom_local import certificate
from tests.support import photos
from tests.support.api_client import Client, Workflow

HOSTS = {"photos.example", "*.cdn.example"}
PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "url",
    [
        "https://photos.example/a.jpg",
        "https://PHOTOS.example:443/a.jpg?size=3",
        "https://eu.cdn.example/",
        "https://a.b.cdn.example",
    ],
)
def test_what_may_be_fetched(url: str) -> None:
    assert fetching.parse(url, HOSTS).scheme == "https"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://photos.example/a.jpg", "http.bad-url"),
        ("ftp://photos.example/a.jpg", "http.bad-url"),
        ("file:///etc/passwd", "http.bad-url"),
        ("//photos.example/a.jpg", "http.bad-url"),
        ("photos.example/a.jpg", "http.bad-url"),
        ("", "http.bad-url"),
        ("https://", "http.bad-url"),
        ("https://photos.example:8443/a.jpg", "http.bad-url"),
        ("https://photos.example:80/", "http.bad-url"),
        ("https://photos.example:99999/", "http.bad-url"),
        ("https://user@photos.example/", "http.bad-url"),
        ("https://user:pass@photos.example/", "http.bad-url"),
        ("https://photos.example@169.254.169.254/", "http.bad-url"),
        ("https://photos.example\\@evil.example/", "http.bad-url"),
        ("https://photos.example /a.jpg", "http.bad-url"),
        ("https://photos.example/a.jpg\r\nHost: evil.example", "http.bad-url"),
        ("https://photos.example/ä.jpg", "http.bad-url"),
        ("https://photos。example/a.jpg", "http.bad-url"),
        ("https://127.0.0.1/", "http.bad-url"),
        ("https://2130706433/", "http.bad-url"),
        ("https://0x7f.1/", "http.bad-url"),
        ("https://[::1]/", "http.bad-url"),
        ("https://[::ffff:169.254.169.254]/", "http.bad-url"),
        ("https://[fe80::1%25eth0]/", "http.bad-url"),
        ("https://localhost/", "http.bad-url"),
        ("https://photos.example./", "http.bad-url"),
        ("https://evil.example/a.jpg", "http.host-not-allowed"),
        ("https://photos.example.evil.example/", "http.host-not-allowed"),
        ("https://evilphotos.example/", "http.host-not-allowed"),
        ("https://sub.photos.example/", "http.host-not-allowed"),
        ("https://cdn.example/", "http.host-not-allowed"),
        ("https://evilcdn.example/", "http.host-not-allowed"),
        ("https://evil.example/?photos.example", "http.host-not-allowed"),
        ("https://evil.example#@photos.example/", "http.host-not-allowed"),
        ("https://photos.example/" + "a" * 2000, "http.bad-url"),
    ],
)
def test_what_may_not(url: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        fetching.parse(url, HOSTS)
    assert refused.value.code == code


def test_nothing_is_fetched_unless_hosts_are_named() -> None:
    with pytest.raises(Problem, match="host-not-allowed"):
        fetching.fetch("https://photos.example/a.jpg", frozenset(), 1000)


@pytest.mark.parametrize(
    "number",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("64:ff9b::a9fe:a9fe", "2001:0:1:2:3:4:80ff:fffe"),
    ],
)
def test_addresses_within_networks(number: str) -> None:
    assert not fetching.is_public(number)


@pytest.mark.parametrize("number", [PUBLIC, "8.8.8.8", "2606:4700::6810:84e5", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet(number: str) -> None:
    assert fetching.is_public(number)


def resolving(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> list[str]:
    """Let names lead to these addresses; what was looked up."""
    asked = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if re.fullmatch("[0-9.]+", host):  # what was looked up before
            return [(2, 1, 6, "", (host, port))]
        asked.append(host)
        return [(2, 1, 6, "", (number, port)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "numbers", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], ["169.254.169.254"], ["::ffff:10.0.0.1"], []]
)
def test_names_that_lead_into_a_network(monkeypatch: pytest.MonkeyPatch, numbers: list[str]) -> None:
    resolving(monkeypatch, *numbers)
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("it was connected to"))
    with pytest.raises(Problem, match="host-not-allowed"):
        fetching.fetch("https://photos.example/a.jpg", HOSTS, 1000)


class Host(http.server.BaseHTTPRequestHandler):
    """A host of photos, with its ways of misbehaving."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        photo = photos.encoded()
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "https://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            for _ in range(1000):
                self.wfile.write(bytes(100))
        elif self.path == "/slow":
            self.send_response(200)
            self.send_header("Content-Length", "9")
            self.end_headers()
            stop.wait(30)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(photo) + (5 if self.path == "/short" else 0)))
            self.end_headers()
            self.wfile.write(photo)
            self.close_connection = self.path == "/short"

    def log_message(self, *_: Any) -> None:
        pass


stop = threading.Event()


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """`photos.example`, on this machine and with a certificate; what it was asked."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.issue("photos.example", cert, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setattr(fetching, "PORT", server.server_address[1])
    monkeypatch.setattr(fetching, "is_public", lambda number: number == "127.0.0.1")
    Host.asked = []
    stop.clear()
    yield Host.asked
    stop.set()
    server.shutdown()
    server.server_close()


def test_a_photo_is_fetched_from_the_address_that_was_looked_up(
    host: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = resolving(monkeypatch, "127.0.0.1")
    assert fetching.fetch("https://photos.example/a.jpg?b=1#c", HOSTS, 100_000) == photos.encoded()
    assert looked_up == ["photos.example"], "once: a second answer might be another"
    ((path, headers),) = host
    assert path == "/a.jpg?b=1"
    assert {name.lower() for name in headers} == {"host", "accept", "user-agent", "accept-encoding"}


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/redirect", "http.source-failed", "redirect"),
        ("/missing", "http.source-failed", "404"),
        ("/short", "http.source-failed", "broke off"),
        ("/endless", "http.too-large", "10,000"),
    ],
)
def test_hosts_that_misbehave(
    host: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch, path: str, code: str, said: str
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(Problem, match=said) as refused:
        fetching.fetch(f"https://photos.example{path}", HOSTS, 10_000)
    assert refused.value.code == code
    assert [asked for asked, _ in host] == [path], "no redirect is followed, and nothing is asked twice"


def test_a_host_that_takes_its_time(host: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.5)
    with pytest.raises(Problem, match="source-slow"):
        fetching.fetch("https://photos.example/slow", HOSTS, 10_000)


@pytest.mark.usefixtures("host")
def test_a_certificate_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(Problem, match="source-failed"):
        fetching.fetch("https://eu.cdn.example/a.jpg", HOSTS, 100_000)


@pytest.mark.usefixtures("host")
def test_by_the_api(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """`resolving` would turn moto's own look-ups, too."""
    monkeypatch.setattr(fetching, "_public", lambda _: "127.0.0.1")
    reply = api.call("POST", "/enhance", {"url": "https://photos.example/a.jpg", "recipe": "none"})
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    refused = api.call("POST", "/enhance", {"url": "https://evil.example/a.jpg"})
    assert (refused.status, refused.json["code"]) == (403, "http.host-not-allowed")
    both = api.call("POST", "/enhance", json.dumps({"url": "https://photos.example/a.jpg", "photo": "aaaa"}).encode())
    assert both.status == 415

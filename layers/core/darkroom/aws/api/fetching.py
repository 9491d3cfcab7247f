"""A photo by its URL, from hosts that the stack allows, and from nowhere that a name might lead to within a network.

The name is looked up once; each address must be a public one, and the connection goes to that address, so that a name
which is looked up differently the next time gains nothing. Redirects are not followed, no proxy is asked, nothing of
ours is sent along, and size and time are bounded.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

import darkroom
from darkroom.aws.api.problems import Problem

MAX_SECONDS = 10.0
CONNECT_SECONDS = 3.0
CHUNK_BYTES = 1 << 16
PORT = 443
MAX_URL = 2000

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def fetch(url: str, hosts: AbstractSet[str], max_bytes: int) -> bytes:
    """The bytes at a URL.

    hosts: names that may be asked, in lower case; ``*.photos.example`` stands for all below it.
    Raises `Problem`: 400 for what is no such URL, 403 for a host that is not allowed or leads to no public address,
    413, 502 for what the host answers, 504.
    """
    address = parse(url, hosts)
    deadline = time.monotonic() + MAX_SECONDS
    try:
        return _get(address, _public(str(address.hostname)), max_bytes, deadline)
    except TimeoutError:
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "http.source-slow", "The photo's host took too long.") from None
    except (OSError, HTTPException) as error:
        raise _bad(f"The photo's host did not answer ({type(error).__name__}).") from None


def parse(url: str, hosts: AbstractSet[str]) -> SplitResult:
    """A URL's parts. Raises `Problem` unless it is https on its own port of an allowed host, and nothing more."""
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        raise _wrong("it is not one") from None
    if len(url) > MAX_URL or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise _wrong(f"it has more than {MAX_URL} characters, or some that belong percent-encoded")
    if address.scheme != "https":
        raise _wrong("only https is fetched")
    if "@" in address.netloc:
        raise _wrong("it names a user")
    if port not in (None, 443):
        raise _wrong("only port 443 is asked")
    host = (address.hostname or "").lower()
    if not _HOST.fullmatch(host):
        raise _wrong("its host is no name")  # an address by number is none of an allowed host either
    if not any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "http.host-not-allowed",
            "Photos are fetched only from hosts in the stack's parameter SourceHosts.",
        )
    return address


def _public(host: str) -> str:
    """A public address of a host, all of whose addresses must be public."""
    found = socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
    numbers = [str(place[4][0]) for place in found]
    if not numbers or not all(map(is_public, numbers)):
        raise Problem(HTTPStatus.FORBIDDEN, "http.host-not-allowed", "The photo's host leads to no public address.")
    return next((one for one in numbers if ":" not in one), numbers[0])


def is_public(number: str) -> bool:
    """Whether an IP address is one of the public internet, also where IPv6 wraps IPv4 (mapped, 6to4, NAT64, Teredo)."""
    ip = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if "%" in number:
            return False
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64 or ip in _COMPATIBLE:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


class _Pinned(HTTPSConnection):
    """To an address that was looked up before; the certificate must be the host's by its name."""

    def __init__(self, host: str, number: str, context: ssl.SSLContext) -> None:
        super().__init__(host, PORT, timeout=CONNECT_SECONDS, context=context)
        self._number, self._trust = number, context

    def connect(self) -> None:
        plain = socket.create_connection((self._number, self.port), CONNECT_SECONDS)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)

    def hang_up(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _get(address: SplitResult, number: str, max_bytes: int, deadline: float) -> bytes:
    connection = _Pinned(str(address.hostname), number, ssl.create_default_context())
    # Each read has a limit; who answers a byte at a time is stopped by this one.
    watch = threading.Timer(max(0.0, deadline - time.monotonic()), connection.hang_up)
    watch.daemon = True
    watch.start()
    try:
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection.request("GET", path, headers={"Accept": "image/*", "User-Agent": f"darkroom/{darkroom.__version__}"})
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise _bad("The photo's host answers with a redirect, which is not followed: send the address it leads to.")
        if answer.status != HTTPStatus.OK:
            raise _bad(f"The photo's host answered {answer.status}.")
        body = bytearray()
        while chunk := answer.read1(CHUNK_BYTES):
            body += chunk
            if len(body) > max_bytes:
                raise Problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "http.too-large",
                    f"The photo at this URL has more than {max_bytes:,} bytes: POST /jobs takes larger ones.",
                )
        if answer.length:
            raise _bad("The photo's host broke off.")
        return bytes(body)
    except (OSError, HTTPException, Problem):
        if time.monotonic() >= deadline:
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        connection.close()


def _wrong(why: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "http.bad-url", f"The photo's URL cannot be taken: {why}.")


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_GATEWAY, "http.source-failed", detail)

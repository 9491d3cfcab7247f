"""Servers on this machine, with TLS or without, and one that hears webhooks."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from darkroom_local import certificate

Heard = list[tuple[dict[str, str], dict[str, Any]]]
"""Headers, by their names in small letters, and body of each request."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server on this machine, and its host and port."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server on this machine has TLS by, and the certificate to trust. folder: for that and its key."""
    trusted, key = folder / "certificate.pem", folder / "key.pem"
    certificate.issue("127.0.0.1", trusted, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    return context, trusted


@contextmanager
def hears(folder: Path) -> Iterator[tuple[str, Path, Heard]]:
    """Where somebody listens, the certificate to trust, and what came so far. folder: for it and its key."""
    found: Heard = []

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    context, trusted = certified(folder)
    with listening(Listening, context) as host:
        yield f"https://{host}/jobs", trusted, found

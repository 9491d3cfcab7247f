"""Somebody who hears webhooks, by HTTPS on this machine."""

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

    trusted, key = folder / "listener.pem", folder / "listener.key"
    certificate.issue("127.0.0.1", trusted, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    with HTTPServer(("127.0.0.1", 0), Listening) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/jobs", trusted, found
        server.shutdown()

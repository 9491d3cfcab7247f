"""A way to a service that is closed until it is opened: so that what goes through it stays begun, for as long as a test
looks."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Gate:
    """Takes connections at `address` at once, and hands them on to `behind` when it is open."""

    def __init__(self, behind: str) -> None:
        place = urlsplit(behind)
        self._behind = (place.hostname or "", place.port or 80)
        self._open = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def open(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._socket.close()
        self._open.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                threading.Thread(target=self._through, args=(self._socket.accept()[0],), daemon=True).start()

    def _through(self, near: socket.socket) -> None:
        self._open.wait()
        with contextlib.suppress(OSError), near, socket.create_connection(self._behind) as far:
            back = threading.Thread(target=_pour, args=(far, near), daemon=True)
            back.start()
            _pour(near, far)
            back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

"""A proxy before the embedded AWS that answers, delays, holds or drops what it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3


@dataclass(frozen=True)
class Request:
    """What a function asks of AWS.

    service: `s3`, `dynamodb`, `states`…, as the request is signed for. operation: the method, for S3, else AWS's name.
    """

    service: str
    operation: str
    path: str


@dataclass(frozen=True)
class Reply:
    """What is answered in AWS's place."""

    status: int
    body: bytes
    media_type: str


def s3_error(status: int, code: str) -> Reply:
    return Reply(status, f"<Error><Code>{code}</Code><Message>told to</Message></Error>".encode(), "application/xml")


def json_error(status: int, code: str) -> Reply:
    return Reply(status, f'{{"__type": "{code}", "message": "told to"}}'.encode(), "application/x-amz-json-1.0")


DROP = Reply(0, b"", "")
"""No answer at all: the connection ends."""

Fault = Callable[[Request], Reply | None]
"""Called, in the request's own thread, before a request is handed on: may wait, and may answer in AWS's place."""


@dataclass
class Proxy:
    """Listens on a free port of 127.0.0.1 and hands on to `target`.

    certificate: the file of the target's, where it is one of HTTPS.
    hits: how many requests were answered in AWS's place or held since the last `facing` began.
    """

    target: str
    certificate: str | None = None
    hits: int = 0
    _fault: Fault | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._pool: urllib3.HTTPConnectionPool | None = None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                proxy._serve(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_any

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                """A function that was killed reads no answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def hang_up(self) -> None:
        """End the connections to AWS that wait for another request."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @contextmanager
    def facing(self, fault: Fault) -> Iterator[None]:
        """While this lasts, requests meet the fault."""
        self.hits, self._fault = 0, fault
        try:
            yield
        finally:
            self._fault = None

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        reply = self._meet(handler)
        if reply is DROP:
            handler.close_connection = True
            return
        if reply is not None:
            handler.send_response(reply.status)
            handler.send_header("Content-Type", reply.media_type)
            handler.send_header("Content-Length", str(len(reply.body)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(reply.body)
            return
        self._hand_on(handler, body)

    def _meet(self, handler: BaseHTTPRequestHandler) -> Reply | None:
        fault = self._fault
        if fault is None:
            return None
        scope = handler.headers.get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")
        target = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        request = Request(scope[3] if len(scope) > 3 else "", target or handler.command, handler.path)
        began = time.monotonic()
        reply = fault(request)
        if reply is not None or time.monotonic() - began > 0.05:
            with self._lock:
                self.hits += 1
        return reply

    def _hand_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if self._pool is None:
            trusted = {} if self.certificate is None else {"ca_certs": self.certificate}
            self._pool = urllib3.connection_from_url(
                self.target, maxsize=32, retries=False, timeout=urllib3.Timeout(300), **trusted
            )
        headers = {name: value for name, value in handler.headers.items() if name not in ("Connection", "Expect")}
        try:
            answer = self._pool.urlopen(  # the path as it was signed: `request` would leave out its ".."
                handler.command, handler.path, body=body, headers=headers, redirect=False, decode_content=False
            )
        except urllib3.exceptions.HTTPError:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                handler.send_header(name, value)
        length = answer.headers.get("Content-Length") if handler.command == "HEAD" else None
        handler.send_header("Content-Length", length or str(len(answer.data)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.data)


class Gate:
    """Holds the requests of one kind until it is opened, and tells when so many are held."""

    def __init__(self, wanted: Callable[[Request], bool], most: int = 1 << 30) -> None:
        self._wanted, self._left = wanted, most
        self._lock, self.opened = threading.Lock(), threading.Event()
        self.held = threading.Semaphore(0)

    def __call__(self, request: Request) -> Reply | None:
        with self._lock:
            if self.opened.is_set() or self._left <= 0 or not self._wanted(request):
                return None
            self._left -= 1
        self.held.release()
        self.opened.wait(300)
        return None

    def wait(self, count: int) -> None:
        """Until so many requests are held."""
        for _ in range(count):
            assert self.held.acquire(timeout=300), "the request that was to be held never came"

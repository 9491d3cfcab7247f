"""A deployed API's callers: how each is known to it."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest
import urllib3

import darkroom
from darkroom.client import Client, Form, calling
from darkroom.client.calling import MOST_WAITED_SECONDS, TRUST
from darkroom.errors import RecipeInvalid, StepFailed, TransientError
from tests.support import photos
from tests.support.listening import certified, listening

AWS = "https://d6e5f81203.execute-api.eu-central-1.amazonaws.com/v1/"
ELSEWHERE = "https://photos.example/"
JOB = {
    "id": "0" * 32,
    "status": "waiting",
    "filename": "a.jpg",
    "created": "2026-01-01T00:00:00.000Z",
    "updated": "2026-01-01T00:00:00.000Z",
    "links": {"self": f"jobs/{'0' * 32}"},
    "stages": [],
}
ANSWER = json.dumps(JOB).encode()
"""Of a job that was announced, or looked at."""


@dataclass
class Sent:
    """A request that would have left this machine."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    status: int = 200
    data: bytes = ANSWER


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """The requests that would leave this machine, whose environment knows nobody."""
    for name in ("DARKROOM_API_KEY", "DARKROOM_API_TOKEN", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    requests: list[Sent] = []

    def request(
        self: urllib3.PoolManager, method: str, url: str, *, headers: Any, body: bytes | None, **_: Any
    ) -> Sent:
        requests.append(Sent(method, url, dict(headers), body))
        return requests[-1]

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    return requests


def test_by_key(sent: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_KEY", "k1")
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    Client.find(AWS.rstrip("/")).announce("a.jpg")
    assert sent[0].url == f"{AWS}jobs", "one slash, whether the address ends in one or not"
    assert (sent[0].headers.get("x-api-key"), sent[0].headers.get("Authorization")) == ("k1", None)


def test_by_token(sent: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    Client.find(AWS).job("0" * 32)
    assert sent[0].url == f"{AWS}jobs/{'0' * 32}"
    assert (sent[0].headers.get("x-api-key"), sent[0].headers.get("Authorization")) == (None, "Bearer t1")


@pytest.mark.parametrize(("address", "region"), [(AWS, "eu-central-1"), (ELSEWHERE, "eu-west-3")])
def test_by_signature(sent: list[Sent], monkeypatch: pytest.MonkeyPatch, address: str, region: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    Client.find(address).announce("a.jpg")
    authorization = sent[0].headers["Authorization"]
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert f"/{region}/execute-api/aws4_request" in authorization
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-type", "host", "idempotency-key", "x-amz-date", "x-amz-security-token"} <= set(signed)
    assert sent[0].headers["X-Amz-Security-Token"] == "session"
    assert "x-api-key" not in sent[0].headers


def test_by_nothing(sent: list[Sent]) -> None:
    with pytest.raises(RecipeInvalid, match="DARKROOM_API_KEY"):
        Client.find(AWS)
    assert not sent


def test_a_bucket_is_told_nothing_of_the_caller(sent: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    api = Client.find(AWS)
    api.download("https://bucket.example/result?X-Amz-Signature=1")
    api.upload(Form("https://bucket.example/", {"key": "k"}, 900, 1000), b"photo")
    assert not any({"Authorization", "x-api-key"} & set(request.headers) for request in sent)


def test_an_upload_is_a_form_as_a_browser_sends_it(sent: list[Sent]) -> None:
    fields = {"key": "api/1/ü b.jpg", "x-amz-meta-recipe": '{"steps": "auto"}', "policy": "e30="}
    Client(AWS).upload(Form("https://bucket.example/", fields, 900, 1000), b"\x00\r\n--photo\xff")
    raw = f"Content-Type: {sent[0].headers['Content-Type']}\r\n\r\n".encode() + (sent[0].body or b"")
    parts = email.message_from_bytes(raw, policy=email.policy.HTTP).iter_parts()
    read = {
        part.get_param("name", header="content-disposition"): bytes(part.get_payload(decode=True)) for part in parts
    }
    assert list(read) == [*fields, "file"], "what comes after the file S3 does not read"
    assert read.pop("file") == b"\x00\r\n--photo\xff"
    assert {name: value.decode() for name, value in read.items()} == fields


class Handler(BaseHTTPRequestHandler):
    """Answers with a job, or an empty object where that is refused, and says nothing of it."""

    def answer(self, status: int = 200, **headers: str) -> None:
        body = b"{}" if status >= 400 else ANSWER
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Client, list[str | None]]]]:
    """An API that answers with the given statuses, in order, and notes each request's idempotency key.

    headers: of all its answers.
    """
    with ExitStack() as servers:

        def start(statuses: list[int], **headers: str) -> tuple[Client, list[str | None]]:
            keys: list[str | None] = []

            class Noting(Handler):
                def do_POST(self) -> None:
                    self.rfile.read(int(self.headers["Content-Length"]))
                    keys.append(self.headers["Idempotency-Key"])
                    self.answer(statuses[len(keys) - 1], **headers)

            return Client(f"http://{servers.enter_context(listening(Noting))}", key="k1"), keys

        yield start


def test_a_busy_api_is_asked_again_about_the_same_job(serve: Any) -> None:
    api, keys = serve([429, 503, 201])
    assert api.announce("a.jpg").id == JOB["id"]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert keys[0]


def test_what_was_refused_is_not_asked_again(serve: Any) -> None:
    api, keys = serve([400, 201])
    with pytest.raises(Exception, match="the API answered 400"):
        api.announce("a.jpg")
    assert len(keys) == 1


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long the client waited each time, were there anyone to wait."""
    found: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", found.append)
    return found


def test_a_busy_api_is_asked_again_when_it_says(serve: Any, slept: list[float]) -> None:
    api, keys = serve([503, 201], Retry_After="7")
    api.announce("a.jpg")
    assert (len(keys), slept) == (2, [7])


def test_what_is_far_off_is_told_and_not_waited_for(serve: Any, slept: list[float]) -> None:
    api, keys = serve([429, 201], Retry_After=str(round(MOST_WAITED_SECONDS) + 1))
    with pytest.raises(TransientError, match="the API answered 429"):
        api.announce("a.jpg")
    assert (len(keys), slept) == (1, [])


def test_what_would_be_done_twice_is_asked_again_only_where_nothing_was_done(serve: Any, slept: list[float]) -> None:
    api, keys = serve([429, 504, 201])
    with pytest.raises(TransientError, match="the API answered 504"):
        api.again("0" * 32, "vivid")
    assert len(keys) == 2


def test_what_takes_longer_than_a_call_is_waited_for_as_a_job(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    report = darkroom.enhance(photos.encoded("PNG"), "vivid").report

    class Slow(Handler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(303, Location=f"jobs/{JOB['id']}", X_Darkroom_Job=str(JOB["id"]))

        def do_GET(self) -> None:
            host = self.headers["Host"]
            links = {"self": "jobs/1", "result": f"http://{host}/result"}
            done = JOB | {"status": "succeeded", "links": links, "report": msgspec.to_builtins(report)}
            body = b"better" if self.path == "/result" else json.dumps(done).encode()
            assert (self.path == "/result") == (self.headers["x-api-key"] is None)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Slow) as host:
        done = Client(f"http://{host}", key="k1").enhance(b"photo", "vivid")
    assert (done.photo, done.report, done.job) == (b"better", report, JOB["id"])


def test_an_answer_of_another_version_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "request", lambda *_, **__: Sent("GET", "", {}, None, data=b'{"id": 3}'))
    with pytest.raises(StepFailed, match="not one that this version knows"):
        Client(AWS, key="k1").job("0" * 32)


def test_a_job_s_id_is_no_path(sent: list[Sent]) -> None:
    Client(AWS, key="k1").job("../batches?x")
    assert sent[0].url.endswith("/jobs/..%2Fbatches%3Fx")


def test_an_api_that_is_not_there(serve: Any) -> None:
    with pytest.raises(TransientError, match="did not answer"):
        Client("http://127.0.0.1:9", key="k1").job("0" * 32)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Client, Path]]:
    """An API with a certificate of its own, as the embedded AWS has it, and the certificate's file."""
    context, certificate = certified(tmp_path)

    class Answering(Handler):
        def do_GET(self) -> None:
            self.answer()

    with listening(Answering, context) as host:
        yield Client(f"https://{host}", key="k1"), certificate


@pytest.fixture
def _trusting_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TRUST:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_trusting_nobody")
def test_a_certificate_that_is_not_trusted_is_named_with_what_mends_it(own: tuple[Client, Path]) -> None:
    api, _ = own
    with pytest.raises(StepFailed, match=r"certificate of 127\.0\.0\.1:\d+ is not trusted here; .* SSL_CERT_FILE=FILE"):
        api.job("0" * 32)


@pytest.mark.usefixtures("_trusting_nobody")
@pytest.mark.parametrize("variable", TRUST)
def test_each_variable_that_names_certificates_counts(
    own: tuple[Client, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    api, certificate = own
    monkeypatch.setenv(variable, str(certificate))
    assert api.job("0" * 32).filename == "a.jpg"

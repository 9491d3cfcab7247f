"""A deployed API's callers: how each is known to it."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from darkroom import remote_api
from darkroom.errors import RecipeInvalid
from darkroom.remote_api import Api

AWS = "https://d6e5f81203.execute-api.eu-central-1.amazonaws.com/v1/"
ELSEWHERE = "https://photos.example/"


class Answer:
    def read(self) -> bytes:
        return b"{}"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[urllib.request.Request]:
    """The requests that would leave this machine, whose environment knows nobody."""
    for name in ("DARKROOM_API_KEY", "DARKROOM_API_TOKEN", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    requests: list[urllib.request.Request] = []

    def urlopen(request: urllib.request.Request, **_: Any) -> Answer:
        requests.append(request)
        return Answer()

    monkeypatch.setattr(remote_api.urllib.request, "urlopen", urlopen)
    return requests


def test_by_key(sent: list[urllib.request.Request], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_KEY", "k1")
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    Api.find(AWS.rstrip("/")).announce("a.jpg", {})
    assert sent[0].full_url == f"{AWS}jobs"
    assert (sent[0].get_header("X-api-key"), sent[0].get_header("Authorization")) == ("k1", None)


def test_by_token(sent: list[urllib.request.Request], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    Api.find(AWS).job("0" * 32)
    assert (sent[0].get_header("X-api-key"), sent[0].get_header("Authorization")) == (None, "Bearer t1")


@pytest.mark.parametrize(("address", "region"), [(AWS, "eu-central-1"), (ELSEWHERE, "eu-west-3")])
def test_by_signature(
    sent: list[urllib.request.Request], monkeypatch: pytest.MonkeyPatch, address: str, region: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    Api.find(address).announce("a.jpg", {})
    authorization = sent[0].get_header("Authorization") or ""
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert f"/{region}/execute-api/aws4_request" in authorization
    assert "content-type;host;x-amz-date;x-amz-security-token" in authorization
    assert sent[0].get_header("X-amz-security-token") == "session"
    assert not sent[0].has_header("X-api-key")


def test_by_nothing(sent: list[urllib.request.Request]) -> None:
    with pytest.raises(RecipeInvalid, match="DARKROOM_API_KEY"):
        Api.find(AWS)
    assert not sent


def test_a_bucket_is_told_nothing_of_the_caller(
    sent: list[urllib.request.Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_API_TOKEN", "t1")
    api = Api.find(AWS)
    api.download("https://bucket.example/result?X-Amz-Signature=1")
    api.upload({"url": "https://bucket.example/", "fields": {"key": "k"}}, "a.jpg", b"photo")
    assert not any(request.has_header("Authorization") or request.has_header("X-api-key") for request in sent)

"""Presigned links and forms lead to a bucket's own address in its region, or to an emulator's one address."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from darkroom.aws import clients
from darkroom.aws.api import links

HOSTS = {
    "us-east-1": "photos.s3.us-east-1.amazonaws.com",
    "eu-central-1": "photos.s3.eu-central-1.amazonaws.com",
    "ap-south-2": "photos.s3.ap-south-2.amazonaws.com",
    "cn-north-1": "photos.s3.cn-north-1.amazonaws.com.cn",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    clients.client.cache_clear()
    yield
    clients.client.cache_clear()


@pytest.mark.parametrize("region", HOSTS)
def test_links_are_regional(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    link = urlsplit(links.link("photos", "a b.jpg", version="v1", filename="ü.jpg"))
    assert (link.scheme, link.netloc, link.path) == ("https", HOSTS[region], "/a%20b.jpg")
    assert f"%2F{region}%2Fs3%2F" in link.query
    assert "versionId=v1" in link.query
    assert "response-content-disposition=attachment" in link.query
    assert links.origin("photos") == f"https://{HOSTS[region]}"
    form = links.form("photos", "api/1/a.jpg", "image/jpeg", {}, 1000)
    assert form["url"] == f"https://{HOSTS[region]}/"


def test_an_emulator_has_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert links.link("photos", "a.jpg").startswith("http://127.0.0.1:4566/photos/a.jpg?")
    saved = links.link("photos", "a.jpg", version="v1", filename="a.jpg")
    assert "response-content-disposition=attachment" in saved
    assert "versionId" not in saved, "the emulator heeds the one or the other"
    assert "versionId=v1" in links.link("photos", "a.jpg", version="v1")

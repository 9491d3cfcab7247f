"""Where a job's objects lie."""

from __future__ import annotations

import pytest

from darkroom.aws import keys

JOB = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b.JPG", "a/b.webp"),
        ("a+b %20 ü (1).jpg", "a+b %20 ü (1).webp"),
        ("no extension", "no extension.webp"),
        ("img.v2", "img.v2.webp"),
        ("dir.jpg/photo", "dir.jpg/photo.webp"),
        ("a//b.png", "a//b.webp"),
    ],
)
def test_the_result_is_called_like_its_upload(key: str, expected: str) -> None:
    assert keys.result(key, "webp") == expected


@pytest.mark.parametrize("name", ["holiday.jpg", "a+b %20 ü (1).jpg", "no extension"])
def test_a_key_of_the_api_tells_the_sender_s_own_name(name: str) -> None:
    key = keys.to_announce(JOB, name)
    assert keys.is_announced(key)
    assert keys.filename(key) == name
    assert keys.filename(name) == name, "an upload without the API is called as it is"
    assert not keys.is_announced(name)


def test_a_key_that_only_looks_like_the_api_s_is_its_own_name() -> None:
    assert keys.filename("api/summer/holiday.jpg") == "api/summer/holiday.jpg"


@pytest.mark.parametrize(
    ("source_format", "name"), [("JPEG", "photo.jpeg"), ("TIFF", "photo.tiff"), ("MPO", "photo.img")]
)
def test_a_photo_that_is_waited_for_has_its_format_s_extension(source_format: str, name: str) -> None:
    key = keys.to_wait_for(JOB, source_format)
    assert keys.filename(key) == name
    assert not keys.is_announced(key)


def test_no_two_kinds_of_object_of_a_job_share_a_key() -> None:
    result = keys.result(keys.to_announce(JOB, "a.png"), "jpeg")
    every = [keys.to_hand_over(JOB, 0), keys.to_hand_over(JOB, 1), keys.to_wait_for(JOB, "PNG"), result]
    every.append(keys.manifest(result))
    assert len(set(every)) == len(every)

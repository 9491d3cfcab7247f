"""Where a job's objects lie."""

from __future__ import annotations

import pytest

from darkroom import codec
from darkroom.aws import keys

JOB = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b.WebP", "a/b.WebP"),
        ("a/b.JPG", "a/b.JPG.webp"),
        ("a+b %20 ü (1).jpg", "a+b %20 ü (1).jpg.webp"),
        ("no extension", "no extension.photo.webp"),
        ("img.v2", "img.v2.photo.webp"),
        ("dir.jpg/photo", "dir.jpg/photo.photo.webp"),
        ("a//b.png", "a//b.png.webp"),
        ("a.png.webp", "a.png.webp.webp"),
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


def test_no_two_uploads_share_a_result_or_a_manifest() -> None:
    roots = ["IMG_1", "X", "a.b", "c/IMG_1", "x.photo", "", "ü"]
    ends = ["", ".jpg", ".JPG", ".jpeg", ".jpe", ".png", ".PNG", ".bmp", ".HEIC", ".heic", ".tif", ".photo", ".txt"]
    uploads = {root + one + two + three for root in roots for one in ends for two in ends for three in ends}
    of_one_format = len(uploads)
    for format_name in codec.OUTPUT_FORMATS:
        assert len({keys.result(upload, format_name) for upload in uploads}) == of_one_format
    same = [(upload, name) for upload in uploads for name in codec.OUTPUT_FORMATS]
    by_key: dict[str, set[str]] = {}
    for upload, name in same:
        by_key.setdefault(keys.result(upload, name), set()).add(upload)
    assert all(len(found) == 1 for found in by_key.values())
    assert not {keys.manifest(key) for key in by_key} & by_key.keys()


@pytest.mark.parametrize("upload", ["a.jpg", "IMG_1.JPG", "b.jpeg", "album/c.jfif"])
def test_a_photo_of_the_result_s_format_keeps_its_name(upload: str) -> None:
    assert keys.result(upload, "jpeg") == upload


@pytest.mark.parametrize("unit", ["a", "ü", "東"])
@pytest.mark.parametrize("extension", [".jpg", ".bmp", ""])
def test_a_key_of_s3_s_greatest_length_has_a_result_and_a_manifest(unit: str, extension: str) -> None:
    room = (keys.MOST_BYTES - len(extension)) // len(unit.encode())
    uploads = [unit * (room - 1) + last + extension for last in "xyz"]
    results = [keys.result(upload, "png") for upload in uploads]
    assert len(set(results)) == 3
    for key in results:
        assert len(keys.manifest(key).encode()) <= keys.MOST_BYTES
        assert key.endswith(".png")


@pytest.mark.parametrize("unit", ["\U0001d160", "\u0958", "\U0001f600", "東"])
@pytest.mark.parametrize("extension", [".jpg", ".xmp", ""])
def test_a_name_of_any_length_makes_a_key(unit: str, extension: str) -> None:
    for make in (keys.to_announce, keys.to_submit):
        key = make(JOB, unit * 400 + extension)
        assert len(key.encode()) <= keys.MOST_BYTES
        assert key.endswith(".photo" if extension == ".xmp" else extension)
        assert keys.filename(key) != key
        assert len(keys.result(key, "png").encode()) <= keys.MOST_BYTES


@pytest.mark.parametrize(
    "name", ["notes.txt", "IMG_1.xmp", "Thumbs.db", "._IMG.jpg", "a.JSON", "x.part", "a_$folder$", ""]
)
def test_who_sends_a_photo_by_any_name_has_it_taken_for_one(name: str) -> None:
    for make in (keys.to_announce, keys.to_submit):
        assert keys.may_be_photo(make(JOB, name))


@pytest.mark.parametrize(
    "upload",
    [
        *(
            "album/",
            "album/.DS_Store",
            "Thumbs.db",
            "a/THUMBS.DB",
            "a/._IMG_1.jpg",
            "IMG_1.xmp",
            "IMG_1.jpg.XMP",
            "a.AAE",
        ),
        *("photo.jpg.json", "__MACOSX/a.jpg", "x/@eaDir/a.jpg/SYNOPHOTO.jpg", "album_$folder$", "notes.txt"),
    ],
)
def test_what_is_left_beside_photos_is_no_photo(upload: str) -> None:
    assert not keys.may_be_photo(upload)


@pytest.mark.parametrize("upload", ["a.jpg", "no extension", "img.v2", "a/b.bin", "a.xmp/a.jpg", ".hidden.jpg"])
def test_whatever_may_be_a_photo_is_tried(upload: str) -> None:
    assert keys.may_be_photo(upload)

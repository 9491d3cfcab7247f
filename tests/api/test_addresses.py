"""Pictures by signed address: who may, what is computed, what caches are told."""

from __future__ import annotations

import io
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import boto3
import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError
from PIL import Image

import darkroom
from darkroom import signing
from darkroom.aws.api import addresses, records, renditions, secret, synchronous
from tests.support import photos
from tests.support.api_client import Client, Reply, Workflow
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK
from tests.support.stores import SECRET

BROWSER = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}


def put(key: str = "holiday/a.png", body: bytes | None = None) -> str:
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=key, Body=body or photos.encoded("PNG"))
    return key


def signed(transform: str = "vivid", key: str = "holiday/a.png", by: str = SECRET, **query: object) -> str:
    asked = {name: str(value) for name, value in query.items()}
    return "/" + signing.address(by.encode(), transform, key, asked)


def get(api: Client, address: str, **headers: str) -> Reply:
    return api.call("GET", address, headers={name.replace("_", "-"): value for name, value in headers.items()})


def names(bucket: str, prefix: str = "") -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [one["Key"] for one in listed.get("Contents", [])]


# Who may


def test_the_picture_is_what_the_library_makes(api: Client, workflow: Workflow) -> None:
    put()
    reply = get(api, signed())
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    made = darkroom.enhance(photos.encoded("PNG"), recipe="vivid").image
    np.testing.assert_array_equal(photos.decoded(reply.body), made)


def test_steps_are_separated_by_semicolons(api: Client, workflow: Workflow) -> None:
    put()
    reply = get(api, signed("crop:aspect=1:1;gamma:gamma=1.5"))
    steps = [darkroom.StepCall("crop", {"aspect": "1:1"}), darkroom.StepCall("gamma", {"gamma": 1.5})]
    np.testing.assert_array_equal(
        photos.decoded(reply.body), darkroom.enhance(photos.encoded("PNG"), recipe=steps).image
    )


ADDRESS = signed(w=40)
SIGNATURE = ADDRESS.split("/")[2]


@pytest.mark.parametrize(
    "altered",
    [
        ADDRESS.replace(SIGNATURE, "A" * 43),
        ADDRESS.replace(SIGNATURE, SIGNATURE[:-1]),
        ADDRESS.replace(SIGNATURE, SIGNATURE + "A"),
        ADDRESS.replace(SIGNATURE, SIGNATURE.swapcase()),
        ADDRESS.replace(SIGNATURE, "unsigned"),
        ADDRESS.replace(SIGNATURE, "ä"),
        ADDRESS.replace("vivid", "auto"),
        ADDRESS.replace("vivid", "Vivid"),
        ADDRESS.replace("a.png", "b.png"),
        ADDRESS.replace("holiday/", "holiday//"),
        ADDRESS.replace("holiday/", "holiday/./"),
        ADDRESS.replace("w=40", "w=41"),
        ADDRESS.replace("w=40", "w=040"),
        ADDRESS.replace("?w=40", ""),
        f"{ADDRESS}&w=40",
        f"{ADDRESS}&format=png",
        f"{ADDRESS}&utm_source=x",
        ADDRESS.replace("?w=40", "%3Fw=40"),
        signed(by="another"),
        signed(by="", w=40),
    ],
)
def test_an_address_that_is_not_signed_so_is_forbidden(api: Client, workflow: Workflow, altered: str) -> None:
    put()
    reply = get(api, altered)
    assert (reply.status, reply.json["code"]) == (403, "http.bad-signature")
    assert reply.headers["cache-control"] == "no-store"
    assert workflow.inputs == []


def test_names_are_taken_decoded_or_not(api: Client, workflow: Workflow) -> None:
    key = put("Straße 100%/a b+c&d?.png")
    path = signed(key=key)
    assert quote("Straße 100%", safe="") in path
    encoded, plain = get(api, path), get(api, "/".join([*path.split("/")[:4], key]).replace("?", "%3F"))
    assert encoded.status == 200
    assert plain.status in (200, 403)  # the client here splits a query off, as gateways do before
    assert addresses._as_signed([SECRET.encode()], path.split("/")[2], "vivid", key, []) == ("vivid", key)


def test_a_secret_that_was_changed_counts_until_the_next_change(api: Client, workflow: Workflow) -> None:
    put()
    store = boto3.client("secretsmanager")
    store.put_secret_value(SecretId=SETTINGS["SIGNING_SECRET"], SecretString="the second")
    assert get(api, signed()).status == get(api, signed(by="the second")).status == 200
    store.put_secret_value(SecretId=SETTINGS["SIGNING_SECRET"], SecretString="the third")
    secret.forget()
    assert get(api, signed()).status == 403
    assert get(api, signed(by="the second")).status == get(api, signed(by="the third")).status == 200


def test_an_address_may_end(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    address = signed(expires=2_000_000_000)
    monkeypatch.setattr("time.time", lambda: 1_999_999_990)
    assert get(api, address).headers["cache-control"] == "public, max-age=10"
    monkeypatch.setattr("time.time", lambda: 2_000_000_000)
    reply = get(api, address)
    assert (reply.status, reply.json["code"]) == (403, "http.expired")


@pytest.mark.parametrize(
    ("transform", "query", "status", "code"),
    [
        ("vivit", {}, 400, "recipe.unknown-recipe"),
        ("gama:gamma=1", {}, 400, "recipe.unknown-step"),
        ("gamma:gamma=99", {}, 400, "recipe.bad-parameter"),
        ("vivid", {"w": 0}, 400, "recipe.bad-request"),
        ("vivid", {"w": "wide"}, 400, "recipe.bad-request"),
        ("vivid", {"width": 40}, 400, "recipe.unknown-field"),
        ("vivid", {"format": "jp2"}, 400, "recipe.bad-request"),
    ],
)
def test_what_is_signed_must_be_right_too(
    api: Client, workflow: Workflow, transform: str, query: dict[str, str], status: int, code: str
) -> None:
    put()
    reply = get(api, signed(transform, **query))
    assert (reply.status, reply.json["code"]) == (status, code)


def test_what_is_not_there_or_no_photo(api: Client, workflow: Workflow) -> None:
    assert get(api, signed()).json["code"] == "http.no-file"
    put(body=b"hello, this is no photo")
    for _ in range(2):
        reply = get(api, signed())
        assert (reply.status, reply.json["code"]) == (415, "image.not-an-image")
    put(body=bytes(int(SETTINGS["MAX_BYTES"]) + 1))
    assert get(api, signed()).status == 413


# What is computed


def test_the_same_address_twice_is_one_computation(api: Client, workflow: Workflow) -> None:
    put()
    first, second = get(api, signed()), get(api, signed())
    assert len(workflow.inputs) == 1
    assert (first.body, first.headers["etag"]) == (second.body, second.headers["etag"])


def test_widths_and_formats_are_made_of_one_result(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    shaped: list[renditions.Shape] = []
    shape = renditions._shaped

    def watched(*of: Any) -> tuple[bytes, str]:
        shaped.append(of[1])
        return shape(*of)

    monkeypatch.setattr(renditions, "_shaped", watched)
    for _ in range(2):
        for width in (10, 40):
            reply = get(api, signed(w=width), **BROWSER)
            assert reply.headers["content-type"] == "image/avif"
            assert Image.open(io.BytesIO(reply.body)).width == width
        assert get(api, signed(format="webp")).headers["content-type"] == "image/webp"
    assert len(workflow.inputs) == 1
    assert len(shaped) == len(names(WORK, "i/")) - 1 == 3


def test_what_two_ask_for_at_once_one_makes(api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    put()
    held: list[str] = []
    take = records.take_place

    def late(table: str, place: str, holder: str, seconds: int) -> bool:
        """The first time another request is in the middle of it, and done with it when that is looked at again."""
        if place.startswith("i/") and not held:
            held.append(place)
            boto3.client("s3").put_object(Bucket=WORK, Key=place, Body=b"made by another", ContentType="image/png")
            return False
        return take(table, place, holder, seconds)

    monkeypatch.setattr(records, "take_place", late)
    assert get(api, signed()).body == b"made by another"
    assert workflow.inputs == []


def test_who_waits_too_long_for_another_is_told_when_to_ask(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    monkeypatch.setattr(synchronous, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(records, "take_place", lambda *_: False)
    reply = get(api, signed())
    assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (503, "http.not-yet", "5")


def test_a_result_that_took_too_long_is_taken_by_the_next_request(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    run = workflow.start_sync_execution

    def too_long(**event: str) -> None:
        done = json.loads(run(**event)["output"])
        table = boto3.resource("dynamodb").Table(SETTINGS["JOBS_TABLE"])
        (job,) = (one for one in table.scan()["Items"] if one.get("listing"))
        table.put_item(Item={**job, "status": "succeeded", "result": done["result"]})
        raise ReadTimeoutError(endpoint_url="https://states.example")

    with monkeypatch.context() as slow:
        slow.setattr(workflow, "start_sync_execution", too_long)
        reply = get(api, signed())
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert get(api, signed()).status == 200
    assert len(workflow.inputs) == 1


def test_a_stranger_s_job_of_the_same_id_is_no_result(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id follows from what an uploader may know, and keys of theirs may name any."""
    put(body=photos.encoded("PNG", width=30, height=20))
    put("theirs.png")
    find = records.look

    def theirs(table: str, job: str) -> Any:
        place = {"bucket": UPLOADS, "key": "theirs.png"}
        return find(table, job) or {"id": job, "status": "succeeded", **place, "result": place}

    monkeypatch.setattr(records, "look", theirs)
    shown = get(api, signed("none"))
    assert photos.decoded(shown.body).shape[:2] == (20, 30)


def test_a_failure_of_ours_is_tried_again(api: Client, workflow: Workflow) -> None:
    put()
    workflow.answer = {"status": "FAILED", "error": "StepFailed", "cause": "step.broken: step 'gamma' failed"}
    assert get(api, signed()).status == 500
    workflow.answer = None
    assert get(api, signed()).status == 200


def test_a_photo_that_was_replaced_is_made_anew(api: Client, workflow: Workflow) -> None:
    put()
    before = get(api, signed("none"))
    put(body=photos.encoded("PNG", width=30, height=20))
    after = get(api, signed("none"), If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert photos.decoded(after.body).shape[:2] == (20, 30)
    assert before.headers["etag"] != after.headers["etag"]


def test_uploads_and_their_results_stay_as_they_are(api: Client, workflow: Workflow) -> None:
    put()
    get(api, signed(w=20))
    assert names(UPLOADS) == ["holiday/a.png"]
    assert all(name.startswith("sync/") for name in names(RESULTS))


# What caches are told


def test_who_has_the_picture_is_not_sent_it_again(api: Client, workflow: Workflow) -> None:
    put()
    first = get(api, signed(w=30))
    computed = len(workflow.inputs)
    for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}', "*"):
        reply = get(api, signed(w=30), If_None_Match=known)
        assert (reply.status, reply.body) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert reply.headers[name] == first.headers[name]
    assert get(api, signed(w=30), If_None_Match='"another"').status == 200
    assert len(workflow.inputs) == computed
    assert get(api, signed(w=31)).headers["etag"] != first.headers["etag"]


def test_accept_chooses_and_caches_are_told_so(api: Client, workflow: Workflow) -> None:
    put()
    tags = set()
    for accept, media_type in (("*/*", "image/png"), ("image/webp,*/*", "image/webp"), ("image/jpeg", "image/jpeg")):
        reply = get(api, signed(), Accept=accept)
        assert (reply.headers["content-type"], reply.headers["vary"]) == (media_type, "Accept")
        tags.add(reply.headers["etag"])
    assert len(tags) == 3
    assert "vary" not in get(api, signed(format="jpeg"), Accept="image/webp").headers
    assert get(api, signed(), Accept="text/html").status == 406


def test_other_versions_of_darkroom_have_other_tags(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    before = get(api, signed("none")).headers["etag"]
    monkeypatch.setattr(darkroom, "__version__", "99")
    assert get(api, signed("none")).headers["etag"] != before


def test_a_picture_too_large_for_an_answer_is_a_redirect(
    api: Client, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    monkeypatch.setattr(synchronous, "MAX_BODY", 3000)
    for _ in range(2):
        reply = get(api, signed("none"))
        assert (reply.status, reply.body) == (302, b"")
        assert f"{WORK}.s3." in reply.headers["location"]
        assert reply.headers["cache-control"] == "public, max-age=300"
    assert len(workflow.inputs) == 1


def test_large_pictures_are_not_written_as_avif(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions, "MAX_AVIF_PIXELS", 100)
    made, media_type = renditions._shaped(photos.encoded("PNG"), renditions.Shape(20, "avif", None))
    assert media_type == Image.MIME[str(Image.open(io.BytesIO(made)).format)] == "image/webp"


def test_head_has_the_headers_alone(api: Client, workflow: Workflow) -> None:
    put()
    whole, head = get(api, signed()), api.call("HEAD", signed())
    assert head.body == b""
    assert (head.status, head.headers) == (200, whole.headers)


# How it is signed


def test_a_shell_signs_alike() -> None:
    text = "vivid/holiday/a.jpg?w=320"
    line = 'printf %s "$1" | openssl dgst -sha256 -hmac "$2" -binary | basenc --base64url | tr -d \'=\\n\''
    done = subprocess.run(["bash", "-c", line, "sign", text, SECRET], capture_output=True, check=True)
    assert done.stdout.decode() == signing.signature(SECRET.encode(), text)


@pytest.mark.parametrize("key", ["", "/a.jpg", "a//b.jpg", "a/../b.jpg", "./a.jpg"])
def test_keys_that_browsers_would_change_are_not_signed(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        signing.address(b"secret", "vivid", key)


def test_many_at_once_lose_none(api: Client, workflow: Workflow) -> None:
    put()
    asked = [signed(w=10 + number % 4) for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda address: get(api, address), asked))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 4
    assert len(workflow.inputs) == 1

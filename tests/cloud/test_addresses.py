"""Pictures by signed address from the deployed stack."""

from __future__ import annotations

import io
import ssl
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

import darkroom
from darkroom import signing
from darkroom_local import stack
from tests.bench.addresses import ask_many
from tests.cloud.cloud import Cloud, wait_for
from tests.support import photos

pytestmark = pytest.mark.cloud

KEY = "Straße 1/a b+c.png"


@pytest.fixture(scope="module")
def secret(cloud: Cloud) -> bytes:
    store = cloud.aws.client("secretsmanager")
    made: str = store.get_secret_value(SecretId=cloud.outputs["SigningSecret"])["SecretString"]
    assert len(made) == 64
    return made.encode()


def get(cloud: Cloud, address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer, asked for again where it says so."""
    url = f"{stack.address(cloud.aws, cloud.outputs)}/{address}"
    trust = ssl.create_default_context(cafile=cloud.aws.certificate)
    request = urllib.request.Request(url, headers={"Accept": "*/*", **headers})

    def answer() -> tuple[int, dict[str, str], bytes] | None:
        try:
            with urllib.request.urlopen(request, context=trust) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            if error.code in (429, 503, 504):
                return None
            return error.code, dict(error.headers), error.read()

    return wait_for(answer, f"an answer to GET {address}")


def test_a_picture_by_its_address(cloud: Cloud, secret: bytes) -> None:
    cloud.upload(KEY, photos.encoded("PNG"))
    address = signing.address(secret, "gamma:gamma=1.5", KEY)
    status, headers, body = get(cloud, address)
    assert (status, headers["Content-Type"]) == (200, "image/png")
    step = darkroom.StepCall("gamma", {"gamma": 1.5})
    np.testing.assert_array_equal(photos.decoded(body), darkroom.enhance(photos.encoded("PNG"), [step]).image)
    assert get(cloud, address, **{"If-None-Match": headers["ETag"]})[0] == 304
    assert get(cloud, address.replace("1.5", "1.6"))[0] == 403
    small = signing.address(secret, "gamma:gamma=1.5", KEY, {"w": "24"})
    status, headers, body = get(cloud, small, Accept="image/avif,image/webp,*/*;q=0.8")
    assert (status, headers["Content-Type"], Image.open(io.BytesIO(body)).width) == (200, "image/avif", 24)


def test_of_many_requests_none_is_lost(cloud: Cloud, secret: bytes) -> None:
    """The short form of `make bench-images`."""
    told = ask_many(cloud.aws, cloud.outputs, secret, requests=40, photos_=2, callers=4)
    assert told.lost == 0
    assert told.answered == 40
    assert told.computed == 2

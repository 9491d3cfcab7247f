"""A deployed stack by its HTTP API: the API's address, and whatever it knows its callers by."""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import urllib3

from darkroom.client.waiting import until_finished
from darkroom.errors import RecipeInvalid, StepFailed, TransientError, revive
from darkroom.wanted import Wanted

POLL_SECONDS = 0.7
TIMEOUT_SECONDS = 60.0

RETRIES = urllib3.Retry(
    total=20,
    connect=2,
    read=2,
    other=0,  # a certificate that is not trusted does not become so
    remove_headers_on_redirect=("Authorization", "x-api-key"),
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,  # a job is announced with an idempotency key, and the rest may be repeated as it is
    backoff_factor=0.25,
    backoff_jitter=0.5,
    backoff_max=5,
    raise_on_status=False,
)
"""Many photos at once go past the API's rate, or wait for a free function: such answers are asked again."""

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Variables of the environment that name a file of certificates to trust; the first that is set holds."""

# Not in every system's table.
mimetypes.add_type("image/heic", ".heic")
mimetypes.add_type("image/heif", ".heif")
mimetypes.add_type("image/avif", ".avif")
mimetypes.add_type("image/webp", ".webp")


@dataclass(frozen=True, slots=True)
class Api:
    """An API at `address` (no slash at its end). Errors are the API's own, as darkroom's classes.

    `key` is its API key, or else `token` a token of its user pool; without either, requests are signed with the AWS
    credentials of the environment.
    """

    address: str
    key: str = ""
    token: str = ""

    @classmethod
    def find(cls, address: str) -> Api:
        """The API at `address`, with the key or token of the environment.

        Raises `RecipeInvalid` where there is neither, nor AWS credentials to sign with.
        """
        key, token = os.environ.get("DARKROOM_API_KEY", ""), os.environ.get("DARKROOM_API_TOKEN", "")
        if not key and not token:
            _credentials()
        return cls(address.rstrip("/"), key, token)

    def submit(self, filename: str, body: bytes, wanted: Wanted) -> str:
        """Announce a job and upload its photo. Returns its id."""
        announced = self.announce(filename, wanted)
        self.upload(announced["upload"], filename, body)
        return str(announced["id"])

    def announce(self, filename: str, wanted: Wanted) -> dict[str, Any]:
        content_type = mimetypes.guess_type(filename)[0] or "image/jpeg"
        request = {"filename": filename, "content_type": content_type, **wanted.to_body()}
        once = {"Idempotency-Key": str(uuid.uuid4())}
        answer: dict[str, Any] = self._call("POST", "jobs", msgspec.json.encode(request), once)
        return answer

    def upload(self, form: Mapping[str, Any], filename: str, body: bytes) -> None:
        """Send a photo by its form, as a browser would. Raises `StepFailed` where the bucket refuses it."""
        # The file's own name is of no use to S3, which knows it by the field `key`.
        data, content_type = urllib3.encode_multipart_formdata([*form["fields"].items(), ("file", ("photo", body))])
        answer = _request("POST", form["url"], {"Content-Type": content_type}, data)
        if answer.status >= 300:
            raise StepFailed("upload", f"the upload failed: the bucket answered {answer.status}")

    def job(self, job: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("GET", f"jobs/{job}")
        return answer

    def wait(self, job: str, timeout: float) -> dict[str, Any]:
        """The finished job. Raises the job's own error, or `TransientError` after `timeout` seconds."""
        return until_finished(lambda: self.job(job), timeout, POLL_SECONDS)

    def delete(self, job: str) -> None:
        self._call("DELETE", f"jobs/{job}")

    def download(self, link: str) -> bytes:
        """What lies at one of a job's links."""
        answer = _request("GET", link, {})
        if answer.status >= 300:
            raise StepFailed("download", f"the result could not be fetched: the bucket answered {answer.status}")
        return answer.data

    def _call(self, method: str, path: str, body: bytes | None = None, more: Mapping[str, str] | None = None) -> Any:
        url = f"{self.address}/{path}"
        headers = {"Accept": "*/*", **({"Content-Type": "application/json"} if body else {}), **(more or {})}
        if self.key:
            headers["x-api-key"] = self.key
        elif self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        else:
            headers |= _signature(method, url, headers, body)
        answer = _request(method, url, headers, body)
        if answer.status >= 300:
            raise _told(answer.status, answer.data)
        return msgspec.json.decode(answer.data) if answer.data else None


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    """The answer, of whatever status, after `RETRIES`. Raises `TransientError` where there is none."""
    try:
        return _connections(_trusted()).request(method, url, headers=headers, body=body)
    except urllib3.exceptions.MaxRetryError as error:
        if isinstance(error.reason, urllib3.exceptions.SSLError):
            raise StepFailed(
                "certificate",
                f"the certificate of {urlsplit(url).netloc} is not trusted here; where it is your own, as that of "
                f"`make local`, {TRUST[0]}=FILE names it ({error.reason})",
            ) from None
        raise TransientError("unreachable", f"the API did not answer: {error}") from None
    except urllib3.exceptions.HTTPError as error:
        raise TransientError("unreachable", f"the API did not answer: {error}") from None


def _trusted() -> str | None:
    """The file of the certificates to trust, by whichever variable names one; None for the system's."""
    return next((path for name in TRUST if (path := os.environ.get(name))), None)


@cache
def _connections(certificates: str | None) -> urllib3.PoolManager:
    """Connections that are kept open. certificates: file of those to trust; None for the system's."""
    return urllib3.PoolManager(retries=RETRIES, timeout=TIMEOUT_SECONDS, ca_certs=certificates, maxsize=16)


def _credentials() -> tuple[Any, str | None]:
    """The AWS credentials of the environment and its region. Raises `RecipeInvalid` where there are none."""
    import boto3  # only those who sign wait for it
    from botocore.exceptions import BotoCoreError

    why = ""
    try:
        session = boto3.Session()
        found = session.get_credentials()
        if found is not None:
            return found.get_frozen_credentials(), session.region_name
    except BotoCoreError as error:
        why = f" ({error})"
    raise RecipeInvalid(
        "no-key",
        "the API's key is asked for in the environment variable DARKROOM_API_KEY, or a token of its user pool in "
        f"DARKROOM_API_TOKEN, or AWS credentials that may call it{why}",
    )


def _signature(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    """The headers of AWS Signature Version 4."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    credentials, region = _credentials()
    # ID.execute-api.REGION.amazonaws.com; a domain of one's own says nothing of the region.
    labels = (urlsplit(url).hostname or "").split(".")
    if labels[1:2] == ["execute-api"]:
        region = labels[2]
    request = AWSRequest(method=method, url=url, data=body or b"", headers=dict(headers))
    SigV4Auth(credentials, "execute-api", region or "us-east-1").add_auth(request)
    return {name: str(value) for name, value in request.headers.items() if name not in headers}


def _told(status: int, body: bytes) -> Exception:
    """darkroom's error for a problem."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    if status in (401, 403):
        return StepFailed("forbidden", "the API does not know this key, token or signature, or may not be called by it")
    return revive(problem.get("code", "step.unexpected"), problem.get("detail", f"the API answered {status}"))

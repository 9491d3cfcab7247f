"""Calls over HTTP: connections that are kept open, what is asked again, certificates, signatures, errors."""

from __future__ import annotations

import email.message
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec
import urllib3

from darkroom.errors import DarkroomError, RecipeInvalid, RequestRefused, StepFailed, TransientError, revive

TIMEOUT_SECONDS = 60.0

MOST_WAITED_SECONDS = 60.0
"""A `Retry-After` of more, such as that of a day's quota, is told to the caller instead of slept through."""

BUSY = (429, 502, 503, 504)


class Retry(urllib3.Retry):
    """Asks again when `Retry-After` says so, or later each time where nothing says when."""

    def increment(self, method: Any = None, url: Any = None, response: Any = None, *more: Any, **named: Any) -> Any:
        waits = None if response is None else self.get_retry_after(response)
        if waits is not None and waits > MOST_WAITED_SECONDS:
            raise urllib3.exceptions.MaxRetryError(named.get("_pool"), url)  # type: ignore[arg-type]
        return super().increment(method, url, response, *more, **named)


RETRIES = Retry(
    total=20,
    connect=2,
    read=2,
    other=0,  # a certificate that is not trusted does not become so
    remove_headers_on_redirect=("Authorization", "x-api-key"),
    status_forcelist=BUSY,
    allowed_methods=None,  # a job is announced with an idempotency key, and the rest may be repeated as it is
    backoff_factor=0.25,
    backoff_jitter=0.5,
    backoff_max=5,
    raise_on_status=False,
)
"""Many photos at once go past the API's rate, or wait for a free function: such answers are asked again."""

WHILE_ONE_WAITS = RETRIES.new(status_forcelist=(429, 502, 503))
"""For what is computed in the call: what took too long would again."""

ONCE = RETRIES.new(read=0, status_forcelist=(429,))
"""For what would be done twice: asked again only where nothing was done."""

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")
"""Variables of the environment that name a file of certificates to trust; the first that is set holds."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API at `address` (no slash at its end).

    `key` is its API key, or else `token` a token of its user pool; without either, requests are signed with the AWS
    credentials of the environment.
    """

    address: str
    key: str = ""
    token: str = ""

    @classmethod
    def find(cls, address: str) -> Self:
        """The API at `address`, with the environment's `DARKROOM_API_KEY` or `DARKROOM_API_TOKEN`.

        Raises `RecipeInvalid` where there is neither, nor AWS credentials to sign with.
        """
        key, token = os.environ.get("DARKROOM_API_KEY", ""), os.environ.get("DARKROOM_API_TOKEN", "")
        if not key and not token:
            credentials()
        return cls(address.rstrip("/"), key, token)

    def _told[T](self, kind: type[T], *call: Any, **options: Any) -> T:
        answer = self._answer(*call, **options)
        try:
            return msgspec.json.decode(answer.data, type=kind)
        except msgspec.DecodeError as error:
            raise StepFailed("answer", f"the API's answer is not one that this version knows: {error}") from None

    def _answer(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        more: Mapping[str, str] | None = None,
        **options: Any,
    ) -> urllib3.BaseHTTPResponse:
        """An answer that is no refusal. A redirect is not followed."""
        url = f"{self.address}/{path}"
        headers = {"Accept": "*/*", **({"Content-Type": "application/json"} if body else {}), **(more or {})}
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        if self.key:
            headers["x-api-key"] = self.key
        elif self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        else:
            headers |= signature(method, url, headers, data)
        answer = request(method, url, headers, data, redirect=False, **options)
        if answer.status >= 400:
            raise refusal(answer.status, answer.data)
        return answer


def request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, **options: Any
) -> urllib3.BaseHTTPResponse:
    """The answer, of whatever status, after `RETRIES`. Raises `TransientError` where there is none."""
    try:
        return _connections(_trusted()).request(method, url, headers=headers, body=body, **options)
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


def credentials() -> tuple[Any, str | None]:
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


def signature(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    """The headers of AWS Signature Version 4."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    found, region = credentials()
    # ID.execute-api.REGION.amazonaws.com; a domain of one's own says nothing of the region.
    labels = (urlsplit(url).hostname or "").split(".")
    if labels[1:2] == ["execute-api"]:
        region = labels[2]
    asked = AWSRequest(method=method, url=url, data=body or b"", headers=dict(headers))
    SigV4Auth(found, "execute-api", region or "us-east-1").add_auth(asked)
    return {name: str(value) for name, value in asked.headers.items() if name not in headers}


def refusal(status: int, body: bytes) -> DarkroomError:
    """darkroom's error for a problem."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    code, words = problem.get("code", ""), problem.get("detail", f"the API answered {status}")
    kind, _, reason = code.partition(".")
    if status == 401 or code == "http.forbidden" or (status == 403 and not code):
        words = "the API does not know this key, token or signature, or may not be called by it"
        return RequestRefused("forbidden", words)
    if status in BUSY and kind in ("http", ""):
        return TransientError(reason or "busy", words)
    return RequestRefused(reason or "unknown", words) if kind in ("http", "") else revive(code, words)


def parts(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The media type and the content of each part of a multipart answer (RFC 2046)."""
    message = email.message.Message()
    message["Content-Type"] = content_type
    _, *parts, _ = body.split(f"--{message.get_param('boundary')}".encode())
    found = []
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        found.append((head.decode().partition(":")[2].strip(), content.removesuffix(b"\r\n")))
    return found

"""`POST /enhance`: a photo in, a better photo out, through the workflow while the caller waits."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from darkroom import codec, report, sidecar
from darkroom.aws import clients, storage
from darkroom.aws.api import links, negotiate, parse, records, synchronous
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.codec.formats import identify
from darkroom.errors import ImageRejected
from darkroom.report import Report

HEADER_BYTES = 6000
"""Of the report in a header; API Gateway allows 10,240 for all of them."""


def enhance(site: Site, body: bytes, query: Mapping[str, Sequence[str]], accept: str, caller: str) -> Response[Any]:
    """The answer to one request: the photo, photo and report, or a redirect where the photo is too large to answer."""
    synchronous.check_size(body, "/enhance", "POST /jobs takes larger ones.")
    asked = parse.enhance_request(query)
    wanted, answer_in = asked.wanted, negotiate.choose(accept, _own_format(body))
    if wanted.format is None:
        if answer_in is None:
            raise Problem(
                HTTPStatus.NOT_ACCEPTABLE,
                "http.not-acceptable",
                "Photos are answered as image/jpeg, image/png, image/webp, image/avif or image/tiff.",
            )
        if answer_in not in ("any", "multipart"):
            wanted = msgspec.structs.replace(wanted, format=answer_in)
    job, key = synchronous.put(site, body, wanted.to_metadata())
    records.announce(site.table, job, site.work, key, owner=caller, request="")
    with synchronous.place(site):
        output = run(site, job, key)
    if output is None:  # it goes on without us
        headers = {"Location": f"jobs/{job}", "X-Darkroom-Job": job, "Retry-After": "5", "Cache-Control": "no-store"}
        return Response(int(HTTPStatus.SEE_OTHER), "application/json", "", headers=headers)
    return _answer(job, output, multipart=asked.report or answer_in == "multipart")


def _own_format(body: bytes) -> str | None:
    """The format that goes with a photo's own. None where it is no photo, which the workflow finds and says."""
    try:
        return codec.output_format(identify(body[:64]))
    except ImageRejected:
        return None


def run(site: Site, job: str, key: str) -> dict[str, Any] | None:
    """Run the workflow to its end. None where it takes longer than we may. Raises the job's own error."""
    if site.here is not None:
        done: dict[str, Any] | None = site.here.enhance(site.work, key, synchronous.PATIENCE_SECONDS)
        return done
    event = {"detail": {"bucket": {"name": site.work}, "object": {"key": key, "sequencer": "0"}}}
    try:
        answer = synchronous.client("stepfunctions").start_sync_execution(
            stateMachineArn=site.enhance_now, input=msgspec.json.encode(event).decode()
        )
    except ReadTimeoutError:
        return None
    except (ClientError, BotoCoreError) as error:
        raise clients.translate(error, "the workflow", "workflow") from error
    if answer["status"] != "SUCCEEDED":
        raise synchronous.failure("workflow", answer.get("cause", ""))
    return msgspec.json.decode(answer["output"], type=dict[str, Any])


def _answer(job: str, output: Mapping[str, Any], *, multipart: bool) -> Response[Any]:
    result, manifest = output["result"], output["manifest"]
    photo, stored = storage.read(result["bucket"], result["key"], result["version"])
    told = report.read(storage.read(manifest["bucket"], manifest["key"], manifest["version"])[0])
    headers = {
        "X-Darkroom-Job": job,
        "X-Darkroom-Report": _in_a_header(told),
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    if multipart:
        boundary = secrets.token_hex(16)
        content_type = f'multipart/mixed; boundary="{boundary}"'
        parts = [("application/json", msgspec.json.encode(told.placeless())), (stored["ContentType"], photo)]
        if told.sidecar is not None and told.sidecar.key:
            parts.append((sidecar.MEDIA_TYPE, sidecar.packet(told)))
        photo = b"".join(
            f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n" for kind, content in parts
        )
        photo += f"--{boundary}--\r\n".encode()
    else:
        content_type = stored["ContentType"]
    if len(photo) > synchronous.MAX_BODY:
        headers["Location"] = links.to(result)
        return Response(int(HTTPStatus.SEE_OTHER), content_type, "", headers=headers)
    return Response(int(HTTPStatus.OK), content_type, photo, headers=headers)


def _in_a_header(told: Report) -> str:
    """What was done and why, in one line of ASCII JSON; the reasons are left out where they would be too long."""
    brief = {
        "recipe": told.recipe,
        "blend": told.blend,
        "steps": [step.name for step in told.steps],
        "milliseconds": told.milliseconds,
    }
    line = _ascii(brief | {"why": [reason.words for reason in report.reasons(told) if reason.about != "left"]})
    return line if len(line) <= HEADER_BYTES else _ascii(brief)


def _ascii(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))

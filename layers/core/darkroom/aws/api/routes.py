"""The routes. Each parses its request, calls one function, and gives back what that says; errors end in one place."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

import darkroom
from darkroom import recipe, registry
from darkroom.aws.api import annotate, enhance, jobs, page, parse, problems, thumbnails, unwrap
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.aws.runtime import logger, where
from darkroom.errors import DarkroomError

EXPOSED = ["X-Darkroom-Job", "X-Darkroom-Report", "Location", "Retry-After"]
"""Headers that pages of other origins may read."""

SIGNED = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"]
HEADERS = ["Content-Type", "X-Api-Key", "Idempotency-Key", "Accept", *SIGNED]

Answer = Response[Any]


def build(site: Site) -> APIGatewayRestResolver:
    """The API of a stack."""
    api = APIGatewayRestResolver(cors=_cors(site.origins), serializer=_json)

    @api.get("/")
    def show_page() -> Answer:
        path = api.current_event.request_context.path or "/"
        if not path.endswith("/"):  # the page's own links are relative
            return Response(int(HTTPStatus.PERMANENT_REDIRECT), "text/plain", "", headers={"Location": f"{path}/"})
        return page.serve(site, "index.html")

    @api.get("/web/<file>")
    def show_file(file: str) -> Answer:
        return page.serve(site, file)

    @api.get("/health")
    def health() -> Answer:
        return _answer({"status": "ok", "version": darkroom.__version__})

    @api.get("/openapi.json")
    def describe() -> Answer:
        return _answer(msgspec.Raw((site.files / "openapi.json").read_bytes()))

    @api.get("/steps")
    def list_steps() -> Answer:
        return _answer({"steps": [registry.describe(step) for step in registry.steps()]})

    @api.get("/recipes")
    def list_recipes() -> Answer:
        schema = msgspec.json.schema(recipe.Recipe)
        return _answer({"recipes": [msgspec.to_builtins(one) for one in recipe.built_ins()], "schema": schema})

    @api.post("/jobs")
    def create_job() -> Answer:
        event = api.current_event
        request = parse.job_request(_body(event))
        job, new = jobs.create(site, request, _caller(event), event.headers.get("Idempotency-Key"))
        status = HTTPStatus.CREATED if new else HTTPStatus.OK
        return _answer(job, status, Location=job["links"]["self"])

    @api.get("/jobs")
    def list_jobs() -> Answer:
        event = api.current_event
        query = event.query_string_parameters or {}
        return _answer(jobs.page(site, _limit(query.get("limit", "20")), query.get("next") or None, _caller(event)))

    @api.get("/jobs/<job>")
    def show_job(job: str) -> Answer:
        return _answer(jobs.show(site, job, _caller(api.current_event)))

    @api.get("/jobs/<job>/preview")
    def preview_job(job: str) -> Answer:
        return jobs.look_at(site, job, api.current_event.query_string_parameters or {}, _caller(api.current_event))

    @api.post("/jobs/<job>/again")
    def redo_job_otherwise(job: str) -> Answer:
        event = api.current_event
        begun = jobs.again(site, job, parse.wanted(_body(event)), _caller(event))
        return _answer(begun, HTTPStatus.CREATED, Location=begun["links"]["self"])

    @api.post("/jobs/<job>/stop")
    def stop_job(job: str) -> Answer:
        return _answer(jobs.stop(site, job, _caller(api.current_event)), HTTPStatus.ACCEPTED)

    @api.post("/jobs/<job>/redo")
    def redo_job(job: str) -> Answer:
        return _answer(jobs.redo(site, job, _caller(api.current_event)), HTTPStatus.ACCEPTED)

    @api.delete("/jobs/<job>")
    def delete_job(job: str) -> Answer:
        jobs.delete(site, job, _caller(api.current_event))
        return Response(int(HTTPStatus.NO_CONTENT), body="", headers={"Cache-Control": "no-store"})

    @api.post("/enhance")
    def enhance_photo() -> Answer:
        event = api.current_event
        photo, query = _photo(event)
        return enhance.enhance(site, photo, query, event.headers.get("Accept") or "*/*", _caller(event))

    @api.post("/thumbnails")
    def draw_thumbnails() -> Answer:
        return _answer(thumbnails.answer(site, *_photo(api.current_event)))

    @api.post("/classify")
    def classify_photo() -> Answer:
        return ask_about("/classify", "classify_digit")

    @api.post("/diagnose")
    def diagnose_photo() -> Answer:
        return ask_about("/diagnose", "diagnose")

    def ask_about(route: str, step: str) -> Answer:
        photo, query = _photo(api.current_event)
        return _answer(annotate.answer(site, route, step, photo, query))

    @api.not_found
    def no_route(_: NotFoundError) -> Answer:
        return problems.response(
            Problem(HTTPStatus.NOT_FOUND, "http.no-route", "There is no such path, or it does not take this method.")
        )

    api.exception_handler(Problem)(problems.response)
    api.exception_handler(DarkroomError)(_refused)
    api.exception_handler(Exception)(_failed)
    return api


def _refused(error: DarkroomError) -> Answer:
    logger.warning("refused", code=error.code)
    return problems.response(problems.of(error))


def _failed(error: Exception) -> Answer:
    logger.error("failed", errors=where(error))
    return problems.response(
        Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "http.internal", "Something failed on our side: try again later.")
    )


def _cors(origins: tuple[str, ...]) -> CORSConfig | None:
    if not origins:
        return None
    first, *others = origins
    return CORSConfig(
        allow_origin=first, extra_origins=others, allow_headers=HEADERS, expose_headers=EXPOSED, max_age=3600
    )


def _body(event: Any) -> bytes:
    """A request's body as it was sent."""
    if event.is_base64_encoded:
        return base64.b64decode(event.body or "")
    return (event.body or "").encode()


def _photo(event: Any) -> tuple[bytes, Mapping[str, Sequence[str]]]:
    """The photo in a request's body, however it is wrapped, and what is asked for."""
    return unwrap.photo_in(_body(event), event.headers, event.resolved_query_string_parameters or {})


def _caller(event: Any) -> str:
    """Who asks: an API key's id, a role's or user's ARN, or the subject of a token, whichever the stack goes by.

    Raises `Problem` 403 where API Gateway told of nobody.
    """
    context = event.request_context
    claims = (event.raw_event["requestContext"].get("authorizer") or {}).get("claims") or {}
    caller = context.identity.api_key_id or context.identity.user_arn or claims.get("sub")
    key = event.headers.get("x-api-key")
    if not caller and key:  # the gateway let it pass, and did not say whose it is
        return f"key-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    if not caller and os.environ.get("AWS_SAM_LOCAL"):  # `sam local` asks for no key: whoever sits there
        return "sam-local"
    if not caller:
        raise Problem(HTTPStatus.FORBIDDEN, "http.forbidden", "It is not known who asks.")
    return str(caller)


def _limit(text: str) -> int:
    if not (re.fullmatch("[0-9]{1,4}", text) and 1 <= int(text) <= jobs.MAX_PAGE):
        raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-limit", f"'limit' must be 1 to {jobs.MAX_PAGE}.")
    return int(text)


def _answer(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Answer:
    headers = {"Cache-Control": "no-store", **headers}
    return Response(int(status), content_types.APPLICATION_JSON, _json(value), headers=headers)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

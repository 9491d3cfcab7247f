"""The routes. Each parses its request, calls one function, and gives back what that says; errors end in one place."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

import darkroom
from darkroom import recipe, registry
from darkroom.aws.api import (
    addresses,
    annotate,
    batches,
    conditional,
    enhance,
    fetching,
    jobs,
    page,
    parse,
    problems,
    synchronous,
    thumbnails,
    unwrap,
)
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site
from darkroom.aws.runtime import logger, where
from darkroom.errors import DarkroomError
from darkroom.wanted import once_each

EXPOSED = ["ETag", "X-Darkroom-Job", "X-Darkroom-Report", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"]
"""Headers that pages of other origins may read."""

SIGNED = ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"]
HEADERS = ["Content-Type", "X-Api-Key", "Idempotency-Key", "If-None-Match", "Accept", *SIGNED]

METHODS = {
    r"/|/web/.+|/health|/openapi\.json|/steps|/recipes|/jobs/[^/]+/preview|/i/.+": "GET, HEAD",
    r"/jobs|/batches": "GET, HEAD, POST",
    r"/jobs/[^/]+": "GET, HEAD, DELETE",
    r"/batches/[^/]+": "GET, HEAD",
    r"/jobs/[^/]+/(redo|again|stop)|/enhance|/thumbnails|/classify|/diagnose": "POST",
}
"""What each path takes, beside OPTIONS."""

Answer = Response[Any]
Handler = Callable[..., Answer]


def build(site: Site) -> APIGatewayRestResolver:
    """The API of a stack."""
    api = APIGatewayRestResolver(cors=_cors(site.origins), serializer=_json)

    def read(rule: str, **options: Any) -> Callable[[Handler], Handler]:
        """A route that is read, or of which only the headers are: see `resolve`."""
        return api.route(rule, method=["GET", "HEAD"], **options)

    @read("/")
    def show_page() -> Answer:
        path = api.current_event.request_context.path or "/"
        if not path.endswith("/"):  # the page's own links are relative
            return Response(int(HTTPStatus.PERMANENT_REDIRECT), "text/plain", "", headers={"Location": f"{path}/"})
        return page.serve(site, "index.html")

    @read("/web/<file>")
    def show_file(file: str) -> Answer:
        return page.serve(site, file)

    @read("/health")
    def health() -> Answer:
        return _answer({"status": "ok", "version": darkroom.__version__})

    @read("/openapi.json", compress=True)
    def describe() -> Answer:
        return unless_known((site.files / "openapi.json").read_text("utf-8"))

    @read("/steps", compress=True)
    def list_steps() -> Answer:
        return unless_known(_json({"steps": [registry.describe(step) for step in registry.steps()]}))

    @read("/recipes", compress=True)
    def list_recipes() -> Answer:
        schema = msgspec.json.schema(recipe.Recipe)
        return unless_known(
            _json({"recipes": [msgspec.to_builtins(one) for one in recipe.built_ins()], "schema": schema})
        )

    @read("/i/.+")
    def show_rendition() -> Answer:
        event = api.current_event
        return addresses.answer(site, event.path, event.resolved_query_string_parameters or {}, event.headers)

    @api.route(".*", method="OPTIONS")
    def tell_methods() -> Answer:
        path = api.current_event.path
        allowed = next((methods for shape, methods in METHODS.items() if re.fullmatch(shape, path)), "")
        told = f"{allowed}, OPTIONS".removeprefix(", ")
        # Who calls from another site is told by the headers that go with every answer (`_cors`).
        headers = {"Allow": told, **({"Access-Control-Allow-Methods": told} if site.origins else {})}
        return Response(int(HTTPStatus.NO_CONTENT), body="", headers=headers)

    def said(event: Any, *names: str) -> dict[str, str]:
        query = event.resolved_query_string_parameters or {}
        parse.check_names(query, *names)
        return once_each(query)

    def unless_known(body: str) -> Answer:
        """JSON that changes with darkroom's version alone: sent again only where the caller has another."""
        tag = f"W/{conditional.tag_of(body)}"  # the same JSON, packed or not
        headers = {"Cache-Control": "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
        if conditional.is_known(api.current_event.headers, tag):
            return Response(int(HTTPStatus.NOT_MODIFIED), None, "", headers=headers, compress=False)
        return Response(int(HTTPStatus.OK), content_types.APPLICATION_JSON, body, headers=headers)

    @api.post("/jobs")
    def create_job() -> Answer:
        event = api.current_event
        request = parse.job_request(_body(event))
        job, new = jobs.create(site, request, _caller(event), event.headers.get("Idempotency-Key"))
        status = HTTPStatus.CREATED if new else HTTPStatus.OK
        return _answer(job, status, Location=job["links"]["self"])

    @read("/jobs")
    def list_jobs() -> Answer:
        event = api.current_event
        query = said(event, "limit", "next")
        return _answer(jobs.page(site, _limit(query.get("limit", "20")), query.get("next") or None, _caller(event)))

    @read("/jobs/<job>")
    def show_job(job: str) -> Answer:
        return _answer(jobs.show(site, job, _caller(api.current_event)))

    @read("/jobs/<job>/preview")
    def preview_job(job: str) -> Answer:
        event = api.current_event
        return jobs.look_at(site, job, said(event, "of", "side"), _caller(event))

    @api.post("/jobs/<job>/again")
    def redo_job_otherwise(job: str) -> Answer:
        event = api.current_event
        begun = jobs.again(site, job, *parse.again(_body(event)), _caller(event))
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

    @api.post("/batches")
    def begin_batch() -> Answer:
        event = api.current_event
        begun = batches.create(site, parse.batch_request(_body(event)), _caller(event))
        return _answer(begun, HTTPStatus.CREATED, Location=begun["links"]["self"])

    @read("/batches")
    def list_batches() -> Answer:
        event = api.current_event
        query = said(event, "limit", "next")
        return _answer(batches.page(site, _limit(query.get("limit", "20")), query.get("next", ""), _caller(event)))

    @read("/batches/<batch>")
    def show_batch(batch: str) -> Answer:
        event = api.current_event
        asked = said(event, "outcomes").get("outcomes", str(batches.MOST_TOLD))
        most = _limit(asked, "outcomes", 0, batches.MOST_TOLD)
        return _answer(batches.show(site, batch, _caller(event), most))

    @api.post("/enhance")
    def enhance_photo() -> Answer:
        event = api.current_event
        photo, query = _photo(site, event)
        return enhance.enhance(site, photo, query, event.headers.get("Accept") or "*/*", _caller(event))

    @api.post("/thumbnails")
    def draw_thumbnails() -> Answer:
        photo, query = _photo(site, api.current_event)
        parse.check_names(query, "recipe", "side")
        return _answer(thumbnails.answer(site, photo, query))

    @api.post("/classify")
    def classify_photo() -> Answer:
        return ask_about("/classify", "classify_digit")

    @api.post("/diagnose")
    def diagnose_photo() -> Answer:
        return ask_about("/diagnose", "diagnose")

    def ask_about(route: str, step: str) -> Answer:
        photo, query = _photo(site, api.current_event)
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


def resolve(api: APIGatewayRestResolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An event's answer; of HEAD all but its body (RFC 9110, 9.3.2).

    An API's address with a slash at its end makes a path begin with two, of which some gateways hand on both.
    """
    answer = api.resolve({**event, "path": "/" + event["path"].lstrip("/")}, context)
    return {**answer, "body": ""} if event.get("httpMethod") == "HEAD" else answer


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


def _photo(site: Site, event: Any) -> tuple[bytes, Mapping[str, Sequence[str]]]:
    """The photo in a request's body, however it is wrapped, or at the URL in it, and what is asked for."""
    photo, query = unwrap.photo_in(_body(event), event.headers, event.resolved_query_string_parameters or {})
    if isinstance(photo, str):
        photo = fetching.fetch(photo, site.hosts, synchronous.MAX_BODY)
    return photo, query


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


def _limit(text: str, name: str = "limit", low: int = 1, high: int = jobs.MAX_PAGE) -> int:
    if not (re.fullmatch("[0-9]{1,4}", text) and low <= int(text) <= high):
        raise Problem(HTTPStatus.BAD_REQUEST, "http.bad-limit", f"'{name}' must be {low} to {high}.")
    return int(text)


def _answer(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Answer:
    headers = {"Cache-Control": "no-store", **headers}
    return Response(int(status), content_types.APPLICATION_JSON, _json(value), headers=headers)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

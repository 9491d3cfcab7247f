"""`GET /i/…`: what a signed address asks for, and its answer: negotiated, cached, or not changed since."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from aws_lambda_powertools.event_handler import Response
from msgspec import Meta

from darkroom import recipe, registry, signing
from darkroom.aws.api import conditional, links, negotiate, parse, renditions, secret, synchronous
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.renditions import Shape
from darkroom.aws.api.settings import Site
from darkroom.codec.formats import MEDIA_TYPES
from darkroom.errors import RecipeInvalid, nearest
from darkroom.limits import Limits
from darkroom.recipe import Format, Quality
from darkroom.wanted import Wanted

FRESH_SECONDS = 3600
"""For so long a picture is shown without asking whether its photo was replaced."""

STALE_SECONDS = 86_400
"""For so long after that it is shown while a cache asks."""

LINK_FRESH_SECONDS = 300
"""A redirect is kept for less time than its link is good for."""

_PATH = re.compile(r"/i/([^/]+)/([^/]+)/(.+)", re.DOTALL)

Pairs = list[tuple[str, str]]


class Query(msgspec.Struct, frozen=True):
    """What stands behind the question mark; all of it is signed."""

    w: Annotated[int, Meta(ge=1, le=Limits().max_side, extra_json_schema={"unit": "px"})] | None = None
    format: Format | None = None
    quality: Quality | None = None
    expires: int | None = None


class Address(msgspec.Struct, frozen=True):
    """A signed address: the recipe, the key of the photo, and what stands behind the question mark."""

    wanted: Wanted
    key: str
    query: Query


def answer(site: Site, path: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str]) -> Response[Any]:
    """The picture that a signed address asks for.

    path: as the gateway gives it, decoded or not. Raises `Problem` 403 where the address is not signed so, 404 where
    there is no such photo, 406, 429 and 503; darkroom's errors where the photo or the transform is none.
    """
    asked = read(site, path, query)
    shape = Shape(asked.query.w, asked.query.format or negotiated(headers.get("Accept") or "*/*"), asked.query.quality)
    source = renditions.find(site, asked.key)
    tag = conditional.tag_of(renditions.identity(source, asked.wanted, shape))
    shown = {"Cache-Control": _kept(asked.query.expires), "ETag": tag}
    if asked.query.format is None:
        shown["Vary"] = "Accept"
    if conditional.is_known(headers, tag):
        return Response(int(HTTPStatus.NOT_MODIFIED), None, "", headers=shown)
    made = renditions.of(site, source, asked.wanted, shape)
    if made.size > synchronous.MAX_BODY:
        kept = f"public, max-age={LINK_FRESH_SECONDS}"
        place = {"Location": links.link(site.work, made.key), "Cache-Control": kept}
        return Response(int(HTTPStatus.FOUND), made.media_type, "", headers=shown | place)
    return Response(int(HTTPStatus.OK), made.media_type, renditions.bytes_of(site, made), headers=shown)


def read(site: Site, path: str, query: Mapping[str, Sequence[str]]) -> Address:
    """What an address asks for, once its signature is seen to be right. Raises `Problem` 403 and `RecipeInvalid`."""
    found = _PATH.search(path)
    pairs = [(name, text) for name, texts in query.items() for text in texts]
    signed = found and _as_signed(secret.secrets(site.secret), found[1], found[2], found[3], pairs)
    if not signed:
        raise Problem(HTTPStatus.FORBIDDEN, "http.bad-signature", "The signature is not that of this address.")
    transform, key = signed
    said = parse.query(query, Query)
    if said.expires is not None and said.expires <= time.time():
        raise Problem(HTTPStatus.FORBIDDEN, "http.expired", "This address was good until a time that has passed.")
    return Address(_transform(transform), key, said)


def _as_signed(
    secrets: Sequence[bytes], signature: str, transform: str, key: str, pairs: Pairs
) -> tuple[str, str] | None:
    """Transform and key as they were signed: what came is that, or that percent-encoded. None where neither is."""
    for one in ((transform, key), (unquote(transform), unquote(key))):
        text = signing.signed_text(*one, pairs)
        if any([signing.is_signed(secret, signature, text) for secret in secrets]):  # noqa: C419 - all are compared
            return one
    return None


def _transform(text: str) -> Wanted:
    """A built-in recipe by its name, or steps."""
    if text in recipe.BUILT_IN:
        return Wanted(recipe=recipe.built_in(text))
    known = [*recipe.BUILT_IN, *registry.STEPS]
    if re.fullmatch("[^:;]+", text) and text not in known:
        raise RecipeInvalid("unknown-recipe", f"there is no recipe or step '{text:.80}'{nearest(text, known)}")
    return Wanted.of_options(None, text.split(";"))


def negotiated(accept: str) -> str:
    """The format that an Accept header likes best, or "any" for the photo's own. Raises `Problem` 406."""
    chosen = negotiate.choose(accept)
    if chosen == "multipart":
        chosen = "any"
    if chosen is None:
        media_types = ", ".join(MEDIA_TYPES.values())
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, "http.not-acceptable", f"Photos are answered as {media_types}.")
    return chosen


def _kept(expires: int | None) -> str:
    """How long caches keep a picture: no longer than its address is good for."""
    if expires is None:
        return f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"
    return f"public, max-age={max(0, min(FRESH_SECONDS, expires - int(time.time())))}"

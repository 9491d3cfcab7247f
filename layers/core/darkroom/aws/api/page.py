"""The page: static files, with a content security policy that allows nothing but the stack's own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from darkroom.aws.api import links
from darkroom.aws.api.problems import Problem
from darkroom.aws.api.settings import Site

TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}


def serve(site: Site, name: str) -> Response[Any]:
    """One of the page's files. Raises `Problem` 404."""
    files = {path.name: path for path in (site.files / "web").iterdir() if path.suffix in TYPES}
    if name not in files:
        raise Problem(HTTPStatus.NOT_FOUND, "http.no-file", "The page has no such file.")
    path = files[name]
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        **({"Content-Security-Policy": policy(site)} if path.suffix == ".html" else {}),
    }
    if path.suffix == ".jpg":
        return Response(int(HTTPStatus.OK), TYPES[path.suffix], path.read_bytes(), headers=headers)
    return Response(
        int(HTTPStatus.OK), f"{TYPES[path.suffix]}; charset=utf-8", path.read_text("utf-8"), headers=headers
    )


def policy(site: Site) -> str:
    """Scripts and styles from here alone; pictures and uploads from and to the stack's buckets."""
    buckets = " ".join(sorted({links.origin(site.uploads), links.origin(site.results)}))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: {buckets}; "
        f"connect-src 'self' {buckets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

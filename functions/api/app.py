"""The HTTP API, and the page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws.api import routes
from darkroom.aws.api.settings import Site
from darkroom.aws.runtime import lambda_handler, setting
from darkroom.limits import Limits

origins = setting("ALLOWED_ORIGINS")

api = routes.build(
    Site(
        uploads=setting("UPLOADS_BUCKET"),
        results=setting("RESULTS_BUCKET"),
        work=setting("WORK_BUCKET"),
        table=setting("JOBS_TABLE"),
        batch=setting("BATCH"),
        enhance_now=setting("ENHANCE_NOW"),
        classify=setting("CLASSIFY_FUNCTION"),
        limits=Limits.from_env(os.environ),
        places=int(setting("MAX_WAITING_CALLS")),
        queue=setting("UPLOADS_QUEUE"),
        admins=frozenset(setting("ADMIN_CALLERS").split(",")) - {"none"},
        origins=tuple(origins.split(",")) if origins != "none" else (),
        secret=setting("SIGNING_SECRET"),
        hosts=frozenset(setting("SOURCE_HOSTS").lower().split(",")) - {"none"},
        files=Path(__file__).parent,
    )
)


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return routes.resolve(api, event, context)

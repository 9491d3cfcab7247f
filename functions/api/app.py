"""The HTTP API, and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws.api import routes, snapshot
from darkroom.aws.api.settings import Site
from darkroom.aws.runtime import lambda_handler

api = routes.build(Site.of_environment(Path(__file__).parent))
snapshot.renew_after_restore()


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return routes.resolve(api, event, context)

"""A batch's children: which of their photos are to be done, and how each ended."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws import batch_photos
from darkroom.aws.batch_photos import Asked
from darkroom.aws.runtime import lambda_handler, parse, setting

stores = batch_photos.Stores(setting("JOBS_TABLE"), setting("WORK_BUCKET"))


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    asked = parse(event, Asked)
    if asked.account is not None:
        return batch_photos.account(stores, asked.account)
    if asked.evidence is not None:
        return batch_photos.to_look_at(stores, asked.evidence)
    if asked.agree is not None:
        return batch_photos.agree(stores, asked.agree)
    return {"photos": [batch_photos.look(stores, one) for one in asked.look]}

"""Starts the jobs of uploads that wait in the queue, as places become free."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws.runtime import lambda_handler, setting
from darkroom.aws.starting import Executions, Records, Starter

workflow = setting("WORKFLOW")
express = setting("WORKFLOW_TYPE") == "EXPRESS"
jobs = Records(setting("JOBS_TABLE")) if express else Executions(workflow)
starter = Starter(workflow, setting("UPLOADS_QUEUE"), int(setting("MAX_RUNNING_JOBS")), jobs)


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    back = starter.take(event["Records"], lambda: context.get_remaining_time_in_millis() / 1000)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in back]}

"""Ends the records of jobs whose execution has ended and could not do so itself: told by an event, and by looking.

It counts what runs, and the jobs that failed or were rejected, of which darkroom's own events tell it.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from darkroom.aws.reconciling import Ends
from darkroom.aws.runtime import count, lambda_handler, metrics, setting

ends = Ends(setting("JOBS_TABLE"), setting("EVENT_BUS"), int(setting("JOB_RETENTION_DAYS")), setting("UPLOADS_QUEUE"))


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    if event["source"] == "aws.states":
        ends.told(event["detail"])
    elif event["source"] == "darkroom":
        count("Jobs", status=event["detail"]["status"])
        count("Errors", code=event["detail"]["error"]["code"])
    else:
        found = ends.look()
        metrics.add_metric(name="Stuck", unit=MetricUnit.Count, value=found.ended)
        metrics.add_metric(name="Running", unit=MetricUnit.Count, value=found.running)
        metrics.add_metric(name="OldestRunning", unit=MetricUnit.Seconds, value=found.oldest_seconds)

"""`darkroom worker`: what containers run."""

from __future__ import annotations

import os
import signal
from typing import Any

import click

from darkroom.cli.shared import fail
from darkroom.errors import needs


def _name(service: str) -> None:
    """Say whose logs these are, before anything is loaded that asks."""
    needs("boto3", "aws_lambda_powertools", "zstandard", extra="aws")
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", service)
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Darkroom")


@click.command()
@click.option("--queue", "url", envvar="UPLOADS_QUEUE", metavar="URL", required=True, help="SQS's queue of uploads.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=1, show_default=True, help="Photos at once.")
@click.option(
    "--fusion", type=click.Choice(["stage", "fused"]), default="stage", show_default=True, help="As the stack's."
)
@click.option(
    "--hidden",
    type=click.IntRange(3, 43_200),
    default=60,
    show_default=True,
    help="Seconds after which another worker takes the photo of one that died.",
)
@click.option(
    "--wait", type=click.IntRange(0, 20), default=20, show_default=True, help="Seconds a look at an empty queue lasts."
)
@click.option(
    "--photo-seconds", type=click.IntRange(1), default=900, show_default=True, help="That one photo may take."
)
@click.option(
    "--photo-memory",
    type=click.IntRange(0),
    default=0,
    metavar="MB",
    help="That one photo may take (default: no bound).",
)
def worker(
    url: str, concurrency: int, fusion: Any, hidden: int, wait: int, photo_seconds: int, photo_memory: int
) -> None:
    """Enhance the uploads that a queue tells of, until SIGTERM; then finish what is begun.

    Example: darkroom worker --queue https://sqs.eu-central-1.amazonaws.com/123456789012/uploads --concurrency 4

    Results go to the bucket RESULTS_BUCKET, jobs' records to the table JOBS_TABLE; docs/containers.md names the rest of
    the environment.
    """
    _name("worker")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as on Lambda
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", str(max(1, (os.process_cpu_count() or 1) // concurrency)))
    from botocore.exceptions import BotoCoreError, ClientError

    from darkroom.aws import clients
    from darkroom.aws.container import settings
    from darkroom.aws.container.claims import Claims
    from darkroom.aws.container.processes import Ways
    from darkroom.aws.container.worker import Crew, Queue

    settings.complete(["JOBS_TABLE", "RESULTS_BUCKET"])
    ways = Ways(fusion, photo_seconds, photo_memory)
    crew = Crew(Queue(url, hidden, wait), Claims(settings.ends(url)), ways, concurrency)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: crew.stopping.set())
    try:
        crew.run()
    except (ClientError, BotoCoreError) as error:
        fail(clients.translate(error, "the queue", "queue").message)
        raise SystemExit(1) from None

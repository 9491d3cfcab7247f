"""`darkroom worker` and `darkroom serve`: what containers run."""

from __future__ import annotations

import os
import signal
from typing import Any

import click

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
        raise clients.translate(error, "the queue", "queue") from None


@click.command()
@click.option("--address", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where it listens.")
@click.option(
    "--keys",
    "file",
    type=click.Path(exists=True, dir_okay=False),
    default=None,
    help="File of the API's keys, a line name=key each (default: the variable DARKROOM_API_KEYS).",
)
@click.option("--no-keys", is_flag=True, help="Let in whoever asks.")
@click.option("--threads", type=click.IntRange(1, 512), default=16, show_default=True, help="Callers at once.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Photos at once of callers who wait.",
)
@click.option(
    "--drain", type=click.IntRange(0), default=30, show_default=True, help="Seconds that callers have after SIGTERM."
)
def serve(address: str, file: str | None, no_keys: bool, threads: int, concurrency: int, drain: int) -> None:
    """Serve the HTTP API and the page, until SIGTERM; then answer those who were let in.

    Example: darkroom serve --address 127.0.0.1:8080 --keys keys.txt

    Buckets, table and queue are named by UPLOADS_BUCKET, RESULTS_BUCKET, WORK_BUCKET, JOBS_TABLE and UPLOADS_QUEUE;
    docs/containers.md names the rest of the environment.
    """
    needs("gunicorn", extra="serve")
    _name("api")
    from darkroom.aws.container import settings
    from darkroom.aws.container.gateway import Keys, read_keys
    from darkroom.aws.container.serving import Server

    text = os.environ.pop("DARKROOM_API_KEYS", "")  # the processes that work on photos need not know
    keys = Keys({}) if no_keys else read_keys(file, text)
    required = ["UPLOADS_BUCKET", "RESULTS_BUCKET", "WORK_BUCKET", "JOBS_TABLE", "UPLOADS_QUEUE"]
    settings.complete(required)
    Server(address, keys, threads=threads, processes=concurrency, seconds=drain).run()

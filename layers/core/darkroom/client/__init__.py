"""A deployed stack from outside: by its HTTP API, or by its buckets and tables. Needs the extra `aws`.

>>> from darkroom.client import Client
>>> client = Client.find("https://….amazonaws.com/v1")                            # doctest: +SKIP
>>> job = client.wait(client.submit("in.jpg", "vivid"), progress=print)           # doctest: +SKIP
>>> open("out.jpg", "wb").write(client.download(job.links.result))                # doctest: +SKIP

What it raises are darkroom's own errors. `Client` says which.
"""

from __future__ import annotations

from darkroom.errors import needs

needs("boto3", "urllib3", extra="aws")

# ruff: noqa: E402
from darkroom.aws.events import JobEnded
from darkroom.aws.events import read as read_event
from darkroom.client.answers import (
    Announced,
    Batch,
    BatchSummary,
    Enhanced,
    Error,
    Form,
    Job,
    Links,
    Outcome,
    Stage,
    Summary,
)
from darkroom.client.api import Client
from darkroom.errors import RequestRefused

__all__ = [
    "Announced",
    "Batch",
    "BatchSummary",
    "Client",
    "Enhanced",
    "Error",
    "Form",
    "Job",
    "JobEnded",
    "Links",
    "Outcome",
    "RequestRefused",
    "Stage",
    "Summary",
    "read_event",
]


def __dir__() -> list[str]:
    return __all__

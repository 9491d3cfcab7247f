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

from darkroom.client.answers import Announced, Batch, Enhanced, Error, Form, Job, Links, Outcome, Stage, Summary  # noqa: E402
from darkroom.client.api import Client  # noqa: E402
from darkroom.errors import RequestRefused  # noqa: E402

__all__ = [
    "Announced",
    "Batch",
    "Client",
    "Enhanced",
    "Error",
    "Form",
    "Job",
    "Links",
    "Outcome",
    "RequestRefused",
    "Stage",
    "Summary",
]


def __dir__() -> list[str]:
    return __all__

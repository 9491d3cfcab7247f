"""`darkroom serve`: the HTTP API, the same as on AWS, by gunicorn."""

from __future__ import annotations

import os
import uuid
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from gunicorn.app.base import BaseApplication

from darkroom.aws import clients, items
from darkroom.aws.api import routes
from darkroom.aws.api.settings import Site
from darkroom.aws.container import settings
from darkroom.aws.container.claims import Claims
from darkroom.aws.container.gateway import Gateway, Keys
from darkroom.aws.container.here import Here
from darkroom.aws.container.processes import Ways
from darkroom.aws.runtime import lambda_handler, logger, setting

WAITERS_DAYS = 1
"""For which the record of a job is kept whose caller waited: as long as its pictures."""


class Context(LambdaContext):
    """What a request is told of its function: there is none."""

    def __init__(self) -> None:
        self._function_name, self._function_version, self._memory_limit_in_mb = "serve", "", 0
        self._invoked_function_arn, self._aws_request_id = "", str(uuid.uuid4())


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn tells no types
    """One process that answers, with threads for callers, and `processes` beside it for their photos."""

    def __init__(self, address: str, keys: Keys, *, threads: int, processes: int, seconds: int) -> None:
        self._address, self._keys, self._threads = address, keys, threads
        self._processes, self._seconds = processes, seconds
        self._here: Here | None = None
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self._address,
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._threads,
            "timeout": 60,  # within which a process that no longer moves is replaced
            "graceful_timeout": self._seconds,
            "keepalive": 75,  # longer than load balancers keep theirs
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108 - the root may be read-only
            "control_socket_disable": True,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "worker_exit": lambda server, process: self._here.stop() if self._here else None,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Gateway:
        """In the process that answers, before it does."""
        if setting("ENHANCE_NOW") == "none":
            ends = settings.ends(setting("UPLOADS_QUEUE"), days=WAITERS_DAYS)
            self._here = Here(Claims(ends), Ways("fused"), self._processes)
        api = routes.build(Site.of_environment(settings.files(), self._here))

        @lambda_handler
        def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            return routes.resolve(api, event, context)

        return Gateway(lambda event: handler(event, Context()), self._keys, unready)


def unready() -> str:
    """Why no request could be answered; empty where one could."""
    try:
        items.find(clients.client("dynamodb"), setting("JOBS_TABLE"), "readiness")
        clients.client("s3").head_bucket(Bucket=setting("UPLOADS_BUCKET"))
    except (ClientError, BotoCoreError) as error:
        logger.warning("not ready", reason=type(error).__name__)
        return "the table of jobs, or the bucket of uploads, is not reached"
    return ""

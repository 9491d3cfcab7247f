"""MiniStack as a child process: an AWS of one's own on 127.0.0.1, gone when it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import boto3

from darkroom_local import certificate

REPOSITORY = Path(__file__).parents[3]
HOME = REPOSITORY / "build" / "local"
REGION = "us-east-1"
KEY = "test"
"""MiniStack's access key, and its secret, for the root of the account."""
START_SECONDS = 300.0
LOOK_SECONDS = 2.0
ANSWER_SECONDS = 60.0
"""After which one that listens is taken for dead: a busy machine is slow. Where nobody listens is known at once."""
STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EmbeddedAws:
    """A running emulator at `host` and `port`. `home` holds its log and its temporary files.

    The caller is the account's root (MiniStack knows it by the key ``test``); functions and the workflow have the roles
    that the template gives them, and with `enforce_iam` no more than those.
    """

    pid: int
    port: int
    home: Path
    host: str = "127.0.0.1"
    tls: bool = True

    @classmethod
    def start(
        cls,
        home: Path = HOME,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        tls: bool = True,
        enforce_iam: bool = True,
        settings: Mapping[str, str] = MappingProxyType({}),
        resume: bool = False,
    ) -> Self:
        """Start an emulator on one interface, at a free port unless one is given, and wait until it answers.

        settings: MiniStack's environment variables that are to differ. resume: with what an emulator before left in
        `home`, where that was told by `settings` to keep it.
        Raises RuntimeError with the end of its log where it does not answer.
        """
        assert host not in {"", "0.0.0.0"}, "an emulator is for this machine alone"  # noqa: S104
        scratch = home / "tmp"
        if not resume:
            shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True, exist_ok=resume)
        aws = cls(0, port or free_port(host), home, host, tls)
        environment = {
            **_plain_environment(),
            **_credentials(),
            "GATEWAY_PORT": str(aws.port),
            "BIND_HOST": host,  # its default is every interface
            "MINISTACK_HOST": host,
            "MINISTACK_REGION": REGION,
            "AUTH": str(enforce_iam).lower(),
            # `MaxRunningJobs` bounds what runs at once. One here would throttle the starter too, which AWS tries again
            # at once, and MiniStack only when the queue shows its message again.
            "LAMBDA_ACCOUNT_CONCURRENCY": "100",
            "TMPDIR": str(scratch),
            "STATE_DIR": str(scratch / "state"),
            "S3_DATA_DIR": str(scratch / "s3"),
            "IOT_MTLS_ENABLED": "false",  # listens on every interface
            "SFTP_ENABLED": "false",
            "LOG_LEVEL": "INFO",
        }
        if tls:
            key = home / "key.pem"
            if not resume:
                certificate.issue(host, aws.certificate, key)
            environment |= {
                "USE_SSL": "1",
                "MINISTACK_SSL_CERT": str(aws.certificate),
                "MINISTACK_SSL_KEY": str(key),
                "AWS_CA_BUNDLE": str(aws.certificate),  # for the functions, which inherit it
            }
        if host != "127.0.0.1":
            environment["AWS_ENDPOINT_URL"] = aws.endpoint  # for the functions, which look for it there
        environment |= settings
        with (home / "ministack.log").open("ab" if resume else "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "darkroom_local.patience"],
                env=environment,
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        aws = replace(aws, pid=process.pid)
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is not None or not aws.is_alive(LOOK_SECONDS):
            if process.poll() is not None or time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                end = (home / "ministack.log").read_text(errors="replace")[-2000:]
                if port is None and "already in use" in end:  # somebody was faster
                    return cls.start(home, host=host, tls=tls, enforce_iam=enforce_iam, settings=settings)
                raise RuntimeError(f"the embedded AWS did not start:\n{end}")
            time.sleep(0.1)
        return aws

    def stop(self) -> None:
        """End it, with all that is stored in it. Does nothing where it no longer runs."""
        if not self.is_alive():
            return
        self.interrupt(STOP_SECONDS)
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def interrupt(self, patience: float) -> None:
        """End it and its functions at once. patience: seconds for it to write down what it was told to keep."""
        # Its group holds the functions' processes too. Left alone it would wait for open connections to end.
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while _runs(self.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        while _runs(self.pid):
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def certificate(self) -> Path:
        """What its clients must trust."""
        return self.home / "certificate.pem"

    def is_alive(self, patience: float = ANSWER_SECONDS) -> bool:
        try:
            trust = ssl.create_default_context(cafile=self.certificate) if self.tls else None
            place = f"{self.endpoint}/_ministack/health"
            with urllib.request.urlopen(place, timeout=patience, context=trust) as answer:  # noqa: S310
                return answer.status == 200  # type: ignore[no-any-return]
        except (urllib.error.URLError, OSError):
            return False

    def environment(self) -> dict[str, str]:
        """The environment in which any AWS tool talks to this emulator and to nothing else."""
        return {
            **_plain_environment(),
            **_credentials(),
            "AWS_ENDPOINT_URL": self.endpoint,
            **({"AWS_CA_BUNDLE": str(self.certificate)} if self.tls else {}),
            "SAM_CLI_POLL_DELAY": "0.2",  # seconds between two looks at a deployment; halves its time
        }

    def connection(self) -> dict[str, str]:
        """The arguments of `boto3.client` and the like that connect to this emulator."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": KEY,
            "aws_secret_access_key": KEY,
            **({"verify": str(self.certificate)} if self.tls else {}),
        }

    def client(self, service: str) -> Any:
        """A boto3 client for this emulator."""
        return boto3.client(service, **self.connection())

    def remember(self) -> None:
        """Write down where this emulator is, for `recall`."""
        _state_file(self.home).write_text(json.dumps({**asdict(self), "home": str(self.home)}))

    @classmethod
    def recall(cls, home: Path = HOME) -> Self | None:
        """The emulator that was remembered, if it still answers."""
        try:
            state = json.loads(_state_file(home).read_text())
        except FileNotFoundError:
            return None
        aws = cls(**{**state, "home": Path(state["home"])})
        if aws.is_alive():
            return aws
        cls.forget(home)
        return None

    @staticmethod
    def forget(home: Path = HOME) -> None:
        _state_file(home).unlink(missing_ok=True)


def _state_file(home: Path) -> Path:
    return home / "emulator.json"


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _plain_environment() -> dict[str, str]:
    """Ours without anything that points to an account of the user's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "POWERTOOLS_"))}


def _credentials() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _runs(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

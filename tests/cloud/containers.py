"""What the tests with `sam local` share: functions in containers, with an emulator that the containers reach."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom_local.emulator import EmbeddedAws

HOST = "host.docker.internal"
"""This machine, as a container sees it."""

OPTIONS = ("--add-host", f"{HOST}:host-gateway", "--region", "us-east-1", "--skip-pull-image")
"""Of `sam local`."""


def require_docker() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        pytest.skip("no Docker engine answers")


@contextlib.contextmanager
def emulator(home: Path) -> Iterator[EmbeddedAws]:
    """An emulator that containers reach: on Linux by Docker's bridge, elsewhere Docker hands 127.0.0.1 through.

    It speaks plain HTTP: a container would not trust its certificate.
    """
    require_docker()
    host = _bridge_address() if platform.system() == "Linux" else "127.0.0.1"
    with EmbeddedAws.start(home, host=host, tls=False) as aws:
        yield aws


def environment(aws: EmbeddedAws) -> dict[str, str]:
    """In which `sam local` hands its containers the emulator's address and credentials."""
    return {
        **aws.environment(),
        "AWS_ENDPOINT_URL": f"http://{HOST}:{aws.port}",
        "SAM_CLI_CONTAINER_CONNECTION_TIMEOUT": "300",  # seconds; a busy machine takes more than its 20
    }


def _bridge_address() -> str:
    """This machine's address on Docker's own network, which no other machine has a way to."""
    inspect = ["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"]
    network = json.loads(subprocess.run(inspect, capture_output=True, check=True).stdout)[0]
    return network.get("Gateway") or str(ipaddress.ip_network(network["Subnet"])[1])

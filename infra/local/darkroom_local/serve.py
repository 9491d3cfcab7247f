"""`make local`: the embedded AWS with the stack on it, its addresses, and its logs as they come, until Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from typing import Any

from botocore.exceptions import BotoCoreError
from click import echo

from darkroom_local import control, stack
from darkroom_local.emulator import HOME, EmbeddedAws

POLL_SECONDS = 1.0


def main() -> int:
    if EmbeddedAws.recall() is not None:
        echo("local: it runs already (`darkroom local status` says where, `darkroom local down` stops it)", err=True)
        return 1
    # A closed terminal, or whoever runs this, ends it as Ctrl-C does: the emulator must not be left behind.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    echo("building, starting and deploying: a minute or so the first time …")
    try:
        with EmbeddedAws.start() as aws:
            outputs = stack.deploy(aws)
            aws.remember()
            began = time.time()
            try:
                introduce(aws, outputs)
                with contextlib.suppress(KeyboardInterrupt):
                    follow(aws, began)
            finally:
                EmbeddedAws.forget(HOME)
    except KeyboardInterrupt:
        pass
    except (OSError, RuntimeError, BotoCoreError) as error:
        echo(f"local: {error}", err=True)
        return 1
    echo("\nstopped")
    return 0


def introduce(aws: EmbeddedAws, outputs: dict[str, str]) -> None:
    echo("The page; the browser will ask about the certificate, which is this machine's own:\n")
    echo(f"    {stack.address(aws, outputs)}/#key={stack.key(aws, outputs)}\n")
    echo("For another shell:\n")
    for line in control.exports(aws, outputs).splitlines():
        echo(f"    {line}")
    echo('    curl -H "x-api-key: $KEY" --data-binary @in.jpg "$API/enhance?recipe=auto" -o out.jpg')
    echo("\nlogs, until Ctrl-C:")


def follow(aws: EmbeddedAws, began: float) -> None:
    """Print the functions' log entries as they come, from this time on."""
    logs = aws.client("logs")
    since = int(began * 1000)
    seen: set[tuple[int, str]] = set()
    while True:
        for group in logs.describe_log_groups().get("logGroups", []):
            events = logs.filter_log_events(logGroupName=group["logGroupName"], startTime=since).get("events", [])
            for event in events:
                known = (event["timestamp"], event["message"])  # the emulator gives events no id
                line = "" if known in seen else tell(event["message"])
                seen.add(known)
                if line:
                    echo(line)
        time.sleep(POLL_SECONDS)


def tell(message: str) -> str:
    """A log entry in one line; nothing for metrics and for what Lambda itself says."""
    try:
        entry: dict[str, Any] = json.loads(message)
    except ValueError:
        return ""
    if not isinstance(entry, dict) or "_aws" in entry or "message" not in entry:
        return ""
    about = " ".join(f"{name}={entry[name]}" for name in ("job_id", "step", "code", "milliseconds") if name in entry)
    return f"{entry.get('level', ''):<8}{entry.get('service', ''):<15}{entry['message']} {about}"


if __name__ == "__main__":
    sys.exit(main())

"""A job's id as an annotation of AWS X-Ray's traces: `annotation.job_id = "…"` finds all that was done for it.

Lambda records the invocations themselves (the stack's parameter `Tracing`), and tells each of them its trace in the
environment. What is added goes to the daemon beside the function as AWS documents it: one UDP datagram with a header
and a subsegment, "Sending segment documents to the X-Ray daemon" in the X-Ray developer guide. That needs no SDK, no
answer, and no time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time

import msgspec

HEADER = b'{"format": "json", "version": 1}\n'


def annotate(**annotations: str) -> None:
    """Add annotations to the trace of this invocation; nothing where it is not traced. They must be no secrets."""
    trace = dict(part.split("=", 1) for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";") if "=" in part)
    host, _, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
    if trace.get("Sampled") != "1" or not {"Root", "Parent"} <= set(trace) or not port.isdigit():
        return
    now = time.time()
    subsegment = {
        "name": "darkroom",
        "id": secrets.token_hex(8),
        "trace_id": trace["Root"],
        "parent_id": trace["Parent"],
        "type": "subsegment",
        "start_time": now,
        "end_time": now,
        "annotations": annotations,
    }
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.sendto(HEADER + msgspec.json.encode(subsegment), (host, int(port)))

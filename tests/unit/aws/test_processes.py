"""What a container's process is asked, and how it is waited for."""

from __future__ import annotations

import multiprocessing
import threading
import time

import pytest

from darkroom.aws.container.processes import Refused, Ways, Worker
from darkroom.aws.stage import Job


@pytest.mark.slow
def test_a_message_is_kept_hidden_however_often_its_photo_tells_of_another_part() -> None:
    """Parts are told without a pause until somebody says that the photo is still worked on."""
    worker = Worker(Ways(seconds=60))
    worker._connection, theirs = multiprocessing.Pipe()
    worker._lifeline, _ = multiprocessing.Pipe(duplex=False)
    worker._process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,), daemon=True)
    worker._process.start()
    beaten = threading.Event()

    def tell() -> None:
        theirs.recv()
        while not beaten.wait(0.001):
            theirs.send("a part")
        theirs.send(Refused("image.empty", "the file is empty", "a part"))

    threading.Thread(target=tell, daemon=True).start()
    reply = worker.ask(Job("a", "uploads", "a.jpg", "1", None), every=0.05, beat=beaten.set)
    worker.stop()
    assert reply == Refused("image.empty", "the file is empty", "a part")

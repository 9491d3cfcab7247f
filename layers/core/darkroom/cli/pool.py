"""Photos on several processors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice

from darkroom.cli.shared import with_progress


def alone_on_a_core() -> None:
    """For a process among several: one thread, and Ctrl-C is for the one that leads them."""
    import signal

    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def begun[T, R](work: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[Callable[[], R]]:
    """What gives each item's result, or raises why there is none, in order, with a bar where someone looks.

    No more results wait to be taken than there are processes, and none of those for work. Where one process is enough,
    it is this one, which works on an item when its result is asked for.
    """
    workers = min(processes, len(items))
    if workers < 2:
        for item in with_progress(items):
            yield partial(work, item)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=alone_on_a_core) as pool:
        waiting = deque[Future[R]](pool.submit(work, item) for item in items[: 2 * workers])
        rest = islice(items, 2 * workers, None)
        try:
            for _ in with_progress(items):
                yield waiting.popleft().result
                waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def pooled[T, R](work: Callable[[T], R], items: Sequence[T], processes: int) -> list[R]:
    """Each item's result, in order."""
    return [result() for result in begun(work, items, processes)]

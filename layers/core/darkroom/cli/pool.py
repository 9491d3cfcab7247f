"""Photos on several processors."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from itertools import islice

from darkroom.cli.shared import with_progress


def alone_on_a_core() -> None:
    """For a process among several: one thread, Ctrl-C is for the one that leads them, and none outlives that."""
    import signal
    from threading import Thread

    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_leader, daemon=True).start()


def _end_with_the_leader() -> None:
    """It may be killed, and what it would have sent then is waited for, for ever."""
    from multiprocessing import parent_process

    if leader := parent_process():
        leader.join()
        os._exit(1)


def begun[T, R](work: Callable[[T], R], items: Sequence[T], processes: int) -> Generator[Callable[[], R]]:
    """What gives each item's result, or raises why there is none, in order, with a bar where someone looks.

    No more results wait to be taken than there are processes, and none of those for work. Where one process is enough,
    it is this one, which works on an item when its result is asked for. Whoever may end early closes it: then the
    processes end at once, as nobody will take what they work on.
    """
    workers = min(processes, len(items))
    if workers < 2:
        for item in with_progress(items):
            yield partial(work, item)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    others = set(active_children())
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=alone_on_a_core) as pool:
        waiting = deque[Future[R]](pool.submit(work, item) for item in items[: 2 * workers])
        rest = islice(items, 2 * workers, None)
        try:
            for _ in with_progress(items):
                yield waiting.popleft().result
                waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(active_children()) - others:
                process.terminate()
            raise


def pooled[T, R](work: Callable[[T], R], items: Sequence[T], processes: int) -> list[R]:
    """Each item's result, in order."""
    with closing(begun(work, items, processes)) as results:
        return [result() for result in results]

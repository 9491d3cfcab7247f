"""What all commands share: errors as a line, files that are read, JSON that is shown."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

import click
import msgspec

from darkroom.errors import DarkroomError
from darkroom.limits import Limits

STDIO = "-"
BAR_PARTS = 100
"""Of an item, by which a bar can move."""

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""

DIED = "a process died, perhaps for want of memory: fewer --jobs need less"


def fail(message: str) -> None:
    """One line on stderr."""
    click.echo(f"darkroom: {re.sub(r'\s*\n\s*', ' ', message).strip()}", err=True)


class Attempts:
    """Works on one file after the other: a bad one is told of in a line and stops no other.

    as_json: whether it is told of on stdout too, as JSON.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.failed = False
        self._done = 0
        self._as_json = as_json

    @contextmanager
    def on(self, source: str) -> Iterator[None]:
        try:
            yield
            self._done += 1
        except KeyboardInterrupt:
            fail(f"stopped at {shown(source)}; {self._done} done before it")
            raise SystemExit(STOPPED) from None
        except BrokenExecutor:
            fail(f"stopped at {shown(source)}; {self._done} done before it; {DIED}")
            raise SystemExit(1) from None
        except BrokenPipeError:
            raise  # the reader (head, less) has gone
        except (DarkroomError, OSError, MemoryError, click.UsageError) as error:
            self.failed = True
            fail(f"{shown(source)}: {sentence(error)}")
            if self._as_json:
                told = {"input": named(source), "error": {"code": code_of(error), "message": sentence(error)}}
                click.echo(msgspec.json.encode(told).decode())

    def end(self) -> None:
        """Exit with status 1 where a file failed."""
        if self.failed:
            raise SystemExit(1)


def sentence(error: DarkroomError | OSError | MemoryError | click.UsageError) -> str:
    """What went wrong, without the name of what it went wrong with."""
    if isinstance(error, FileExistsError):
        return f"{shown(error.filename)} is there already"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    return error.message


def code_of(error: Exception) -> str:
    """What programs know an error by."""
    return error.code if isinstance(error, DarkroomError) else type(error).__name__


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Errors begin with what they are about, where that is not the photo that is worked on."""
    try:
        yield
    except (FileExistsError, BrokenPipeError):
        raise  # the one has its name, the other none
    except OSError as error:
        raise OSError(error.errno, f"{what}: {sentence(error)}") from None
    except DarkroomError as error:
        raise type(error)(error.code.partition(".")[2], f"{what}: {error.message}") from None


def named(path: str) -> str:
    """A file's name as text, whatever bytes it is made of."""
    return click.format_filename(path)


def shown(path: str) -> str:
    """A file's name in a line that people read: a control character, which may end the line, as Python escapes it."""
    breaking = ("Cc", "Zl", "Zp")
    signs = (repr(one)[1:-1] if unicodedata.category(one) in breaking else one for one in named(path))
    return "".join(signs) or "''"


def is_stream(path: str) -> bool:
    """True for stdin and stdout, a pipe and a device: what cannot be looked at twice, nor replaced."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return path == STDIO
    return path == STDIO or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_there(path: str) -> bool:
    """True for what can be read, as far as its name tells."""
    return is_stream(path) or os.path.isfile(path)


def binary(stream: TextIO | None) -> BinaryIO:
    """The bytes of stdin or stdout. Raises OSError where whoever began this process has closed it."""
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return stream.buffer


def read_file(source: str) -> bytes:
    """A file's bytes, or stdin's. Raises OSError, and `ImageRejected` for too large a file before it is read."""
    limits = Limits()
    if source == STDIO:
        data = binary(sys.stdin).read(limits.max_bytes + 1)
    else:
        with open(source, "rb") as file:
            limits.check_bytes(os.fstat(file.fileno()).st_size)
            data = file.read(limits.max_bytes + 1)  # a device has no size, and perhaps no end
    limits.check_bytes(len(data))
    return data


Move = Callable[[float, str], None]
"""To so many of the bar's items, with what goes on."""


@contextmanager
def moving_bar(items: int) -> Iterator[Move]:
    """A bar on stderr, where someone looks, that moves within an item too."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    shows: dict[str, Any] = {"file": sys.stderr, "item_show_func": lambda now: str(now or "")}
    with click.progressbar(range(items * BAR_PARTS), **shows) as opened:
        bar: Any = opened  # an item is shown as text, whatever the items are

        def move(done: float, now: str) -> None:
            bar.update(round(done * BAR_PARTS) - bar.pos, now)
            bar.render_progress()

        yield move


def with_progress[T](items: Sequence[T]) -> Iterable[T]:
    """A progress bar on stderr for several items, where someone looks."""
    if len(items) < 2 or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, file=sys.stderr) as bar:
        yield from bar


def echo_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())

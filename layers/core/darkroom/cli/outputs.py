"""The files that a command writes: decided before any work is done, and nothing is lost to them.

No output is one of the command's own inputs, by whatever name; no two outputs are one file; and what is there already
is replaced only where the caller says so.
"""

from __future__ import annotations

import errno
import os
import posixpath
import sys
import tempfile
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import click

from darkroom import codec
from darkroom.cli.inputs import RESULT_MARK, Photo
from darkroom.cli.shared import STDIO, binary, is_stream, naming, shown
from darkroom.codec.formats import identify
from darkroom.codec.xmp import MAX_BYTES
from darkroom.errors import DarkroomError
from darkroom.sidecar import NAMESPACE, SUFFIX


class Outputs:
    """A command's outputs. `claim` each one before the work begins; `write` it when it is there.

    originals: the files that the command reads. They are never written, even with `force`.
    force: whether other files that are there may be replaced.
    """

    def __init__(self, originals: Iterable[str], *, force: bool = False) -> None:
        self._originals = {file for path in originals if (file := _file(path))}
        self._force = force
        self._claimed: dict[Hashable, str] = {}

    def claim(self, path: str, source: str) -> None:
        """Keep a path for what comes of `source`. Raises click's usage error, naming what is in the way."""
        if is_stream(path):
            return
        folder = os.path.dirname(path) or os.curdir
        if os.path.isdir(path):
            raise click.UsageError(f"{shown(path)} is a folder, where the result of {shown(source)} would be written")
        if not os.path.isdir(folder):
            raise click.UsageError(f"there is no folder {shown(folder)} for the result of {shown(source)}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise click.UsageError(f"the folder {shown(folder)} may not be written to")
        file = _file(path)
        if file in self._originals:
            raise click.UsageError(f"{shown(path)} would replace the original: give another -o")
        identities = [identity for identity in (file, _name(path)) if identity]
        for other in (self._claimed[identity] for identity in identities if identity in self._claimed):
            both = f"{shown(source)} twice" if other == source else f"both {shown(other)} and {shown(source)}"
            raise click.UsageError(f"{shown(path)} would be the result of {both}: give them folders of their own")
        if os.path.lexists(path) and not self._force:
            raise click.UsageError(f"{shown(path)} is there already: give another -o, or --force to replace it")
        self._claimed |= dict.fromkeys(identities, source)

    def write(self, path: str, body: bytes) -> None:
        """Write all of a file or nothing: a result that is cut off looks like a result.

        Raises OSError, which names it, among them FileExistsError where something has come to lie there since it was
        claimed.
        """
        with naming(f"{shown(path)} cannot be written"):
            self._write(path, body)

    def _write(self, path: str, body: bytes) -> None:
        if path == STDIO:
            binary(sys.stdout).write(body)
            sys.stdout.flush()
            return
        if is_stream(path):
            with open(path, "wb") as stream:
                stream.write(body)
            return
        target = Path(path) if not self._force else Path(os.path.realpath(path))
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".darkroom-", delete=False) as file:
            try:
                file.write(body)
                file.close()
                os.chmod(file.name, 0o666 & ~_umask())
                if self._force or not _named(file.name, target):
                    os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise

    def claim_sidecar(self, target: str, source: str, *, beside: bool) -> None:
        """Keep the path of the decisions beside a result: to write them, or since an earlier result's lie there."""
        if beside or _holds_decisions(target + SUFFIX):
            self.claim(target + SUFFIX, source)

    def write_sidecar(self, target: str, body: bytes | None) -> None:
        """Write a result's decisions; None: there are none, and an earlier result's go. Nothing of other programs."""
        if body is not None:
            self.write(target + SUFFIX, body)
        elif self._force and _holds_decisions(target + SUFFIX):
            os.unlink(target + SUFFIX)


def plan(photos: Sequence[Photo], output: str | None, format_name: str | None) -> list[str]:
    """Where each photo's result goes: a file, a folder (which is made), or beside it. Raises click's usage error.

    output: as `-o` has it: a file for one photo, "-" for stdout, or a folder, which is there or ends in a slash; None
        for beside the photo.
    format_name: the format of all results, where one is asked for.
    """
    if output is None and STDIO not in (path for path, _ in photos):
        return [os.path.join(os.path.dirname(path), beside(result_name(path, format_name))) for path, _ in photos]
    if output is not None and output != STDIO and (os.path.isdir(output) or output.endswith("/")):
        return plan_in(photos, output, format_name)
    if len(photos) != 1:
        raise click.UsageError(f"-o must be a folder for {len(photos)} photos: one that is there, or with / at its end")
    if output is not None and not is_stream(output) and not os.path.splitext(output)[1]:
        raise click.UsageError(f"-o {shown(output)} says no format: give it an extension, or / at its end for a folder")
    return [output or STDIO]


def plan_in(photos: Iterable[Photo], folder: str, format_name: str | None) -> list[str]:
    """Where each photo's result goes in a folder and those below it, which are made. Raises click's usage error."""
    targets = [os.path.join(folder, below, result_name(path, format_name)) for path, below in photos]
    for place in sorted({folder, *map(os.path.dirname, targets)}):
        try:
            os.makedirs(place, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"the folder {shown(place)} cannot be made: {error.strerror}") from None
    return [os.path.normpath(target) for target in targets]


def result_name(source: str, format_name: str | None) -> str:
    """The name of a photo's result, see `darkroom.codec.result_name`. format_name: where one is asked for."""
    return codec.result_name(os.path.basename(source), format_name or expected_format(source))


def beside(name: str) -> str:
    """What a result beside its photo is called, by its own name."""
    root, extension = posixpath.splitext(name)
    return f"{root}{RESULT_MARK}{extension}"


def expected_format(source: str) -> str:
    """The format of a photo's result: that which goes with its first bytes."""
    if is_stream(source):
        return "jpeg"
    try:
        with open(source, "rb") as file:
            return codec.output_format(identify(file.read(64)))
    except (DarkroomError, OSError):
        return "jpeg"  # nothing will be written: the file is refused, with its reason, in its turn


def _named(path: str, target: Path) -> bool:
    """Give a file that is whole the name of a result. False where only its renaming is left to do.

    By a link, which is there at once or not at all, and never instead of another; file systems without links have the
    name kept by an empty file first. Raises FileExistsError naming the result.
    """
    try:
        os.link(path, target)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
    except OSError:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        return False
    os.unlink(path)
    return True


def _file(path: str) -> Hashable:
    """What a file is known by under all its names (links, letter case, spelling); None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _name(path: str) -> Hashable:
    """A path as the least discerning file system sees it, which takes A.JPG for a.jpg."""
    folder, name = os.path.split(os.path.realpath(path))
    return _file(folder), unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _holds_decisions(path: str) -> bool:
    """Whether a file is a sidecar of darkroom's."""
    try:
        with open(path, "rb") as file:
            return os.path.isfile(path) and NAMESPACE.encode() in file.read(MAX_BYTES)
    except OSError:
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""The errors that darkroom raises.

Each has a stable `code` (``<kind>.<reason>``, for programs), a public message that names the thing and the bound
(for people), and `retryable`. The class name is what AWS Lambda reports and what a workflow's ``Catch`` sees; the
code travels at the front of the message, so that it survives where only the message does.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Iterable
from typing import ClassVar


class DarkroomError(Exception):
    """Base of all errors that leave darkroom on purpose."""

    kind: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.code = f"{self.kind}.{reason}"
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ImageRejected(DarkroomError):
    """The file's fault: not a picture, broken, or past a limit."""

    kind = "image"


class RecipeInvalid(DarkroomError):
    """The request's fault: an unknown recipe, step or parameter, or a value out of bounds."""

    kind = "recipe"


class StepFailed(DarkroomError):
    """Our fault: a step could not do what it should with valid input."""

    kind = "step"


class TransientError(DarkroomError):
    """Nobody's fault: try again later."""

    kind = "transient"
    retryable = True


class RequestRefused(DarkroomError):
    """The HTTP API's own refusal, told to its caller: no such job, not theirs, not now. The codes are the API's."""

    kind = "http"


def revive(code: str, message: str) -> DarkroomError:
    """The error that once had this code and message: from a job's record, or a failed execution's cause."""
    kind, _, reason = code.partition(".")
    kinds = {cls.kind: cls for cls in (ImageRejected, RecipeInvalid, StepFailed, TransientError)}
    return kinds.get(kind, StepFailed)(reason or "unknown", message)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # another thread imports it, and it has no specification yet
        return True


def needs(*modules: str, extra: str = "") -> None:
    """Raise `StepFailed` (`step.not-installed`), with the command that mends it, where a module is not installed."""
    missing = [module for module in modules if not _is_there(module)]
    if missing:
        raise not_installed(*missing, extra=extra)


def not_installed(*packages: str, extra: str = "") -> StepFailed:
    """The error for packages that are missing."""
    verb = "is" if len(packages) == 1 else "are"
    return StepFailed("not-installed", f"{' and '.join(packages)} {verb} not installed: {remedy(extra)}")


def remedy(extra: str = "") -> str:
    """What brings back what is not installed: a layer on Lambda, else a command."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return "this function lacks a layer"
    return f"pip install 'darkroom[{extra}]'" if extra else "pip install --force-reinstall darkroom"


def out_of_memory(error: Exception) -> MemoryError | None:
    """What Python calls it, where there was no memory for OpenCV, which has an error of its own with the code
    ``StsNoMem``, or for a thread's stack."""
    of_opencv = getattr(error, "code", None) == -4 and type(error).__module__ == "cv2"
    of_a_thread = isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    return MemoryError(str(error)) if of_opencv or of_a_thread else None


def nearest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'gamma'?"`` for the known name that is nearest to a wrong one, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""

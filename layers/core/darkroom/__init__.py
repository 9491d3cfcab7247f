"""Darkroom: a photo lab. Steps on arrays, recipes over steps, and the pictures they work on.

>>> import darkroom
>>> result = darkroom.enhance("in.jpg", recipe="auto")                      # doctest: +SKIP
>>> open("out.jpg", "wb").write(darkroom.encode(result.picture, "jpeg"))    # doctest: +SKIP
>>> darker = darkroom.apply("gamma", image, gamma=0.8)                      # doctest: +SKIP

What is imported here is light; OpenCV and the steps load with the first name that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid, StepFailed, TransientError, not_installed

if TYPE_CHECKING:
    from darkroom.codec import decode, encode
    from darkroom.library import Result, enhance
    from darkroom.limits import Limits
    from darkroom.picture import Metadata, Picture
    from darkroom.recipe import Recipe, StepCall
    from darkroom.registry import apply

__version__ = "0.1.0"

_HOMES = {
    "Limits": "limits",
    "Metadata": "picture",
    "Picture": "picture",
    "Recipe": "recipe",
    "Result": "library",
    "StepCall": "recipe",
    "apply": "registry",
    "decode": "codec",
    "encode": "codec",
    "enhance": "library",
}

__all__ = [
    "DarkroomError",
    "ImageRejected",
    "Limits",
    "Metadata",
    "Picture",
    "Recipe",
    "RecipeInvalid",
    "Result",
    "StepCall",
    "StepFailed",
    "TransientError",
    "apply",
    "decode",
    "encode",
    "enhance",
    "steps",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "steps":
        return import_module("darkroom.steps")  # a package that can be called: see there
    if name not in _HOMES:
        raise AttributeError(f"module 'darkroom' has no attribute '{name}'")
    try:
        return getattr(import_module(f"darkroom.{_HOMES[name]}"), name)
    except ModuleNotFoundError as missing:
        raise not_installed(missing.name or "a package") from missing

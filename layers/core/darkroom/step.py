"""What a step is, and the promises that every step keeps whatever its algorithm: see `step`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from darkroom.errors import DarkroomError, ImageRejected, RecipeInvalid, StepFailed, nearest, out_of_memory
from darkroom.kernels import loops
from darkroom.params import Params
from darkroom.picture import Array, as_shown, fill_hidden

BAND_PIXELS = 1 << 20
"""Pixels of one band: its float32 planes stay within tens of megabytes, whatever the photo's size."""

POINTWISE_BAND_PIXELS = 1 << 16
"""Pixels of a band where no row needs its neighbours: its float32 planes stay in a core's cache, which halves the time
of steps that pass over them many times."""

BAND_ALIGNMENT = 16
"""Bands begin at multiples of this many rows, so that a step that works in blocks sees the same grid in each."""

Halo = int | Callable[[Any], int]


@dataclass(frozen=True, slots=True)
class Reported:
    """An image together with what the step found or chose, for the manifest (JSON types)."""

    image: Array
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Analysed:
    """What a step's `analyse` found: `value` for its function, `details` for the manifest (JSON types)."""

    value: Any
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A named operation on images. Made by the decorator `step`; called as ``step(image, params) -> Reported``."""

    name: str
    stage: str
    params: type[Params]
    function: Callable[..., Any]
    returns: Literal["image", "annotation"] = "image"
    on: Literal["float", "native"] = "float"
    halo: Halo | None = None
    kernel: Callable[[Array, Any], Array | None] | None = None
    analyse: Callable[[Array, Any], Any] | None = None
    color_only: bool = False
    resizes: bool = False
    references: Mapping[str, str] = field(default_factory=dict)
    discontinuous: str = ""
    changes_channels: bool = False

    @property
    def summary(self) -> str:
        """One line: what the step does."""
        return self.doc.partition("\n")[0].rstrip(".")

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the parameters."""
        return self.params.schema()

    def __call__(self, image: Array, params: Params, references: Mapping[str, Array] | None = None) -> Reported:
        """Run on HxW, HxWx3 or HxWx4 of ``uint8``, ``uint16`` or ``float32`` in 0–1; never changes its input.

        Raises `ImageRejected` for another shape, dtype or range, `StepFailed` where the step itself broke.
        """
        check_array(image)
        references = self._check_references(references or {})
        color, alpha = split_alpha(image)
        if self.returns == "image" and (params.is_neutral() or (self.color_only and color.ndim == 2)):
            return Reported(image, {})
        try:
            return self._run(color, alpha, params, references)
        except (DarkroomError, MemoryError):
            raise
        except Exception as error:
            raise out_of_memory(error) or StepFailed(
                "broken", f"step '{self.name}' failed on {image.shape} of {image.dtype}: {type(error).__name__}"
            ) from error

    def _check_references(self, references: Mapping[str, Array]) -> dict[str, Array]:
        for name, reference in references.items():
            if name not in self.references:
                raise RecipeInvalid(
                    "unknown-reference",
                    f"step '{self.name}' takes no reference image '{name}'{nearest(name, self.references)}",
                )
            check_array(reference)
        return dict(references)

    def _run(self, color: Array, alpha: Array | None, params: Params, references: dict[str, Array]) -> Reported:
        more: dict[str, Any] = dict(references)
        details: dict[str, Any] = {}
        hidden = None if alpha is None or alpha.all() else alpha == 0
        given = color
        if hidden is not None:
            color = fill_hidden(color, ~hidden)
        if self.analyse is not None:
            analysis = self.analyse(as_shown(color, alpha), params)
            if isinstance(analysis, Analysed):
                analysis, details = analysis.value, analysis.details
            more["analysis"] = analysis
        if self.returns == "annotation":
            return Reported(join_alpha(given, alpha), self.function(as_shown(color, alpha), params, **more))
        if self.resizes:
            color, alpha = self.function(color, params, alpha=alpha, **more)
            return Reported(join_alpha(color, alpha), details)
        strength = getattr(params, "strength", 1.0)
        result: Any
        if self.on == "native":
            result = self.function(color, params, **more)
            if isinstance(result, Reported):
                result, details = result.image, details | result.details
            if strength < 1:
                result = _blend_bands(color, result, strength)
        elif self.halo is None:
            floats = to_float(color)
            result = self.function(floats, params, **more)
            if isinstance(result, Reported):
                result, details = result.image, details | result.details
            if strength < 1:
                result = _blend(floats, result, strength)
            result = from_float(result, color.dtype)
        elif self.kernel is not None and (done := self.kernel(color, params)) is not None:
            result = done
        else:
            halo = self.halo(params) if callable(self.halo) else self.halo
            result = np.empty_like(color)
            for rows, context, inner in bands(color.shape, halo):
                floats = to_float(color[context])
                band = self.function(floats, params, **more)[inner]
                if strength < 1:
                    band = _blend(floats[inner], band, strength)
                result[rows] = from_float(band, color.dtype)
        if hidden is not None and result.shape == given.shape:
            result = np.where(hidden if result.ndim == 2 else hidden[..., None], given, result)
        return Reported(join_alpha(result, alpha), details)


def step(
    name: str,
    *,
    stage: str,
    params: type[Params],
    on: Literal["float", "native"] = "float",
    halo: Halo | None = None,
    kernel: Callable[[Array, Any], Array | None] | None = None,
    analyse: Callable[[Array, Any], Any] | None = None,
    color_only: bool = False,
    resizes: bool = False,
    returns: Literal["image", "annotation"] = "image",
    references: Mapping[str, str] | None = None,
    discontinuous: str = "",
    changes_channels: bool = False,
) -> Callable[[Callable[..., Any]], Step]:
    """Declare a step: the decorated function holds the algorithm alone, and this keeps the promises around it.

    The function gets the picture without its alpha (HxW or HxWx3, C-contiguous) and the parameters, and returns the
    new picture. It may assume that the parameters are not neutral and need not look at `strength`. It must not write
    to its input. Around it: alpha is carried over bit by bit, what it hides wholly is neither looked at nor changed,
    neutral parameters return the input as it is, `strength` blends, results are clipped and rounded to the input's
    dtype, and an error becomes `StepFailed`.

    on: "float" — the function works on float32 in 0–1; "native" — on whatever dtype came in, and returns the same.
    halo: for "float", rows of context above and below that a result's row depends on (or a function of the
        parameters). The picture then passes through in bands, so that memory stays bounded; without it the whole
        picture is converted at once. At the picture's edge the function sees the edge itself.
    kernel: for "float" with `halo`: all of it, `strength` and rounding too, by compiled loops; None where they cannot.
    analyse: called once with the whole picture in its own dtype and the parameters, before any band; what it returns
        reaches the function as `analysis`. For global measures. An `Analysed` is told in the manifest as well.
    color_only: grey pictures pass unchanged.
    resizes: the function also gets the keyword `alpha` (HxW or None) and returns a pair ``(picture, alpha)``.
    returns: "annotation" for steps that answer with a JSON-able dictionary instead of an image.
    references: names and meanings of further images that the function takes as keywords (None if not given).
    discontinuous: the reason why a difference of rounding may change single pixels by more than a level (a threshold, a
        cluster's border), for the few steps whose definition makes it so.
    changes_channels: RGB may become grey (with alpha: RGBA of three equal channels); for "native" or without halo.
    """

    def declare(function: Callable[..., Any]) -> Step:
        return Step(
            name=name,
            stage=stage,
            params=params,
            function=function,
            returns=returns,
            on=on,
            halo=halo,
            kernel=kernel,
            analyse=analyse,
            color_only=color_only,
            resizes=resizes,
            references=references or {},
            discontinuous=discontinuous,
            changes_channels=changes_channels,
        )

    return declare


def check_array(image: Array) -> None:
    """Raise `ImageRejected` unless `image` is HxW, HxWx3 or HxWx4 of uint8, uint16 or finite float32 in 0–1."""
    if not isinstance(image, np.ndarray):
        raise ImageRejected("not-an-array", f"the image is a {type(image).__name__}, not a NumPy array")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)) or image.size == 0:
        raise ImageRejected("bad-shape", f"the image's shape is {image.shape}, not HxW, HxWx3 or HxWx4 of at least 1x1")
    if image.dtype == np.float32:
        low, high = float(image.min()), float(image.max())
        if not (low >= 0 and high <= 1):
            raise ImageRejected(
                "bad-range", f"the image's values are {low:g} to {high:g}; float32 must be within 0 to 1"
            )
    elif image.dtype not in (np.uint8, np.uint16):
        raise ImageRejected("bad-dtype", f"the image's dtype is {image.dtype}, not uint8, uint16 or float32")


def split_alpha(image: Array) -> tuple[Array, Array | None]:
    """The colour (HxW or HxWx3, C-contiguous) and the alpha (HxW or None) of an image."""
    if image.ndim == 3 and image.shape[2] == 4:
        return np.ascontiguousarray(image[..., :3]), image[..., 3]
    return np.ascontiguousarray(image), None


def join_alpha(color: Array, alpha: Array | None) -> Array:
    """One array of colour (HxW or HxWx3) and alpha, HxWx4 if there is alpha: the reverse of `split_alpha`."""
    if alpha is None:
        return color
    return np.dstack((color, alpha) if color.ndim == 3 else (color, color, color, alpha))


def max_level(dtype: np.dtype[Any]) -> float:
    """The value of white: 255, 65535 or 1."""
    return 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)


def to_float(image: Array) -> Array:
    """float32 in 0–1, always a new array."""
    if image.dtype == np.float32:
        return image.copy()
    return np.multiply(image, np.float32(1 / max_level(image.dtype)), dtype=np.float32)


def from_float(image: Array, dtype: np.dtype[Any]) -> Array:
    """Clipped to 0–1 and rounded to `dtype`. May reuse `image`'s memory."""
    if image.dtype == np.float32 and dtype != np.float32 and image.flags.c_contiguous and loops.available():
        return loops.round_samples(image, dtype)
    image = np.clip(image, 0, 1, out=image) if image.dtype == np.float32 else np.clip(image, 0, 1).astype(np.float32)
    if dtype == np.float32:
        return image
    np.multiply(image, np.float32(max_level(dtype)), out=image)
    return np.rint(image, out=image).astype(dtype)


def lut_for(function: Callable[[Array], Array], dtype: np.dtype[Any]) -> Array:
    """The table of `function` (float64 levels in 0–1 → values in 0–1) for every level of an integer dtype."""
    levels = np.linspace(0, 1, int(max_level(dtype)) + 1)
    return np.rint(np.clip(function(levels), 0, 1) * max_level(dtype)).astype(dtype)


def _blend(before: Array, after: Array, strength: float) -> Array:
    """Between two float32 pictures; clipped first, so that half the strength is half of what full strength shows."""
    return before + np.float32(strength) * (np.clip(after, 0, 1) - before)


def _blend_bands(before: Array, after: Array, strength: float) -> Array:
    if before.shape == after.shape and after.flags.c_contiguous and loops.available():
        return loops.blend_samples(before, after, strength)
    result = np.empty_like(before)
    for rows, _, _ in bands(before.shape, 0):
        result[rows] = from_float(_blend(to_float(before[rows]), to_float(after[rows]), strength), before.dtype)
    return result


def bands(shape: tuple[int, ...], halo: int) -> Iterator[tuple[slice, slice, slice]]:
    """Slices of rows: those to fill, those to read (with the halo), and the filled ones within the read ones."""
    height, width = shape[:2]
    pixels = BAND_PIXELS if halo else min(BAND_PIXELS, POINTWISE_BAND_PIXELS)
    rows = max(pixels // width, 4 * halo, 1)
    rows = -(-rows // BAND_ALIGNMENT) * BAND_ALIGNMENT
    halo = -(-halo // BAND_ALIGNMENT) * BAND_ALIGNMENT
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start, stop = max(top - halo, 0), min(bottom + halo, height)
        yield slice(top, bottom), slice(start, stop), slice(top - start, bottom - start)

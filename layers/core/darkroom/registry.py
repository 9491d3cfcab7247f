"""The list of steps, in the catalogue's order. A new step is one module in `darkroom.steps` and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from darkroom.errors import RecipeInvalid, nearest, needs
from darkroom.picture import Array, without_float64
from darkroom.step import Step

CLASSIFY = "classify"
"""The one stage whose steps need ONNX Runtime; its function has no OpenCV."""

# name of the step -> its stage. The module of `darkroom.steps` that declares a step has its name. Modules load when a
# step is asked for, so that a function imports OpenCV or ONNX Runtime only if its own steps need it; stages stand here
# so that a function can plan for others whose libraries it does not have.
STEPS: Mapping[str, str] = {
    "convert_color": "convert_color",
    "extract_channel": "convert_color",
    "unsharp_mask": "sharpen",
    "sharpen_gradient": "sharpen",
    "gaussian_blur": "filter",
    "mean_blur": "filter",
    "median_blur": "filter",
    "bilateral_filter": "filter",
    "guided_filter": "filter",
    "convolve": "filter",
    "antialias": "filter",
    "remove_salt_pepper": "filter",
    "denoise": "filter",
    "deblur_motion": "filter",
    "compensate": "filter",
    "auto_filter": "filter",
    "resize": "resize",
    "crop": "resize",
    "thumbnail": "resize",
    "fit_display": "resize",
    "super_resolution": "resize",
    "white_balance": "correct_color",
    "equalize_global": "correct_color",
    "equalize_local": "correct_color",
    "equalize_adaptive": "correct_color",
    "adjust_distribution": "correct_color",
    "correct_spectrum_active": "correct_color",
    "correct_spectrum_passive": "correct_color",
    "correct_fourier": "correct_color",
    "cluster_colors": "correct_color",
    "correct_pca": "correct_color",
    "adjust_color": "correct_color",
    "stretch_histogram": "adjust_tone",
    "enhance_histogram": "adjust_tone",
    "stretch_linear": "adjust_tone",
    "stretch_nonlinear": "adjust_tone",
    "stretch_local": "adjust_tone",
    "gamma": "adjust_tone",
    "normalize_luminance": "adjust_tone",
    "normalize_local_response": "adjust_tone",
    "dilate_local": "adjust_tone",
    "threshold_adaptive": "adjust_tone",
    "lift_shadows": "adjust_tone",
    "inpaint": "restore",
    "reduce_jpeg_artifacts": "restore",
    "dehaze": "restore",
    "deblur": "restore",
    "smooth_skin": "portrait",
    "stylize_avatar": "portrait",
    "classify_digit": "classify",
    "diagnose": "classify",
}


@cache
def get(name: str) -> Step:
    """The step called `name`. Raises `RecipeInvalid`, naming the nearest, where there is none."""
    _check(name)
    if STEPS[name] != "classify":
        needs("cv2")
    declared = getattr(importlib.import_module(f"darkroom.steps.{name}"), name)
    assert isinstance(declared, Step)
    assert (declared.name, declared.stage) == (name, STEPS[name])
    return declared


def steps() -> list[Step]:
    """All steps, in order."""
    return [get(name) for name in STEPS]


def describe(step: Step) -> dict[str, Any]:
    """A step as data: what the command line, the API and the documentation show."""
    return {
        "name": step.name,
        "stage": step.stage,
        "summary": step.summary,
        "returns": step.returns,
        "references": dict(step.references),
        "schema": step.schema(),
    }


def stage_of(name: str) -> str:
    """The stage of the step called `name`, without loading it. Raises `RecipeInvalid` where there is no such step."""
    _check(name)
    return STEPS[name]


def stages() -> list[str]:
    """The stages that have steps, in order of their first step."""
    return list(dict.fromkeys(STEPS.values()))


def _check(name: str) -> None:
    if name not in STEPS:
        raise RecipeInvalid("unknown-step", f"there is no step '{name}'{nearest(name, STEPS)}")


def apply(name: str, image: Array, **params: Any) -> Any:
    """Apply one step to an image.

    image: HxW (grey), HxWx3 (RGB) or HxWx4 (RGBA) of ``uint8``, ``uint16`` or ``float32`` in 0–1; never changed.
        ``float64`` is taken as ``float32``, with a warning.
    params: the step's parameters (``darkroom steps NAME`` lists them) and its reference images, as arrays.

    Returns a new image of the same dtype (of ``float64``: ``float32``) and layout, or a dictionary from a step that
    only looks. Raises `RecipeInvalid` for an unknown step or parameter or a value out of bounds, `ImageRejected` for
    another array.
    """
    step = get(name)
    image = without_float64(image)
    references = {key: without_float64(params.pop(key)) for key in list(params) if key in step.references}
    outcome = step(image, step.params.parse(params, of=name), references)
    if step.returns == "annotation":
        return outcome.details
    return outcome.image.copy() if outcome.image is image else outcome.image

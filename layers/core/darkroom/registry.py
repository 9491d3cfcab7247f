"""The list of steps, in the catalogue's order. A new step is one module in `darkroom.steps` and one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from darkroom.errors import RecipeInvalid, nearest
from darkroom.picture import Array
from darkroom.step import Step

# name of the step -> module of darkroom.steps that declares it under that name. Modules load when a step is asked
# for, so that a function imports OpenCV or ONNX Runtime only if its own steps need it.
STEPS: Mapping[str, str] = {
    # convert_color
    "convert_color": "convert_color",
    "extract_channel": "extract_channel",
    # sharpen
    "unsharp_mask": "unsharp_mask",
    "sharpen_gradient": "sharpen_gradient",
    # filter
    "gaussian_blur": "gaussian_blur",
    "mean_blur": "mean_blur",
    "median_blur": "median_blur",
    "bilateral_filter": "bilateral_filter",
    "guided_filter": "guided_filter",
    "convolve": "convolve",
    "antialias": "antialias",
    "remove_salt_pepper": "remove_salt_pepper",
    "denoise": "denoise",
    "deblur_motion": "deblur_motion",
    "compensate": "compensate",
    "auto_filter": "auto_filter",
    # resize
    "resize": "resize",
    "fit_display": "fit_display",
    "super_resolution": "super_resolution",
    # correct_color
    "white_balance": "white_balance",
    "equalize_global": "equalize_global",
    "equalize_local": "equalize_local",
    "equalize_adaptive": "equalize_adaptive",
    "adjust_distribution": "adjust_distribution",
    "correct_spectrum_active": "correct_spectrum_active",
    "correct_spectrum_passive": "correct_spectrum_passive",
    "correct_fourier": "correct_fourier",
    "cluster_colors": "cluster_colors",
    "correct_pca": "correct_pca",
    "adjust_color": "adjust_color",
    # adjust_tone
    "stretch_histogram": "stretch_histogram",
    "enhance_histogram": "enhance_histogram",
    "stretch_linear": "stretch_linear",
    "stretch_nonlinear": "stretch_nonlinear",
    "stretch_local": "stretch_local",
    "gamma": "gamma",
    "normalize_luminance": "normalize_luminance",
    "normalize_local_response": "normalize_local_response",
    "dilate_local": "dilate_local",
    "threshold_adaptive": "threshold_adaptive",
    "lift_shadows": "lift_shadows",
    # restore
    "inpaint": "inpaint",
    "reduce_jpeg_artifacts": "reduce_jpeg_artifacts",
    "dehaze": "dehaze",
    "deblur": "deblur",
    # portrait
    "smooth_skin": "smooth_skin",
    "stylize_avatar": "stylize_avatar",
}


@cache
def get(name: str) -> Step:
    """The step called `name`. Raises `RecipeInvalid`, naming the nearest, where there is none."""
    if name not in STEPS:
        raise RecipeInvalid("unknown-step", f"there is no step '{name}'{nearest(name, STEPS)}")
    declared = getattr(importlib.import_module(f"darkroom.steps.{STEPS[name]}"), name)
    assert isinstance(declared, Step)
    assert declared.name == name
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


def stages() -> list[str]:
    """The stages that have steps, in order of their first step."""
    return list(dict.fromkeys(step.stage for step in steps()))


def apply(name: str, image: Array, **params: Any) -> Any:
    """Apply one step to an image.

    image: HxW (grey), HxWx3 (RGB) or HxWx4 (RGBA) of ``uint8``, ``uint16`` or ``float32`` in 0–1; never changed.
    params: the step's parameters (``darkroom steps NAME`` lists them) and its reference images, as arrays.

    Returns a new image of the same dtype and layout, or a dictionary from a step that only looks. Raises
    `RecipeInvalid` for an unknown step or parameter or a value out of bounds, `ImageRejected` for another array.
    """
    step = get(name)
    references = {key: params.pop(key) for key in list(params) if key in step.references}
    outcome = step(image, step.params.parse(params, of=name), references)
    if step.returns == "annotation":
        return outcome.details
    return outcome.image.copy() if outcome.image is image else outcome.image

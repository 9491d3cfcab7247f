"""Random distortions of 28×28 images: other hands, pens and cameras than MNIST's."""

from __future__ import annotations

import math

import numpy as np
from backend import torch
from torch.nn import functional

ROTATION = math.radians(15)
SCALE = math.log(1.18)
SHEAR = 0.2
SHIFT_PX = 2.0
ELASTIC_PX = 0.9
THICKNESS = 0.7
CAMERA_SHARE = 0.3
"""Share of the images that also get the camera's faults: tone, blur, noise, an uneven rest of the paper."""


def distort(images: np.ndarray, seed: int | tuple[int, ...], amount: float = 1.0) -> np.ndarray:
    """Distort each image on its own: N×28×28×1 float32 in 0–1, the same on return; same seed, same result.

    `amount` scales the ranges of the pen's and the hand's part (0: none); the camera's part is left as it is.
    """
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    x = _thicken(_warp(x, amount, generator), amount, generator)
    x = torch.where(_uniform(len(x), 0, 1, generator) < CAMERA_SHARE, _photograph(x, generator), x)
    return x.clamp(0, 1).permute(0, 2, 3, 1).numpy()


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """N×1×1×1, one number an image."""
    return low + (high - low) * torch.rand((count, 1, 1, 1), generator=generator)


def _warp(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
    """An affine map and a smooth displacement, in one interpolation (after Simard et al., ICDAR 2003)."""
    count, _, height, width = x.shape
    angle = amount * _uniform(count, -ROTATION, ROTATION, generator)
    scale_x = (amount * _uniform(count, -SCALE, SCALE, generator)).exp()
    scale_y = (amount * _uniform(count, -SCALE, SCALE, generator)).exp()
    shear = amount * _uniform(count, -SHEAR, SHEAR, generator)
    pixel = 2 / width  # in the coordinates of grid_sample, which span -1 to 1
    shift_x = amount * pixel * _uniform(count, -SHIFT_PX, SHIFT_PX, generator)
    shift_y = amount * pixel * _uniform(count, -SHIFT_PX, SHIFT_PX, generator)
    cos, sin = angle.cos(), angle.sin()
    rows = [
        torch.cat([cos * scale_x, (shear * cos - sin) * scale_y, shift_x], dim=3),
        torch.cat([sin * scale_x, (shear * sin + cos) * scale_y, shift_y], dim=3),
    ]
    grid = functional.affine_grid(torch.cat(rows, dim=2)[:, 0], [count, 1, height, width], align_corners=False)
    coarse = torch.randn((count, 2, 6, 6), generator=generator) * (amount * ELASTIC_PX * pixel)
    smooth = functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
    return functional.grid_sample(x, grid + smooth.permute(0, 2, 3, 1), align_corners=False)


def _thicken(x: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
    """A thicker pen, a thinner one, or the same: blends with the 3×3 dilation or erosion."""
    change = _uniform(len(x), -1, 1, generator)
    strength = (change.abs() - 0.3).clamp(min=0) * THICKNESS * amount
    thick = functional.max_pool2d(x, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-x, 3, stride=1, padding=1)
    return x + strength * (torch.where(change > 0, thick, thin) - x)


def _photograph(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blur, weaker and differently curved contrast, shading left over on the paper, noise."""
    count, _, height, width = x.shape
    x = x + _uniform(count, 0, 1, generator) * (functional.avg_pool2d(x, 3, stride=1, padding=1) - x)
    x = x.clamp(0, 1) ** _uniform(count, -0.6, 0.6, generator).exp()
    coarse = torch.rand((count, 1, 3, 3), generator=generator)
    shading = functional.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=True)
    paper = shading * _uniform(count, 0, 0.15, generator)
    x = paper + x * (_uniform(count, 0.6, 1, generator) - paper)
    return x + torch.randn(x.shape, generator=generator) * _uniform(count, 0, 0.08, generator)

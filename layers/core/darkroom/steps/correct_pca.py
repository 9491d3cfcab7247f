"""Principal components of a picture's colours."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from darkroom.color.statistics import SMALLEST_VARIANCE, map_colors, mean_and_covariance
from darkroom.params import Params, Strength, param
from darkroom.picture import Array
from darkroom.step import Analysed, step


class CorrectPca(Params, frozen=True):
    mode: Annotated[
        Literal["decorrelate", "keep"],
        param("decorrelate: stretch all components to one spread; keep: drop all but the leading ones"),
    ] = "decorrelate"
    components: Annotated[int, param("keep: how many of the components are kept", ge=1, le=3)] = 2
    strength: Strength = 1.0

    example = {"strength": 0.5}
    scene = "landscape"

    def is_neutral(self) -> bool:
        return super().is_neutral() or (self.mode == "keep" and self.components == 3)


def _analyse(image: Array, params: CorrectPca) -> Analysed | None:
    if image.ndim == 2:
        return None
    mean, covariance = mean_and_covariance(image)
    variances, axes = np.linalg.eigh(covariance)
    variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1]
    if params.mode == "keep":
        leading = axes[:, : params.components]
        matrix = leading @ leading.T
    else:
        deviations = np.sqrt(np.diag(covariance))
        matrix = deviations[:, None] * (axes / np.sqrt(np.maximum(variances, SMALLEST_VARIANCE))) @ axes.T
    total = variances.sum()
    explained = variances / total if total > 0 else variances
    return Analysed((matrix, mean), {"explained": explained.round(4).tolist(), "axes": axes.T.round(4).tolist()})


@step("correct_pca", stage="correct_color", params=CorrectPca, on="native", color_only=True, analyse=_analyse)
def correct_pca(image: Array, params: CorrectPca, analysis: tuple[Array, Array]) -> Array:
    """Principal components of a picture's colours.

    The components are the eigenvectors of the covariance of R, G and B (encoded values), the first that in which the
    picture varies most: usually its lightness, by far.

    - decorrelate: decorrelation stretch. All components are stretched to the same spread and turned back, which shows
      the faintest differences of colour. Every channel then keeps its own mean and deviation, and no two are
      correlated. A component that varies by no more than 8-bit rounding is not stretched further than one that does.
      Gillespie, Kahle & Walker, "Color enhancement of highly correlated images. I", 1986.
    - keep: the picture from its leading `components` alone, the others at their mean. 2 remove the faintest variation
      of colour, which is mostly noise; 1 leaves a picture in shades of one colour.
      Reference: scikit-learn's ``PCA(n).inverse_transform(transform(image))``.
    """
    matrix, mean = analysis
    return map_colors(image, matrix, mean - matrix @ mean)

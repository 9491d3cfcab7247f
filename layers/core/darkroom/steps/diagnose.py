"""The diagnosis of a photo by a trained network, as a step."""

from __future__ import annotations

from typing import Any

import msgspec

from darkroom.diagnosis import network
from darkroom.params import Params
from darkroom.picture import Array
from darkroom.step import step


class Diagnose(Params, frozen=True):
    """There is nothing to set: all defects are always looked for."""

    scene = "dark"


@step("diagnose", stage="classify", params=Diagnose, on="native", returns="annotation")
def diagnose(image: Array, params: Diagnose) -> dict[str, Any]:
    """What is wrong with a photo, how strong, and how sure that is; the photo stays as it is.

    A trained network looks at a thumbnail and at what is measured on up to sixteen full-resolution tiles. For each of
    eleven defects (exposure, contrast, colour cast, noise, specks, blur, motion blur, JPEG artefacts, haze, backlight)
    the answer has the probability that it is there to be seen, how strong it would be, a sentence, and the steps that
    would help against it; and it says whether the photo is fine as it is.

    Reference: models/diagnosis, where the network is trained and evaluated on photographs that it has not seen.
    """
    return msgspec.json.decode(msgspec.json.encode(network.diagnose(image)), type=dict[str, Any])

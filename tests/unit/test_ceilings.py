"""The level at which a channel ends that was lowered after whites were clipped: found where it is, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

import darkroom
from darkroom.auto import treatments
from darkroom.auto.casts import light_of, seen_light
from darkroom.estimates.ceilings import lowered_stops
from darkroom.measurements import LightEvidence
from darkroom.picture import Array
from darkroom.report import Decision, Diagnosis
from darkroom.srgb import linear_to_srgb_exact, srgb_to_linear_exact
from tests.support.photographs import NAMES, as_jpeg, photo
from tests.unit.test_auto import AUTO, FINE, diagnosed

CASTS = [((1.2, 1.0, 0.8), (0.0, 0.322)), ((0.6, 1.0, 1.4), (0.737, 0.0))]
"""Gains of R, G and B, and the stops by which red and blue are lowered then: casts of 20 and of 40 %."""

CLIPPED = [("girl", 1.0), ("nyc", 1.5), ("path", 1.5)]
"""Photographs that have clipped whites with so much more light."""

LOWERED = msgspec.structs.replace(FINE, colors=5000.0, light=LightEvidence(lowered=(0.0, 0.32)))


def encoded(linear: Array) -> Array:
    return np.rint(linear_to_srgb_exact(np.minimum(linear, 1)) * 255).astype(np.uint8)


def lit(image: Array, *gains: float) -> Array:
    return encoded(srgb_to_linear_exact(image / 255) * gains)


def psnr(a: Array, b: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2)))


def lamp(*colour: float) -> Array:
    """A coloured lamp that is blown out, and its light falls off softly."""
    y, x = np.mgrid[-1:1:400j, -1:1:400j]
    return encoded(np.exp(-5 * np.hypot(x, y))[..., None] * np.array(colour) + 0.01)


def sunset() -> Array:
    """A low sun beneath a sky that turns from blue to orange; red and green are clipped about it."""
    y, x = np.mgrid[0:1:400j, -1:1:400j]
    sky = (1 - y)[..., None] * (0.1, 0.2, 0.5) + y[..., None] * (0.9, 0.5, 0.15)
    return encoded(sky + np.exp(-6 * np.hypot(x, y - 0.8))[..., None] * (4.0, 2.5, 0.7))


def about_the_cast(image: Array) -> tuple[Array, Decision]:
    done = darkroom.enhance(image, {"name": "repairs", "steps": "auto", "finish": "none"})
    (decision,) = (each for each in done.report.decisions if each.defect == "colour cast")
    return done.image, decision


@pytest.mark.parametrize(("name", "light"), CLIPPED)
@pytest.mark.parametrize(("gains", "stops"), CASTS)
@pytest.mark.parametrize("quality", [75, 92, 97])
def test_the_gain_of_a_channel_is_told_exactly(
    name: str, light: float, gains: tuple[float, ...], stops: tuple[float, float], quality: int
) -> None:
    spoiled = as_jpeg(lit(lit(photo(name), light), *gains), quality)
    assert lowered_stops(spoiled) == pytest.approx(stops, abs=0.02)
    assert lowered_stops(spoiled.astype(np.uint16) * 257) == lowered_stops(spoiled)
    assert lowered_stops((spoiled / 255).astype(np.float32)) == lowered_stops(spoiled)


@pytest.mark.parametrize(("gains", "stops"), CASTS)
def test_a_large_photo_is_told_by_some_of_its_rows(gains: tuple[float, ...], stops: tuple[float, float]) -> None:
    large = photo("girl").repeat(6, axis=0).repeat(6, axis=1)
    assert lowered_stops(lit(large, *gains)) == pytest.approx(stops, abs=0.02)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("light", [0.6, 1.0, 1.5, 3.0])
def test_a_photo_as_it_was_taken_tells_of_no_gain(name: str, light: float) -> None:
    assert lowered_stops(as_jpeg(lit(photo(name), light))) == (0, 0)


@pytest.mark.parametrize("picture", [lamp(6, 2, 0.4), lamp(8, 6, 0.9), lamp(0.3, 3, 6), lamp(0.9, 6, 8), sunset()])
@pytest.mark.parametrize("saved", [as_jpeg, np.asarray])
def test_a_colour_that_is_blown_out_softly_tells_of_no_gain(picture: Array, saved: Callable[[Array], Array]) -> None:
    assert (picture == 255).mean() > 0.005
    assert lowered_stops(saved(picture)) == (0, 0)


@pytest.mark.parametrize("gains", [gains for gains, _ in CASTS])
def test_without_clipped_whites_nothing_tells(gains: tuple[float, ...]) -> None:
    for name in ("flowers", "grass", "guitar", "waves"):
        assert lowered_stops(as_jpeg(lit(photo(name), *gains))) == (0, 0)


def test_green_alone_ends_below_white_where_highlights_turned_magenta() -> None:
    assert lowered_stops(as_jpeg(lit(photo("girl"), 1.0, 0.7, 1.1))) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_what_is_too_small_to_tell_tells_nothing(size: tuple[int, int]) -> None:
    assert lowered_stops(np.full((*size, 3), 255, np.uint8)) == (0, 0)


@pytest.mark.parametrize(("name", "light"), CLIPPED)
@pytest.mark.parametrize("gains", [gains for gains, _ in CASTS])
def test_auto_takes_out_what_was_lowered(name: str, light: float, gains: tuple[float, ...]) -> None:
    before = lit(photo(name), light)
    spoiled = as_jpeg(lit(before, *gains))
    repaired, decision = about_the_cast(spoiled)
    assert decision.chosen
    assert decision.why.endswith("since one channel stops short of white where the others are clipped")
    assert psnr(repaired, before) > psnr(spoiled, before) + 5


@pytest.mark.parametrize(("lowered", "told"), [((0.0, 0.32), {}), ((0.74, 0.0), {"cast_blue_log2": -0.5})])
def test_the_lowered_channel_is_taken_from_its_ceiling_and_the_other_is_no_less_than_green(
    lowered: tuple[float, float], told: dict[str, float]
) -> None:
    measured = msgspec.structs.replace(LOWERED, light=LightEvidence(lowered=lowered))
    diagnosis = diagnosed({"colour cast": 0.3}, **told)
    light = light_of(diagnosis["colour cast"], diagnosis, measured)
    red, blue = np.log2(light[[0, 2]] / light[1])
    assert (red, blue)[lowered[0] == 0] == pytest.approx(-max(lowered))
    assert (red, blue)[lowered[0] > 0] >= 0
    assert light.mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("diagnosis", "treated"),
    [
        (diagnosed({"colour cast": 0.1}), True),
        (msgspec.structs.replace(diagnosed({}), scene={"night": 0.9}), True),
        (msgspec.structs.replace(diagnosed({}), scene={"photo": 0.9}, glow=0.9), True),
        (msgspec.structs.replace(diagnosed({}), scene={"drawing": 0.9}), False),
        (msgspec.structs.replace(diagnosed({}), scene={"document": 0.9}), False),
    ],
)
def test_a_ceiling_is_believed_whatever_the_networks_say_but_not_of_what_was_drawn(
    diagnosis: Diagnosis, treated: bool
) -> None:
    (decision,) = (each for each in treatments.decide(LOWERED, diagnosis) if each.defect == "colour cast")
    assert decision.chosen == treated


def test_what_an_album_leaves_of_a_ceiling_is_none() -> None:
    diagnosis = diagnosed({"colour cast": 0.1})
    assert seen_light(diagnosis, LOWERED) is not None
    little = msgspec.structs.replace(LOWERED, light=LightEvidence(lowered=(0.0, 0.03)))
    assert little.lowered == (0, 0)
    assert "colour cast" not in [each.defect for each in treatments.resolve(AUTO, little, diagnosis)[1] if each.chosen]

"""What `auto` does about light and tone by evidence: exposure, casts, kinds of picture, the finish."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import recipe
from darkroom.auto import curves, guard, scenes, treatments
from darkroom.auto.casts import COLOURED, FURTHER, HUES, LEAST_TINT, VARIED, agreed_share, share_of_light, tinted_light
from darkroom.auto.contrast import stretched
from darkroom.auto.curves import exposure_curve
from darkroom.auto.exposures import evident_ev
from darkroom.auto.finish import finish
from darkroom.auto.finish_curve import FLATTEST, STEEPEST, finish_curve
from darkroom.auto.scenes import NOISY_PART, OF_THE_WHOLE, SMALLEST_PHOTO, TONED, TONED_BY_HAND, UNJUDGED
from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.defects import SCENES
from darkroom.diagnosis.network import diagnose
from darkroom.estimates.cast import cast_evidence, split_toning
from darkroom.estimates.measure import detailed, relief, thumbnail, white_margin
from darkroom.measurements import LightEvidence, Measurements
from darkroom.picture import Array
from darkroom.recipe import Finish, Recipe, StepCall
from darkroom.report import Decision, Diagnosis
from darkroom.srgb import cast_degrees
from darkroom.steps.stretch_histogram import StretchHistogram, input_ranges
from tests.support.photographs import NAMES, as_jpeg, photo
from tests.unit.test_auto import AUTO, FINE, diagnosed

DULL = msgspec.structs.replace(FINE, tones=tuple(np.linspace(0.3, 0.6, 32).tolist()), colors=5000.0)
BUSY = msgspec.structs.replace(DULL, detail=0.9)
DARK = msgspec.structs.replace(
    FINE, tones=tuple((np.linspace(0, 0.6, 32) ** 1.5).tolist()), white_point=(0.5, 0.5, 0.5), colors=5000.0
)


def seen(brighter: float = 0.0, **scene: float) -> Any:
    return msgspec.structs.replace(diagnosed({}), brighter=brighter, scene={"photo": 1.0} | scene)


def repair(name: str, *steps: StepCall) -> Decision:
    return Decision(name, True, "", list(steps))


def chosen(decisions: list[Decision]) -> list[str]:
    return [decision.defect for decision in decisions if decision.chosen]


@pytest.mark.parametrize("white", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("ev", [0.2, 1.0, 2.5, 4.0])
def test_a_raised_exposure_rolls_off_and_clips_nothing(ev: float, white: float) -> None:
    at, out = np.array(curves.lightening_curve(ev, white)).T
    assert (np.diff(out) >= 0).all()
    assert (out >= at - 1e-4).all()
    inside = at < white
    assert (out[inside] < 1).all()
    assert (np.diff(out[at <= white]) > 0).all()
    dark = srgb_to_linear(np.array([at[2], out[2]], np.float32))
    assert dark[1] / dark[0] == pytest.approx(2**ev, rel=0.2)  # shadows get the exposure itself


@pytest.mark.parametrize("by", [0.05, 0.15, 0.25])
def test_the_exposure_that_is_found_changes_the_mean_by_what_was_asked(by: float) -> None:
    tones = np.array(DARK.tones)
    ev = curves.ev_that_changes_mean(by, tones, lambda ev: curves.lightening_curve(ev, 0.6), 0, 6)
    lightened = curves.through(curves.lightening_curve(ev, 0.6), tones)
    assert lightened.mean() - tones.mean() == pytest.approx(by, abs=0.005)


def test_the_more_doubtful_the_less_is_lightened() -> None:
    told = [evident_ev(seen(brighter), DARK) for brighter in (0.0, 0.05, 0.07, 0.09, 0.11)]
    assert told[:2] == [0, 0]
    assert 0 < told[2] < told[3] < told[4]
    assert evident_ev(seen(-0.2), FINE) == 0  # tones are not known
    assert evident_ev(seen(-0.2), DULL) < 0


def test_a_photo_that_is_too_dark_for_what_it_shows_is_lightened() -> None:
    calls, decisions = treatments.resolve(AUTO, DARK, seen(0.2))
    assert chosen(decisions) == ["underexposed"]
    assert [call.name for call in calls] == ["stretch_nonlinear"]
    calls[0].resolve()
    (told,) = (decision.why for decision in decisions if decision.chosen)
    assert told.startswith("too dark for what it shows: exposure is changed by +")


@pytest.mark.parametrize(("brighter", "step"), [(0.15, "adjust_color"), (0.25, "stretch_nonlinear")])
def test_the_white_point_is_overruled_where_more_light_is_missing_than_it_gives(brighter: float, step: str) -> None:
    dark = msgspec.structs.replace(diagnosed({"underexposed": 0.9}), brighter=brighter, scene={"photo": 1.0})
    calls, _ = treatments.resolve(AUTO, DARK, dark)
    assert [call.name for call in calls] == [step]


@pytest.mark.parametrize(("probability", "tint"), [(0.0, (-0.4, 0.4)), (0.9, (0.0, 0.0))])
def test_the_white_point_is_that_without_what_is_taken_out_of_the_light(
    probability: float, tint: tuple[float, float]
) -> None:
    measured = msgspec.structs.replace(DULL, light=msgspec.structs.replace(BLUE, spread=0.4))
    told = diagnosed({"colour cast": probability}, cast_red_log2=-0.5, cast_blue_log2=0.6)
    told = msgspec.structs.replace(told, tint=tint, scene={"photo": 1.0})
    calls, _ = treatments.resolve(NONE, measured, told)
    (light,) = (np.array(call.params["illuminant"]) for call in calls if call.name == "white_balance")
    white = linear_to_srgb(np.asarray(light / light.max() / 4, np.float32))
    dim = msgspec.structs.replace(measured, white_point=tuple(white.tolist()))
    room = 2 - np.log2(light[1] / light.max())
    assert treatments.suggested_ev(room, told, dim) == pytest.approx(room, abs=0.01)


@pytest.mark.parametrize(
    ("probability", "brighter", "treated"),
    [(0.5, -0.06, True), (0.5, -0.03, False), (0.3, -0.06, False), (0.8, -0.02, True), (0.8, -0.01, False)],
)
def test_too_much_light_that_is_only_likely_must_be_what_the_photo_shows(
    probability: float, brighter: float, treated: bool
) -> None:
    measured = msgspec.structs.replace(DULL, lost_highlights=0.1, tones=tuple(np.linspace(0.5, 1, 32).tolist()))
    light = msgspec.structs.replace(diagnosed({"overexposed": probability}), brighter=brighter, scene={"photo": 1.0})
    decisions = treatments.resolve(AUTO, measured, light)[1]
    assert ("overexposed" in chosen(decisions)) == treated
    if treated:
        (why,) = (decision.why for decision in decisions if decision.defect == "overexposed")
        assert why.endswith("all but the whites is lowered by 1.0 EV")


@pytest.mark.parametrize(
    ("mean", "brighter", "bound"), [(0.45, -0.06, -0.12), (0.6, -0.02, -0.1), (0.75, -0.02, None), (0.45, -0.2, None)]
)
def test_a_photo_is_lowered_no_further_than_it_shows_or_as_photos_are_light(
    mean: float, brighter: float, bound: float | None
) -> None:
    """A bright sky above dark trees looks a stop too light to the diagnosis alone."""
    tones = np.linspace(mean - 0.2, mean + 0.2, 32)
    measured = msgspec.structs.replace(FINE, lost_highlights=0.1, tones=tuple(tones.tolist()), colors=5000.0)
    light = msgspec.structs.replace(diagnosed({"overexposed": 0.9}), brighter=brighter, scene={"photo": 1.0})
    (lowered,) = (d.steps for d in treatments.resolve(AUTO, measured, light)[1] if d.defect == "overexposed")
    change = float((curves.after(tones, lowered) - tones).mean())
    diagnosed_ev = exposure_curve(-1.0, 0.1)
    expected = float((curves.through(diagnosed_ev, tones) - tones).mean()) if bound is None else bound
    assert change == pytest.approx(expected, abs=0.002)


NOISY, GRAINY = (msgspec.structs.replace(DARK, noise_luma=levels) for levels in (9.0, 1.0))


def by_noise(probability: float, brighter: float = 0.04, noise_log2: float = 3.0) -> Any:
    """A diagnosis of noise, and of so probably too little light, by 1 EV."""
    found = diagnosed(
        {"noise": 0.9, "underexposed": probability}, noise_sigma_log2=noise_log2, exposure_ev=-1.0, haze=0.0
    )
    return msgspec.structs.replace(found, brighter=brighter, scene={"photo": 1.0})


@pytest.mark.parametrize(
    ("measured", "diagnosis", "lightened"),
    [
        (NOISY, by_noise(0.25), True),
        (NOISY, by_noise(0.1), False),
        (NOISY, by_noise(0.25, brighter=0.02), False),
        (NOISY, by_noise(0.02, brighter=0.08), True),  # nothing in it is white
        (NOISY, by_noise(0.02, brighter=0.07), False),
        (msgspec.structs.replace(NOISY, white_point=(0.5, 0.87, 0.5)), by_noise(0.02, brighter=0.08), False),
        (NOISY, by_noise(0.25, noise_log2=2.0), False),  # little noise is told
        (msgspec.structs.replace(DARK, noise_luma=3.0), by_noise(0.25), False),  # or measured
        (NOISY, msgspec.structs.replace(by_noise(0.25), scene={"night": 0.9}), False),
    ],
)
def test_in_strong_noise_too_little_light_shows(measured: Measurements, diagnosis: Any, lightened: bool) -> None:
    decisions = treatments.resolve(NONE, measured, diagnosis)[1]
    assert chosen(decisions) == ["noise"] + ["underexposed"] * lightened
    if lightened:
        (why,) = (decision.why for decision in decisions if decision.defect == "underexposed")
        assert why == "too dark for what it shows: exposure is changed by +1.3 EV"


def test_what_is_noisy_looks_darker_than_it_is() -> None:
    light = [
        [call.name for call in treatments.resolve(NONE, measured, by_noise(0.9, brighter=0.25))[0]]
        for measured in (GRAINY, NOISY)
    ]
    assert light == [["denoise", "stretch_nonlinear"], ["denoise", "adjust_color"]]


@pytest.mark.parametrize(("brighter", "lightened"), [(0.07, False), (0.1, True)])
def test_of_what_a_noisy_photo_seems_to_miss_a_part_is_its_noise(brighter: float, lightened: bool) -> None:
    assert (evident_ev(by_noise(0.0, brighter), NOISY) > 0) == lightened
    assert evident_ev(by_noise(0.0, brighter), DARK) > evident_ev(by_noise(0.0, brighter), NOISY)


def test_the_white_point_is_as_sure_in_strong_noise() -> None:
    for measured in (NOISY, DARK):
        light = msgspec.structs.replace(measured, white_point=(0.8, 0.8, 0.8))
        ev = treatments.suggested_ev(1.0, by_noise(0.9), light)
        assert ev == pytest.approx(0.73, abs=0.01)


def test_the_colour_of_what_was_taken_in_little_light_is_nobodys_will() -> None:
    measured = msgspec.structs.replace(DULL, light=BLUE, noise_luma=1.0)
    noisy = msgspec.structs.replace(diagnosed({"noise": 0.9}), tint=(-0.4, 0.4), glow=0.8, scene={"photo": 1.0})
    assert chosen(treatments.resolve(NONE, measured, noisy)[1]) == ["noise"]
    in_little_light = msgspec.structs.replace(measured, noise_luma=9.0)
    assert chosen(treatments.resolve(NONE, in_little_light, noisy)[1]) == ["noise", "colour cast"]


@pytest.mark.parametrize(
    ("white", "brighter", "lightened"), [(0.5, 0.037, True), (0.5, 0.03, False), (0.9, 0.05, False)]
)
def test_a_night_without_lamps_is_lightened_where_all_tell_that_it_misses_light(
    white: float, brighter: float, lightened: bool
) -> None:
    night = msgspec.structs.replace(diagnosed({"underexposed": 0.9}), brighter=brighter, scene={"night": 0.9})
    calls, _ = treatments.resolve(AUTO, msgspec.structs.replace(DARK, white_point=(white,) * 3), night)
    assert [call.name for call in calls] == ["adjust_color"] * lightened


@pytest.mark.parametrize(
    ("black", "white", "brighter", "split", "lightened"),
    [
        (0.1, 0.6, 0.09, 0.0, True),
        (0.1, 0.6, 0.06, 0.0, False),
        (0.1, 0.8, 0.09, 0.0, False),  # something is light
        (0.3, 0.6, 0.09, 0.0, False),  # nothing is dark: it is flat
        (0.1, 0.6, 0.09, 1.2 * TONED, False),
        (0.1, 0.6, 0.11, 1.2 * TONED, True),
    ],
)
def test_where_nothing_is_light_what_is_shown_tells_alone_of_too_little_light(
    black: float, white: float, brighter: float, split: float, lightened: bool
) -> None:
    light = LightEvidence(split=split)
    measured = msgspec.structs.replace(DULL, luma_p1=black, white_point=(white,) * 3, light=light)
    calls = treatments.resolve(NONE, measured, seen(brighter))[0]
    assert [call.name for call in calls] == ["adjust_color"] * lightened


def test_the_less_is_light_the_more_light_is_given_until_something_is_white() -> None:
    def ev(brighter: float) -> float:
        calls = treatments.resolve(NONE, msgspec.structs.replace(DULL, white_point=(0.6,) * 3), seen(brighter))[0]
        return float(calls[0].params["exposure"])

    white = -np.log2(float(srgb_to_linear(np.array([0.6], np.float32))[0]))
    assert 0.3 < ev(0.08) < ev(0.11) < ev(0.2) == pytest.approx(white, abs=0.01)


@pytest.mark.parametrize("kind", ["drawing", "texture"])
@pytest.mark.parametrize(
    ("probability", "white", "brighter", "colors", "lightened"),
    [
        (0.95, 0.5, 0.05, 5000.0, True),
        (0.85, 0.5, 0.05, 5000.0, False),
        (0.95, 0.3, 0.05, 5000.0, False),  # the diagnosis tells of much less
        (0.95, 0.5, 0.03, 5000.0, False),
        (0.95, 0.5, 0.05, 700.0, False),  # it was drawn as dark as it is
    ],
)
def test_what_is_drawn_is_lightened_where_all_tell_for_certain_that_it_is_too_dark(
    kind: str, probability: float, white: float, brighter: float, colors: float, lightened: bool
) -> None:
    measured = msgspec.structs.replace(DULL, white_point=(white,) * 3, colors=colors)
    told = msgspec.structs.replace(
        diagnosed({"underexposed": probability, "low contrast": 0.9}), brighter=brighter, scene={kind: 0.9}
    )
    assert chosen(treatments.resolve(AUTO, measured, told)[1]) == ["underexposed"] * lightened


@pytest.mark.parametrize(
    ("kind", "probability", "black", "white", "colors", "stretched"),
    [
        ("drawing", 0.95, 0.3, 0.7, 5000.0, True),
        ("drawing", 0.85, 0.3, 0.7, 5000.0, False),
        ("drawing", 0.95, 0.2, 0.7, 5000.0, False),
        ("drawing", 0.95, 0.3, 0.8, 5000.0, False),
        ("drawing", 0.95, 0.3, 0.7, 700.0, False),  # it was drawn as pale as it is
        ("texture", 0.95, 0.3, 0.7, 5000.0, False),  # a wall is as even
    ],
)
def test_what_is_drawn_is_stretched_where_all_tell_for_certain_that_it_is_flat(
    kind: str, probability: float, black: float, white: float, colors: float, stretched: bool
) -> None:
    measured = msgspec.structs.replace(DULL, luma_p1=black, luma_p99=white, colors=colors)
    told = msgspec.structs.replace(diagnosed({"low contrast": probability}), scene={kind: 0.9})
    assert chosen(treatments.resolve(AUTO, measured, told)[1]) == ["low contrast"] * stretched


def test_a_cast_that_stays_does_not_move_the_white_point() -> None:
    measured = msgspec.structs.replace(DARK, white_point=(0.6, 0.5, 0.4))
    plain = diagnosed({"underexposed": 0.9})
    cast = msgspec.structs.replace(diagnosed({"underexposed": 0.9, "colour cast": 0.9}), glow=0.9)
    assert treatments.decide(measured, cast)[5].steps == []
    assert treatments.suggested_ev(2.0, cast, measured) == treatments.suggested_ev(2.0, plain, measured)


@pytest.mark.parametrize(
    ("probability", "haze", "black", "treated"),
    [(0.5, 0.1, 0.3, True), (0.3, 0.1, 0.3, False), (0.5, 0.6, 0.3, False), (0.5, 0.1, 0.2, False)],
)
def test_contrast_that_is_only_likely_lost_is_so_where_nothing_is_black_or_white(
    probability: float, haze: float, black: float, treated: bool
) -> None:
    flat = diagnosed({"low contrast": probability, "haze": haze})
    measured = msgspec.structs.replace(FINE, luma_p1=black, luma_p99=0.7)
    calls, decisions = treatments.resolve(Recipe(steps="auto", finish="none"), measured, flat)
    assert chosen(decisions) == ["low contrast"] * treated
    assert [call.name for call in calls] == ["stretch_histogram"] * treated


def test_a_night_that_glows_is_lightened_less_than_one_that_does_not() -> None:
    night = msgspec.structs.replace(diagnosed({}), brighter=0.09, scene={"night": 0.8, "photo": 0.2})
    glowing = msgspec.structs.replace(night, glow=0.9)
    day = msgspec.structs.replace(night, scene={"photo": 1.0})
    lamplit, dusk, lit = (evident_ev(told, DARK) for told in (glowing, night, day))
    assert 0 < lamplit < dusk < lit


def test_shadows_are_lifted_by_what_exposure_leaves_of_the_missing_light() -> None:
    def amount(brighter: float) -> float:
        told = msgspec.structs.replace(diagnosed({"backlight": 0.95}, backlight_ev=2.0), brighter=brighter)
        calls, _ = treatments.resolve(NONE, DARK, msgspec.structs.replace(told, scene={"photo": 1.0}))
        return sum(float(call.params["amount"]) for call in calls if call.name == "lift_shadows")

    none, some, most, all_of_it = (amount(brighter) for brighter in (0.04, 0.07, 0.09, 0.2))
    assert none > some > most > all_of_it == 0


def test_what_is_dark_before_nothing_light_is_not_lifted_as_if_it_stood_before_light() -> None:
    told = msgspec.structs.replace(diagnosed({"backlight": 0.95}, backlight_ev=2.0), brighter=0.07)
    for lightest, treated in ((0.78, []), (0.95, ["backlight"])):
        measured = msgspec.structs.replace(FINE, luma_p99=lightest)
        assert chosen(treatments.resolve(Recipe(steps="auto", finish="none"), measured, told)[1]) == treated


def test_what_has_nothing_dark_in_it_is_no_night() -> None:
    flat = msgspec.structs.replace(diagnosed({"low contrast": 0.95}), scene={"night": 0.9})
    for black, treated in ((0.05, []), (0.3, ["low contrast"])):
        measured = msgspec.structs.replace(DARK, luma_p1=black)
        assert chosen(treatments.resolve(Recipe(steps="auto", finish="none"), measured, flat)[1]) == treated


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene != "photo"])
def test_what_is_no_ordinary_photo_keeps_its_light(scene: str) -> None:
    calls, decisions = treatments.resolve(AUTO, DARK, seen(0.05, **{scene: 0.9, "photo": 0.1}))
    assert calls == []
    (finished,) = (decision for decision in decisions if decision.defect == "finish")
    assert finished.why == f"no finish: {UNJUDGED[scene][1]}"
    cast = msgspec.structs.replace(
        diagnosed({"colour cast": 0.95, "underexposed": 0.95}), scene={scene: 0.9, "photo": 0.1}
    )
    calls, decisions = treatments.resolve(AUTO, DARK, cast)
    assert calls == []
    assert any(decision.why.endswith(UNJUDGED[scene][1]) for decision in decisions if decision.defect == "colour cast")


def test_one_even_surface_is_as_dark_as_it_is_unless_it_surely_is_a_photo() -> None:
    dark = msgspec.structs.replace(diagnosed({"underexposed": 0.99}), brighter=0.15)
    for parts, surely, treated in ((0.05, 0.6, False), (0.05, 0.95, True), (0.15, 0.6, True), (None, 0.6, True)):
        told = msgspec.structs.replace(dark, scene={"photo": surely, "texture": 1 - surely})
        decisions = treatments.resolve(AUTO, msgspec.structs.replace(DARK, relief=parts), told)[1]
        assert ("underexposed" in chosen(decisions)) == treated
        assert any(decision.why.endswith(UNJUDGED["texture"][1]) for decision in decisions) != treated


@pytest.mark.parametrize("ev", [0, -3])
def test_one_surface_has_no_relief_dark_or_light_and_what_shows_several_has(ev: int) -> None:
    def seen_relief(pixels: Array) -> float:
        darker = linear_to_srgb(srgb_to_linear(np.clip(pixels, 0, 1).astype(np.float32)) * np.float32(2.0**ev))
        return relief(np.rint(darker * 255).astype(np.float32) / 255)

    y, x = np.mgrid[:300, :450]
    weave = 0.5 + 0.2 * np.sin(x) * np.sin(y) + np.random.default_rng(1).normal(0, 0.05, x.shape)
    vignetted = weave * (1.2 - np.hypot(y - 150, x - 225) / 400)
    for surface in (np.full((40, 60), 0.5), weave, vignetted, np.dstack([0.2 + x / 700, 0.3 + y / 900, y * 0 + 0.3])):
        assert seen_relief(surface) < scenes.EVEN
    assert seen_relief(np.where((x > 200) & (y > 100), vignetted * 0.6, vignetted)) > 2 * scenes.EVEN
    assert seen_relief(photo("dog") / 255) > 2 * scenes.EVEN
    assert seen_relief(weave[:5]) == 0


@pytest.mark.parametrize("scene", ["photo", "texture", "drawing", "document", "night"])
def test_a_camera_s_noise_is_removed_wherever_it_is_measured(scene: str) -> None:
    noisy = msgspec.structs.replace(DULL, noise_luma=4.0, camera_noise=scenes.NOISY, megapixels=12.0)
    (told,) = (each for each in treatments.resolve(AUTO, noisy, seen(**{scene: 0.9}))[1] if each.defect == "noise")
    assert (told.chosen, told.why.partition(":")[0]) == (True, "noise to be seen, as a camera leaves it")
    less = msgspec.structs.replace(noisy, camera_noise=NOISY_PART)
    assert "noise" not in chosen(treatments.resolve(AUTO, less, seen(**{scene: 0.9}))[1])


def test_of_a_part_of_a_photo_only_what_shows_in_it_is_judged() -> None:
    found = {"underexposed": 0.95, "colour cast": 0.95, "blur": 0.95, "salt and pepper": 0.99}
    dark = msgspec.structs.replace(diagnosed(found), brighter=0.1, scene={"photo": 1.0})
    whole = msgspec.structs.replace(DARK, noise_luma=4.0, camera_noise=scenes.NOISY, megapixels=SMALLEST_PHOTO)
    assert {"noise", "underexposed"} < set(chosen(treatments.resolve(AUTO, whole, dark)[1]))
    part = msgspec.structs.replace(whole, camera_noise=NOISY_PART, megapixels=0.26)
    decisions = treatments.resolve(AUTO, part, dark)[1]
    assert chosen(decisions) == ["salt and pepper", "noise"]
    told = {each.defect for each in decisions if "it looks like a part of a larger photo" in each.why}
    assert told == {"underexposed", "colour cast", "blur", "finish"} < set(OF_THE_WHOLE)
    surely = msgspec.structs.replace(dark, brighter=0.13)  # crops of rightly exposed photos reach 0.06
    assert "underexposed" in chosen(treatments.resolve(AUTO, part, surely)[1])


def test_noise_of_a_night_is_removed_all_the_same() -> None:
    noisy = msgspec.structs.replace(diagnosed({"noise": 0.95}), scene={"night": 0.9, "photo": 0.1})
    assert chosen(treatments.resolve(AUTO, GRAINY, noisy)[1]) == ["noise"]


def tinted(image: Array, stops: float) -> Array:
    """Under warm light (negative: cold)."""
    light = srgb_to_linear(image) * np.exp2(np.array([stops, 0, -stops], np.float32)) / 2 ** abs(stops)
    return np.asarray(np.rint(linear_to_srgb(np.clip(light, 0, 1)) * 255), np.uint8)


def test_a_light_that_all_estimates_see_is_a_cast() -> None:
    shares = [
        share_of_light(cast_evidence(thumbnail(tinted(photo(name), stops), 128)))[0]
        for name in NAMES
        for stops in (0.6, -0.6)
    ]
    assert np.median(shares) > 0.4, shares


@pytest.mark.parametrize("color", [(0.95, 0.8, 0.4), (0.6, 0.45, 0.3), (0.4, 0.5, 0.6), (0.7, 0.2, 0.25)])
def test_what_is_all_of_one_colour_has_no_cast(color: tuple[float, float, float]) -> None:
    """Coloured paper, a toned print, dyed cloth: light and dark of one hue."""
    rng = np.random.default_rng(3)
    shades = rng.uniform(0.4, 1, (96, 128, 1)) * np.ones(3)
    toned = np.clip(shades * np.array(color) + rng.normal(0, 0.002, shades.shape), 0, 1)
    share, why = share_of_light(cast_evidence(toned.astype(np.float32)))
    assert share == 0
    assert why


def test_where_whites_are_white_there_is_no_cast() -> None:
    rng = np.random.default_rng(4)
    picture = rng.uniform(0.2, 0.6, (96, 128, 3)) * np.array([1.0, 0.8, 0.5])
    picture[:24] = rng.uniform(0.7, 0.9, (24, 128, 1))
    share, why = share_of_light(cast_evidence(picture.astype(np.float32)))
    assert (share, why) == (0, "what is light in it is grey as it is")


BLUE = LightEvidence(red=-0.5, blue=0.6, neutral=0.2, neutral_highlights=0.0, coloured=0.5)


def removed(tint: tuple[float, float], evidence: LightEvidence | None = BLUE) -> float:
    """Degrees that are taken out by a tint."""
    light = tinted_light(tint, evidence)
    return 0.0 if light is None else float(cast_degrees(light))


def test_the_less_sure_a_tint_the_less_of_it_is_taken_out() -> None:
    degrees = [removed((-0.7 * size, 0.7 * size)) for size in (0.2, 0.34, 0.42, 0.5, 0.8)]
    assert degrees[0] == 0 < degrees[1] < degrees[2] < degrees[3] < degrees[4]
    light = tinted_light((-0.4, 0.4), BLUE)
    assert light is not None
    red, green, blue = np.log2(light)
    assert red - green == pytest.approx(green - blue, abs=0.01)
    assert 0.56 <= np.hypot(red - green, blue - green) <= 0.57 * FURTHER


@pytest.mark.parametrize(
    "against",
    [
        {"red": 0.5, "blue": -0.6},
        {"spread": 0.9},
        {"red": -2, "blue": 2},
        {"neutral": 0.95},
        {"neutral": 0.005},
        {"coloured": 0.03},
        {"neutral_highlights": 0.3},
    ],
    ids=[
        "measured the other way",
        "disagreement",
        "no light has such colours",
        "a toned print",
        "nothing would be grey",
        "nothing has another colour",
        "white is white",
    ],
)
def test_what_speaks_against_a_tint(against: dict[str, float]) -> None:
    assert removed((-0.4, 0.4)) > 8
    assert removed((-0.4, 0.4), msgspec.structs.replace(BLUE, **against)) == 0
    assert removed((-0.4, 0.4), None) == 0


def test_a_tint_that_no_defect_was_diagnosed_of_is_taken_out_and_told() -> None:
    measured = msgspec.structs.replace(DULL, light=BLUE)
    blue = msgspec.structs.replace(seen(), tint=(-0.4, 0.4))
    calls, decisions = treatments.resolve(Recipe(steps="auto", finish="none"), measured, blue)
    assert [call.name for call in calls] == ["white_balance"]
    red, green, blue_gain = calls[0].params["illuminant"]
    assert red < green < blue_gain
    (why,) = (decision.why for decision in decisions if decision.chosen)
    assert why.startswith("its light is tinted: ")


def test_what_stands_before_white_is_not_overexposed() -> None:
    light = msgspec.structs.replace(diagnosed({"overexposed": 0.95}), brighter=-0.2, scene={"photo": 1.0})
    tones = tuple(np.linspace(0.4, 1.0, 32).tolist())
    measured = msgspec.structs.replace(FINE, tones=tones, lost_highlights=0.4, colors=5000.0)
    on_white = msgspec.structs.replace(measured, white_margin=0.9)
    assert "overexposed" in chosen(treatments.resolve(AUTO, measured, light)[1])
    for told in (light, seen(-0.2)):
        calls, decisions = treatments.resolve(AUTO, on_white, told)
        assert "overexposed" not in chosen(decisions)
        for call in calls:
            if call.name == "stretch_nonlinear":
                at, out = np.array(call.params["points"]).T
                assert np.interp(0.8, at, out) > 0.76


def test_a_margin_is_white_where_all_four_sides_are() -> None:
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[:30] = 255
    assert white_margin(picture) == 0
    goods = np.full((120, 160, 3), 250, np.uint8)
    goods[30:90, 40:120] = (90, 40, 160)
    assert white_margin(goods) == white_margin(goods[..., 0]) == 1


NONE = Recipe(steps="auto", finish="none")


@pytest.mark.parametrize("name", NAMES[:6])
def test_toning_against_each_other_is_told_from_a_light_and_from_a_veil(name: str) -> None:
    picture = thumbnail(photo(name), 128)
    warm = linear_to_srgb(srgb_to_linear(picture) * np.array([1, 0.8, 0.55], np.float32))
    veiled = 0.25 * np.array([0.9, 1, 1.1], np.float32) + 0.7 * picture
    assert max(split_toning(each) for each in (picture, warm, veiled)) < TONED
    grey = picture.mean(axis=2, keepdims=True)
    grey = np.clip(grey / np.percentile(grey, 99), 0, 1)
    split = np.array([1, 1, 0.78], np.float32) * grey + np.array([0, 0, 0.15], np.float32)
    assert split_toning(split) > TONED


def test_tones_that_somebody_gave_a_picture_stay() -> None:
    measured = msgspec.structs.replace(DARK, detail=0.9, light=LightEvidence(split=1.2 * TONED))
    as_taken = msgspec.structs.replace(measured, light=LightEvidence(split=0.9 * TONED))
    faded = msgspec.structs.replace(diagnosed({"low contrast": 0.95, "colour cast": 0.9}), scene={"photo": 1.0})
    for told in (seen(0.09), faded):
        calls, decisions = treatments.resolve(AUTO, measured, told)
        assert calls == []
        assert decisions[-1].why == f"no finish: {TONED_BY_HAND}"
        assert treatments.resolve(AUTO, as_taken, told)[0]
    sure = msgspec.structs.replace(diagnosed({"underexposed": 0.95}), brighter=0.2, scene={"photo": 1.0})
    assert chosen(treatments.resolve(AUTO, measured, sure)[1]) == ["underexposed"]


def test_light_that_has_the_colour_that_it_should_have_keeps_it() -> None:
    measured = msgspec.structs.replace(DULL, light=BLUE)
    blue = msgspec.structs.replace(seen(), tint=(-0.4, 0.4))
    dusk = msgspec.structs.replace(blue, glow=0.8)
    assert chosen(treatments.resolve(NONE, measured, blue)[1]) == ["colour cast"]
    assert treatments.resolve(NONE, measured, dusk)[0] == []
    surely = msgspec.structs.replace(dusk, defects=diagnosed({"colour cast": 0.95}).defects, tint=(0.4, -0.4))
    calls, decisions = treatments.resolve(NONE, measured, surely)
    assert calls == []
    assert any(each.why.endswith("its light seems to have the colour that it should have") for each in decisions)
    assert chosen(treatments.resolve(Recipe(steps="auto"), measured, surely)[1]) == ["finish"]


def by_will(stops: float, probability: float, tint: float, **scene: float) -> float:
    """Degrees that are taken out of a light whose colour seems to be meant, cold by so many stops of red and blue."""
    light = 2.0 ** np.array([-stops, 0, stops])
    red, green, blue = (light / light.mean()).tolist()
    found = diagnosed({"colour cast": probability}, cast_red_log2=-stops, cast_blue_log2=stops)
    told = msgspec.structs.replace(found, tint=(-tint, tint), scene=scene or {"photo": 1.0}, glow=0.9)
    measured = msgspec.structs.replace(
        DULL,
        light=msgspec.structs.replace(BLUE, red=-stops, blue=stops),
        illuminant=(red, green, blue),
        tones=tuple(np.linspace(0.1, 0.3, 32).tolist()),
    )
    (cast,) = (each for each in treatments.decide(measured, told) if each.defect == "colour cast")
    return float(cast_degrees(np.array(cast.steps[0].params["illuminant"]))) if cast.steps else 0.0


def test_a_cold_light_that_two_networks_are_sure_of_is_a_mistake_by_night_and_at_dusk_too() -> None:
    assert by_will(0.45, 0.9, 0.25) > by_will(0.45, 0.5, 0.25) > 0
    assert by_will(0.45, 0.9, 0.25, night=0.9, photo=0.1) > 0
    assert by_will(0.45, 0.3, 0.25) == 0  # doubtful
    assert by_will(0.45, 0.9, 0.05) == 0  # one network's word
    assert by_will(0.8, 0.9, 0.4) == 0  # too blue for a mistake
    assert by_will(-0.45, 0.9, -0.25) == 0  # lamps and sunsets are warm
    assert by_will(0.45, 0.9, 0.25, drawing=0.9, photo=0.1) == 0


def test_no_more_of_a_light_is_said_to_be_taken_out_than_there_is() -> None:
    measured = msgspec.structs.replace(DULL, light=msgspec.structs.replace(BLUE, red=-0.7, blue=0.8))
    cold = msgspec.structs.replace(diagnosed({"colour cast": 0.9}), tint=(-0.5, 0.5), scene={"photo": 1.0})
    told = cold["colour cast"]
    for degrees, words in ((8.0, "lies further in the same direction"), (40.0, "° of it are taken out")):
        defects = [msgspec.structs.replace(told, strength=degrees) if each == told else each for each in cold.defects]
        _, decisions = treatments.resolve(AUTO, measured, msgspec.structs.replace(cold, defects=defects))
        (why,) = (each.why for each in decisions if each.defect == "colour cast")
        assert why.endswith(words)


def test_what_a_gain_left_in_the_histogram_is_no_tint_where_no_cast_was_diagnosed() -> None:
    measured = msgspec.structs.replace(DULL, light=BLUE)
    blue = msgspec.structs.replace(seen(), tint=(-0.4, 0.4))
    other = {"red": 1.9, "green": 0.3, "blue": 0.8}
    cast = msgspec.structs.replace(blue["colour cast"], traced=True, strength=60.0, details=other)
    traced = msgspec.structs.replace(
        blue, defects=[cast if defect.name == cast.name else defect for defect in blue.defects]
    )
    calls, expected = (
        treatments.resolve(Recipe(steps="auto", finish="none"), measured, told)[0] for told in (traced, blue)
    )
    assert calls == expected != []


COLD = np.exp2(np.array([-0.6, 0.0, 0.4]))


def agreed(
    probability: float = 0.9, tint: tuple[float, float] = (-0.3, 0.2), light: Array = COLD, **evidence: float
) -> float:
    """The share of a light that is taken out since two networks see it."""
    return agreed_share(light / light.mean(), probability, tint, msgspec.structs.replace(BLUE, **evidence))


def test_a_light_that_two_networks_see_is_made_grey() -> None:
    assert agreed() == agreed(neutral=0.0, spread=1.0) == 1
    assert agreed_share(COLD / COLD.mean(), 0.9, (-0.3, 0.2), None) == 0
    doubtful = [agreed(probability=probability) for probability in (0.01, 0.06, 0.1)]
    assert doubtful[0] == 0 < doubtful[1] < doubtful[2] == 1
    assert agreed(blue=2.4) == 1 > agreed(blue=3.0) > agreed(blue=4.0) == 0  # a wall, not a light
    tints = [agreed(tint=(-0.6 * part, 0.4 * part), spread=1.0) for part in (-0.5, 0.05, 0.15, 0.3)]
    assert tints[:2] == [0, 0]
    assert 0 < tints[2] < tints[3] == 1


LAMP = 2.0 ** np.array([0.2, 0.0, -0.25])


def test_a_lamp_may_be_greener_than_lamps_are_where_the_diagnosis_is_sure() -> None:
    greenish = 2.0 ** np.array([0.4, 0.0, -1.17])
    assert agreed(0.75, (0.28, -0.35), greenish) > 0.9
    assert 0 < agreed(0.5, (0.28, -0.35), greenish) < 0.5
    assert agreed(0.99, (0.28, -0.35), 2.0 ** np.array([0.1, 0.0, -1.1])) == 0  # nothing is so green


def test_what_either_network_doubts_both_may_see_together() -> None:
    assert agreed(0.05, (0.1, -0.12), LAMP) == 0
    assert agreed(0.05, (0.25, -0.25), LAMP) == 1  # improbable, but the tint is all of it
    assert agreed(0.6, (0.06, -0.08), LAMP) == 1  # hardly a tint, but probable
    assert 0 < agreed(0.14, (0.06, -0.08), LAMP) < 1
    assert agreed(0.6, (0.02, -0.03), LAMP) == 0  # one network's word
    strong = LAMP**2.5
    assert agreed(0.12, (0.12, -0.12), LAMP) > agreed(0.12, (0.12, -0.12), strong) == 0
    light = LAMP / LAMP.mean()
    assert agreed_share(light, 0.05, (0.1, -0.12), BLUE, noisy=True) > 0  # what is finished is not noisy
    for against in ({"spread": 0.6}, {"neutral": 0.02}, {"neutral_highlights": 0.3}):
        assert agreed(0.05, (0.25, -0.25), LAMP, **against) == 0


def test_the_light_that_two_networks_agree_on_is_known_better_than_the_tint() -> None:
    found = diagnosed({"colour cast": 0.95}, cast_red_log2=-0.6, cast_blue_log2=0.4)
    blue = msgspec.structs.replace(found, tint=(-0.4, 0.3), scene={"photo": 1.0})
    light = COLD / COLD.mean()
    measured = msgspec.structs.replace(
        DULL, light=msgspec.structs.replace(BLUE, red=-0.9, blue=0.9), illuminant=tuple(light.tolist())
    )
    (call,) = treatments.resolve(NONE, measured, blue)[0]
    np.testing.assert_allclose(call.params["illuminant"], light, atol=1e-3)


@pytest.mark.parametrize(
    "against",
    [{"coloured": 0.05}, {"neutral_highlights": 0.7}, {"opposed": 0.6}],
    ids=["a toned print", "white is white", "a flower before leaves"],
)
def test_what_speaks_against_a_light_that_two_networks_see(against: dict[str, Any]) -> None:
    assert agreed(**against) == 0


def test_warm_light_is_wanted_more_often_than_cold() -> None:
    assert agreed(0.1, (0.2, -0.3), COLD[::-1], spread=1.0) == 0
    assert agreed(0.5, (0.2, -0.3), COLD[::-1], spread=1.0) == 1


def test_no_light_of_day_or_lamp_is_so_green() -> None:
    green = np.array([0.7, 1.0, 0.6])
    assert agreed(0.99, (-0.5, -0.7), green) == 0


def test_a_toned_print_has_one_colour_a_luma_and_a_photo_has_not() -> None:
    for name in NAMES:
        shown = photo(name)
        grey = (shown @ np.array([0.299, 0.587, 0.114])) / 255
        toned = np.rint(np.stack([grey**0.8, grey, grey**1.3], axis=-1) * 255).astype(np.uint8)
        print_, coloured = (cast_evidence(each[::4, ::4].astype(np.float32) / 255).hues for each in (toned, shown))
        assert print_ < HUES[0], name
        assert coloured > print_, name
    assert np.median([cast_evidence(thumbnail(photo(name), 128)).hues for name in NAMES]) > HUES[1]


def test_what_is_of_the_colour_opposite_to_that_of_the_estimates() -> None:
    warm = np.random.default_rng(5).uniform(0.3, 0.8, (64, 96, 1)) * np.array([1.0, 0.75, 0.5])
    half = warm.copy()
    half[:32] = half[:32, :, ::-1] * 0.3
    opposed = [cast_evidence(each.astype(np.float32)).opposed for each in (warm, half)]
    assert opposed == [0, pytest.approx(0.5, abs=0.02)]


def test_a_cast_on_a_photo_of_hardly_a_colour_is_no_toning() -> None:
    pale = msgspec.structs.replace(BLUE, coloured=0.02)
    assert share_of_light(pale)[0] == 0
    assert share_of_light(msgspec.structs.replace(pale, hues=10.0))[0] == 1
    assert agreed(coloured=0.02) == 0 < agreed(coloured=0.02, hues=10.0)


def test_a_print_whose_shadows_and_lights_are_toned_unlike_each_other_is_of_one_colour_all_the_same() -> None:
    grey = photo("flowers").mean(axis=2)
    toned = np.stack(
        [np.interp(grey, (0, 128, 255), each) for each in ((30, 120, 235), (15, 70, 190), (5, 35, 130))], 2
    )
    warm = linear_to_srgb(
        srgb_to_linear(photo("flowers").astype(np.float32) / 255) * np.array([1, 0.72, 0.42], np.float32)
    )
    print_, photographed = (cast_evidence(thumbnail(each.astype(np.float32), 128)) for each in (toned / 255, warm))
    assert print_.coloured > COLOURED[1]
    assert (print_.varied < VARIED[0], photographed.varied > VARIED[1]) == (True, True)
    strong = {"red": 0.6, "blue": -0.8, "neutral": 1.0, "neutral_highlights": 0.0, "spread": 0.0}
    for evidence, share in ((print_, 0), (photographed, 1)):
        assert share_of_light(msgspec.structs.replace(evidence, **strong))[0] == share


@pytest.mark.slow
def test_light_of_another_colour_is_told_and_none_where_there_is_none() -> None:
    for stops in (0.8, -0.8):
        told = [diagnose(tinted(photo(name), stops)).tint for name in NAMES]
        assert np.median([red for red, _ in told]) * stops > 0.1
        assert np.median([blue for _, blue in told]) * stops < -0.1
    assert np.median([np.hypot(*diagnose(photo(name)).tint) for name in NAMES]) < LEAST_TINT


def test_too_few_pixels_tell_nothing_of_the_light() -> None:
    assert share_of_light(cast_evidence(np.full((3, 3, 3), 0.4, np.float32)))[0] == 0
    assert share_of_light(cast_evidence(np.zeros((90, 90, 3), np.float32)))[0] == 0


@pytest.mark.parametrize("share", [0.65, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_the_finish_is_a_smooth_curve_from_black_to_white(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.uniform(0, 1, 2))
    tones = np.sort(low + (high - low) * rng.beta(rng.uniform(0.3, 4), rng.uniform(0.3, 4), 32))
    at, out = np.array(finish_curve(tones, share)).T
    assert (out[0], out[-1]) == (0, 1)
    slopes = np.diff(out) / np.diff(at)
    assert (slopes >= 0).all()
    inside = (out[1:] > 0.12) & (out[:-1] < 0.85) & (at[1:] < 0.95) & (at[:-1] > 0.05)
    assert slopes[inside].min() >= FLATTEST - 0.05
    assert slopes.max() <= STEEPEST + 0.3


def test_a_dull_photo_gets_contrast_and_a_dark_one_light() -> None:
    dull, dark = (np.array(each) for each in (DULL.tones, DARK.tones))
    assert curves.through(finish_curve(dull, 1.0), dull).std() > 1.2 * dull.std()
    assert curves.through(finish_curve(dark, 1.0), dark).mean() > dark.mean() + 0.04
    gentle, full = (np.abs(curves.through(finish_curve(dull, share), dull) - dull).mean() for share in (0.65, 1.0))
    assert gentle < full


@pytest.mark.parametrize("wanted", ["none", "gentle", "full"])
def test_as_much_finish_as_was_asked_for(wanted: Finish) -> None:
    calls, decisions = treatments.resolve(Recipe(steps="auto", finish=wanted), BUSY, seen())
    assert chosen(decisions) == ([] if wanted == "none" else ["finish"])
    assert [call.name for call in calls] == (
        [] if wanted == "none" else ["stretch_local", "stretch_nonlinear", "adjust_color"]
    )
    for call in calls:
        call.resolve()


def test_a_photo_whose_light_was_repaired_gets_no_finish_on_tones_that_are_gone() -> None:
    decision = finish("full", seen(), DULL, [repair("haze")])
    assert (decision.chosen, decision.why) == (
        False,
        "no finish: its contrast is settled once it is repaired (haze)",
    )


def test_after_a_lowered_exposure_the_curve_goes_on_in_the_shadows_and_leaves_soft_highlights_as_they_are() -> None:
    lowered = StepCall("stretch_nonlinear", {"method": "curve", "points": exposure_curve(-1.0, 1.0)})
    pale = msgspec.structs.replace(DULL, luma_p1=0.3)
    steps = finish("full", seen(), pale, [repair("overexposed", lowered)]).steps
    assert [step.name for step in steps] == ["stretch_nonlinear", "adjust_color"]
    at, out = np.array(steps[0].params["points"]).T
    steep = curves.steep_from(lowered.params["points"])
    assert 0.4 < steep < 0.75
    assert (out[at >= steep] == at[at >= steep]).all()
    tones = curves.after(np.array(DULL.tones), [lowered])
    assert np.abs(curves.through(steps[0].params["points"], tones) - tones).mean() > 0.015


def test_what_was_too_light_goes_on_becoming_darker() -> None:
    lowered = StepCall("stretch_nonlinear", {"method": "curve", "points": exposure_curve(-0.3, 1.0)})
    tones = np.array(BUSY.tones)
    left = curves.after(tones, [lowered])
    for brighter in (-0.3, 0.0, 0.1):
        steps = finish("full", seen(brighter), BUSY, [repair("overexposed", lowered)]).steps
        assert curves.after(left, steps).mean() < left.mean()


def test_tones_are_followed_through_the_steps_that_change_exposure() -> None:
    tones = np.array([0.0, 0.2, 0.5, 1.0])
    calls = [StepCall("adjust_color", {"exposure": 1.0}), StepCall("denoise"), StepCall("adjust_color", {"hue": 9.0})]
    expected = linear_to_srgb(np.minimum(srgb_to_linear(tones.astype(np.float32)) * 2, 1))
    assert curves.after(tones, calls) == pytest.approx(expected, abs=1e-4)
    curve = StepCall("stretch_nonlinear", {"method": "curve", "points": [[0, 0], [0.5, 0.3], [1, 1]]})
    assert curves.after(tones, [curve]).tolist() == [0, 0.12, 0.3, 1]


def test_after_backlight_there_is_local_contrast_but_no_curve() -> None:
    steps = finish("full", seen(), BUSY, [repair("backlight")]).steps
    assert [step.name for step in steps] == ["stretch_local", "adjust_color"]


def test_shadows_are_opened_where_much_lies_in_them_that_is_not_meant_to() -> None:
    shady = msgspec.structs.replace(BUSY, tones=tuple((0.8 * np.linspace(0, 1, 32) ** 3).tolist()))

    def opened(brighter: float, measurements: Measurements = shady, **scene: float) -> float:
        calls = finish("full", seen(brighter, **scene), measurements, []).steps
        return next((float(call.params["amount"]) for call in calls if call.name == "lift_shadows"), 0.0)

    assert 0 < opened(0.01) < opened(0.06)
    assert opened(-0.03) == opened(0.06, BUSY) == 0
    assert opened(0.06, msgspec.structs.replace(shady, detail=0.2)) == 0
    assert 0 < opened(0.06, photo=0.8, night=0.2) < opened(0.06)
    deep = msgspec.structs.replace(shady, tones=tuple((np.linspace(0, 1, 32) ** 2.5).tolist()))
    assert opened(0.06, deep) == opened(0.06, msgspec.structs.replace(shady, luma_p1=0.16)) == 0
    assert opened(0.06, photo=0.7, night=0.3) == 0


def test_where_shadows_are_opened_colours_grow_with_them_and_get_less_vibrance() -> None:
    shady = msgspec.structs.replace(BUSY, tones=tuple((0.8 * np.linspace(0, 1, 32) ** 2.5).tolist()))
    shut, opened = (vibrance(finish("full", seen(brighter), shady, []).steps) for brighter in (-0.02, 0.02))
    assert 0 < opened < shut


def vibrance(steps: list[StepCall]) -> float:
    return next((float(step.params["vibrance"]) for step in steps if step.name == "adjust_color"), 0.0)


def test_vibrance_does_not_bring_out_a_cold_light_that_is_left() -> None:
    pale = msgspec.structs.replace(BUSY, saturation=0.1)

    def given(tint: tuple[float, float], *repairs: Decision) -> float:
        return vibrance(finish("full", msgspec.structs.replace(seen(), tint=tint), pale, list(repairs)).steps)

    cast = repair("colour cast", StepCall("white_balance", {"illuminant": [0.9, 1.0, 1.1]}))
    none, some, much = (given((-cold / 2, cold / 2)) for cold in (0.05, 0.09, 0.13))
    assert none > some > much == 0
    assert given((0.1, -0.1)) == given((-0.1, 0.1), cast) == none


def strength(measurements: Measurements, glow: float = 0.0, **scene: float) -> tuple[float, float]:
    """Mean change of luma by the curve of a finish, and its vibrance."""
    told = msgspec.structs.replace(seen(0.03, **scene), glow=glow)
    steps = finish("gentle", told, measurements, []).steps
    tones = np.array(measurements.tones)
    return float(np.abs(curves.after(tones, steps) - tones).mean()), vibrance(steps)


def test_the_finish_is_bold_where_much_detail_is_and_quiet_where_all_is_calm() -> None:
    narrow = msgspec.structs.replace(DULL, luma_p1=0.06, luma_p99=0.6)
    calm, some, busy = (strength(msgspec.structs.replace(narrow, detail=detail)) for detail in (0.1, 0.5, 0.9))
    assert 0 < calm[0] < some[0] < busy[0]
    assert 0 < calm[1] < some[1] < busy[1]
    assert busy[1] > 1.5 * calm[1]


def test_matt_blacks_of_a_calm_picture_in_which_nothing_was_wrong_are_meant() -> None:
    def steps(black: float, *repairs: Decision, detail: float = 0.3) -> list[StepCall]:
        calm = msgspec.structs.replace(DULL, luma_p1=black, luma_p99=0.6, detail=detail)
        return finish("gentle", seen(), calm, list(repairs)).steps

    cast = repair("colour cast", StepCall("white_balance", {"illuminant": [1.1, 1.0, 0.9]}))
    assert steps(0.05)
    assert not steps(0.2)
    assert steps(0.2, cast), "what was balanced wrongly was finished by nobody"
    assert steps(0.2, detail=0.9), "nor were snapshots"


def test_what_is_hardly_a_photo_or_has_light_of_its_own_is_finished_quietly() -> None:
    whole = strength(BUSY)
    assert whole > strength(BUSY, glow=0.6) > strength(BUSY, glow=0.95) > (0, 0)
    assert whole > strength(BUSY, photo=0.6, drawing=0.4) > (0, 0)
    assert strength(BUSY, photo=0.3, drawing=0.4) == (0, 0)


def test_a_toned_print_keeps_its_one_colour() -> None:
    toned, coloured = (msgspec.structs.replace(BUSY, light=LightEvidence(hues=hues)) for hues in (8.0, 30.0))
    assert strength(toned)[1] == 0 < strength(coloured)[1]


def test_what_is_too_dark_by_what_it_shows_becomes_lighter_though_it_is_calm() -> None:
    calm = msgspec.structs.replace(DULL, tones=tuple(np.linspace(0, 0.7, 32).tolist()))

    def lighter(brighter: float, measurements: Measurements = calm, glow: float = 0.0) -> float:
        told = msgspec.structs.replace(seen(brighter), glow=glow)
        tones = np.array(measurements.tones)
        return float((curves.after(tones, finish("gentle", told, measurements, []).steps) - tones).mean())

    busy = msgspec.structs.replace(calm, detail=0.9)
    assert lighter(0.0) + 0.01 < lighter(0.02) < lighter(0.04) - 0.02
    assert lighter(0.04, glow=0.95) < lighter(0.04)
    assert lighter(0.0) < lighter(0.0, busy)
    assert lighter(0.05) == pytest.approx(lighter(0.05, busy), abs=0.01), "of the light that is missed it has all"


def test_what_lives_by_its_contrast_is_not_lightened_by_chance() -> None:
    def lightened(height: float) -> float:
        tones = 0.37 + height * np.linspace(-0.5, 0.5, 32)
        steps = finish("gentle", seen(0.025), msgspec.structs.replace(BUSY, tones=tuple(tones.tolist())), []).steps
        return float((curves.after(tones, steps) - tones).mean())

    assert lightened(0.7) > lightened(1.04) + 0.02


@pytest.mark.parametrize("measurements", [DULL, BUSY], ids=["calm", "busy"])
def test_what_surely_misses_light_becomes_lighter_though_it_is_as_light_as_usual(measurements: Measurements) -> None:
    tones = np.linspace(0.15, 0.9, 32)
    usual = msgspec.structs.replace(measurements, tones=tuple(tones.tolist()))
    lighter = [
        float((curves.after(tones, finish("gentle", seen(brighter), usual, []).steps) - tones).mean())
        for brighter in (0.0, 0.03, 0.05, 0.1)
    ]
    assert abs(lighter[0]) < 0.01
    assert abs(lighter[1]) < 0.01
    assert lighter[1] + 0.008 < lighter[2] < lighter[3] - 0.02


def test_the_darkest_and_lightest_hundredth_become_black_and_white_not_the_tones_beside_them() -> None:
    tones = np.linspace(0.2, 0.7, 32)
    ends = np.array((0.04, 0.95))
    found, told = (curves.through(finish_curve(tones, 1.0, 0.0, ends=given), tones) for given in (None, ends))
    assert found[0] < told[0] - 0.02
    assert found[-1] > told[-1] + 0.02


def test_a_photo_that_is_dark_in_large_parts_is_not_made_darker_there() -> None:
    ends = np.array((0.1, 0.95))
    little, much = (
        float(curves.through(finish_curve(np.linspace(0, 1, 32) ** power, 1.0, 0.0, ends=ends), np.array([0.1]))[0])
        for power in (0.8, 1.6)
    )
    assert little < much - 0.015


@pytest.mark.parametrize(("glow", "overexposed"), [(0.7, 0.0), (0.0, 0.6)])
def test_lights_that_glow_or_may_be_too_light_already_get_no_whiter(glow: float, overexposed: float) -> None:
    diagnosis = seen()
    defects = tuple(
        msgspec.structs.replace(each, probability=overexposed) if each.name == "overexposed" else each
        for each in diagnosis.defects
    )
    meant = msgspec.structs.replace(diagnosis, glow=glow, defects=defects)

    def lightest(diagnosis: Diagnosis) -> float:
        pale = msgspec.structs.replace(DULL, luma_p99=0.7)
        return float(curves.after(np.array([0.7]), finish("full", diagnosis, pale, []).steps)[0])

    assert lightest(meant) < lightest(diagnosis) - 0.02


def test_what_is_light_and_should_be_is_made_no_darker() -> None:
    light = np.linspace(0.6, 1, 32)
    kept, darker = (curves.through(finish_curve(light, 1.0, brighter), light).mean() for brighter in (0.0, -0.1))
    assert kept == pytest.approx(light.mean(), abs=0.01)
    assert darker < light.mean() - 0.04


def test_contrast_alone_makes_nothing_lighter_or_darker() -> None:
    for low, high in ((0.15, 0.8), (0.3, 0.85), (0.2, 0.9)):
        dull = np.linspace(low, high, 32)
        deeper = curves.through(finish_curve(dull, 1.0, -0.02), dull)
        assert deeper.mean() == pytest.approx(dull.mean(), abs=0.01)
        assert deeper.std() > 1.1 * dull.std()


def test_detail_is_what_is_neither_even_nor_a_soft_gradient() -> None:
    rng = np.random.default_rng(6)
    picture = np.tile(np.linspace(0.1, 0.9, 160, dtype=np.float32), (120, 1))
    assert detailed(picture) == detailed(np.zeros((5, 5), np.float32)) == 0
    picture[:40] += rng.normal(0, 0.1, (40, 160)).astype(np.float32)
    assert detailed(picture) == pytest.approx(1 / 3)


def test_what_is_hardly_a_photo_is_left_alone_though_nobody_knows_what_it_is() -> None:
    unclear = {"photo": 0.14, "drawing": 0.13, "texture": 0.45, "night": 0.28}
    calls, decisions = treatments.resolve(AUTO, DARK, seen(0.2, **unclear))
    assert (calls, chosen(decisions)) == ([], [])
    assert chosen(treatments.resolve(AUTO, DARK, seen(0.2, **unclear | {"photo": 0.3}))[1]) == ["underexposed"]


@pytest.mark.parametrize(("levels", "raised"), [(2.0, True), (4.0, False)])
def test_local_contrast_does_not_bring_out_grain(levels: float, raised: bool) -> None:
    grainy = msgspec.structs.replace(BUSY, noise_luma=levels)
    names = [step.name for step in finish("gentle", seen(), grainy, []).steps]
    assert ("stretch_local" in names) == raised


@pytest.mark.parametrize(("levels", "finished"), [(2.0, True), (8.0, False)])
def test_slight_noise_does_not_keep_a_photo_from_its_finish(levels: float, finished: bool) -> None:
    noisy = msgspec.structs.replace(DULL, noise_luma=levels)
    assert finish("gentle", seen(), noisy, [repair("noise")]).chosen == finished


def test_the_middle_is_moved_by_what_a_photo_shows() -> None:
    dark, middle = np.linspace(0, 0.5, 32), np.linspace(0, 1, 32)

    def moved(tones: Array, brighter: float | None) -> float:
        return float(curves.through(finish_curve(tones, 1.0, brighter), tones).mean())

    assert moved(dark, 0.0) < moved(dark, 0.1) == moved(dark, None)
    assert moved(middle, -0.2) < moved(middle, 0.0) == moved(middle, None)


def test_a_photo_whose_tones_are_right_comes_back_as_it_is() -> None:
    tones = tuple(np.linspace(0, 1, 32).tolist())
    right = msgspec.structs.replace(DULL, tones=tones, luma_p1=0.0, luma_p99=1.0, saturation=0.4)
    decision = finish("gentle", seen(), right, [])
    assert (decision.chosen, decision.steps) == (False, [])


def test_a_black_and_white_photo_stays_one() -> None:
    grey = msgspec.structs.replace(DULL, saturation=0.001)
    assert "adjust_color" not in [step.name for step in finish("full", seen(), grey, []).steps]


def test_the_guard_sees_torn_highlights() -> None:
    ramp = np.tile(np.linspace(205, 250, 200), (40, 1))
    soft = np.rint(ramp).astype(np.uint8)
    steep = np.clip((soft.astype(int) - 205) * 12, 0, 255).astype(np.uint8)
    assert guard.torn(soft, soft) == pytest.approx(1)
    assert guard.torn(soft, steep) > guard.MOST_TORN
    assert guard.torn(soft, soft[:20]) == 0


def test_finish_is_part_of_the_recipe() -> None:
    assert recipe.built_in("auto").finish == "gentle"
    told = darkroom.enhance(np.full((40, 50, 3), 90, np.uint8), {"steps": "auto", "finish": "none"}).report
    assert told.finish == "none"
    assert told.decisions[-1].why == "no finish was asked for"
    assert darkroom.enhance(np.full((40, 50, 3), 90, np.uint8), "none").report.finish is None


def test_what_jpeg_makes_at_edges_is_neither_the_black_nor_the_white_of_a_flat_photo() -> None:
    marks = np.random.default_rng(5).random((48, 64)) < 0.5
    photo = np.repeat(np.where(marks, 255.0, 0.0).repeat(11, 0).repeat(11, 1)[..., None], 3, axis=2)
    flat = as_jpeg(np.rint(127.5 + 0.3 * (photo - 127.5)).astype(np.uint8), 75)
    assert flat.max() - 166 > 3
    (call,), _ = stretched(msgspec.structs.replace(FINE, luma_p1=0.35, luma_p99=0.65))
    found = input_ranges(flat, StretchHistogram(**call.params)).details["input_ranges"][0]
    np.testing.assert_allclose(found, [0.35, 0.65], atol=0.006)

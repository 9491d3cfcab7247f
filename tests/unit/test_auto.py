"""The recipe `auto`: from a diagnosis to steps, each with its reason, and the last look at what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

import darkroom
from darkroom import recipe
from darkroom.auto import casts, guard, treatments
from darkroom.auto.curves import exposure_curve
from darkroom.color.conversions import linear_to_srgb, srgb_to_linear
from darkroom.defects import DEFECTS, KINDS, PRESENT, STRENGTHS
from darkroom.diagnosis.network import interpret
from darkroom.estimates.measure import blur_sigma, effective_colors, halved, impulse_share, measure, thumbnail
from darkroom.measurements import LightEvidence, Measurements
from darkroom.picture import Array, Picture
from darkroom.report import Diagnosis
from darkroom.step import from_float
from tests.support.photographs import NAMES, photo

FINE = Measurements(
    luma_p1=0.04,
    luma_p50=0.42,
    luma_p99=0.94,
    white_point=(0.97, 0.98, 0.97),
    midtone=0.42,
    linear_mean=0.2,
    clipped_shadows=0.0,
    clipped_highlights=0.01,
    lost_highlights=0.05,
    saturation=0.2,
    cast_degrees=2.0,
    illuminant=(1.02, 1.0, 0.98),
    noise_luma=0.4,
    noise_chroma=0.3,
    impulses=0.0001,
    blur_sigma_px=0.4,
)
GRAINY = msgspec.structs.replace(FINE, noise_luma=1.0, noise_chroma=0.8)
AUTO = recipe.built_in("auto")
STATED = {
    "underexposed": {"exposure_ev": -2.0},
    "overexposed": {"exposure_ev": 1.0},
    "low contrast": {"contrast_log2": -1.0},
    "colour cast": {"cast_red_log2": 0.4, "cast_blue_log2": -0.4},
    "noise": {"noise_sigma_log2": 3.0},
    "salt and pepper": {"impulse_share_log2": -5.0},
    "blur": {"blur_sigma_log2": 0.5},
    "motion blur": {"motion_length_log2": 3.0},
    "JPEG artefacts": {"jpeg_quality": 20.0},
    "haze": {"haze": 0.4},
    "backlight": {"backlight_ev": 2.0},
}


def diagnosed(probabilities: Mapping[str, float], **strengths: float) -> Diagnosis:
    """What the network would have to answer for these defects."""
    presence = np.array([probabilities.get(name, 0.02) for name in DEFECTS] + [0.0 if probabilities else 0.9])
    told = dict.fromkeys(STRENGTHS, 0.0)
    for name in probabilities:
        told |= STATED[name]
    return interpret(presence, np.array([(told | strengths)[name] for name in STRENGTHS]))


def chosen(*defects: str, measurements: Measurements = FINE, **strengths: float) -> dict[str, dict[str, Any]]:
    calls, _ = treatments.resolve(AUTO, measurements, diagnosed(dict.fromkeys(defects, 0.98), **strengths))
    return {call.name: call.params for call in calls}


def test_a_photo_that_is_fine_is_left_alone_and_each_reason_is_told() -> None:
    calls, decisions = treatments.resolve(AUTO, FINE, diagnosed({}))
    assert calls == []
    assert [decision.defect for decision in decisions if decision.defect != "finish"] == [
        name for name, _ in treatments.TREATMENTS
    ]
    assert decisions[-1].defect == "finish"
    assert not any(decision.chosen for decision in decisions)
    assert all(decision.why for decision in decisions)


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_calls_for_its_steps(defect: str) -> None:
    dark = msgspec.structs.replace(FINE, white_point=(0.5, 0.5, 0.5))
    steps = chosen(defect, measurements={"underexposed": dark, "noise": GRAINY}.get(defect, FINE))
    assert steps
    assert set(steps) <= set(KINDS[defect].helps)


def test_repairs_come_in_the_order_in_which_they_must() -> None:
    order = [
        "salt and pepper",
        "JPEG artefacts",
        "noise",
        "overexposed",
        "colour cast",
        "low contrast",
        "blur",
    ]
    assert list(chosen(*reversed(order), measurements=GRAINY)) == [
        "remove_salt_pepper",
        "reduce_jpeg_artifacts",
        "denoise",
        "stretch_nonlinear",
        "white_balance",
        "stretch_histogram",
        "deblur",
    ]


def test_what_was_chosen_for_is_said_in_a_sentence() -> None:
    _, decisions = treatments.resolve(AUTO, GRAINY, diagnosed({"noise": 0.9, "overexposed": 0.75}))
    told = {decision.defect: decision.why for decision in decisions if decision.chosen}
    assert told == {
        "noise": "noise of about 8 levels: it is measured by frequency and taken out",
        "overexposed": "probably overexposed by about 1.0 EV: all but the whites is lowered by 1.0 EV",
    }


@pytest.mark.parametrize("defect", DEFECTS)
def test_what_may_do_harm_must_be_surer(defect: str) -> None:
    dark = msgspec.structs.replace(FINE, white_point=(0.5, 0.5, 0.5))
    measured = GRAINY if defect == "noise" else dark
    least = KINDS[defect].treated_from
    for probability, done in ((least - 0.02, False), (least + 0.02, True)):
        _, decisions = treatments.resolve(AUTO, measured, diagnosed({defect: probability}))
        (decision,) = (decision for decision in decisions if decision.defect == defect)
        assert decision.chosen == done
        assert done or ("not surely enough" in decision.why) == (probability >= PRESENT)


def test_noise_that_cannot_be_measured_is_left() -> None:
    texture = msgspec.structs.replace(FINE, noise_luma=0.4, noise_chroma=0.2)
    calls, decisions = treatments.resolve(AUTO, texture, diagnosed({"noise": 0.9}))
    assert calls == []
    (told,) = (decision.why for decision in decisions if decision.defect == "noise")
    assert told == "noise of about 8 levels: but none can be measured that is not texture"


@pytest.mark.parametrize(("noise", "shown"), [(2.5, 5), (1.1, 2)])
def test_noise_that_will_show_is_removed_before_the_photo_is_lightened(noise: float, shown: int) -> None:
    dark = msgspec.structs.replace(FINE, white_point=(0.5, 0.5, 0.5), noise_luma=noise)
    calls, decisions = treatments.resolve(AUTO, dark, diagnosed({"underexposed": 0.9}))
    assert [call.name for call in calls] == ["denoise", "adjust_color"]
    (why,) = (decision.why for decision in decisions if decision.defect == "noise")
    assert f"lightened there would be about {shown} levels" in why
    quiet = msgspec.structs.replace(dark, noise_luma=0.4, noise_chroma=0.4)
    assert [call.name for call in treatments.resolve(AUTO, quiet, diagnosed({"underexposed": 0.9}))[0]] == [
        "adjust_color"
    ]
    assert treatments.resolve(AUTO, dark, diagnosed({}))[0] == []
    night = msgspec.structs.replace(diagnosed({"underexposed": 0.9}), scene={"night": 1.0})
    assert treatments.resolve(AUTO, dark, night)[0] == []  # it stays dark


def test_contrast_is_stretched_about_mid_grey_where_both_ends_lack_alike() -> None:
    both = msgspec.structs.replace(FINE, luma_p1=0.27, luma_p99=0.7)
    assert chosen("low contrast", measurements=both)["stretch_histogram"]["middle"] == 0.5
    lifted = msgspec.structs.replace(FINE, luma_p1=0.3, luma_p99=0.97)
    assert "middle" not in chosen("low contrast", measurements=lifted)["stretch_histogram"]
    light_scene = msgspec.structs.replace(FINE, luma_p1=0.42, luma_p99=0.65)
    assert chosen("low contrast", measurements=light_scene)["stretch_histogram"]["middle"] == 0.5


def test_the_light_is_taken_from_traces_else_from_diagnosis_and_measurement() -> None:
    warm = msgspec.structs.replace(FINE, illuminant=(1.4, 1.0, 0.6))
    told = diagnosed({"colour cast": 0.9})
    details = np.array(list(told["colour cast"].details.values()))
    both = np.sqrt(details * [1.4, 1.0, 0.6])
    np.testing.assert_allclose(casts.light_of(told["colour cast"], told, warm), both / both.mean(), atol=1e-6)
    noisy = diagnosed({"colour cast": 0.9, "noise": 0.9})
    np.testing.assert_allclose(casts.light_of(noisy["colour cast"], noisy, warm), details, atol=1e-3)
    traced = msgspec.structs.replace(told["colour cast"], traced=True)
    np.testing.assert_allclose(casts.light_of(traced, told, warm), details, atol=1e-3)


def test_of_a_channel_that_is_clipped_no_less_is_taken_than_the_network_says() -> None:
    told = diagnosed({"colour cast": 0.9}, cast_red_log2=-0.7, cast_blue_log2=0.5)
    measured = msgspec.structs.replace(FINE, illuminant=(0.7, 1.0, 1.1))
    clipped = msgspec.structs.replace(measured, white_point=(0.8, 0.97, 1.0))
    ratios = [np.log2(light / light[1]) for light in (light_of(told, each) for each in (measured, clipped))]
    halves = np.log2(np.sqrt(np.array([0.7, 1.0, 1.1]) * np.exp2([-0.7, 0, 0.5])))
    np.testing.assert_allclose(ratios[0], halves, atol=2e-3)
    np.testing.assert_allclose(ratios[1], [halves[0], 0, 0.5], atol=2e-3)
    above = msgspec.structs.replace(clipped, illuminant=(0.7, 1.0, 1.6))
    light = light_of(told, above)
    assert np.log2(light[2] / light[1]) == pytest.approx((np.log2(1.6) + 0.5) / 2, abs=2e-3)


@pytest.mark.parametrize(
    ("told", "tint", "light"),
    [
        ((-0.2, 0.3), (-0.4, 0.3), (-0.48, 0.36)),  # cold, and told too weakly
        ((-0.8, 0.1), (-0.4, 0.3), (-0.8, 0.36)),
        ((-0.2, 0.3), (0.4, -0.3), (-0.2, 0.3)),  # the tint lies the other way
        ((0.2, -0.3), (0.4, -0.4), (0.2, -0.3)),  # warm
    ],
)
def test_a_cold_light_has_no_less_than_its_tint(
    told: tuple[float, float], tint: tuple[float, float], light: tuple[float, float]
) -> None:
    diagnosis = diagnosed({"colour cast": 0.9}, cast_red_log2=told[0], cast_blue_log2=told[1])
    tinted = msgspec.structs.replace(diagnosis, tint=tint)
    red, green, blue = np.exp2([told[0], 0.0, told[1]])
    found = np.log2(light_of(tinted, msgspec.structs.replace(FINE, illuminant=(red, green, blue))))
    np.testing.assert_allclose(found[[0, 2]] - found[1], light, atol=3e-3)


def light_of(told: Diagnosis, measurements: Measurements) -> Array:
    return casts.light_of(told["colour cast"], told, measurements)


@pytest.mark.parametrize(
    "group", sorted({tuple(sorted((name, *kind.rivals))) for name, kind in KINDS.items() if kind.rivals})
)
def test_of_defects_that_look_alike_only_the_most_probable_is_treated(group: tuple[str, ...]) -> None:
    dark = msgspec.structs.replace(FINE, white_point=(0.5, 0.5, 0.5))
    for first in group:
        probabilities = dict.fromkeys(group, 0.92) | {first: 0.97}
        _, decisions = treatments.resolve(AUTO, dark, diagnosed(probabilities))
        assert [decision.defect for decision in decisions if decision.chosen] == [first]
        others = [decision for decision in decisions if decision.defect in group and decision.defect != first]
        assert all(decision.why.endswith(f"but rather {first}") for decision in others)


def test_a_rival_that_would_not_be_treated_stands_in_no_other_defects_way() -> None:
    unsure = diagnosed({"backlight": 0.74, "underexposed": 0.7})
    dark = msgspec.structs.replace(FINE, white_point=(0.5, 0.5, 0.5))
    calls, _ = treatments.resolve(AUTO, dark, unsure)
    assert [call.name for call in calls] == ["adjust_color"]
    no_room = diagnosed({"underexposed": 0.9, "backlight": 0.8}, exposure_ev=-0.5)
    white = msgspec.structs.replace(FINE, white_point=(1.0, 1.0, 1.0))
    calls, decisions = treatments.resolve(AUTO, white, no_room)
    assert [call.name for call in calls] == ["lift_shadows"]
    (dark_one,) = (decision for decision in decisions if decision.defect == "underexposed")
    assert dark_one.why.endswith("but the highlights leave no room")


@pytest.mark.parametrize(
    ("white", "told", "suggested"),
    [
        (0.5, 2.0, 2.22),  # the white point: 0.5 is 21.4 % of white's light
        (0.9, 2.0, 1.2),  # a lamp in the frame: the diagnosis less 0.8
        (0.1, 2.0, 2.3),  # nothing white in the scene: the diagnosis and 0.3
        (1.0, 0.5, 0.0),
        (0.01, 6.0, 4.0),  # never more
    ],
)
def test_exposure_is_raised_until_something_is_white_but_not_far_from_what_was_diagnosed(
    white: float, told: float, suggested: float
) -> None:
    measurements = msgspec.structs.replace(FINE, white_point=(white,) * 3)
    ev = treatments.suggested_ev(told, diagnosed({}), measurements)
    assert ev == pytest.approx(suggested, abs=0.01)


def test_the_white_point_is_that_without_the_cast() -> None:
    diagnosis = diagnosed({"colour cast": 0.9})
    light = casts.light_of(diagnosis["colour cast"], diagnosis, FINE)
    light /= light[1]
    white = linear_to_srgb(np.asarray(0.25 * light, np.float32))
    measurements = msgspec.structs.replace(FINE, white_point=tuple(white.tolist()))
    assert treatments.suggested_ev(2.0, diagnosis, measurements) == pytest.approx(2.0, abs=0.01)


def test_a_bright_photo_that_lost_no_highlights_is_left_as_it_is() -> None:
    whole = msgspec.structs.replace(FINE, lost_highlights=0.001)
    calls, decisions = treatments.resolve(AUTO, whole, diagnosed({"overexposed": 0.9}))
    assert calls == []
    assert any("highlights are all there" in decision.why for decision in decisions)


def test_lost_highlights_are_those_of_two_channels() -> None:
    """One alone is clipped by a strong colour, too, and by light of that colour."""
    pixels = np.full((40, 60, 3), 200, np.uint8)
    pixels[:4, :, 0] = 255
    assert measure(Picture(pixels)).lost_highlights == 0
    pixels[:4, :, 1] = 255
    assert measure(Picture(pixels)).lost_highlights == pytest.approx(0.1)
    pixels[:4, :, 2] = 255
    assert measure(Picture(pixels)).lost_highlights == pytest.approx(0.1)
    assert measure(Picture(pixels[..., 0])).lost_highlights == pytest.approx(0.1)


@pytest.mark.parametrize("ev", [-0.3, -0.8, -1.3, -2.5])
def test_a_lowered_exposure_is_exact_below_and_passes_smoothly_into_white(ev: float) -> None:
    points = np.array(exposure_curve(ev, 1.0))
    assert (np.diff(points, axis=0) > 0).all()
    assert points[0].tolist() == [0, 0]
    assert 0.85 < points[-1, 1] < 1
    light = srgb_to_linear(points[points[:, 0] <= 0.6].astype(np.float32))
    np.testing.assert_allclose(light[:, 1], light[:, 0] * 2**ev, atol=1e-3)
    levels = darkroom.apply(
        "stretch_nonlinear", np.arange(256, dtype=np.uint8)[None], method="curve", points=points.tolist()
    )
    assert np.diff(levels[0].astype(int)).max() <= 3


def test_the_less_was_clipped_the_more_white_is_lowered_with_the_rest_but_never_to_grey() -> None:
    def white(ev: float, clipped: float) -> float:
        return exposure_curve(ev, clipped)[-1][1]

    assert white(-0.8, 0.1) < white(-0.8, 0.2) < white(-0.8, 0.6) < 1
    assert white(-0.8, 0.1) < 0.95
    assert white(-2.0, 0.0) == pytest.approx(0.94, abs=0.005)
    exact = srgb_to_linear(np.array([0.87], np.float32)) * 2**-0.8
    few, many = (np.array(exposure_curve(-0.8, clipped)) for clipped in (0.1, 0.6))
    lowered = [np.interp([0.87], *points.T).astype(np.float32) for points in (few, many)]
    off = [abs(float((srgb_to_linear(level) - exact)[0])) for level in lowered]
    assert off[0] < off[1] / 2


def test_all_that_is_chosen_is_valid_whatever_was_diagnosed() -> None:
    black = msgspec.structs.replace(FINE, white_point=(0.0, 0.0, 0.0))
    for value in (-50.0, 0.0, 50.0):
        for measurements in (FINE, black):
            for name in DEFECTS:
                answer = np.array([float(name == other) for other in DEFECTS] + [0.0])
                calls, _ = treatments.resolve(AUTO, measurements, interpret(answer, np.full(len(STRENGTHS), value)))
                for call in calls:
                    call.resolve()


def test_only_auto_is_planned() -> None:
    assert treatments.needs_diagnosis(AUTO)
    assert not treatments.needs_diagnosis(recipe.built_in("vivid"))
    assert treatments.resolve(recipe.built_in("vivid"), None, None) == (recipe.built_in("vivid").steps, [])
    with pytest.raises(TypeError, match="needs measurements and a diagnosis"):
        treatments.resolve(AUTO, FINE, None)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2, 3), (300, 700), (300, 700, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("level", [0, 0.5, 1])
def test_any_picture_can_be_measured_and_enhanced(shape: tuple[int, ...], dtype: Any, level: float) -> None:
    pixels = np.full(shape, round(level * np.iinfo(dtype).max), dtype)
    measured = measure(Picture(pixels))
    numbers = [*msgspec.structs.asdict(measured.light or LightEvidence()).values()]
    numbers += [value for name, value in msgspec.structs.asdict(measured).items() if name != "light"]
    assert all(np.isfinite(value).all() for value in numbers)
    result = darkroom.enhance(pixels)
    assert (result.image.shape, result.image.dtype) == (pixels.shape, pixels.dtype)


class TestGuard:
    """What is kept of a result, by what would be diagnosed of it."""

    before = diagnosed({"underexposed": 0.9})
    original = Picture(np.full((40, 60, 3), 60, np.uint8))
    enhanced = Picture(np.full((40, 60, 3), 120, np.uint8))

    def review(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        at_full: Diagnosis,
        at_half: Diagnosis,
        at_more: Diagnosis | None = None,
    ) -> tuple[int, int, str]:
        def diagnose(pixels: Array, *, traces: bool) -> Diagnosis:
            assert not traces  # darkroom's own
            return {120: at_full, 111: at_more or at_full, 90: at_half}[int(pixels[0, 0, 0])]

        monkeypatch.setattr(guard, "diagnose", diagnose)
        picture, review = guard.review(self.original, self.enhanced, self.before, ["underexposed"])
        return int(picture.pixels[0, 0, 0]), review.share, review.why

    def test_a_better_photo_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        level, share, why = self.review(monkeypatch, at_full=diagnosed({}), at_half=self.before)
        assert (level, share) == (120, 100)
        assert why == "what is wrong fell from 1.1 to 0.2 defects"

    def test_most_of_it_where_all_of_it_is_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        worse, better = diagnosed({"overexposed": 0.95}), diagnosed({})
        level, share, why = self.review(monkeypatch, at_full=worse, at_more=better, at_half=better)
        assert (level, share) == (111, 85)
        assert why.endswith("with 85% of the change")

    def test_half_of_it_where_more_of_it_is_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        level, share, why = self.review(monkeypatch, at_full=diagnosed({"overexposed": 0.95}), at_half=diagnosed({}))
        assert (level, share) == (90, 50)
        assert why.endswith("with 50% of the change")

    def test_the_photo_is_given_back_where_nothing_is_better(self, monkeypatch: pytest.MonkeyPatch) -> None:
        level, share, why = self.review(monkeypatch, at_full=diagnosed({"blur": 0.95}), at_half=self.before)
        assert (level, share) == (60, 0)
        assert "given back" in why

    def test_a_defect_that_is_weaker_counts_less(self) -> None:
        milder = diagnosed({"underexposed": 0.9}, exposure_ev=-0.5)
        assert guard.what_is_wrong(milder, self.before, ["underexposed"]) == pytest.approx(0.9 / 4 + 0.16)
        assert guard.what_is_wrong(milder, self.before, []) == pytest.approx(0.9 + 0.2)
        before, after = diagnosed({"JPEG artefacts": 1.0}), diagnosed({"JPEG artefacts": 1.0}, jpeg_quality=80.0)
        assert guard.what_is_wrong(after, before, ["JPEG artefacts"]) == pytest.approx(20 / 80 + 0.16)

    @pytest.mark.parametrize(("name", "off"), [("backlight", 0.14), ("underexposed", 0.14), ("overexposed", -0.14)])
    def test_light_that_a_photo_misses_less_is_less_wrong(self, name: str, off: float) -> None:
        as_wrong = diagnosed({name: 0.9})
        before, after = (msgspec.structs.replace(as_wrong, brighter=share * off) for share in (1, 0.5))
        all_left = guard.what_is_wrong(before, before, [name])
        assert guard.what_is_wrong(after, before, [name]) == pytest.approx(all_left - 0.45)
        past = msgspec.structs.replace(as_wrong, brighter=-2 * off)
        assert guard.what_is_wrong(past, before, [name]) == pytest.approx(all_left)
        other_way = msgspec.structs.replace(as_wrong, brighter=-off), msgspec.structs.replace(as_wrong, brighter=0)
        assert guard.what_is_wrong(other_way[1], other_way[0], [name]) == pytest.approx(all_left)
        assert guard.what_is_wrong(after, before, ["blur"]) > all_left - 0.2

    def test_softness_says_nothing_where_roughness_was_removed(self) -> None:
        before, after = diagnosed({"noise": 1.0}), diagnosed({"blur": 0.8})
        assert guard.what_is_wrong(after, before, ["noise"]) < 0.2
        assert guard.what_is_wrong(after, before, ["underexposed"]) > 0.9

    def test_what_the_dark_hid_is_no_new_defect(self) -> None:
        noisy = diagnosed({"noise": 0.95})
        assert guard.what_is_wrong(noisy, self.before, ["underexposed"]) < 0.3
        assert guard.what_is_wrong(noisy, self.before, ["blur"]) > 0.9

    def test_differences_that_are_lost_to_white_are_no_gain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guard, "diagnose", lambda pixels, traces: diagnosed({}))
        original, clipped = self.original.pixels.copy(), self.enhanced.pixels.copy()
        clipped[:10] = 255
        picture, review = guard.review(Picture(original), Picture(clipped), self.before, ["underexposed"])
        assert review.share == 100  # white, but it was one level before
        original[:10] = np.linspace(60, 90, 60, dtype=np.uint8)[:, None]
        picture, review = guard.review(Picture(original), Picture(clipped), self.before, ["underexposed"])
        assert (review.share, int(picture.pixels.max())) == (85, 230)
        assert guard.newly_lost(original, clipped) > 0.15

    def test_what_is_hidden_loses_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guard, "diagnose", lambda pixels, traces: diagnosed({}))
        original, clipped = self.original.pixels.copy(), self.enhanced.pixels.copy()
        original[:10], clipped[:10] = np.linspace(60, 90, 60, dtype=np.uint8)[:, None], 255
        alpha = np.full(original.shape[:2], 255, np.uint8)
        alpha[:10] = 0
        review = guard.review(Picture(original, alpha), Picture(clipped, alpha), self.before, ["underexposed"])[1]
        assert review.share == 100

    def test_a_finish_pales_no_light_colours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guard, "diagnose", lambda pixels, traces: diagnosed({}))
        yellow = np.full((60, 60, 3), (250, 210, 40), np.uint8)
        paler, darker = np.full_like(yellow, (255, 225, 110)), yellow // 2
        assert guard.paled(yellow, paler) == 1
        assert guard.paled(yellow, darker) == 0
        assert guard.paled(yellow[:30], paler) == guard.paled(yellow[..., 0], paler[..., 0]) == 0
        yellow[50:], paler[50:] = 90, 110
        picture, review = guard.review(Picture(yellow), Picture(paler), self.before, ["finish"])
        assert (review.share, review.why.endswith("; light, strong colours stay as they were")) == (100, True)
        assert np.array_equal(picture.pixels[:50], yellow[:50])
        assert np.array_equal(picture.pixels[50:], paler[50:])
        deep = guard.review(
            Picture(yellow.astype(np.uint16) * 257), Picture(paler.astype(np.uint16) * 257), self.before, ["finish"]
        )[0]
        assert np.array_equal(deep.pixels, picture.pixels.astype(np.uint16) * 257)
        assert guard.review(Picture(yellow), Picture(darker), self.before, ["finish"])[1].share == 100
        # A repair takes colours along.
        repaired = guard.review(Picture(yellow), Picture(paler), self.before, ["finish", "colour cast"])[0]
        assert np.array_equal(repaired.pixels, paler)

    def test_strong_colours_that_stay_show_no_border(self) -> None:
        ramp = np.linspace(0, 1, 256)[None, :, None]
        from_grey = np.rint(200 * (1 - ramp) + np.array([250, 190, 30]) * ramp).astype(np.uint8)
        lighter = np.minimum(from_grey.astype(int) + 20, 255).astype(np.uint8)
        change = guard.with_strong_colors(from_grey, lighter).astype(int)[0, :, 1] - from_grey[0, :, 1]
        assert (change[0], change[-1]) == (20, 0)
        assert np.abs(np.diff(change)).max() <= 1


def test_blur_of_a_known_edge() -> None:
    import cv2

    edge = np.full((128, 128), 0.2, np.float32)
    edge[:, 64:] = 0.8
    for sigma in (1.0, 2.0, 3.0):
        assert blur_sigma(cv2.GaussianBlur(edge, (0, 0), sigma)) == pytest.approx(sigma, rel=0.15)
    assert blur_sigma(np.full((64, 64), 0.5, np.float32)) == 9.0


def test_share_of_impulses() -> None:
    rng = np.random.default_rng(5)
    tile = np.full((256, 256), 0.5, np.float32)
    assert impulse_share(tile) == 0
    hit = rng.random(tile.shape) < 0.03
    tile[hit] = rng.integers(0, 2, int(hit.sum()))
    assert impulse_share(tile) == pytest.approx(0.03, rel=0.1)


def spoil(image: Array) -> Array:
    """1.7 EV too dark under warm light, with the noise of a small sensor."""
    rng = np.random.default_rng(11)
    light = srgb_to_linear(image) * np.array([0.4, 0.3, 0.18], np.float32)
    noisy = linear_to_srgb(np.clip(light, 0, 1)) + rng.normal(0, 5 / 255, image.shape).astype(np.float32)
    return np.clip(np.rint(noisy * 255), 0, 255).astype(np.uint8)


def psnr(a: Array, b: Array) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


@pytest.mark.slow
def test_auto_repairs_photographs_that_were_spoiled() -> None:
    gains = []
    for name in NAMES[::2]:
        original = photo(name)
        spoiled = spoil(original)
        result = darkroom.enhance(spoiled)
        gains.append(psnr(result.image, original) - psnr(spoiled, original))
    assert np.median(gains) > 4, gains


def test_blend_is_between_original_and_result() -> None:
    rng = np.random.default_rng(1)
    dark = rng.integers(0, 60, (40, 50, 3), np.uint8)
    call = [darkroom.StepCall("gamma", {"gamma": 2.0})]
    full = darkroom.enhance(dark, call).image.astype(float)
    half = darkroom.enhance(dark, call, blend=50).image
    np.testing.assert_allclose(half, (full + dark) / 2, atol=0.5)
    np.testing.assert_array_equal(darkroom.enhance(dark, call, blend=0).image, dark)


def drawn(kind: str) -> Array:
    """A picture that was never photographed."""
    rng = np.random.default_rng(5)
    if kind == "swatch":
        return np.full((90, 120, 3), (38, 61, 24), np.uint8)
    if kind == "pixel":
        return np.full((1, 1, 3), 20, np.uint8)
    if kind == "dither":
        return np.where(rng.random((200, 240)) < np.linspace(0.1, 0.9, 240), 255, 0).astype(np.uint8)
    page = np.full((200, 300, 3), (12, 34, 58) if kind == "editor" else 255, np.uint8)
    for y in range(10, 190, 14):
        for x in range(8, 290, 6):
            if rng.random() < 0.5:
                page[y : y + 9, x : x + rng.integers(1, 3)] = (180, 140, 60) if kind == "editor" else 0
    if kind == "points":
        page[rng.integers(0, 200, 400), rng.integers(0, 300, 400)] = (0, 90, 200)
    return page


@pytest.mark.parametrize("kind", ["swatch", "pixel", "dither", "editor", "text", "points"])
def test_what_is_drawn_in_few_colours_is_left_as_it_is(kind: str) -> None:
    picture = drawn(kind)
    result = darkroom.enhance(picture)
    np.testing.assert_array_equal(result.image, picture)
    assert result.report.treated == []


def test_colours_are_counted_by_how_often_they_are_there() -> None:
    pixels = np.zeros((64, 64), np.uint8)
    assert effective_colors(pixels) == 1
    pixels[:32] = 200
    assert effective_colors(pixels) == pytest.approx(2)
    assert effective_colors(np.arange(256, dtype=np.uint8).reshape(16, 16)) == pytest.approx(256)
    assert effective_colors(np.stack([pixels] * 3, axis=2)) == pytest.approx(2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(3001, 4502, 3), (4100, 1100)])
def test_a_large_photo_is_reduced_by_halves_as_at_once(shape: tuple[int, ...], dtype: Any) -> None:
    rows, columns = (np.linspace(0, 3, side, dtype=np.float32) for side in shape[:2])
    waves = np.sin(rows)[:, None] * np.cos(columns) / 2 + np.float32(0.5)
    pixels = from_float(np.repeat(waves[..., None], 3, axis=2) if len(shape) == 3 else waves, np.dtype(dtype))
    coarse = halved(pixels)
    assert max(coarse.shape) <= 2048
    whole = pixels
    while max(whole.shape) > 2048:
        height, width = (side // 2 for side in whole.shape[:2])
        whole = cv2.resize(whole[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(coarse, whole)
    difference = thumbnail(coarse, 128) - thumbnail(pixels, 128)
    assert np.abs(difference).max() < 4 / 255
    assert np.abs(difference.mean()) < 0.5 / 255

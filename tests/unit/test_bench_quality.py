"""The benchmark of quality measures what it says: its measures, its spoilers, its sums and its memory."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from darkroom.picture import Array
from darkroom.srgb import srgb_to_linear_exact
from tests.bench.quality import contenders, page, run
from tests.bench.quality.conditions import CLEAN, CONDITIONS, DEFECTS, Condition
from tests.bench.quality.contenders import BY_HAND, CONTENDERS, Contender
from tests.bench.quality.measures import IDENTICAL_DB, delta_e, psnr, ssim
from tests.bench.quality.run import NOTHING, Score
from tests.bench.quality.summary import Summary, gains, summarise
from tests.bench.quality.targets import GAIN_DB, targets
from tests.support.photographs import as_jpeg

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[40:168, 160:320])


def spoiled(title: str, photo: Array = PHOTO) -> Array:
    """Not saved as JPEG, which would change what is stated of the strengths."""
    condition = replace(next(c for c in CONDITIONS if c.title == title), saved="png")
    return np.asarray(condition.spoil(photo))


def test_psnr() -> None:
    grey = np.full((20, 30, 3), 100, np.uint8)
    assert psnr(grey + np.uint8(10), grey) == pytest.approx(20 * math.log10(255 / 10))
    assert psnr(grey, grey + np.uint8(10)) == psnr(grey + np.uint8(10), grey)
    assert psnr(PHOTO, PHOTO) == IDENTICAL_DB
    noisy = spoiled("noise 15")
    assert psnr(noisy, PHOTO) == pytest.approx(peak_signal_noise_ratio(PHOTO, noisy), abs=1e-4)


@pytest.mark.parametrize("title", ["noise 25", "blur 1.8", "JPEG 12", "contrast 0.3", "-2.5 EV"])
def test_ssim_is_that_of_scikit_image(title: str) -> None:
    import cv2

    one, other = spoiled(title), PHOTO
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (one, other)]
    theirs = structural_similarity(*grey, gaussian_weights=True, use_sample_covariance=False, data_range=255)
    assert ssim(one, other) == pytest.approx(theirs, abs=1e-6)
    assert ssim(other, other) == pytest.approx(1)


def test_delta_e() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert delta_e(PHOTO, PHOTO) == 0
    assert delta_e(black, white) == pytest.approx(100, abs=0.1)
    half = white.copy()
    half[:2] = 0
    assert delta_e(half, white) == pytest.approx(50, abs=0.1)


@pytest.mark.parametrize("measure", [psnr, ssim, delta_e])
def test_what_cannot_be_compared_is_refused(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match=r"159x128 px cannot be held against the original's 160x128 px"):
        measure(PHOTO[:, 1:], PHOTO)
    with pytest.raises(ValueError, match="uint16"):
        measure(PHOTO.astype(np.uint16), PHOTO)
    with pytest.raises(ValueError, match="HxWx3"):
        measure(PHOTO[..., 0], PHOTO[..., 0])


def test_every_defect_has_two_strengths_and_the_second_is_the_stronger() -> None:
    assert len(DEFECTS) == 9
    for defect in DEFECTS:
        mild, strong = (c.spoil(PHOTO) for c in CONDITIONS if c.defect == defect)
        assert psnr(strong, PHOTO) < psnr(mild, PHOTO) < IDENTICAL_DB, defect
    assert np.array_equal(spoiled(CLEAN), PHOTO)


def test_a_photo_is_spoiled_alike_each_time_and_each_photo_otherwise() -> None:
    assert np.array_equal(spoiled("noise 15"), spoiled("noise 15"))
    grey = [np.full((64, 64, 3), level, np.uint8) for level in (120, 121)]
    one, other = (spoiled("noise 15", photo).astype(int) - photo for photo in grey)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_the_strengths_are_those_stated() -> None:
    grey = np.full((128, 128, 3), 150, np.uint8)
    light = srgb_to_linear_exact(grey / 255).mean()
    for title, ev in (("-1.5 EV", -1.5), ("-2.5 EV", -2.5), ("+0.8 EV", 0.8), ("+1.3 EV", 1.3)):
        mean = srgb_to_linear_exact(spoiled(title, grey) / 255).mean()
        assert math.log2(mean / light) == pytest.approx(ev, abs=0.02)
    for title, sigma in (("noise 15", 15), ("noise 25", 25)):
        assert (spoiled(title, grey) - grey.astype(float)).std() == pytest.approx(sigma, rel=0.02)
    for title, share in (("specks 2 %", 0.02), ("specks 5 %", 0.05)):
        hit = (spoiled(title, grey) != grey).all(axis=2)
        assert hit.mean() == pytest.approx(share, abs=0.006)
    for title, gains_ in (("cast 20 %", (1.2, 1, 0.8)), ("cast 40 %", (0.6, 1, 1.4))):
        found = srgb_to_linear_exact(spoiled(title, grey) / 255).mean(axis=(0, 1)) / light
        assert found == pytest.approx(gains_, rel=0.01)


def scored(photo: str, defect: str, contender: str, db: float, colour: float = 5.0) -> Score:
    return Score(photo, defect, defect, contender, db, 0.5, colour)


def test_the_mean_is_over_defects_and_clean_photos_stand_apart() -> None:
    scores = [scored("a", defect, NOTHING, 20) for defect in ("dark", "noise")]
    scores += [scored("b", "dark", NOTHING, 10), scored("a", CLEAN, NOTHING, 60, 0)]
    scores += [scored("a", "dark", "auto", 24, 2), scored("b", "dark", "auto", 18, 3)]
    scores += [scored("a", "noise", "auto", 19.9), scored("a", CLEAN, "auto", 50, 1)]
    summary = summarise(gains(scores)["auto"])
    assert summary.psnr["dark"] == pytest.approx(6)
    assert summary.psnr["noise"] == pytest.approx(-0.1)
    assert summary.mean == pytest.approx(2.95)
    assert summary.delta_e["dark"] == pytest.approx(2.5)
    assert summary.worse == {"dark": 0, "noise": 1, CLEAN: 1}
    assert summary.spoiled_worse == pytest.approx(1 / 3)
    assert summary.clean_psnr == 50


def test_a_loss_that_nobody_sees_is_none() -> None:
    scores = [scored("a", "dark", NOTHING, 20), scored("a", "dark", "auto", 19.96), scored("a", "dark", "hand", 19.94)]
    assert summarise(gains(scores)["auto"]).spoiled_worse == 0
    assert summarise(gains(scores)["hand"]).spoiled_worse == 1


def test_photos_are_saved_as_jpeg_and_a_clean_one_is_held_against_what_was_saved() -> None:
    clean, dark = (next(c for c in CONDITIONS if c.defect == defect) for defect in (CLEAN, "dark"))
    saved = clean.spoil(PHOTO)
    assert 30 < psnr(saved, PHOTO) < 50
    assert np.array_equal(saved, as_jpeg(PHOTO))
    measured, _ = run._measure(run.DOING_NOTHING, PHOTO, [(clean, saved), (dark, dark.spoil(PHOTO))], {})
    assert measured[0][0] == IDENTICAL_DB
    assert measured[1][0] == pytest.approx(psnr(dark.spoil(PHOTO), PHOTO), abs=1e-3)
    light = replace(dark, saved="light").spoil(PHOTO)
    assert not np.array_equal(light, replace(dark, saved="png").spoil(PHOTO))


def summary_of(db: float, **others: float) -> Summary:
    everywhere = dict.fromkeys(DEFECTS, db)
    return Summary(
        psnr=everywhere | others,
        ssim=dict.fromkeys(DEFECTS, 0.1),
        delta_e=dict.fromkeys(DEFECTS, 1.0),
        worse=dict.fromkeys([*DEFECTS, CLEAN], 0.0),
        spoiled_worse=0.1,
        clean_psnr=60.0,
    )


def test_targets_name_what_is_missed() -> None:
    assert all(target.met for target in targets(summary_of(max(GAIN_DB.values())), [summary_of(3)]))
    missed = [t for t in targets(summary_of(20, blur=1.5, flat=14), [summary_of(1, flat=15)]) if not t.met]
    assert [(t.wanted, t.reached) for t in missed] == [
        ("on no defect behind the best of the other tools", "flat -1.00 dB"),
        ("blur: at least 1.6 dB", "1.50 dB"),
    ]


def test_what_was_measured_is_not_repaired_again() -> None:
    asked: list[str] = []

    def repair(work: contenders.Work, _: Path) -> contenders.Repaired:
        asked.extend(condition.title for condition, _ in work)
        return [(np.asarray(255 - image), condition.title) for condition, image in work]

    version = ["1"]
    contender = Contender("negative", "negative", repair, lambda: version[0])
    work = [(condition, condition.spoil(PHOTO)) for condition in CONDITIONS[:3]]
    first, new = run._measure(contender, PHOTO, work[:2], {})
    assert len(new) == 2
    both, more = run._measure(contender, PHOTO, work, new)
    assert asked == [condition.title for condition in CONDITIONS[:3]]
    assert both[:2] == first
    assert len(more) == 1
    for (condition, image), (db, _, _, note) in zip(work, both, strict=True):
        assert db == pytest.approx(psnr(np.asarray(255 - image), PHOTO), abs=1e-3)
        assert note == condition.title
    version[0] = "2"
    run._measure(contender, PHOTO, work[:1], new | more)
    assert asked[3:] == [CONDITIONS[0].title]


def test_a_torn_line_of_the_memory_is_passed_over(tmp_path: Path) -> None:
    kept = tmp_path / "scores.jsonl"
    kept.write_text('["abc", 30.0, 0.9, 1.5, "gamma"]\n["def", 31.0, 0.')
    assert run.read(kept) == {"abc": (30.0, 0.9, 1.5, "gamma")}
    assert run.read(tmp_path / "none") == {}


def test_by_hand_there_is_a_step_for_every_defect() -> None:
    assert set(BY_HAND) == {condition.title for condition in CONDITIONS}
    work = [(condition, condition.spoil(PHOTO)) for condition in CONDITIONS]
    for (condition, before), (after, note) in zip(work, contenders.by_hand(work, Path()), strict=True):
        assert bool(note) == (condition.defect != CLEAN)
        assert psnr(after, PHOTO) >= psnr(before, PHOTO), condition.title


TRIED = [
    pytest.param(c.name, marks=pytest.mark.imagemagick) if c.name.startswith("im-") else c.name
    for c in CONTENDERS
    if c.name not in ("hand", "sharp")
]


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_contenders_keep_size_type_and_order(name: str, tmp_path: Path) -> None:
    if name.startswith("im-") and not (shutil.which("magick") or shutil.which("mogrify")):
        pytest.skip("ImageMagick is not installed")
    contender = next(c for c in CONTENDERS if c.name == name)
    work = [(Condition("dark", "-1.5 EV"), spoiled("-1.5 EV")), (Condition("noise", "noise 15"), spoiled("noise 15"))]
    repaired = contender.repair(work, tmp_path)
    assert contender.identity() == contender.identity() != ""
    for (image, _), (_, given) in zip(repaired, work, strict=True):
        assert (image.shape, image.dtype) == (given.shape, given.dtype)
    second = tmp_path / "alone"
    second.mkdir()
    alone = contender.repair(work[1:], second)
    assert np.array_equal(alone[0][0], repaired[1][0])


def scores_of_all(gain_db: float) -> list[Score]:
    """Two photos; every contender gains as much everywhere, but for clean photos, which all leave alone."""
    return [
        Score(photo, c.defect, c.title, name, 60.0 if c.defect == CLEAN else 20.0 + db, 0.5 + db / 100, 9.0 - db / 10)
        for photo in ("a", "b")
        for c in CONDITIONS
        for name, db in [(NOTHING, 0.0), *((contender.name, gain_db) for contender in CONTENDERS)]
    ]


def test_the_page_says_what_was_measured(tmp_path: Path) -> None:
    scores = scores_of_all(9.0)
    found = gains(scores)
    here = [contender for contender in CONTENDERS if not contender.name.startswith(("im-", "sharp"))]
    missing = {c: "it is not installed" for c in CONTENDERS if c.name == "sharp"}
    paths = [tmp_path / "mine" / f"{name}.png" for name in ("a", "b")]
    by_saving = {how: summarise(gains(scores_of_all(db))["auto"]) for how, db in (("JPEG 92", 9.0), ("light", 7.0))}
    halves = "# Old\n\n## Real photographs\n\nAs they are.\n\n## Spoiled photographs\n\nOld.\n"
    (tmp_path / "quality.md").write_text(halves)
    page.write(paths, 2, scores, {c: summarise(found[c.name]) for c in here}, by_saving, missing, tmp_path)
    text = (tmp_path / "quality.md").read_text()
    words = " ".join(text.split())
    assert "2 photographs" in words
    assert "2 of `mine`" in words
    assert "`auto` gains **9.0 dB**" in words
    assert "sharp normalise: not measured, it is not installed." in words
    assert "| darkroom auto |" + " 9.00 |" * 10 in text
    assert "| salt-and-pepper: at least 13 dB | 9.00 dB | **not met** |" in text
    assert "| noise: at least 8 dB | 9.00 dB | met |" in text
    assert "| light |" + " 7.00 |" * 10 in text
    assert "ImageMagick" not in text
    assert "\n## Real photographs\n\nAs they are.\n\n## Spoiled photographs\n" in text
    assert "Old" not in text
    columns = 0
    for line in text.splitlines():
        assert line.startswith("|") or len(line) <= 120, line
        if line.startswith("|"):
            assert columns in (0, line.count("|")), line
        columns = line.count("|") if line.startswith("|") else 0
    with Image.open(tmp_path / "quality.webp") as picture:
        assert picture.width > 800
    assert (tmp_path / "quality.webp").stat().st_size < 100_000

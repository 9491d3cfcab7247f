"""`darkroom check`: what got worse is told by its evidence, and what did not is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import darkroom
from darkroom.auto.compared import LEAST_KEPT, compare, texture_kept
from darkroom.auto.guard import luma_of
from darkroom.cli.main import cli
from darkroom.picture import Array, Picture
from tests.support.photographs import FEW, NAMES, photo

Way = Callable[[Array], Array]


def clipped(pixels: Array) -> Array:
    return np.asarray(np.clip(pixels.astype(np.float32) * 2.5, 0, 255).astype(np.uint8))


def smoothed(pixels: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2))


def noisy(pixels: Array) -> Array:
    noise = np.random.default_rng(1).normal(0, 25, pixels.shape)
    return np.asarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize(("way", "word"), [(clipped, "clipped"), (smoothed, "smoothed"), (noisy, "spoiled")])
def test_what_got_worse_is_told_by_its_evidence(way: Way, word: str) -> None:
    for name in ("dog", "nyc"):
        found = compare(Picture(photo(name)), Picture(way(photo(name))))
        assert word in [one.partition(":")[0] for one in found.worse], (name, found)


def test_soft_highlights_that_are_torn() -> None:
    cloud = np.tile(np.linspace(205, 240, 400), (300, 1)) + np.random.default_rng(0).integers(0, 2, (300, 400))
    pixels = np.repeat(cloud[..., None], 3, axis=2).astype(np.uint8)
    levels = np.clip((np.arange(256) - 205.0) * 7, 0, 255).astype(np.uint8)
    found = compare(Picture(pixels), Picture(levels[pixels]))
    assert found.torn is not None
    assert found.torn > 4.5
    assert any(one.startswith("torn: ") for one in found.worse)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW[1:3])
def test_what_stays_or_gets_better_is_not_worse(name: str) -> None:
    before = photo(name)
    for after in (darkroom.apply("gamma", before, gamma=1.15), darkroom.enhance(before).image):
        assert compare(Picture(before), Picture(after)).worse == ()


@pytest.mark.slow
def test_texture_is_no_matter_of_contrast_and_noise_is_none() -> None:
    for name in NAMES:
        before = np.array(photo(name))
        flatter = (before * 0.6 + 50).astype(np.uint8)
        for after in (before, flatter, darkroom.apply("gamma", before, gamma=1.5)):
            assert texture_kept(luma_of(before), luma_of(after)) == pytest.approx(1, abs=0.15)
        kept = texture_kept(luma_of(before), luma_of(smoothed(before)))
        assert kept is not None
        assert kept < LEAST_KEPT
    flat = np.full((256, 256, 3), 120, np.uint8)
    assert texture_kept(luma_of(noisy(flat)), luma_of(flat)) is None


def test_pixels_of_another_size_are_not_compared() -> None:
    found = compare(Picture(photo("dog")), Picture(darkroom.apply("resize", photo("dog"), width=300)))
    assert (found.worse, found.lost, found.torn, found.texture) == ((), None, None, None)
    grey = np.asarray(Image.fromarray(photo("dog")).convert("L"))
    assert compare(Picture(photo("dog")), Picture(grey)).lost is not None


def test_what_is_hidden_is_no_loss() -> None:
    before = np.array(photo("dog", 256))
    alpha = np.full(before.shape[:2], 255, np.uint8)
    alpha[:128] = 0
    after = before.copy()
    after[:128] = 255
    assert compare(Picture(before, alpha), Picture(after, alpha)).lost == 0
    lost = compare(Picture(before), Picture(after)).lost
    assert lost is not None
    assert lost > 0.2


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos and what became of them: one is better in another format, one worse, one missing, one broken."""
    monkeypatch.chdir(tmp_path)
    for name in ("before/1990/a.png", "before/b.png", "before/c.png", "before/d.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo("dog", 256)).save(name)
    Path("after/1990").mkdir(parents=True)
    Image.fromarray(photo("dog", 256)).save("after/1990/a.webp", lossless=True)
    Image.fromarray(clipped(photo("dog", 256))).save("after/b.png")
    Path("after/d.png").write_bytes(b"no picture")
    return tmp_path


def check(*words: str) -> Result:
    return CliRunner().invoke(cli, ["check", *words])


def test_two_folders(folders: Path) -> None:
    found = check("before", "after")
    assert found.exit_code == 1
    better, worse, missing = sorted(found.stdout.splitlines())
    assert better == "before/1990/a.png: not worse"
    assert worse.startswith("before/b.png: worse; clipped: ")
    assert missing == "before/c.png: worse; missing: there is no result"
    assert found.stderr.startswith("darkroom: before/d.png: its result after/d.png: the file is not a picture ")
    lines = {
        line["input"]: line
        for line in map(json.loads, check("before", "after", "--json", "--jobs", "2").stdout.splitlines())
    }
    assert lines["before/1990/a.png"]["worse"] == []
    assert lines["before/1990/a.png"]["output"] == "after/1990/a.webp"
    assert lines["before/1990/a.png"]["texture"] == 1
    assert lines["before/b.png"]["lost"] > 0.05
    assert (lines["before/c.png"]["output"], len(lines["before/c.png"]["worse"])) == (None, 1)
    assert lines["before/d.png"]["error"]["code"] == "image.not-an-image"


@pytest.mark.slow
def test_nothing_got_worse(folders: Path) -> None:
    same = check("before", "before", "-q")
    assert (same.exit_code, same.stdout) == (0, "")
    assert check("before/b.png", "before/c.png").stdout == "before/b.png: not worse\n"
    assert check("before", "after/b.png").exit_code == 2

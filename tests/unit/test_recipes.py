"""Built-in recipes do what their descriptions say, measured on pictures whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import darkroom
from darkroom.picture import Array
from tests.support.photographs import photo

# --- document ---------------------------------------------------------------------------------------------------------

RULES = range(120, 560, 40)
MARGIN = 40


def form() -> Array:
    """A page: a dark head, pale ruled lines with writing on some, and a red stamp."""
    page = np.full((600, 800, 3), 250, np.uint8)
    cv2.rectangle(page, (0, 0), (800, 70), (25, 40, 80), -1)
    cv2.putText(page, "FORM 27", (MARGIN, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (245, 245, 245), 4)
    for row in RULES:
        cv2.line(page, (MARGIN, row), (800 - MARGIN, row), (175, 190, 210), 1)
    for row in RULES[::3]:
        cv2.putText(page, "darkroom 1839", (MARGIN, row - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (30, 30, 35), 2)
    cv2.circle(page, (650, 300), 60, (190, 30, 40), 8)
    return page


def photographed(page: Array) -> Array:
    """In uneven lamplight with a shadow across, noise, and JPEG."""
    height, width = page.shape[:2]
    y, x = np.mgrid[:height, :width] / np.float32(width)
    light = np.exp(-0.9 * (x + y)) * (1 - 0.45 / (1 + np.exp(-(x - y - 0.2) / 0.02)))
    lit = (page / 255.0) ** 2.2 * light[..., None] * (0.8, 0.76, 0.68)
    lit = cv2.GaussianBlur(lit, (0, 0), 0.6) ** (1 / 2.2) * 255
    lit += np.random.default_rng(1).normal(0, 2.5, lit.shape)
    file = cv2.imencode(".jpg", np.clip(lit, 0, 255).astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, 88))[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))


def test_document_makes_paper_white_and_keeps_ruled_lines_whole() -> None:
    page = form()
    result = darkroom.enhance(photographed(page), "document").image
    grey = result.mean(axis=2)
    far_from_ink = cv2.erode(page.min(axis=2), np.ones((15, 15))) == 250
    assert np.quantile(grey[far_from_ink], 0.01) > 245
    columns = slice(MARGIN + 10, 560)
    for row in RULES:
        darkest = grey[row - 1 : row + 2, columns].min(axis=0)
        assert (darkest < 235).mean() > 0.99
    assert grey[20:60, 400:].max() < 60, "a printed area stays one"
    assert grey[20:60, MARGIN:220].max() > 200, "and what is light in it stays light"
    stamp = result[(page == (190, 30, 40)).all(axis=2)].mean(axis=0)
    assert stamp[0] > 100 > 50 > stamp[1:].max()


# --- restore-jpeg -----------------------------------------------------------------------------------------------------


def red_things() -> Array:
    """Red and orange shapes, shaded, before grey of the same lightness and of others."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    grey = 90 + 50 * np.sin(x / 40) + 20 * cv2.GaussianBlur(np.random.default_rng(3).normal(0, 3, x.shape), (0, 0), 2)
    picture = np.repeat(grey[..., None], 3, axis=2)
    for middle_y, middle_x, radius, color in (
        (70, 75, 50, (225, 25, 30)),
        (180, 90, 45, (170, 10, 25)),
        (90, 190, 38, (240, 90, 20)),
        (200, 205, 30, (215, 30, 60)),
    ):
        distance = np.hypot(y - middle_y, x - middle_x)
        cover = np.clip(radius - distance + 0.5, 0, 1)[..., None]
        shade = (0.6 + 0.4 * np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1)))[..., None]
        picture += cover * (np.array(color) * shade - picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def chroma_error(result: Array, truth: Array) -> float:
    planes = [cv2.cvtColor(each.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:] for each in (result, truth)]
    return float(np.linalg.norm(planes[0] - planes[1], axis=2).mean())


@pytest.mark.parametrize("quality", [10, 20, 40])
def test_restore_jpeg_takes_the_blocks_of_colour_off_reds(quality: int) -> None:
    truth = red_things()
    halved = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
    file = cv2.imencode(".jpg", truth[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality, *halved))[1]
    compressed = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB))
    result = darkroom.enhance(compressed, "restore-jpeg").image
    assert chroma_error(result, truth) < 0.8 * chroma_error(compressed, truth)


# --- lowlight, backlit ------------------------------------------------------------------------------------------------


def taken_in_the_dark(image: Array, seed: int) -> Array:
    """3.3 EV too little light on a sensor: shot and read noise, a Bayer mosaic, white balance and JPEG."""
    balance = np.array((0.55, 1, 0.65))
    light = (image / 255.0) ** 2.2 / 10 * balance
    light += np.random.default_rng(seed).normal(0, 1, light.shape) * 1.4 * np.sqrt(2e-4 * light + 4e-6)
    sites = np.zeros(light.shape, np.float32)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        sites[row::2, column::2, channel] = 1
    tent = np.outer((1, 2, 1), (1, 2, 1)).astype(np.float32)
    whole = cv2.filter2D((light * sites).astype(np.float32), -1, tent) / cv2.filter2D(sites, -1, tent)
    levels = np.clip(whole / balance, 0, 1) ** (1 / 2.2) * 255
    file = cv2.imencode(".jpg", np.rint(levels[..., ::-1]).astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, 90))[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB))


def blotches(result: Array, truth: Array) -> float:
    """Deviation of chroma from the truth's, at the truth's lightness, in spots of some px (CIE Lab)."""
    ours, real = (cv2.cvtColor(each.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for each in (result, truth))
    at_its_lightness = ((real[..., 0] + 5) / (ours[..., 0] + 5))[..., None]
    error: Array = ours[..., 1:] * at_its_lightness - real[..., 1:]
    spots = cv2.GaussianBlur(error, (0, 0), 2) - cv2.GaussianBlur(error, (0, 0), 24)
    return float(np.sqrt((spots**2).sum(axis=2).mean()))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("nyc", 2.4), ("path", 2.7), ("waves", 2.8)])
@pytest.mark.parametrize("recipe", ["lowlight", "backlit"])
def test_shadows_come_up_without_blotches_of_colour(recipe: str, name: str, most: float) -> None:
    truth = photo(name, 320)
    assert blotches(darkroom.enhance(taken_in_the_dark(truth, 1), recipe).image, truth) < most


# --- vivid, natural, portrait -----------------------------------------------------------------------------------------

SKIN = ((115, 82, 68), (194, 150, 130), (141, 85, 54), (224, 172, 138))
OTHERS = ((98, 122, 157), (87, 108, 67), (133, 128, 177), (70, 120, 150))
"""Skin of four tones; sky, foliage, lilac and water."""


def patches() -> Array:
    """Columns of colours, skin above, others below, each with grain and blotches as skin has, and black and white."""
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.normal(0, 4, (240, 320)), (0, 0), 1) + 2 * cv2.GaussianBlur(
        rng.normal(0, 16, (240, 320)), (0, 0), 4
    )
    picture = np.repeat(grain[..., None], 3, axis=2)
    for column in range(4):
        across = slice(80 * column, 80 * column + 80)
        picture[:120, across] += SKIN[column]
        picture[120:, across] += OTHERS[column]
    picture[:4], picture[-4:] = 5, 250
    return np.clip(picture, 0, 255).astype(np.uint8)


def of_patches(picture: Array) -> tuple[Array, Array, Array]:
    """Mean chroma, hue in degrees and deviation of lightness of each patch (CIE Lab), two rows of four."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inner = lab.reshape(2, 120, 4, 80, 3)[:, 20:100, :, 15:65]
    a, b = inner[..., 1].mean(axis=(1, 3)), inner[..., 2].mean(axis=(1, 3))
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)), inner[..., 0].std(axis=(1, 3))


@pytest.mark.parametrize(
    ("recipe", "most_color", "least_color", "most_grain"),
    [("vivid", 1.15, 1.2, 1.25), ("natural", 1.16, 1.12, 1.25), ("portrait", 1.15, 1.12, 0.7)],
)
def test_skin_is_spared_what_makes_landscapes_lively(
    recipe: str, most_color: float, least_color: float, most_grain: float
) -> None:
    chroma, hue, grain = of_patches(patches())
    new_chroma, new_hue, new_grain = of_patches(darkroom.enhance(patches(), recipe).image)
    assert np.abs(new_hue[0] - hue[0]).max() < 2
    assert (new_chroma[0] / chroma[0]).max() < most_color
    assert (new_grain[0] / grain[0]).max() < most_grain
    assert (new_chroma[1] / chroma[1]).min() > least_color


# --- old-photo --------------------------------------------------------------------------------------------------------


def faded_print(image: Array, seed: int, *, cracked: bool) -> Array:
    """Pale, yellow and grainy; and with three cracks that bare the paper."""
    rng = np.random.default_rng(seed)
    light = np.clip((image / 255.0) ** 2.2 * (0.75, 0.6, 0.38) + (0.13, 0.1, 0.05), 0, 1)
    levels: Array = light ** (1 / 2.2) * 255
    levels += 4.5 * cv2.GaussianBlur(rng.normal(0, 1, image.shape[:2]), (0, 0), 0.7)[..., None] / 0.4
    if cracked:
        share = cv2.resize(cracks(image.shape[0], rng), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        levels = levels + share[..., None] / 255.0 * (np.array((236, 228, 205)) - levels)
    return np.clip(levels, 0, 255).astype(np.uint8)


def cracks(side: int, rng: np.random.Generator) -> Array:
    """Three bent lines of changing width, at four times the size."""
    cover = np.zeros((4 * side, 4 * side), np.uint8)
    for _ in range(3):
        place, angle = rng.uniform(side, 3 * side, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(30):
            angle += rng.normal(0, 0.15)
            end = place + 24 * np.array((np.cos(angle), np.sin(angle)))
            points = np.array([place, end]).astype(np.int32)
            cv2.polylines(cover, [points], False, (255,), int(rng.uniform(7, 12)))
            place = end
    return cover


@pytest.mark.parametrize("name", ["girl", "nyc", "sunset"])
def test_old_photo_fills_cracks_and_does_not_raise_grain(name: str) -> None:
    truth = photo(name, 320)
    damaged, whole = (faded_print(truth, 4, cracked=cracked) for cracked in (True, False))
    mended, reference = (darkroom.enhance(each, "old-photo").image.astype(int) for each in (damaged, whole))
    damage = np.abs(damaged.astype(int) - whole)
    crack = damage.max(axis=2) > 40
    assert np.abs(mended - reference)[crack].mean() < 0.4 * damage[crack].mean()
    # Tones are spread to about twice the contrast.
    assert grain_of(reference) < 2.2 * grain_of(whole)


def grain_of(picture: Array) -> float:
    """Deviation of the finest detail in the quieter half of a picture, levels."""
    grey = picture.astype(np.float32).mean(axis=2)
    fine = np.square(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))
    return float(np.sqrt(np.median(cv2.blur(fine, (9, 9)))))


# --- scan -------------------------------------------------------------------------------------------------------------


def scanned(image: Array, seed: int, *, dusty: bool) -> Array:
    """Flat and grainy; and with dust of a few pixels, soft as a scanner sees it."""
    rng = np.random.default_rng(seed)
    levels: Array = 40 + 0.62 * image.astype(np.float64)
    levels += 3.5 * cv2.GaussianBlur(rng.normal(0, 1, image.shape[:2]), (0, 0), 0.7)[..., None] / 0.4
    if dusty:
        dust = np.zeros(image.shape[:2], np.float32)
        for x, y in rng.integers(10, min(image.shape[:2]) - 10, (40, 2)):
            cv2.circle(dust, (int(x), int(y)), int(rng.integers(0, 3)), (1.0,), -1)
        levels += cv2.GaussianBlur(dust, (0, 0), 0.6)[..., None] * (18 - levels)
    return np.clip(levels, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", ["haze", "girl", "reflect"])
def test_scan_takes_dust_out_and_does_not_raise_grain(name: str) -> None:
    dusty, clean = (scanned(photo(name, 320), 6, dusty=dusty) for dusty in (True, False))
    result, reference = (darkroom.enhance(each, "scan").image for each in (dusty, clean))
    dust = np.abs(dusty.astype(int) - clean)
    seen = dust.max(axis=2) > 40
    assert np.abs(result.astype(int) - reference)[seen].mean() < 0.8 * dust[seen].mean()
    # Tones are spread to about 1.6 times the contrast.
    assert grain_of(reference) < 1.75 * grain_of(clean)

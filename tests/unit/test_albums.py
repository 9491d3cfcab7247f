"""Albums: what photos tell together, which belong together, and whether a series flickers less."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from PIL import Image

from darkroom.auto import albums, treatments
from darkroom.auto.albums import Evidence
from darkroom.auto.curves import after
from darkroom.auto.occasions import gathered, taken_at
from darkroom.cli.main import cli
from darkroom.codec import decode
from darkroom.measurements import LightEvidence
from tests.bench.albums import LIGHTS, measured
from tests.support.photographs import photo
from tests.unit.test_auto import AUTO, FINE, diagnosed

TONES = tuple(np.linspace(0.05, 0.6, 32).tolist())


def evidence(
    probability: float, brighter: float = 0.1, shift: float = 0.0, scene: str = "photo", ev: float | None = None
) -> Evidence:
    """Of a photo that may be too dark. ev: by so much, if it is; None: the more the likelier."""
    told = diagnosed({"underexposed": probability}, exposure_ev=-1.0 - probability if ev is None else ev)
    tones = tuple(tone + shift for tone in TONES)
    return Evidence(
        replace(FINE, tones=tones, light=LightEvidence(red=0.1, blue=-0.1, spread=0.1)),
        replace(told, brighter=brighter, scene={scene: 1.0}),
    )


def test_what_doubt_explains_is_drawn_together() -> None:
    values, doubts = np.array([[0.0], [0.5], [-0.5], [0.2], [-0.1]]), np.ones(5)
    assert albums.of_its_own(values, doubts).tolist() == [0] * 5


def test_what_is_more_than_doubt_stays() -> None:
    values = np.array([[-20.0], [-10.0], [0.0], [10.0], [20.0]])
    assert albums.of_its_own(values, np.ones(5)).min() > 0.98


def test_the_more_a_photo_is_in_doubt_the_less_it_keeps() -> None:
    values = np.array([[-0.85], [-0.85], [0.0], [0.85], [0.85]])
    kept = albums.of_its_own(values, np.array([0.9, 1.0, 1.0, 1.0, 2.0]))
    assert 1 > kept[0] > kept[2] > kept[4] > 0


def test_one_that_stands_apart_keeps_its_own_and_draws_no_other() -> None:
    values = np.array([[0.1], [-0.1], [0.0], [0.05], [9.0]])
    assert albums.of_its_own(values, np.ones(5)).tolist() == [0, 0, 0, 0, 1]


def test_photos_whose_evidence_wavers_about_a_threshold_are_decided_about_alike() -> None:
    members = [evidence(probability) for probability in (0.55, 0.6, 0.7, 0.75, 0.8)]
    alone = [treatments.resolve(AUTO, one.measurements, one.diagnosis)[0] for one in members]
    together = albums.together("rome", members)
    shared = [treatments.resolve(AUTO, one.agreed.measurements, one.agreed.diagnosis)[0] for one in together]
    assert any(calls != alone[0] for calls in alone)
    assert all(calls == shared[0] for calls in shared)
    for own, one in zip(members, together, strict=True):
        assert one.own == own
        assert one.album is not None
        assert (one.album.name, one.album.photos, one.album.own["exposure"]) == ("rome", 5, 0.0)
        assert "EV" in one.agreed.diagnosis["underexposed"].words


def test_what_is_no_photo_and_what_has_too_few_others_is_by_itself() -> None:
    pages = [evidence(0.9, scene="document") for _ in range(2)]
    told = albums.together("desk", [*pages, *(evidence(0.6) for _ in range(2))])
    assert [one.album for one in told] == [None] * 4
    assert [one.agreed for one in told] == [one.own for one in told]
    told = albums.together("desk", [*pages, *(evidence(0.6) for _ in range(3))])
    assert [one.album is None for one in told] == [True, True, False, False, False]


@pytest.mark.parametrize(("scene", "megapixels"), [("document", 12.0), ("drawing", 12.0), ("photo", 0.2)])
def test_a_noisy_page_and_a_noisy_part_of_a_photo_draw_nobody_s_light(scene: str, megapixels: float) -> None:
    light, diagnosis = evidence(0.6, scene=scene).measurements, evidence(0.6, scene=scene).diagnosis
    noisy = Evidence(replace(light, camera_noise=0.9, megapixels=megapixels), diagnosis)
    told = albums.together("desk", [noisy, *(evidence(0.6) for _ in range(3))])
    assert [one.album is None for one in told] == [True, False, False, False]
    assert told[0].agreed == noisy


def test_photos_of_this_and_that_are_no_album() -> None:
    many = [evidence(0.6, brighter=0.1 * index, shift=0.15 * index - 0.2) for index in range(6)]
    assert [one.album for one in albums.together("desk", many)] == [None] * 6


def test_one_that_is_sure_that_it_needs_less_is_given_half_of_what_the_others_miss() -> None:
    members = [evidence(0.99, ev=ev) for ev in (-1.0, -1.8, -1.8, -1.9)]
    told = albums.together("rome", members)
    light, *others = (change(one.agreed) for one in told)
    alone = [change(one) for one in members]
    assert alone[0] < light < others[0], "between its own and what the others get"
    assert others == [others[0]] * 3
    assert told[0].album is not None
    assert 0.4 < told[0].album.own["exposure"] <= 0.5
    in_doubt = [evidence(0.75, ev=-1.0), *members[1:]]
    assert albums.together("rome", in_doubt)[0].album.own["exposure"] < 0.2  # type: ignore[union-attr]


def change(one: Evidence) -> float:
    """By how much a photo's tones are lightened by what is decided from this."""
    calls, _ = treatments.resolve(AUTO, one.measurements, one.diagnosis)
    tones = np.array(one.measurements.tones)
    return float(after(tones, calls).mean() - tones.mean())


def test_what_is_not_sure_of_less_does_not_make_the_series_flicker() -> None:
    """One that by itself would be left as it is, where all others are lightened, is lightened with them."""
    members = [evidence(0.02, brighter=0.03), *(evidence(0.99, brighter=0.1) for _ in range(4))]
    told = albums.together("rome", members)
    done = [treatments.resolve(AUTO, one.agreed.measurements, one.agreed.diagnosis)[0] for one in told]
    assert treatments.resolve(AUTO, members[0].measurements, members[0].diagnosis)[0] != done[1]
    assert [[call.name for call in calls] for calls in done] == [[call.name for call in done[1]]] * 5


def test_what_only_some_tell_is_drawn_among_those() -> None:
    all_ = albums.Common([{"a": 1.0, "b": 4.0}, {"a": 3.0}, {"a": 8.0}])
    assert all_.drawing({"a": 7.0, "b": 4.0}, 0.5) == {"a": 5.0, "b": 4.0}
    assert albums.Common([(1.0, 2.0), (3.0, 4.0), (9.0, 9.0), ()]).drawing((1.0, 2.0), 0) == (3.0, 4.0)


def test_a_night_among_days_is_let_alone() -> None:
    days = [evidence(0.1, brighter=value, shift=0.1) for value in (0.0, 0.01, 0.02, 0.03)]
    night = evidence(0.9, brighter=0.3, shift=-0.05)
    told = albums.together("trip", [*days, night])
    assert told[-1].agreed == night
    assert told[-1].album is None
    assert all(one.album is not None for one in told[:-1])


def test_an_album_is_a_folder_as_long_as_photos_follow_each_other() -> None:
    def at(hour: int, minute: int) -> datetime:
        return datetime(2026, 5, 1, hour, minute)

    told = [("b/1", at(9, 0)), ("a/3", at(12, 30)), ("a/2", at(10, 50)), ("a/1", at(10, 0)), ("a/0", None), ("c", None)]
    assert list(gathered(told)) == [
        ("b", ["b/1"]),
        ("a, 1 of 3", ["a/1", "a/2"]),
        ("a, 2 of 3", ["a/3"]),
        ("a, 3 of 3", ["a/0"]),
        (".", ["c"]),
    ]


def test_when_a_photo_was_taken(tmp_path: Path) -> None:
    for said, then in ((None, None), ("2026:05:01 10:02:03", datetime(2026, 5, 1, 10, 2, 3)), ("0000:00:00", None)):
        exif = Image.Exif()
        if said:
            exif.get_ifd(0x8769)[0x9003] = said
        Image.new("RGB", (32, 32)).save(tmp_path / "a.jpg", exif=exif)
        assert taken_at(decode((tmp_path / "a.jpg").read_bytes())) == then


@pytest.mark.slow
def test_the_report_says_which_photos_decided_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rome").mkdir()
    for number, side in enumerate((200, 220, 240)):
        Image.fromarray(photo("guitar", side) // 3).save(f"rome/{number}.png")
    Path("rome/3.jpg").write_text("no photo, though it is called like one")
    done = CliRunner().invoke(cli, ["enhance", "rome", "-o", "out/", "--album", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1, done.output
    assert [
        line["album"] and (line["album"]["name"], line["album"]["photos"]) for line in lines if "album" in line
    ] == [("rome", 3)] * 3
    assert lines[-1]["error"]["code"] == "image.not-an-image"
    # What was done is decided from the same evidence in a second run, of what is left.
    Path("out/1.png").rename("before.png")
    again = CliRunner().invoke(cli, ["enhance", "rome", "-o", "out/", "--album", "--skip", "--explain", "--jobs", "2"])
    assert Path("out/1.png").read_bytes() == Path("before.png").read_bytes()
    assert "rome/1.png: decided together with the album 'rome' (3 photos): exposure" in again.stderr
    refused = CliRunner().invoke(cli, ["enhance", "rome", "-o", "out/", "--album", "--recipe", "vivid"])
    assert refused.exit_code == 2
    assert "--album is for the recipe auto" in refused.stderr


@pytest.mark.slow
def test_a_series_flickers_half_as_much() -> None:
    """Dark, by a lamp: by themselves, some of its photos are taken for what they are and others for a night."""
    found, _ = measured(("flowers", photo("flowers")), LIGHTS[3], 1003)
    assert found.apart["album"] <= found.apart["alone"] / 2, found

"""The benchmark on real photographs measures what it says: it finds the sets, remembers, counts and shows by number."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from darkroom.picture import Array
from tests.bench.quality.measures import psnr
from tests.bench.real import eye, page, run, sets, sheets, tables, verdicts
from tests.bench.real.run import Outcome
from tests.bench.real.sets import Photo
from tests.bench.real.tables import Run
from tests.support.photographs import photo

SMALL = photo("city", 96)


def save(path: Path, pixels: Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def outcome(
    name: str, number: int, by: str = "auto", *, changed: bool = True, gain: float | None = None, note: str = ""
) -> Outcome:
    result = f"r{number}" if changed else f"s{number}"
    return Outcome(name, f"p{number}", by, f"s{number}", result, 30.0, gain, 0.5, note)


def test_sets_are_found_by_their_folders_wherever_they_lie(tmp_path: Path) -> None:
    for name in ("01-dark", "01-middle", "01-bright", "02-dark"):
        save(tmp_path / f"pairs/brackets/{name}.jpg", SMALL)
    save(tmp_path / "more/wrong/a b.jpg", SMALL)
    (tmp_path / "more/wrong/LICENSE.txt").write_text("free")
    found, missing = sets.find([tmp_path], ["brackets-dark", "brackets-bright", "wrong", "ordinary"])
    assert [(photo.set, photo.name) for photo in found] == [
        ("brackets-dark", "01-dark"),
        ("brackets-bright", "01-bright"),
        ("wrong", "a_b"),
    ]
    assert found[0].reference == tmp_path / "pairs/brackets/01-middle.jpg"
    assert missing == [
        "ordinary (snapshots of all sorts, every third by name): no folder 'ordinary' with such pictures"
    ]


def test_of_a_wallpaper_in_several_sizes_the_widest_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "wallpapers/usr/share"
    for name in ("640x480", "1280x1024", "1080x1920"):
        save(folder / f"wallpapers/Kite/contents/images/{name}.png", SMALL)
    save(folder / "wallpapers/Kite/contents/screenshot.png", SMALL)
    for name in ("Elephants", "Elephants_3840x2160", "Dune"):
        save(folder / f"backgrounds/{name}.png", SMALL)
    (folder / "backgrounds/Link.png").symlink_to(folder / "backgrounds/Dune.png")
    found, _ = sets.find([tmp_path], ["wallpapers"])
    assert [photo.name for photo in found] == ["Dune", "Elephants", "Kite"]
    assert found[2].path.stem == "1280x1024"


def test_pictures_are_read_as_they_are_shown(tmp_path: Path) -> None:
    wide = np.zeros((100, 2 * sets.MOST_PX, 3), np.uint8)
    assert sets.read(save(tmp_path / "wide.png", wide)).shape == (50, sets.MOST_PX, 3)
    assert sets.read(save(tmp_path / "grey.png", SMALL[..., 0])).shape == SMALL.shape
    half = np.dstack([SMALL, np.full(SMALL.shape[:2], 51, np.uint8)])
    shown = sets.read(save(tmp_path / "half.png", half))
    assert np.abs(shown - SMALL / 5).max() <= 0.5
    assert np.array_equal(sets.read(save(tmp_path / "photo.png", SMALL)), SMALL)


def test_what_was_measured_is_not_repaired_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dark = save(tmp_path / "01-dark.png", SMALL // 3)
    middle = save(tmp_path / "01-middle.png", SMALL)
    asked: list[int] = []

    def brighten(work: run.Work, _: Path) -> run.Done:
        asked.append(len(work))
        return [((image * 2).astype(np.uint8), "brightened") for image in work]

    contender = run.Contender("twice", "twice", brighten, lambda: "1", alone=True)
    monkeypatch.setattr(run, "CONTENDERS", [contender])
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    known: dict[str, Outcome] = {}
    monkeypatch.setattr(run, "_known", known)
    task = ([Photo("brackets-dark", dark, middle)], ["twice"])
    found, new = run._measure_chunk(task)
    assert found == list(new.values())
    result = (SMALL // 3) * 2
    assert found[0].gain == pytest.approx(psnr(result, SMALL) - psnr(SMALL // 3, SMALL), abs=1e-3)
    assert found[0].nearness == pytest.approx(psnr(result, SMALL // 3), abs=1e-3)
    assert found[0].changed
    assert found[0].decisions == ["brightened"]
    with Image.open(tmp_path / f"{found[0].result}.jpg") as kept:
        assert psnr(np.asarray(kept), result) > 30
    known.update(new)
    assert run._measure_chunk(task) == (found, {})
    assert asked == [1]


def test_a_torn_line_of_the_memory_is_passed_over(tmp_path: Path) -> None:
    kept = tmp_path / "real.jsonl"
    whole = msgspec.json.encode(("key", outcome("wrong", 1)))
    kept.write_bytes(whole + b"\n" + whole[:40])
    assert run.known_outcomes(kept) == {"key": outcome("wrong", 1)}
    assert run.known_outcomes(tmp_path / "none") == {}


@pytest.mark.slow
def test_every_tool_and_auto_answers_in_order() -> None:
    by_name = {contender.name: contender for contender in run.CONTENDERS}
    for name in ("auto", "denoise", "pillow-0"):
        results, seconds = run.timed(by_name[name], [SMALL, SMALL[:48]])
        assert [image.shape for image, _ in results] == [SMALL.shape, (48, 96, 3)]
        assert seconds >= 0
        assert by_name[name].identity() == by_name[name].identity() != ""


def test_verdicts_hold_for_the_pixels_that_were_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.txt"
    path.write_text("# by one reader\n")
    verdicts.add(
        [verdicts.Verdict("worse", "wrong/p2", "r2", "sky torn"), verdicts.Verdict("same", "wrong/p1", "r1")], path
    )
    verdicts.add([verdicts.Verdict("better", "wrong/p1", "r1")], path)
    assert path.read_text() == "# by one reader\nbetter wrong/p1 r1\nworse  wrong/p2 r2 sky torn\n"
    known = verdicts.read(path)
    some = [outcome("wrong", 1), outcome("wrong", 5), outcome("wrong", 3, changed=False)]
    assert verdicts.count(some, known) == {"better": 1, verdicts.UNJUDGED: 1, "same": 1}
    path.write_text("good wrong/p1 r1\n")
    with pytest.raises(ValueError, match=r"verdicts\.txt:1: not 'better\|same\|worse SET/PHOTO DIGEST'"):
        verdicts.read(path)


def test_answers_name_the_line_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "answers.txt"
    path.write_text("1: better\n# a remark\n\n 2 : worse grey sky\n")
    assert verdicts.answers(path, 2) == {1: ("better", ""), 2: ("worse", "grey sky")}
    for line in ("3: better", "1: fine", "better", "0: same"):
        path.write_text(line)
        with pytest.raises(ValueError, match=r"answers\.txt:1: not 'NUMBER: better\|same\|worse', NUMBER from 1 to 2"):
            verdicts.answers(path, 2)


def test_of_several_readers_the_middle_verdict_holds() -> None:
    first, second, third = (
        {1: ("better", "a"), 2: ("same", "")},
        {1: ("same", "b"), 2: ("worse", "c")},
        {1: ("better", "d")},
    )
    assert verdicts.middle([first]) == first
    assert verdicts.middle([first, second]) == {1: ("same", "b"), 2: ("worse", "c")}, "of two the worse"
    with pytest.raises(ValueError, match=r"^2 is not judged by all of 3 readers"):
        verdicts.middle([first, second, third])
    third[2] = ("worse", "e")
    assert verdicts.middle([second, first, third]) == {1: ("better", "a"), 2: ("worse", "c")}


def test_of_snapshots_every_third_is_taken(tmp_path: Path) -> None:
    for number in range(7):
        save(tmp_path / f"ordinary/p{number}.jpg", SMALL)
    assert [each.name for each in sets.find([tmp_path], ["ordinary"])[0]] == ["p0", "p3", "p6"]


def test_tables_and_targets_count_what_was_found() -> None:
    outcomes = [outcome("brackets-dark", 1, gain=9.0), outcome("brackets-dark", 2, gain=-1.0, note="noise; backlight")]
    outcomes += [outcome("brackets-dark", number, "pillow-0", gain=1.0) for number in (1, 2)]
    outcomes += [outcome("cc15", 1, "denoise", gain=3.5), outcome("wrong", 1), outcome("wrong", 2, changed=False)]
    outcomes += [outcome("clic2025", 1, note="noise"), outcome("clic2025", 2, changed=False)]
    held = tables.held_against(outcomes)
    assert "| darkroom auto | +4.00 | -1.00 | 1 of 2 |" in held
    assert "| Pillow autocontrast | +1.00 | +1.00 | 0 of 2 |" in held
    assert "| darkroom auto | 1 of 2, 30 dB | 1 of 2, 30 dB | 0.50 |" in tables.left_alone(outcomes)
    assert "| noise | 1 |  | 1 |" in tables.by_decision(outcomes)
    known = {"r1": verdicts.Verdict("better", "wrong/p1", "r1")}
    assert "| wrong | 2 | 1 | 1 (50%) | 1 (50%) | 0 (0%) |  |" in tables.by_eye(outcomes, known)
    found = {target.wanted: target for target in tables.targets(outcomes, {})}
    assert found["brackets-dark, `auto`: at least +8 dB"].reached == "+4.00 dB"
    assert not found["brackets-dark, `auto`: at least +8 dB"].met
    assert found["cc15, `denoise`: at least +3 dB"].met
    nothing_worse = found["pictures that need nothing, `auto`: none worse to the eye"]
    assert (nothing_worse.reached, nothing_worse.met) == ("0 of 2; 1 not judged", False)


def test_sheets_show_pairs_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "RESULTS", tmp_path)
    before = save(tmp_path / "clic2025/a.png", np.full((60, 80, 3), 40, np.uint8))
    some = [outcome("clic2025", number) for number in range(8)]
    for each in some:
        save(tmp_path / f"{each.result}.jpg", np.full((60, 80, 3), 200, np.uint8))
    photos = [Photo("clic2025", before)] * 8
    sheets.to_judge(photos, some, tmp_path, "clic2025", 6)
    sizes = [Image.open(tmp_path / f"clic2025-{number}.jpg").size for number in (1, 2)]
    assert sizes[0][0] == sizes[1][0]
    assert sizes[0][1] == 3 * sizes[1][1]
    sheets.to_show(photos, some, tmp_path / "show.webp", 6)
    with Image.open(tmp_path / "show.webp") as shown:
        pixels = np.asarray(shown.convert("RGB")).astype(int)
    row = pixels[sheets.CAPTION + 30]
    assert (row[40].mean(), row[242].mean()) == (pytest.approx(40, abs=8), pytest.approx(200, abs=8))


def test_the_page_gets_its_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "RESULTS", tmp_path)
    (tmp_path / "quality.md").write_text("# Quality\n\n## Spoiled photographs\n\nThe other half.\n")
    path = save(tmp_path / "clic2025/p1.png", SMALL)
    save(tmp_path / "r1.jpg", SMALL)
    outcomes = [outcome("clic2025", 1, note="noise"), outcome("brackets-dark", 1, gain=9.0)]
    page.write([Photo("clic2025", path)], Run("abc123", outcomes, ["sharp: no npm"]), {}, tmp_path)
    text = (tmp_path / "quality.md").read_text()
    assert text.index("## Real photographs") < text.index("## Spoiled photographs\n\nThe other half.\n")
    assert "Measured: abc123." in " ".join(text.split())
    assert "Not measured: sharp: no npm; `brackets-bright`; `cc15`; `wrong`" in " ".join(text.split())
    assert "| brackets-dark, `auto`: at least +8 dB | +9.00 dB | met |" in text
    assert "1 of the 1 changed photos of clic2025 and elementary" in " ".join(text.split())
    assert (tmp_path / "quality-changed.webp").stat().st_size < 300_000


def test_sheets_are_drawn_of_what_no_verdict_is_known_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye, "SHEETS", tmp_path / "eye")
    monkeypatch.setattr(sheets, "RESULTS", tmp_path)
    monkeypatch.setattr(verdicts, "read", lambda: {"r2": verdicts.Verdict("same", "wrong/p2", "r2")})
    for number in (1, 2, 3):
        save(tmp_path / f"wrong/p{number}.png", SMALL)
        save(tmp_path / f"r{number}.jpg", SMALL)
    outcomes = [outcome("wrong", 1), outcome("wrong", 2), outcome("wrong", 3, changed=False)]
    assert eye.draw_sheets(outcomes, [tmp_path], "wrong", 6).startswith("wrong: 1 pairs to judge")
    assert msgspec.json.decode((tmp_path / "eye/wrong.json").read_bytes(), type=list[Outcome]) == outcomes[:1]
    assert (tmp_path / "eye/wrong-1.jpg").exists()

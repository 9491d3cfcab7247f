"""One report: the library's, the manifest's and what is told of either."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

import darkroom
from darkroom import recipe, report
from darkroom.errors import StepFailed
from darkroom.report import Defect, Diagnosis, File, Reason, Report, StageReport, StepReport, reasons
from tests.support import networks, photos

EARLIER = (Path(__file__).parents[1] / "events" / "manifest_1.json").read_bytes()
"""A manifest as it was written before the schema had a number."""


def words(told: Report, about: str) -> list[str]:
    return [reason.words for reason in reasons(told) if reason.about == about]


def test_the_library_s_report_is_a_manifest_of_one_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    networks.answer(monkeypatch, networks.Diagnostician(*networks.DARK, fine_above=0.35))
    body = photos.encoded()
    told = darkroom.enhance(body).report
    assert (told.schema, told.darkroom, told.job, told.recipe) == (report.SCHEMA, darkroom.__version__, None, "auto")
    assert told.source == File(width=96, height=64, bit_depth=8, bytes=len(body), format="JPEG")
    assert [stage.stage for stage in told.stages] == ["library"]
    assert [step.name for step in told.steps] == [call.name for d in told.decisions for call in d.steps]
    assert told.treated == ["underexposed"]
    assert told.measurements is not None
    assert msgspec.json.decode(msgspec.json.encode(told), type=Report) == told
    assert json.loads(json.dumps(msgspec.to_builtins(told))) == json.loads(msgspec.json.encode(told))


def test_pixels_that_never_were_a_file_have_neither_bytes_nor_format() -> None:
    told = darkroom.enhance(np.full((3, 5), 7, np.uint16), "none").report
    assert msgspec.to_builtins(told.source) == {"width": 5, "height": 3, "bit_depth": 16}
    assert (told.measurements, told.diagnosis, told.review, told.result, told.decisions) == (None, None, None, None, [])


def test_a_manifest_of_before_is_read_and_told() -> None:
    told = report.read(EARLIER)
    before = json.loads(EARLIER)
    now = json.loads(msgspec.json.encode(told))
    assert now.pop("schema") == report.SCHEMA
    assert now.pop("sidecar") is now.pop("album") is None
    assert now.pop("progressive") is False
    assert now.pop("recipe_digest") == ""
    assert now["measurements"].pop("colors") is now["measurements"].pop("light") is now.pop("finish") is None
    assert now["measurements"].pop("tones") == []
    assert now["measurements"].pop("relief") is None
    for name in ("white_margin", "detail", "camera_noise", "blurred_specks", "megapixels"):
        assert now["measurements"].pop(name) == 0
    for diagnosis in (now["diagnosis"], now["review"]["diagnosis"]):
        assert (diagnosis.pop("scene"), diagnosis.pop("brighter"), diagnosis.pop("tint")) == ({}, 0, [0, 0])
        assert diagnosis.pop("models") == {}
        assert diagnosis.pop("glow") == 0
    assert now == before
    assert words(told, "done") == ["underexposed by about 1.5 EV: exposure is changed by +1.6 EV"]
    without = {name: value for name, value in before.items() if name != "diagnosis"}
    assert report.read(json.dumps(without).encode()) == replace(told, diagnosis=None)


def test_a_manifest_names_its_recipe_s_version_and_its_networks() -> None:
    body = photos.encoded()
    told = darkroom.enhance(body, "vivid").report
    same = darkroom.enhance(body, "vivid", blend=50).report
    other = darkroom.enhance(body, '{"name": "vivid", "steps": [{"name": "gamma"}]}').report
    assert told.recipe_digest == recipe.built_in("vivid").digest() == same.recipe_digest
    assert (other.recipe, other.recipe_digest == told.recipe_digest) == ("vivid", False)
    seen = darkroom.enhance(body).report.diagnosis
    assert seen is not None
    folder = Path(__file__).parents[2] / "models"
    assert seen.models == {
        name: hashlib.sha256((folder / name / f"{name}.onnx").read_bytes()).hexdigest()[:12]
        for name in ("diagnosis", "scene", "tint", "glow", "backbone")
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"recipe": 1}', b"\xff"])
def test_what_is_no_manifest_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(StepFailed, match="manifest cannot be read"):
        report.read(body)


def test_placeless_tells_no_place_and_all_else() -> None:
    told = report.read(EARLIER)
    assert told.source.bucket
    bare = told.placeless()
    for file, before in ((bare.source, told.source), (bare.result, told.result)):
        assert file is not None
        assert before is not None
        assert (file.bucket, file.key, file.version) == (None, None, None)
        assert replace(file, bucket=before.bucket, key=before.key, version=before.version) == before
    assert replace(bare, source=told.source, result=told.result) == told


class TestReasons:
    """The story in sentences."""

    plain = replace(report.read(EARLIER), diagnosis=None, decisions=[], review=None, stages=[], notes=())

    def of_steps(self, *steps: StepReport) -> list[Reason]:
        return reasons(replace(self.plain, stages=[StageReport("a", 1, [step]) for step in steps], result=None))

    def test_of_auto_in_the_order_of_the_story(self) -> None:
        told = reasons(report.read(EARLIER))
        assert list(dict.fromkeys(reason.about for reason in told)) == ["found", "left", "done", "kept", "file"]
        assert told[0] == Reason("found", "diagnosis: underexposed by about 1.5 EV (97% sure)")
        assert len([reason for reason in told if reason.about == "left"]) == 10
        assert told[-2].words.startswith("looked at again: what is wrong fell from ")

    def test_a_photo_without_defects(self) -> None:
        fine = Diagnosis([], fine=True, fine_probability=0.9)
        assert words(replace(self.plain, diagnosis=fine), "found") == ["diagnosis: fine as it is"]
        unsure = replace(fine, fine=False)
        assert words(replace(self.plain, diagnosis=unsure), "found") == ["diagnosis: no defect to speak of"]

    def test_nothing_was_done(self) -> None:
        assert words(self.plain, "done") == ["nothing needed doing: turned upright, brought to sRGB and saved again"]
        assert self.plain.result is not None
        kept = replace(self.plain, result=replace(self.plain.result, untouched=True))
        assert words(kept, "done") == ["nothing needed doing: the file was left as it came"]
        noise = Defect("noise", 0.6, True, 4.0, "levels", "probably noise")
        doubtful = replace(kept, diagnosis=Diagnosis([noise], fine=False, fine_probability=0.1))
        assert words(doubtful, "done") == [
            "nothing was surely enough wrong to be treated: the file was left as it came"
        ]

    def test_steps_that_were_asked_for(self) -> None:
        asked = self.of_steps(StepReport("unsharp_mask", {}, 12), StepReport("gamma", {}, 3))
        assert asked == [
            Reason("done", "unsharp mask, as asked (12 ms)"),
            Reason("done", "gamma, as asked (3 ms)"),
        ]

    @pytest.mark.parametrize(
        ("says", "text", "expected"),
        [
            ("1 digit: 7", "7", ["1 digit: 7"]),
            ("no digits", "", ["no digits"]),
            ("3 digits in 4 boxes", "1.\n23", ["3 digits in 4 boxes:", "1.", "23"]),
        ],
    )
    def test_what_was_read(self, says: str, text: str, expected: list[str]) -> None:
        read = self.of_steps(StepReport("classify_digit", {}, 5, {"says": says, "text": text, "count": 0}))
        assert read == [Reason("found", line) for line in expected]

    def test_a_diagnosis_that_was_asked_for(self) -> None:
        noise = Defect("noise", 0.9, True, 8.0, "levels", "noise of about 8 levels")
        blur = Defect("blur", 0.95, True, 2.0, "px", "blurred by about 2.0 px")
        details = msgspec.to_builtins(Diagnosis([noise, blur], fine=False, fine_probability=0.1))
        assert self.of_steps(StepReport("diagnose", {}, 5, details)) == [
            Reason("found", "diagnosis: blurred by about 2.0 px (95% sure)"),
            Reason("found", "diagnosis: noise of about 8 levels (90% sure)"),
        ]

    def test_what_became_of_the_file(self) -> None:
        source = File(width=4000, height=3000, bit_depth=8, bytes=3_140_000, format="HEIF")
        result = File(width=400, height=300, bit_depth=8, bytes=20_001, format="jpeg")
        told = replace(self.plain, source=source, result=result, notes=("converted from Display P3",))
        assert words(told, "file") == [
            "converted from Display P3",
            "from 4000 × 3000, 3.1 MB to 400 × 300, 21 KB (JPEG)",
        ]
        pixels = replace(told, source=replace(source, bytes=None))
        assert words(pixels, "file")[-1].startswith("from 4000 × 3000 to ")

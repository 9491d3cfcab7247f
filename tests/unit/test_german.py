"""The page's German: what darkroom words in English has one, and none of it is made of two languages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

import darkroom
from darkroom import recipe, report
from darkroom.aws import batch_photos, endings, items, storage
from darkroom.defects import KINDS
from darkroom.report import reasons
from tests.support import javascript
from tests.support.definition import ROOT
from tests.support.photographs import photo

WEB = ROOT / "infra" / "web"
LIBRARY = ROOT / "layers" / "core" / "darkroom"
TABLE: dict[str, str] = json.loads((WEB / "german.json").read_text("utf-8"))

DECIDED = sorted(
    {*(LIBRARY / "auto").glob("*.py"), *(LIBRARY / name for name in ("limits.py", "pipeline.py"))}
    - {LIBRARY / "auto" / "compared.py"}
)
"""Modules that word decisions and the bounds of photos. What the report words follows, from reports; what `darkroom
check` words, the page does not show."""

# Names of colour spaces and fields, and XML: they stand in sentences as they are.
NAMES = {LIBRARY / "codec" / f"{name}.py" for name in ("cicp", "gain_map", "icc", "iptc", "xmp")}

OTHERS = sorted(
    {*(LIBRARY / "codec").glob("*.py"), *(LIBRARY / "aws" / "api" / f"{name}.py" for name in ("jobs", "preview"))}
    - NAMES
)
"""Modules that word notes and errors, hundreds of them, most for files that few people have. One that has no German yet
is shown in English, and said to be."""

PARTS = {
    ", in 8 bits because the profile is made of tables",
    "; 7 of them lay outside, and were cut off",
    "7 bytes behind the picture",
    "7 is 7 but must be a whole number of at least 1",  # of the stack's own settings
    "7 of 7",
    "7-bit floating point in 0 to 1 decoded to 16 bits7",
    "EXIF blocks",
    "Photoshop's layers",
    "Photoshop's notes",
    "Raw profile type ",
    "XMP packets",
    "a depth map",
    "a gain map (HDR)",
    "a gamma of 0 makes no sense",
    "bad record",  # for the log
    "complex integers",
    "complex numbers",
    "end of",
    "further pictures",
    "further pictures (SubIFDs)",
    "in 7",
    "in a way of its own (number 7)",
    "it is for 7, the picture is 7",
    "kinds of numbers",
    "no output format is called '7'7 (7 are)",  # the page offers those that there are
    "other auxiliary pictures",
    "premature end: scans are missing",
    "signed integers",
    "the queue of uploads",
    "the recipe 'auto' needs measurements and a diagnosis",
    "(?:Corrupt JPEG data: |(?=Premature))(.*)",
    r"(\d+) extraneous bytes before marker 0xd9",
}
"""What is no sentence of its own, or none that the page shows."""


def in_german(sentences: Iterable[str]) -> list[str | None]:
    """What the page's own module makes of them."""
    before = (
        f"import {{ translator }} from {json.dumps((WEB / 'sentences.js').as_uri())};"
        f"const german = translator({json.dumps(TABLE)});"
    )
    found: list[str | None] = javascript.value(f"{json.dumps(list(sentences))}.map(german)", before, module=True)
    return found


def worded(path: Path) -> Iterator[str]:
    """The texts of a module that have a space, without its docstrings, and with a 7 for what is put into them."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    apart = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    apart |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part != node}
    for node in nodes:
        if id(node) in apart:
            continue
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        if " " in text.strip():
            yield text


@pytest.mark.parametrize("modules", [DECIDED, OTHERS], ids=["decisions", "notes and errors"])
def test_sentences_have_their_german(modules: list[Path]) -> None:
    sentences = sorted({text for path in modules for text in worded(path)} - PARTS)
    found = in_german(sentences)
    without = [english for english, german in zip(sentences, found, strict=True) if german is None]
    assert len(without) < len(sentences) / 10, without
    same = {english for english, german in zip(sentences, found, strict=True) if german == english}
    assert not [text for text in same if re.search("[a-z]{3} [a-z]{3}", text)]


def test_every_defect_and_recipe_has_its_german() -> None:
    sentences = [one.description for one in recipe.built_ins()]
    for kind in KINDS.values():
        there = kind.words.format(0.456, tint="orange", angle_degrees=12.3)
        sentences += [kind.name, there, f"probably {there}", kind.absent.format(name=kind.name)]
    assert None not in in_german(sentences)


def test_why_photos_of_a_batch_were_not_done_is_told_in_german() -> None:
    told = [message for _, message in (batch_photos.ELSEWHERE, batch_photos.FORGOTTEN, *endings.REASONS.values())]
    busy = ClientError({"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "HeadObject")
    for translate in (storage.translate, items.translate):
        told += [translate(error).message for error in (busy, ConnectTimeoutError(endpoint_url="https://s3"))]
    assert [english for english, german in zip(told, in_german(told), strict=True) if german is None] == []


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "haze: about 45% of the light is veil: 72% of the veil is lifted",
            "Dunst: etwa 45\u00a0% des Lichts sind Schleier: 72\u00a0% des Schleiers werden gelüftet",
        ),
        (
            "no noise to speak of, but lightened there would be about 5 levels: "
            "it is measured by frequency and taken out",
            "nicht der Rede wert: Rauschen, aber aufgehellt wären es etwa 5 Stufen: "
            "es wird nach Frequenzen gemessen und herausgenommen",
        ),
        (
            "finish, gentle: middle tones lighter, more contrast by a smooth curve, pale colours +12%",
            "Abschluss, sanft: mittlere Töne heller, mehr Kontrast durch eine weiche Kurve, blasse Farben +12\u00a0%",
        ),
        (
            "looked at again: what is wrong fell from 1.9 to 0.4 defects with 50% of the change",
            "nochmals angesehen: die Fehler sanken von 1,9 auf 0,4, mit 50 % der Änderung",
        ),
        (
            "from 4000 × 3000, 3.1 MB to 4000 × 3000, 812 KB (JPEG)",
            "von 4000 × 3000, 3,1 MB auf 4000 × 3000, 812 kB (JPEG)",
        ),
        (
            "the file is a JPEG XR picture: send it as JPEG, PNG or TIFF, which is not supported; "
            "accepted are JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC and AVIF",
            "die Datei ist ein JPEG-XR-Bild: bitte als JPEG, PNG oder TIFF senden; das wird nicht unterstützt; "
            "angenommen werden JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC und AVIF",
        ),
        (
            "the file has 80,000,001 bytes; at most 52,428,800 are allowed",
            "die Datei hat 80.000.001 Bytes; höchstens 52.428.800 sind erlaubt",
        ),
        ("the PNG ends early: 40% of its rows are there", "das PNG endet früh: 40\u00a0% seiner Zeilen sind da"),
        ("a sentence that nobody wrote", None),
        ("looked at again: a sentence that nobody wrote", None),
    ],
)
def test_sentences_are_taken_apart_and_put_together(english: str, german: str | None) -> None:
    assert in_german([english]) == [german]


def test_what_stands_in_a_sentence_stands_in_the_other() -> None:
    for english, german in TABLE.items():
        places = sorted(int(place) for place in re.findall(r"\{(\d)!?\}", german))
        assert places == list(range(english.count("{}"))), english


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["auto", "vivid", "digits", "none"])
def test_the_whole_story_of_a_photo_is_told_in_german(wanted: str) -> None:
    reports = [darkroom.enhance(photo(name), wanted).report for name in ("girl", "haze")]
    told = [reason.words for each in reports for reason in reasons(each)]
    assert len(told) >= len(reports)
    assert [english for english, german in zip(told, in_german(told), strict=True) if german is None] == []


def test_a_manifest_of_before_is_told_in_german() -> None:
    manifest = (ROOT / "tests" / "events" / "manifest_1.json").read_bytes()
    told = [reason.words for reason in reasons(report.read(manifest))]
    assert None not in in_german(told)

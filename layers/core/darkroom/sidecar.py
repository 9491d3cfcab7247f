"""What was decided about a photo as XMP, for archives and photo programs: beside the result, or within it.

Adobe's own settings (``crs``) are told where one of the same meaning exists, as applied already, so that no program
applies them twice; everything in a namespace of darkroom's. Source: ISO 16684-1 (XMP), the schema of Camera Raw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

import msgspec

from darkroom.codec import xmp
from darkroom.report import Report, StepReport

MEDIA_TYPE = "application/rdf+xml"
SUFFIX = ".xmp"
NAMESPACE = "urn:darkroom:report:1/"
_CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def packet(told: Report) -> bytes:
    """The decisions as a packet of their own."""
    return xmp.added(None, _description(told, settings=True)) or b""


def within(before: bytes, told: Report) -> bytes | None:
    """The decisions in a packet that a photo has, None where it has no place for them.

    What an earlier result's says in darkroom's namespace is replaced, and settings of Camera Raw that are there already
    stay as they are.
    """
    kept = xmp.without(before, NAMESPACE.encode())
    return xmp.added(kept, _description(told, settings=_CAMERA_RAW.encode() not in kept))


def _description(told: Report, *, settings: bool) -> str:
    found = camera_raw(told) if settings else {}
    parts = [
        *(f"<crs:{name}>{_text(value)}</crs:{name}>" for name, value in found.items()),
        _own({"Version": told.darkroom, "Job": told.job, "Recipe": told.recipe, "Blend": told.blend}),
        _own({"Format": told.format, "Quality": told.quality}),
        _list("Steps", (_step(step) for step in told.steps)),
        _list(
            "Decisions",
            (_own({"Defect": each.defect, "Chosen": each.chosen, "Why": each.why}) for each in told.decisions),
        ),
        _list("Notes", told.notes, plain=True),
    ]
    if told.review:
        review = _own({"Share": told.review.share, "Why": told.review.why})
        parts.append(f'<darkroom:Review rdf:parseType="Resource">{review}</darkroom:Review>')
    return (
        f'<rdf:Description rdf:about="" xmlns:rdf="{xmp.RDF}" xmlns:crs="{_CAMERA_RAW}" xmlns:darkroom="{NAMESPACE}">'
        f"{''.join(parts)}</rdf:Description>"
    )


def camera_raw(told: Report) -> dict[str, str]:
    """The settings of Camera Raw that mean what was done: exposure in EV, and grey; none of a part of the result."""
    if told.blend < 100 or (told.review is not None and told.review.share < 100):
        return {}
    found: dict[str, str] = {}
    whole = [step.params for step in told.steps if step.name == "adjust_color" and step.params.get("strength", 1) == 1]
    exposure = sum(float(params.get("exposure", 0)) for params in whole)
    if exposure:
        found["Exposure2012"] = f"{exposure:+.2f}"
    if any(step.name == "convert_color" and step.params.get("to") == "gray" for step in told.steps):
        found["ConvertToGrayscale"] = "True"
    return {"ProcessVersion": "11.0", **found, "HasSettings": "True", "AlreadyApplied": "True"} if found else {}


def _step(step: StepReport) -> str:
    return _own({"Name": step.name, "Params": msgspec.json.encode(step.params).decode()})


def _own(members: Mapping[str, object]) -> str:
    return "".join(
        f"<darkroom:{name}>{_text(value)}</darkroom:{name}>" for name, value in members.items() if value is not None
    )


def _list(name: str, entries: Iterable[str], *, plain: bool = False) -> str:
    """An ordered list of structures that are XML already, or of plain words."""
    items = [
        f"<rdf:li>{_text(e)}</rdf:li>" if plain else f'<rdf:li rdf:parseType="Resource">{e}</rdf:li>' for e in entries
    ]
    return f"<darkroom:{name}><rdf:Seq>{''.join(items)}</rdf:Seq></darkroom:{name}>" if items else ""


def _text(value: object) -> str:
    return escape(_NOT_XML.sub("\ufffd", str(value)))

"""The report of a job: what a photo was, what was found and decided, what was done, and why.

One schema for the library's report, the manifest beside a result, the API's answers and their description. It is made
in one way (`begin`, then what comes to be known), and told to people in one way (`reasons`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

import darkroom
from darkroom.album import Album
from darkroom.defects import DEFECTS
from darkroom.errors import StepFailed
from darkroom.measurements import Measurements, Share
from darkroom.picture import Picture
from darkroom.ready import ready
from darkroom.recipe import Blend, Finish, Format, Progressive, Quality, Recipe, StepCall

SCHEMA = 2
"""Of this shape. Manifests of before had no number and lacked what has a default here: they are read as this shape."""

DefectName = Annotated[str, Meta(extra_json_schema={"enum": list(DEFECTS)})]
Decided = Annotated[str, Meta(extra_json_schema={"enum": [*DEFECTS, "finish"]})]
Milliseconds = Annotated[int, Meta(ge=0)]


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A photo as it came, or as it left. Where it lies is told in manifests alone."""

    width: Annotated[int, Meta(description="in pixels, upright")]
    height: Annotated[int, Meta(description="in pixels, upright")]
    bit_depth: Annotated[int, Meta(description="bits a channel: 8 or 16")]
    bytes: Annotated[int | None, Meta(description="the file's size; absent for pixels that never were a file")] = None
    format: Annotated[str | None, Meta(description="absent for pixels that never were a file")] = None
    bucket: str | None = None
    key: str | None = None
    version: Annotated[str | None, Meta(description="where the bucket keeps versions")] = None
    etag: Annotated[str | None, Meta(description="of the result: another there is of another job")] = None
    untouched: Annotated[bool, Meta(description="of the result: it is the source's own file")] = False


class Defect(msgspec.Struct, frozen=True):
    """One defect that was looked for."""

    name: DefectName
    probability: Annotated[Share, Meta(description="that it is there, to be seen")]
    present: Annotated[bool, Meta(description="whether that is at least one half")]
    strength: Annotated[float, Meta(description="how strong it would be if it is there, in `unit`")]
    unit: str
    words: Annotated[str, Meta(description="a sentence")]
    helps: Annotated[tuple[str, ...], Meta(description="steps that would help")] = ()
    details: Annotated[dict[str, float], Meta(description="what else was estimated of it")] = {}
    traced: Annotated[bool, Meta(description="strength and details are read from a gain's traces")] = False


class Diagnosis(msgspec.Struct, frozen=True):
    """What a photo was looked through for."""

    defects: Annotated[list[Defect], Meta(description="all, present or not; in a job's record the present ones")]
    fine: Annotated[bool, Meta(description="no defect is present, and the photo is fine as it is")]
    fine_probability: Share
    scene: Annotated[dict[str, Share], Meta(description="how probable each kind of picture is")] = {}
    brighter: Annotated[
        float,
        Meta(
            description="by how much mean luma should be higher, on average over all that may be true: in doubt near 0"
        ),
    ] = 0.0
    tint: Annotated[tuple[float, float], Meta(description="likewise log2 of its light's red, blue over green")] = (0, 0)
    glow: Annotated[Share, Meta(description="how probable it is that its light should have its colour")] = 0.0
    models: Annotated[dict[str, str], Meta(description="which networks looked: their files' digests, by name")] = {}

    @property
    def present(self) -> list[Defect]:
        """The defects that are there, most certain first."""
        return sorted((defect for defect in self.defects if defect.present), key=lambda defect: -defect.probability)

    def brief(self) -> Diagnosis:
        """The same with the defects alone that are there, as a job's record has it."""
        return msgspec.structs.replace(self, defects=[defect for defect in self.defects if defect.present])

    def __getitem__(self, name: str) -> Defect:
        return self.defects[DEFECTS.index(name)]


class Decision(msgspec.Struct, frozen=True):
    """A defect that was looked for, or the finish, and whether something is done about it."""

    defect: Decided
    chosen: bool
    why: Annotated[str, Meta(description="a sentence")]
    steps: Annotated[list[StepCall], Meta(description="what is done; none where it is not chosen")] = []


class Review(msgspec.Struct, frozen=True):
    """The last look at what was done by itself."""

    share: Annotated[int, Meta(ge=0, le=100, description="percent of the result over the original that was kept")]
    why: Annotated[str, Meta(description="a sentence")]
    diagnosis: Annotated[Diagnosis, Meta(description="of what was kept")]


class StepReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one step did."""

    name: str
    params: Annotated[dict[str, Any], Meta(description="all of them, as the step's schema has them")]
    milliseconds: Milliseconds
    details: Annotated[
        dict[str, Any], Meta(description="what it found or chose itself; a step that answers: that")
    ] = {}


class Sidecar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The decisions as XMP. Where they lie is told in manifests alone."""

    where: Annotated[Literal["beside", "inside"], Meta(description="beside the result, or within it")]
    bucket: str | None = None
    key: str | None = None
    version: str | None = None


class StageReport(msgspec.Struct, frozen=True):
    """What one invocation of a stage did. The library does all in one, `library`."""

    stage: str
    milliseconds: Milliseconds
    steps: list[StepReport] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a photo, and why. All members are always there; null where there is nothing to say."""

    schema: Annotated[int, Meta(description="the number of this shape")] = SCHEMA
    darkroom: Annotated[str, Meta(description="the version that did it")]
    job: Annotated[str | None, Meta(description="null in the library")] = None
    recipe: Annotated[str, Meta(description="the recipe's name")]
    recipe_digest: Annotated[str, Meta(description="of its steps; empty in manifests of before")] = ""
    blend: Blend
    format: Annotated[Format | None, Meta(description="asked for; null: what goes with the source's")] = None
    quality: Annotated[Quality | None, Meta(description="asked for; null: the format's own")] = None
    progressive: Progressive = False
    finish: Annotated[Finish | None, Meta(description="asked for; null where the recipe states its steps")] = None
    source: File
    measurements: Annotated[
        Measurements | None, Meta(description="null where the recipe states its steps: nothing was measured")
    ]
    diagnosis: Annotated[Diagnosis | None, Meta(description="null where the recipe states its steps")] = None
    decisions: Annotated[
        list[Decision],
        Meta(description="a defect each, in the order of treatment, then the finish; none of stated steps"),
    ]
    album: Annotated[Album | None, Meta(description="null where the photo was decided about by itself")] = None
    stages: Annotated[list[StageReport], Meta(description="in the order in which they ran")] = []
    review: Annotated[Review | None, Meta(description="null where nothing was done by itself")] = None
    notes: Annotated[tuple[str, ...], Meta(description="what reading the file changed, in sentences")]
    result: Annotated[File | None, Meta(description="null where no file was written")] = None
    sidecar: Annotated[Sidecar | None, Meta(description="null where none was asked for, or none was written")] = None

    def __getitem__(self, member: str) -> Any:
        """A member as JSON types, for those who take the report for a mapping."""
        if member not in self.__struct_fields__:
            raise KeyError(member)
        return msgspec.to_builtins(getattr(self, member))

    @property
    def treated(self) -> list[str]:
        """The defects that something is done about."""
        return [decision.defect for decision in self.decisions if decision.chosen]

    @property
    def steps(self) -> list[StepReport]:
        """The steps of all stages, in order."""
        return [step for stage in self.stages for step in stage.steps]

    @property
    def milliseconds(self) -> int:
        """The time of all stages."""
        return sum(stage.milliseconds for stage in self.stages)

    def placeless(self) -> Report:
        """The same without where things lie, which is nobody's business but the bucket owner's."""
        source, result = (
            file and msgspec.structs.replace(file, bucket=None, key=None, version=None, etag=None)
            for file in (self.source, self.result)
        )
        sidecar = self.sidecar and Sidecar(where=self.sidecar.where)
        return msgspec.structs.replace(self, source=source, result=result, sidecar=sidecar)


def source_of(picture: Picture, size: int | None, **place: Any) -> File:
    """A photo as it came. size: of the file in bytes, None where there was none. place: where it lies."""
    return File(
        width=picture.width,
        height=picture.height,
        bit_depth=picture.bit_depth,
        bytes=size,
        format=picture.metadata.source_format or None,
        **place,
    )


def begin(
    chosen: Recipe, source: File, measurements: Measurements | None, notes: tuple[str, ...], **known: Any
) -> Report:
    """The report of a photo that has been read, and measured where steps are to be chosen. known: further members."""
    return Report(
        darkroom=darkroom.__version__,
        recipe=chosen.name,
        recipe_digest=chosen.digest(),
        blend=chosen.blend,
        format=chosen.format,
        quality=chosen.quality,
        progressive=chosen.progressive,
        finish=chosen.finish if chosen.steps == "auto" else None,
        source=source,
        measurements=measurements,
        notes=notes,
        sidecar=None if chosen.sidecar == "none" else Sidecar(where=chosen.sidecar),
        **{"decisions": []} | known,
    )


def read(manifest: bytes) -> Report:
    """A manifest, also one from before the schema had a number. Raises `StepFailed` where it is none."""
    try:
        return msgspec.json.decode(manifest, type=Report)
    except msgspec.DecodeError as error:
        raise StepFailed("bad-manifest", f"the job's manifest cannot be read: {error}") from error


class Reason(msgspec.Struct, frozen=True):
    """A sentence for people."""

    about: Annotated[
        Literal["found", "done", "left", "kept", "file"],
        Meta(description="what was found in the photo, done, left alone or kept of it, or became of the file"),
    ]
    words: str


def reasons(report: Report) -> list[Reason]:
    """What was found, done and left, and why, in the order of the story."""
    told = [Reason("found", words) for words in symptoms(report.diagnosis)] if report.diagnosis else []
    for step in report.steps:
        told += _of_step(step, asked=not report.treated)
    told += [Reason("done" if decision.chosen else "left", decision.why) for decision in report.decisions]
    told += [Reason("found", report.album.words)] if report.album else []
    if not report.steps:
        kept = report.result is not None and report.result.untouched
        became = "the file was left as it came" if kept else "turned upright, brought to sRGB and saved again"
        doubtful = report.diagnosis is not None and report.diagnosis.present
        why = "nothing was surely enough wrong to be treated" if doubtful else "nothing needed doing"
        told.append(Reason("done", f"{why}: {became}"))
    if report.review:
        told.append(Reason("kept", f"looked at again: {report.review.why}"))
    told += [Reason("file", note) for note in report.notes]
    if report.result:
        format_name = (report.result.format or "").upper()
        told.append(Reason("file", f"from {_size(report.source)} to {_size(report.result)} ({format_name})"))
    return told


def symptoms(diagnosis: Diagnosis) -> list[str]:
    """What a diagnosis found, most certain first."""
    if found := diagnosis.present:
        return [f"diagnosis: {defect.words} ({defect.probability:.0%} sure)" for defect in found]
    return ["diagnosis: fine as it is" if diagnosis.fine else "diagnosis: no defect to speak of"]


def _of_step(step: StepReport, *, asked: bool) -> Iterator[Reason]:
    """What a step answered; one that changes the photo only where it was asked for, not chosen."""
    if "says" in step.details:
        # A sheet of boxes is told line by line.
        says, lines = step.details["says"], step.details["text"].split("\n")
        whole = all(line in says for line in lines)
        yield from (Reason("found", words) for words in ([says] if whole else [f"{says}:", *filter(None, lines)]))
    elif "defects" in step.details:
        yield from (Reason("found", words) for words in symptoms(msgspec.convert(step.details, Diagnosis)))
    elif asked:
        yield Reason("done", f"{step.name.replace('_', ' ')}, as asked ({step.milliseconds} ms)")


def _size(file: File) -> str:
    heavy = "" if file.bytes is None else f", {weight(file.bytes)}"
    return f"{file.width} × {file.height}{heavy}"


def weight(size: int) -> str:
    """A file's size for people. size: in bytes."""
    return f"{-(-size // 1000)} KB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"


ready(Report)

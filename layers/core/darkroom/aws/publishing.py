"""The end of a job: guards, blends, encodes once, and writes result and manifest unless a newer upload was faster.

The result is written first, then the manifest, which names the result's version and ETag: whoever reads both can tell
whether they are of one job, at every moment. What the job's record names are these very versions.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from darkroom import blending, codec, prices, sidecar
from darkroom.auto import guard
from darkroom.aws import carrying, keys, storage
from darkroom.aws.runtime import about, count, logger, setting
from darkroom.aws.stage import BUCKET, Between, Decided, Job
from darkroom.errors import DarkroomError, StepFailed
from darkroom.picture import same_pixels
from darkroom.report import Diagnosis, Report, StageReport

ANNOTATION = "darkroom.manifest"
"""What the manifest is called at the result itself, where the stack annotates its results."""


class Event(msgspec.Struct, frozen=True):
    """What the workflow hands in.

    diagnosed: whether the stage `classify` chose those that worked on the picture.
    reports: what each part told of its report, inspect first, then the choice, then the others.
    """

    job: Job
    original: str
    picture: str
    diagnosed: bool
    reports: Annotated[list[str], msgspec.Meta(min_length=1)]


def publish(request: Event, between: Between = BUCKET, uploaded: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write result and manifest of what the stages left in `between`: where they lie, and the job's status.

    uploaded: S3's answer with the upload, where it was read here; else it is asked for what lies beside that.
    """
    about(request.job.id)
    answer = _publish(request, between, uploaded)
    count("Jobs", status=answer["status"])
    return answer


def _publish(request: Event, between: Between, uploaded: Mapping[str, Any] | None) -> dict[str, Any]:
    started = time.perf_counter()
    job = request.job
    inspection, by = so_far(request, between)
    picture = between.load_picture(request.picture)
    unchanged = request.picture == request.original
    review = None
    guarded = by is not None and request.picture != request.original
    if guarded or inspection.blend < 100:
        original = between.load_picture(request.original)
        if by is not None and guarded:
            picture, review = guard.review(original, picture, by, inspection.treated)
        picture = blending.blend(original, picture, inspection.blend)
        unchanged = unchanged or same_pixels(original, picture)
    format_name = inspection.format or codec.output_format(picture.metadata.source_format)
    source_file = upload(job) if unchanged and inspection.quality is None else None
    body, told = blending.write(
        replace(inspection, review=review), picture, format_name, source_file, keep_gps=setting("KEEP_GPS") == "true"
    )
    bucket, key = setting("RESULTS_BUCKET"), keys.result(job.to or job.key, format_name)
    carried = carrying.of_upload(
        job, key, uploaded, metadata=setting("KEEP_METADATA") == "true", tags=setting("KEEP_TAGS") == "true"
    )
    milliseconds = round((time.perf_counter() - started) * 1000)
    # Metadata of S3 objects is ASCII, keys are not: the source is named by a digest.
    source = hashlib.sha256(f"{job.bucket}/{job.key}".encode()).hexdigest()

    # What was answered to who waited is forgotten in a day: by this tag, for uploads' keys may begin as they like.
    briefly = {"Tagging": "darkroom=answered"} if job.bucket == setting("WORK_BUCKET") else {}

    def write(
        name: str, content: bytes, media_type: str, more: carrying.Carried, *, new: bool
    ) -> storage.Written | None:
        return storage.write_newest(
            bucket,
            name,
            content,
            media_type,
            source=source,
            sequencer=job.sequencer,
            metadata={**more.metadata, "job": job.id},
            new=new,
            **{**more.options, **briefly},
        )

    brief = msgspec.json.encode(inspection.diagnosis.brief()).decode() if inspection.diagnosis else ""
    superseded = {"status": "superseded", "diagnosis": brief, "result": None, "manifest": None}
    result = write(key, body, codec.MEDIA_TYPES[format_name], carried, new=True)
    if result is None:
        return superseded
    told = replace(
        told,
        notes=(*told.notes, *carried.notes),
        stages=[*inspection.stages, StageReport("publish", milliseconds)],
        result=told.result and replace(told.result, bucket=bucket, key=key, version=result.version, etag=result.etag),
    )
    count_dollars(told, together=between is not BUCKET)
    if told.sidecar is not None and told.sidecar.where == "beside":
        name = keys.sidecar(key)
        written = write(name, sidecar.packet(told), sidecar.MEDIA_TYPE, carrying.Carried(), new=result.new)
        if written is None:
            return superseded
        told = replace(told, sidecar=replace(told.sidecar, bucket=bucket, key=name, version=written.version))
    else:
        storage.remove_older(bucket, keys.sidecar(key), source=source, sequencer=job.sequencer)
    text = msgspec.json.encode(told)
    manifest = write(keys.manifest(key), text, "application/json", carrying.Carried(), new=result.new)
    if manifest is None:
        return superseded
    if setting("ANNOTATE_RESULTS") == "true":
        try:
            storage.annotate(bucket, key, result, ANNOTATION, text)
        except StepFailed as error:  # the result is there, and its manifest beside it
            logger.warning("not annotated", code=error.code, reason=error.message)
    return {
        "status": "succeeded",
        "diagnosis": brief,
        "result": {"bucket": bucket, "key": key, "version": result.version},
        "manifest": {"bucket": bucket, "key": keys.manifest(key), "version": manifest.version},
    }


def count_dollars(told: Report, *, together: bool) -> None:
    """What the job costs on Lambda by the price file, as a metric: its stages' times are its report's. together: they
    were one invocation."""
    memory_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    if memory_mb is None:
        return
    architecture: prices.Architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    stages = [(stage.stage, stage.milliseconds) for stage in told.stages]
    dollars = prices.read().of_photo(stages, int(memory_mb), architecture, together=together)
    count("Dollars", sum(dollars.values()))


def so_far(request: Event, between: Between) -> tuple[Report, Diagnosis | None]:
    """The job's report as its stages left it, in the order in which they ran, and the diagnosis by which it was decided
    what to do: an album's, where the photo is of one."""
    first, *others = request.reports
    inspection, by = between.left(first, Report), None
    stages = [*inspection.stages]
    if request.diagnosed:
        decided = between.left(others.pop(0), Decided)
        inspection = replace(inspection, diagnosis=decided.diagnosis, decisions=decided.decisions, album=decided.album)
        stages.append(decided.report)
        by = decided.by or decided.diagnosis
    stages += [between.left(told, StageReport) for told in others]
    return replace(inspection, stages=stages), by


def upload(job: Job) -> bytes | None:
    """The upload's own bytes; None where they are gone, or may not be read."""
    try:
        return storage.read(job.bucket, job.key, job.version)[0]
    except DarkroomError as error:
        if error.retryable:
            raise
        return None

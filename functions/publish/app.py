"""The end of a job: guards, blends, encodes once, and writes result and manifest unless a newer upload was faster.

The result is written first, then the manifest, which names the result's version and ETag: whoever reads both can tell
whether they are of one job, at every moment. What the job's record names are these very versions.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec.structs import replace

from darkroom import blending, codec
from darkroom.auto import guard
from darkroom.aws import keys, storage
from darkroom.aws.runtime import lambda_handler, logger, parse, setting
from darkroom.aws.stage import Job, load_picture
from darkroom.report import Report, StageReport


class Event(msgspec.Struct, frozen=True):
    """What the workflow hands in: the job, its report so far, and what each stage did."""

    job: Job
    original: str
    picture: str
    inspection: Report
    reports: list[StageReport]


@lambda_handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.perf_counter()
    request = parse(event, Event)
    job, inspection = request.job, request.inspection
    logger.append_keys(job_id=job.id)
    picture = load_picture(request.picture)
    review = None
    guarded = inspection.diagnosis is not None and request.picture != request.original
    if guarded or inspection.blend < 100:
        original = load_picture(request.original)
        if inspection.diagnosis is not None and guarded:
            picture, review = guard.review(original, picture, inspection.diagnosis, inspection.treated)
        picture = blending.blend(original, picture, inspection.blend)
    format_name = inspection.format or codec.output_format(picture.metadata.source_format)
    body = codec.encode(picture, format_name, quality=inspection.quality)
    bucket, key = setting("RESULTS_BUCKET"), keys.result(job.key, format_name)
    milliseconds = round((time.perf_counter() - started) * 1000)
    # Metadata of S3 objects is ASCII, keys are not: the source is named by a digest.
    source = hashlib.sha256(f"{job.bucket}/{job.key}".encode()).hexdigest()

    def write(name: str, content: bytes, media_type: str) -> storage.Written | None:
        return storage.write_newest(
            bucket, name, content, media_type, source=source, sequencer=job.sequencer, metadata={"job": job.id}
        )

    superseded = {"status": "superseded", "result": None, "manifest": None}
    result = write(key, body, codec.MEDIA_TYPES[format_name])
    if result is None:
        return superseded
    place = {"bucket": bucket, "key": key, "version": result.version, "etag": result.etag}
    told = replace(
        inspection,
        review=review,
        stages=[*request.reports, StageReport("publish", milliseconds)],
        result=blending.result_of(picture, format_name, len(body), **place),
    )
    manifest = write(keys.manifest(key), msgspec.json.encode(told), "application/json")
    if manifest is None:
        return superseded
    return {
        "status": "succeeded",
        "result": {"bucket": bucket, "key": key, "version": result.version},
        "manifest": {"bucket": bucket, "key": keys.manifest(key), "version": manifest.version},
    }

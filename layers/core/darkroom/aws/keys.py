"""The keys under which a job's objects lie in the stack's buckets: each rule stands here, and here alone."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata

from darkroom.aws import handover
from darkroom.codec.formats import EXTENSIONS, INPUT_EXTENSIONS

REFERENCES = "references/"
"""Where a recipe's reference images lie."""

OF_ONE_JOB = re.compile(r"(?:api|submit|sync)/[0-9a-f]{32}/(.+)", re.DOTALL)


def to_hand_over(job: str, index: int) -> str:
    """In the work bucket: a job's picture after `index` stages."""
    return f"jobs/{job}/{index}{handover.SUFFIX}"


def to_wait_for(job: str, source_format: str) -> str:
    """In the work bucket: a photo whose sender waits for the answer. source_format: Pillow's name of its format."""
    extension = f".{source_format.lower()}"
    return f"sync/{job}/photo{extension if extension in INPUT_EXTENSIONS else '.img'}"


def to_announce(job: str, filename: str) -> str:
    """In the uploads bucket: the photo of a job that the API announced, as its sender calls it."""
    return f"api/{job}/{safe_name(filename)}"


def to_submit(unique: str, filename: str) -> str:
    """In the uploads bucket: a photo that `darkroom submit` brings, whose job is known by a key that no other has.

    unique: 32 hexadecimal digits. S3's events do not name the upload's version everywhere; its key they always do.
    """
    return f"submit/{unique}/{safe_name(filename)}"


def is_announced(upload: str) -> bool:
    """True for an upload whose key is one job's alone."""
    return upload.startswith(("api/", "submit/"))


def filename(key: str) -> str:
    """A key as its sender named it: without what `to_announce`, `to_submit` and `to_wait_for` put before it."""
    match = OF_ONE_JOB.fullmatch(key)
    return match[1] if match else key


def result(upload: str, format_name: str) -> str:
    """The key of an upload's result: its own, with the output format's extension for the picture format's it has."""
    root, extension = posixpath.splitext(upload)
    return (root if extension.lower() in INPUT_EXTENSIONS else upload) + EXTENSIONS[format_name]


def manifest(result: str) -> str:
    """The key of the manifest beside a result."""
    return f"{result}.json"


def safe_name(filename: str) -> str:
    """The last segment of a file's name, as a key may hold it: without control characters or S3's own variable."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", filename)[-1])
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C").replace("${", "_{").strip(" .")
    return name or "photo"


def jobs_of(bucket: str, key: str, version: str) -> list[str]:
    """The ids that an upload's job may have, as the workflow makes them: the API's own, and by bucket, key and version.

    version: the sequencer where the bucket keeps none.
    """
    announced = re.match(r"(?:api|sync)/([0-9a-f]{32})/", key)
    digest = hashlib.sha256(f"{bucket}/{key}#{version}".encode()).hexdigest()[:32]
    return [*([announced[1]] if announced else []), digest]

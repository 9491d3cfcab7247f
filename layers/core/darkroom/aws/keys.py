"""The keys under which a job's objects lie in the stack's buckets: each rule stands here, and here alone."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from darkroom.aws import handover
from darkroom.codec.formats import EXTENSIONS, INPUT_EXTENSIONS, result_name

REFERENCES = "references/"
"""Where a recipe's reference images lie."""

MOST_BYTES = 1024
"""Of a key in S3."""

OF_ONE_JOB = re.compile(r"(?:api|submit|sync)/[0-9a-f]{32}/(.+)", re.DOTALL)


def to_hand_over(job: str, index: int) -> str:
    """In the work bucket: a job's picture after `index` stages."""
    return f"jobs/{job}/{index}{handover.SUFFIX}"


def to_report(job: str, part: int | Literal["diagnosis"]) -> str:
    """In the work bucket: what a job's stage reports, by its index (0 is inspect's), or what it is diagnosed with."""
    return f"jobs/{job}/{part}.json"


def to_wait_for(job: str, source_format: str) -> str:
    """In the work bucket: a photo whose sender waits for the answer. source_format: Pillow's name of its format."""
    extension = f".{source_format.lower()}"
    return f"sync/{job}/photo{extension if extension in INPUT_EXTENSIONS else '.img'}"


def to_rendition(digest: str) -> str:
    """In the work bucket: a picture made for signed addresses. digest: of all that it follows from."""
    return f"i/{digest}"


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
    """The key of an upload's result, see `darkroom.codec.result_name`: no two uploads have the same.

    One whose manifest's key would pass S3's bound is cut, and ends in a digest of the upload's.
    """
    key = result_name(upload, format_name)
    if len(manifest(key).encode()) <= MOST_BYTES:
        return key
    end = f"~{hashlib.sha256(upload.encode()).hexdigest()[:24]}{EXTENSIONS[format_name]}"
    room = MOST_BYTES - len(manifest(end).encode())
    return upload.encode()[:room].decode(errors="ignore") + end


def to_save_as(upload: str, result: str, recipe: str) -> str:
    """Under which name a browser saves a result: the photo's, the recipe's and the result's extension."""
    name = filename(upload).rpartition("/")[2]
    stem, extension = posixpath.splitext(name)
    stem = stem if extension.lower() in INPUT_EXTENSIONS else name
    return "-".join(filter(None, (stem, recipe))) + posixpath.splitext(result)[1]


def manifest(result: str) -> str:
    """The key of the manifest beside a result."""
    return f"{result}.json"


def sidecar(result: str) -> str:
    """The key of the decisions as XMP beside a result."""
    return f"{result}.xmp"


def safe_name(filename: str) -> str:
    """The last segment of a file's name, as a key may hold it: without control characters or S3's own variable.

    Whoever sends one says that it is a photo: a name as of what lies beside photos becomes another's.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", filename)[-1])
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C").replace("${", "_{").strip(" .")
    name = name or "photo"
    return _cut(name if may_be_photo(name) else f"{name}.photo", MOST_BYTES - len(f"submit/{'0' * 32}/"))


def _cut(name: str, most: int) -> str:
    """A name of at most so many bytes, with its extension. Normalizing makes some names longer than they were."""
    if len(name.encode()) <= most:
        return name
    stem, extension = posixpath.splitext(name)
    end = extension.encode()[: most // 2]
    return (stem.encode()[: most - len(end)] + end).decode(errors="ignore")


def jobs_of(bucket: str, key: str, version: str) -> list[str]:
    """The ids that an upload's job may have, as the workflow makes them: the API's own, and by bucket, key and version.

    version: the sequencer where the bucket keeps none.
    """
    announced = re.match(r"(?:api|sync)/([0-9a-f]{32})/", key)
    digest = hashlib.sha256(f"{bucket}/{key}#{version}".encode()).hexdigest()[:32]
    return [*([announced[1]] if announced else []), digest]


def to_ask(place: Mapping[str, Any]) -> dict[str, str]:
    """A record's upload, result or manifest as S3 calls it: no other version, where one is named."""
    version = {"VersionId": place["version"]} if place.get("version") else {}
    return {"Bucket": place["bucket"], "Key": place["key"], **version}


def event_of(record: Mapping[str, Any]) -> str:
    """The event of a recorded job's upload, as JSON: what EventBridge told of it, as far as the workflow reads it."""
    one = {"key": record["key"], "sequencer": record.get("sequencer") or "0"}
    if record.get("version"):
        one["version-id"] = record["version"]
    return msgspec.json.encode({"detail": {"bucket": {"name": record["bucket"]}, "object": one}}).decode()


def may_be_photo(upload: str) -> bool:
    """False for what consoles, systems and photo programs leave beside photos: folder markers, hidden files, previews
    of folders, sidecars, and darkroom's own manifests. What a file is, its bytes decide; so all other names may be."""
    *folders, name = upload.split("/")
    if not name or name.startswith("._") or name.lower() in _LEFT_BY_SYSTEMS or name.endswith("_$folder$"):
        return False
    if any(folder.lower() in _SYSTEMS_FOLDERS for folder in folders):
        return False
    return not name.lower().endswith(_BESIDE_PHOTOS)


_LEFT_BY_SYSTEMS = frozenset(
    {".ds_store", ".localized", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory", ".nomedia", "icon\r"}
    | {
        ".picasa.ini",
        "picasa.ini",
        "zbthumbnail.info",
        ".hidden",
        ".gitkeep",
        ".keep",
        ".bridgesort",
        ".bridgelabelsandratings",
    }
)
_SYSTEMS_FOLDERS = frozenset(
    {"__macosx", "@eadir", ".trashes", ".trash", ".spotlight-v100", ".fseventsd", ".appledouble", ".thumbnails"}
    | {".temporaryitems", "$recycle.bin", "system volume information", ".picasaoriginals"}
)
_BESIDE_PHOTOS = (
    *(".xmp", ".json", ".aae", ".pp3", ".dop", ".cos", ".nksc", ".on1", ".rrdata", ".arp", ".exif", ".mie", ".xml"),
    *(".lrcat", ".lrdata", ".lrprev", ".db", ".ini", ".lnk", ".url", ".log", ".txt", ".md5", ".sha1", ".sha256"),
    *(".tmp", ".part", ".partial", ".crdownload", ".download"),
)

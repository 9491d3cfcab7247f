"""After a storm: uploads, records, executions, results and events, held against each other.

The evidence is what lies in AWS, read here: versions in the buckets, items of the table, executions, and a queue of
events. Pictures are opened with Pillow and compared with what the recipe must make of the photo that was uploaded.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from tests.chaos.ground import KINDS, Ground, Upload
from tests.support import photos

MAY_END_AS = {
    "done": {"succeeded"},
    "replaced": {"succeeded", "superseded"},
    "deleted": {"superseded"},
    "either": {"succeeded", "superseded", "rejected"},
    "rejected": {"rejected"},
}
"""Statuses by what an upload must come to."""


@dataclass
class Account:
    """What a storm left.

    lost: uploads without their result, or whose end nobody was told of. doubled: a second record, end or event of one.
    stuck: what still waits or runs. wrong: a picture, manifest or version that is not its job's.
    """

    storm: str
    uploads: int
    faults: int
    begun_anew: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def trouble(self) -> list[str]:
        kinds = {"lost": self.lost, "doubled": self.doubled, "stuck": self.stuck, "wrong": self.wrong}
        return [f"{kind}: {what}" for kind, found in kinds.items() for what in found]

    def row(self) -> str:
        counts = [len(found) for found in (self.lost, self.doubled, self.stuck, self.wrong)]
        return f"| {' | '.join(map(str, (self.storm, self.uploads, self.faults, self.begun_anew, *counts)))} |"


HEAD = (
    "| storm | uploads | faults met | begun anew by hand | lost | doubled | stuck | wrong |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def reconcile(ground: Ground, storm: str, prefix: str) -> Account:
    """The account of all uploads whose keys begin with `prefix`."""
    uploads = [one for one in ground.uploads if one.key.startswith(prefix)]
    records = ground.records(prefix)
    account = Account(storm, len(uploads), ground.proxy.hits, ground.begun_anew)
    told = [one for one in ground.told if one["detail"]["upload"]["key"].startswith(prefix)]
    by_upload: dict[Upload, list[dict[str, Any]]] = {one: list(_records_of(one, uploads, records)) for one in uploads}

    lying = _versions(ground, "UploadsBucket", prefix)
    missing = {(one.key, one.version) for one in uploads} - set(lying)
    account.lost += [f"the upload itself, {key} {version}" for key, version in missing]
    for queue, what in (("WaitingUploads", "messages"), ("UndeliveredUploads", "undelivered")):
        if count := ground.messages(queue):
            account.stuck.append(f"{count} {what}")
    account.stuck += ground.running()
    for one, found in by_upload.items():
        _check_upload(account, one, found, told)
    owned = [record["id"] for found in by_upload.values() for record in found]
    account.doubled += [f"record {record['id']} of no upload" for record in records if record["id"] not in owned]
    for record in records:
        if record["status"] == "succeeded":
            whose = next((one for one, found in by_upload.items() if record in found), None)
            account.wrong += _faults_of_result(ground, record, whose, uploads)
    account.wrong += _faults_of_newest(ground, prefix, uploads, by_upload)
    account.doubled += _done_twice(ground, prefix)
    return account


def _records_of(one: Upload, uploads: list[Upload], records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The embedded AWS tells no versions: there a key that was uploaded once tells."""
    alone = sum(other.key == one.key for other in uploads) == 1
    for record in records:
        if record["key"] == one.key and (record.get("version") == one.version or (alone and not record.get("version"))):
            yield record


def _check_upload(account: Account, one: Upload, found: list[dict[str, Any]], told: list[dict[str, Any]]) -> None:
    name = f"{one.key} {one.version}"
    if not found:
        account.lost.append(f"{name} has no record")
        return
    if len(found) > 1:
        account.doubled.append(f"{name} has {len(found)} records")
    for record in found:
        status = record["status"]
        if status in ("running", "waiting"):
            account.stuck.append(f"{name} is {status}")
            continue
        if status not in MAY_END_AS[one.wanted]:
            account.lost.append(f"{name} is {status} ({record.get('error')}), not {one.wanted}")
            continue
        kinds = Counter(event["detail-type"] for event in told if event["detail"]["job"] == record["id"])
        if not kinds[KINDS[status]]:
            account.lost.append(f"nobody was told that {name} is {status}")
        account.doubled += [f"{name}: {count} times '{kind}'" for kind, count in kinds.items() if count > 1]


def _faults_of_result(
    ground: Ground, record: dict[str, Any], one: Upload | None, uploads: list[Upload]
) -> Iterator[str]:
    """A record's own result and manifest, by the versions that it names."""
    name = record["key"]
    try:
        picture, manifest = (_get(ground, record[part]) for part in ("result", "manifest"))
    except ground.client("s3").exceptions.ClientError as error:
        yield f"{name}: what its record names is not there: {error}"
        return
    seed = one.seed if one else -1
    if not is_of(picture, seed):
        others = [other.key for other in uploads if is_of(picture, other.seed)]
        yield f"{name}: the picture is not of its upload, but of {others or 'none'}"
    told = json.loads(manifest)
    if told["job"] != record["id"]:
        yield f"{name}: the manifest is of {told['job']}"
    if told["result"].get("version") != record["result"]["version"]:
        yield f"{name}: the manifest names another version than the record"


def _faults_of_newest(
    ground: Ground, prefix: str, uploads: list[Upload], by_upload: dict[Upload, list[dict[str, Any]]]
) -> Iterator[str]:
    """What lies in the results bucket now, under the names that everybody knows."""
    newest = {one.key: one for one in uploads}  # later ones replace earlier ones
    named = {
        record[part]["key"]: key
        for key, one in newest.items()
        for record in by_upload[one]
        if record["status"] == "succeeded"
        for part in ("result", "manifest")
    }
    for (key, version), is_newest in _versions(ground, "ResultsBucket", prefix).items():
        if not is_newest:
            continue
        if key not in named:
            yield f"{key} lies there, and is of no newest upload"
        elif not key.endswith(".json"):
            place = {"bucket": ground.outputs["ResultsBucket"], "key": key, "version": version}
            if not is_of(_get(ground, place), newest[named[key]].seed):
                yield f"{key} is not of the newest upload"


def _done_twice(ground: Ground, prefix: str) -> Iterator[str]:
    """Executions that did one upload's work a second time, to its end."""
    states, done = ground.client("stepfunctions"), Counter[str]()
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=ground.outputs["EnhanceArn"], statusFilter="SUCCEEDED"
    )
    for arn in [one["executionArn"] for page in pages for one in page["executions"]]:
        if arn in ground.accounted:
            continue
        ground.accounted.add(arn)
        described = states.describe_execution(executionArn=arn)
        if not json.loads(described["input"])["detail"]["object"]["key"].startswith(prefix):
            continue
        output = json.loads(described["output"])
        done[output["job"]] += output["status"] in ("succeeded", "superseded")
    for job, count in done.items():
        if count > 1:
            yield f"job {job} was done {count} times"


def _versions(ground: Ground, bucket: str, prefix: str) -> dict[tuple[str, str], bool]:
    """All versions of keys in a bucket, and whether each is the newest."""
    pages = (
        ground.client("s3").get_paginator("list_object_versions").paginate(Bucket=ground.outputs[bucket], Prefix=prefix)
    )
    return {(one["Key"], one["VersionId"]): one["IsLatest"] for page in pages for one in page.get("Versions", [])}


def _get(ground: Ground, place: dict[str, str]) -> bytes:
    body: bytes = ground.client("s3").get_object(
        Bucket=place["bucket"], Key=place["key"], VersionId=place["version"]
    )["Body"].read()  # fmt: skip
    return body


def is_of(file: bytes, seed: int) -> bool:
    """Whether a picture is what a gamma of 0.8 makes of the photo with that seed."""
    if seed < 0:
        return False
    expected = (photos.pixels(seed) / 255) ** (1 / 0.8) * 255
    found = np.asarray(Image.open(io.BytesIO(file)), dtype=float)
    return found.shape == expected.shape and bool(np.abs(found - expected).max() <= 1)

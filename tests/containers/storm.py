"""Photos for several workers of which some are killed in the middle, and one photo by which every worker breaks."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.containers.ground import Ground, until
from tests.support import photos

MEMORY_MB = 650
"""That a worker's photo may take here: the small ones take 330 to 430, with the libraries and networks."""

RECIPES = ("none", "vivid", "auto", "document")
POISON = "poison.png"


def poison() -> bytes:
    """A file of kilobytes that every limit of the stack allows, and that is decoded well within `MEMORY_MB`: but the
    steps' working copies of it are not."""
    file = io.BytesIO()
    noise = Image.effect_noise((700, 500), 40).resize((7000, 5000), Image.Resampling.NEAREST)
    noise.convert("RGB").save(file, "PNG", compress_level=1)
    return file.getvalue()


@dataclass(frozen=True)
class Account:
    """What became of all photos. failed: code and message by key. trouble: each that was lost or doubled, in words;
    nothing where all is well."""

    results: int
    dead: list[str]
    failed: dict[str, str]
    trouble: list[str]


def storm(
    ground: Ground, number: int, log: Path, *, workers: int = 4, killed: int = 2, recipes: Sequence[str] = RECIPES
) -> Account:
    """Upload so many photos, one of them poison, start workers, kill some when a third is done, wait for the end."""
    keys = [f"{recipes[index % len(recipes)]}/photo {index}.jpg" for index in range(number - 1)]
    for index, key in enumerate(keys):
        ground.upload(key, photos.encoded(seed=index))
    options = ("--hidden", "15", "--photo-memory", str(MEMORY_MB))
    crew = [ground.start_worker(log, *options) for _ in range(workers)]
    until(lambda: ground.ended() >= number // 3, "a third of all jobs ended")
    for process in crew[:killed]:
        os.killpg(process.pid, signal.SIGKILL)
    ground.upload(
        POISON, poison(), '{"steps": [{"name": "stretch_local"}]}'
    )  # now: so that no kill is one of its tries
    until(lambda: ground.length(ground.queue) == 0, "an empty queue")
    for process in crew[killed:]:
        process.terminate()
    trouble = [f"a worker ended with {code}" for process in crew[killed:] if (code := process.wait()) != 0]
    return _account(ground, keys, trouble)


def _account(ground: Ground, keys: list[str], trouble: list[str]) -> Account:
    records, results = ground.records(), ground.results()
    for key in keys:
        record: dict[str, Any] = records.get(key, {"status": "lost"})
        if record["status"] != "succeeded" or "open" in record:
            trouble.append(f"{key}: {record['status']}, {record.get('open', 'told')}")
        places = [record.get(name) or {"key": "", "version": ""} for name in ("result", "manifest")]
        there = [place["version"] in [one["VersionId"] for one in results.pop(place["key"], [])] for place in places]
        if not all(there):
            trouble.append(f"{key}: the record names no object that is there")
    trouble += [f"{key}: an object that no record names" for key in results]
    told = [(event["detail"]["job"], event["detail"]["execution"]) for event in ground.take_all(ground.told)]
    if {job for job, _ in told} != {record["id"] for record in records.values()}:
        trouble.append("the ends that were told are not those of the jobs")
    if len({job for job, _ in told}) != len(set(told)):
        trouble.append("a job ended twice")
    dead = [body["Records"][0]["s3"]["object"]["key"] for body in ground.take_all(ground.dead)]
    failed = {
        key: f"{record['error']['code']}: {record['error']['message']}"
        for key, record in records.items()
        if record["status"] == "failed"
    }
    return Account(sum(key in records and "result" in records[key] for key in keys), dead, failed, trouble)

"""Batches from outside: begun, followed, begun anew for what was left undone, and stopped."""

from __future__ import annotations

import string
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from darkroom.aws import batching, clients, items, keys, tallying
from darkroom.aws.batching import MOST_OF_FOLDER, Folder, Line, Outcome, Settings
from darkroom.aws.tallying import Counts, Reason
from darkroom.errors import RecipeInvalid, StepFailed

IN_MEMORY = 50_000_000
PAGE = 1000
"""Keys that S3 lists at once."""

RUNNING = "RUNNING"

Found = tuple[Line, int]
"""A photo, and its file's size in bytes where that is known, else 0."""


class State(msgspec.Struct, frozen=True):
    """How a batch stands. execution: of its last run, as Step Functions says; "NONE" where none began. runs: so many.

    arn: that run's, "" where none began. reasons: why photos were not done, the most frequent first. unaccounted:
    photos of which there is no word though the run has ended. outcomes: the keys of the photos' last ones, of a batch
    of at most `PAGE` photos, or of so many as were to be named.
    """

    settings: Settings
    counts: Counts
    reasons: list[Reason]
    execution: str
    runs: int
    seconds: float = 0
    arn: str = ""
    cause: str = ""
    outcomes: list[str] = []

    @property
    def running(self) -> bool:
        return self.execution == RUNNING

    @property
    def unaccounted(self) -> int:
        return 0 if self.running else self.settings.total - self.counts.ended


class Phase(msgspec.Struct, frozen=True):
    """How far one of the Maps of a run is. name: its label in the workflow. of: so many photos, or folders."""

    name: str
    done: int
    of: int


@dataclass(frozen=True)
class Batches:
    """The batches of a stack: its work bucket, the ARN of their workflow or of its alias, and boto3's clients.

    Its methods raise `StepFailed` and `TransientError` where S3 or Step Functions refuse.
    """

    work: str
    machine: str
    s3: Any
    states: Any

    def settings(self, owner: str, source: str, asked: dict[str, str], to: str, total: int, **options: Any) -> Settings:
        """Of a new batch. Raises `RecipeInvalid` naming what is out of bounds."""
        return batching.checked(
            Settings(
                id=uuid.uuid4().hex,
                owner=owner,
                source=source,
                asked=asked,
                to=to,
                created=items.now(),
                sequencer=f"{time.time_ns() // 1_000_000:016X}",
                total=total,
                **options,
            )
        )

    def begin(self, settings: Settings, lines: Iterable[Line]) -> None:
        """Write down what is to be done, and begin it. Raises `RecipeInvalid` for an album of too many photos."""
        with _told("the batch could not be begun"):
            self._write(settings, lines, 0)
            body = msgspec.json.encode(settings)
            self.s3.put_object(Bucket=self.work, Key=batching.of_settings(settings.id), Body=body)
            for owner in (None, settings.owner):
                named = f"{batching.listed_of(owner)}{batching.name_of(settings)}"
                self.s3.put_object(Bucket=self.work, Key=named, Body=b"")
            self._start(settings, 0)

    def _start(self, settings: Settings, run: int) -> None:
        self.states.start_execution(stateMachineArn=self.machine, **batching.to_start(settings, self.work, run))

    def _write(self, settings: Settings, lines: Iterable[Line], run: int) -> None:
        """A run's photos, and the folders of which albums are made."""
        folders, begun_anew = Counter[Folder](), defaultdict[Folder, list[str]](list)
        with SpooledTemporaryFile(IN_MEMORY) as file:
            for line in lines:
                file.write(msgspec.json.encode(line) + b"\n")
                if settings.album:
                    folders[batching.folder_of(line)] += 1
                    if run:
                        begun_anew[batching.folder_of(line)].append(batching.photo_of(line.bucket, line.key))
            if folders and max(folders.values()) > MOST_OF_FOLDER:
                ((most, photos),) = folders.most_common(1)
                raise RecipeInvalid(
                    "bad-request",
                    f"s3://{most.bucket}/{most.folder:.200} has {photos:,} photos: {MOST_OF_FOLDER:,} of one folder "
                    "may be decided about together",
                )
            file.seek(0)
            self.s3.upload_fileobj(file, self.work, batching.of_photos(settings.id, run))
        if settings.album:
            listed = [replace(folder, photos=tuple(begun_anew[folder])) for folder in sorted(folders)]
            body = b"".join(msgspec.json.encode(folder) + b"\n" for folder in listed)
            self.s3.put_object(Bucket=self.work, Key=batching.of_albums(settings.id, run), Body=body)

    def find(self, batch: str) -> Settings | None:
        """None where there is none."""
        with _told("the batch could not be read"):
            if batching.is_id(batch):
                try:
                    answer = self.s3.get_object(Bucket=self.work, Key=batching.of_settings(batch))
                    return msgspec.json.decode(answer["Body"].read(), type=Settings)
                except ClientError as error:
                    if clients.code_of(error) != "NoSuchKey":
                        raise
        return None

    def newest(self, limit: int, owner: str | None = None, after: str = "") -> tuple[list[Settings], str | None]:
        """A page of an owner's batches, or of all, newest first, and what asks for the one after it: None at the end.

        A request to S3 for the page and one for each batch on it, however many there are. limit: at most 1,000.
        """
        prefix = batching.listed_of(owner)
        with _told("the batches could not be listed"):
            page = self.s3.list_objects_v2(Bucket=self.work, Prefix=prefix, StartAfter=prefix + after, MaxKeys=limit)
        names = [one["Key"].removeprefix(prefix) for one in page.get("Contents", [])]
        with ThreadPoolExecutor(clients.AT_ONCE) as pool:
            found = [settings for settings in pool.map(self.find, (name[-32:] for name in names)) if settings]
        return found, names[-1] if page["IsTruncated"] else None

    def state(self, settings: Settings, naming: int = 0) -> State:
        """How it stands now: by a request to S3 for each 1,000 outcomes, of a large batch ten at once.

        Step Functions is asked first: the run's end comes after the last outcome, so a list made after it is whole.
        naming: of a batch of so many photos the outcomes are named, however many S3 lists at once.
        """
        runs, found = self._last_run(settings)
        outcomes: list[str] = []
        with _told("the batch could not be looked at"):
            if settings.total <= max(PAGE, naming):
                outcomes = list(self._last_words(settings.id))
                counts, reasons = tallying.tally([tallying.counted(outcomes)])
            else:
                with ThreadPoolExecutor(clients.AT_ONCE) as pool:
                    words = (self._last_words(settings.id, part) for part in string.hexdigits[:16])
                    counts, reasons = tallying.tally(pool.map(tallying.counted, words))
        if not found:
            return State(settings, counts, reasons, "NONE", runs, outcomes=outcomes)
        end = found.get("stopDate")
        seconds = (end.timestamp() if end else time.time()) - found["startDate"].timestamp()
        cause = found.get("cause") or found.get("error") or ""
        return State(settings, counts, reasons, found["status"], runs, seconds, found["executionArn"], cause, outcomes)

    def _last_run(self, settings: Settings) -> tuple[int, Mapping[str, Any]]:
        """How many runs are written down, and what Step Functions says of the last that it knows: nothing if none.

        A run is written down before it begins: until then, the one before it is the last.
        """
        with _told("the batch could not be looked at"):
            runs = sum(1 for _ in self._keys(f"{batching.ROOT}{settings.id}/runs/"))
            for run in reversed(range(runs)):
                with suppress(self.states.exceptions.ExecutionDoesNotExist):
                    return runs, self.states.describe_execution(executionArn=self._execution(settings.id, run))
            return runs, {}

    def phases(self, settings: Settings) -> tuple[bool, list[Phase]]:
        """Whether its last run goes on, and the Maps that it began, the newest last, as Step Functions counts them."""
        _, found = self._last_run(settings)
        with _told("the batch could not be looked at"):
            maps = self._maps(found["executionArn"]) if found else []
            return found.get("status") == RUNNING, [self._phase(arn) for arn in maps]

    def newest_map(self, state: State) -> str:
        """The newest Map of a batch that runs, by its label in the workflow; "" where it has begun none."""
        with _told("the batch could not be looked at"):
            maps = self._maps(state.arn)
        return _label(maps[-1]) if maps else ""

    def _maps(self, execution: str) -> list[str]:
        """The ARNs of a run's Maps, the newest last."""
        begun = self.states.list_map_runs(executionArn=execution)["mapRuns"]
        return [one["mapRunArn"] for one in sorted(begun, key=lambda one: one["startDate"])]

    def _phase(self, arn: str) -> Phase:
        counts = self.states.describe_map_run(mapRunArn=arn)["itemCounts"]
        return Phase(_label(arn), counts["total"] - counts["pending"] - counts["running"], counts["total"])

    def redrive(self, settings: Settings) -> int:
        """Begin another run with the photos that were left undone. Gives their number. Raises `StepFailed`."""
        runs, found = self._last_run(settings)
        if found.get("status") == RUNNING:
            raise StepFailed("batch-running", "the batch runs: it can be begun anew when it has ended, or was stopped")
        undone = [line for line, status, _ in self.photos(settings) if status not in batching.DONE]
        if undone:
            with _told("the batch could not be begun anew"):
                self._write(settings, undone, runs)
                self._start(settings, runs)
        return len(undone)

    def stop(self, settings: Settings) -> None:
        """Begin no more of its photos. Raises `StepFailed` where it does not run."""
        _, found = self._last_run(settings)
        if found.get("status") != RUNNING:
            raise StepFailed("batch-ended", "the batch does not run")
        with _told("the batch could not be stopped"):
            self.states.stop_execution(executionArn=found["executionArn"], error="Stopped")

    def lines(self, settings: Settings) -> Iterator[Line]:
        """All its photos."""
        with _told("the batch's photos could not be read"):
            answer = self.s3.get_object(Bucket=self.work, Key=batching.of_photos(settings.id, 0))
            for line in answer["Body"].iter_lines():
                yield msgspec.json.decode(line, type=Line)

    def photos(self, settings: Settings) -> list[tuple[Line, str, str]]:
        """All its photos, how each ended, and the key of that outcome; both are empty where there is no word of it."""
        with _told("the batch's outcomes could not be listed"):
            return self.ended(settings, self._last_words(settings.id))

    def ended(self, settings: Settings, outcomes: Iterable[str]) -> list[tuple[Line, str, str]]:
        """As `photos`, by the keys of the last outcomes."""
        words = {batching.read_name(key)[0]: key for key in outcomes}
        found = []
        for line in self.lines(settings):
            key = words.get(batching.photo_of(line.bucket, line.key), "")
            found.append((line, batching.read_name(key)[2] if key else "", key))
        return found

    def outcomes(self, names: Iterable[str]) -> list[Outcome]:
        """The outcomes under these keys, in their order."""
        with _told("the batch's outcomes could not be read"), ThreadPoolExecutor(clients.AT_ONCE) as pool:
            return [msgspec.json.decode(body, type=Outcome) for body in pool.map(self._read, names)]

    def _last_words(self, batch: str, part: str = "") -> Iterator[str]:
        """part: what photos' names begin with."""
        return tallying.last_words(self._keys(batching.of_outcomes(batch) + part))

    def _read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.work, Key=key)["Body"].read()
        return body

    def _keys(self, prefix: str) -> Iterator[dict[str, Any]]:
        return clients.objects(self.s3, self.work, prefix)

    def _execution(self, batch: str, run: int) -> str:
        plain = ":".join(self.machine.split(":")[:7])  # executions are the workflow's own, by whatever alias they began
        return f"{plain.replace(':stateMachine:', ':execution:')}:{batch}-{run}"


def photos_under(s3: Any, bucket: str, prefix: str) -> Iterator[Found]:
    """The photos under a prefix, by their keys: no folder markers, sidecars, manifests and the like."""
    with _told("the photos could not be listed"):
        for one in clients.objects(s3, bucket, prefix):
            if one["Size"] and keys.may_be_photo(one["Key"]):
                yield Line(bucket, one["Key"]), one["Size"]


def _label(arn: str) -> str:
    """What the workflow calls a Map, by the ARN of its run."""
    return arn.rpartition("/")[2].partition(":")[0]


@contextmanager
def _told(what: str) -> Iterator[None]:
    """AWS's errors as `StepFailed` or `TransientError`, with what could not be done."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise clients.translate(error, f"{what}: AWS", "batch") from error

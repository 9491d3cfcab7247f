"""What the API answers, typed: infra/openapi.yaml has the same in words, and a test holds the two together."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from darkroom.client.waiting import UNFINISHED
from darkroom.ready import ready
from darkroom.report import Diagnosis, Reason, Report, StepReport

Status = Literal["waiting", "running", "succeeded", "superseded", "rejected", "failed"]


class Error(msgspec.Struct, frozen=True):
    """Why something was not done: a stable code for programs, a sentence for people."""

    code: str
    message: str


class Links(msgspec.Struct, frozen=True):
    """Where a job's parts are: presigned, good for a quarter of an hour, None for what is not there.

    address: of the job itself, relative to the API's.
    """

    address: str = msgspec.field(name="self")
    original: str | None = None
    result: str | None = None
    download: str | None = None
    manifest: str | None = None
    sidecar: str | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of a job. source: the job whose photo it has a copy of."""

    id: str
    status: Status
    filename: str
    created: datetime
    updated: datetime
    links: Links
    recipe: str | None = None
    source: str | None = None
    diagnosis: Diagnosis | None = None
    error: Error | None = None

    @property
    def ended(self) -> bool:
        return self.status not in UNFINISHED


class Stage(msgspec.Struct, frozen=True):
    """A stage of a job. since: when it began, while it runs."""

    stage: str
    status: Literal["planned", "running", "done", "failed"]
    since: datetime | None = None
    milliseconds: int | None = None
    steps: list[StepReport] = []


class Job(Summary, frozen=True, kw_only=True):
    """A job. report and reasons (the report in sentences) are there once it has succeeded."""

    stages: list[Stage]
    report: Report | None = None
    reasons: list[Reason] = []


class Form(msgspec.Struct, frozen=True):
    """What takes a photo: all fields, then the file as the last one, as multipart/form-data. expires_in: seconds."""

    url: str
    fields: dict[str, str]
    expires_in: int
    max_bytes: int


class Announced(msgspec.Struct, frozen=True):
    """A job that was announced. upload: None where its photo came already."""

    id: str
    status: Status
    links: Links
    upload: Form | None = None


class JobPage(msgspec.Struct, frozen=True):
    """A page of the list of jobs. next: what asks for the following one."""

    jobs: list[Summary]
    next: str | None


class OutcomeLinks(msgspec.Struct, frozen=True):
    result: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """How a photo of a batch ended."""

    filename: str
    status: Literal["succeeded", "superseded", "skipped", "rejected", "failed"]
    links: OutcomeLinks
    error: Error | None = None


class BatchLinks(msgspec.Struct, frozen=True):
    address: str = msgspec.field(name="self")


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of a batch. source: where its photos are, in words."""

    id: str
    created: datetime
    source: str
    photos: int
    links: BatchLinks


class BatchError(msgspec.Struct, frozen=True):
    """Why so many photos of a batch were not done. message: of one of them."""

    code: str
    message: str
    photos: int


class Batch(BatchSummary, frozen=True, kw_only=True):
    """A batch. skipped: done before. outcomes: of the photos that have ended, where those of so many were asked for.

    phase: what it is at, of a batch of albums that runs.
    """

    status: Literal["running", "ended", "stopped", "failed"]
    succeeded: int
    skipped: int
    rejected: int
    failed: int
    errors: list[BatchError]
    phase: Literal["looking", "agreeing", "enhancing"] | None = None
    outcomes: list[Outcome] = []

    @property
    def ended(self) -> bool:
        return self.status != "running"


class BatchPage(msgspec.Struct, frozen=True):
    """A page of the list of batches. next: what asks for the following one."""

    batches: list[BatchSummary]
    next: str | None


class Enhanced(msgspec.Struct, frozen=True):
    """A photo that was enhanced while the caller waited."""

    photo: bytes
    media_type: str
    report: Report
    job: str


ready(Announced, Job, Summary, Batch, JobPage, BatchPage)

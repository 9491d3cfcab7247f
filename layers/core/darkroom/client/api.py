"""A deployed stack by its HTTP API: the API's address, and whatever it knows its callers by."""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import urllib3

from darkroom.client import calling
from darkroom.client.answers import (
    Announced,
    Batch,
    BatchPage,
    BatchSummary,
    Enhanced,
    Error,
    Form,
    Job,
    JobPage,
    Stage,
    Summary,
)
from darkroom.client.calling import Caller
from darkroom.client.waiting import check, until
from darkroom.errors import StepFailed
from darkroom.recipe import Recipe, StepCall
from darkroom.report import Diagnosis, Report
from darkroom.wanted import Wanted

POLL_SECONDS, BATCH_POLL_SECONDS = 0.7, 3.0
PAGE = 100

type Photo = bytes | str | os.PathLike[str]
"""A photo's file, or its path."""

type Asked = str | Mapping[str, Any] | Recipe | Iterable[StepCall] | Wanted | None
"""What is to be done: a recipe as `darkroom.enhance` takes it; None for the stack's own default."""

# Not in every system's table.
mimetypes.add_type("image/heic", ".heic")
mimetypes.add_type("image/heif", ".heif")
mimetypes.add_type("image/avif", ".avif")
mimetypes.add_type("image/webp", ".webp")


class Client(Caller):
    """The API of a stack, at `address`, for the holder of `key`, or `token`, or the environment's AWS credentials.

    All methods raise darkroom's errors: those that a photo or recipe is at fault for as the library does,
    `RequestRefused` for what the API refuses (`http.no-job`, `http.forbidden`, …), `TransientError` where there is no
    answer, or the API is still busy after it was asked again. A busy API is asked again by itself, as its
    `Retry-After` says; one of more than a minute is not waited for.
    """

    # Jobs

    def submit(
        self,
        photo: Photo,
        recipe: Asked = None,
        *,
        blend: int | None = None,
        filename: str = "",
        idempotency_key: str = "",
    ) -> str:
        """Announce a job and upload its photo, of any size. Gives the job's id.

        filename: of bytes, or another than the path's. idempotency_key: a second call with the same one, and the same
        wishes, finds the same job; without it each call makes a job of its own, however often the network fails.
        """
        body, name = _read(photo, filename)
        announced = self.announce(name, recipe, blend=blend, idempotency_key=idempotency_key)
        if announced.upload is not None:
            self.upload(announced.upload, body)
        return announced.id

    def announce(
        self, filename: str, recipe: Asked = None, *, blend: int | None = None, idempotency_key: str = ""
    ) -> Announced:
        """A job, and the form that takes its photo."""
        request = {"filename": filename, "content_type": _media_type(filename), **_wanted(recipe, blend).to_body()}
        once = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._told(Announced, "POST", "jobs", request, once)

    def upload(self, form: Form, photo: bytes) -> None:
        """Send a photo by its form, as a browser would. Raises `StepFailed` where the bucket refuses it."""
        # The file's own name is of no use to S3, which knows it by the field `key`.
        data, content_type = urllib3.encode_multipart_formdata([*form.fields.items(), ("file", ("photo", photo))])
        answer = calling.request("POST", form.url, {"Content-Type": content_type}, data)
        if answer.status >= 300:
            raise StepFailed("upload", f"the upload failed: the bucket answered {answer.status}")

    def job(self, job: str) -> Job:
        """A job as it stands, by its id."""
        return self._told(Job, "GET", f"jobs/{_id(job)}")

    def jobs(self) -> Iterator[Summary]:
        """The caller's jobs, newest first, asked for page by page as they are taken."""
        for page in self._pages(JobPage, "jobs"):
            yield from page.jobs

    def wait(self, job: str, timeout: float = 600, progress: Callable[[Job], None] | None = None) -> Job:
        """The job once it has succeeded.

        progress: is told of the job whenever it stands otherwise than before, its stages among it. Raises the job's own
        error, `StepFailed` (`step.superseded`) where a newer upload of its key was faster, and `TransientError` after
        `timeout` seconds, whereupon the job goes on.
        """
        told: tuple[str, list[Stage]] | None = None

        def look() -> Job | None:
            nonlocal told
            now = self.job(job)
            if progress is not None and (now.status, now.stages) != told:
                progress(now)
            told = now.status, now.stages
            return now if now.ended else None

        done = until(look, timeout, POLL_SECONDS)
        error = done.error or Error("", "")
        check(done.status, error.code, error.message)
        return done

    def again(
        self,
        job: str,
        recipe: Asked = None,
        *,
        blend: int | None = None,
        without: Sequence[str] = (),
        more: Sequence[str] = (),
        less: Sequence[str] = (),
    ) -> Summary:
        """A new job on a job's photo, without another upload: by another recipe, or without some decisions, or with
        more or less of a quality."""
        switches = {"without": list(without), "more": list(more), "less": list(less)}
        body = _wanted(recipe, blend).to_body() | {name: names for name, names in switches.items() if names}
        return self._told(Summary, "POST", f"jobs/{_id(job)}/again", body, retries=calling.ONCE)

    def redo(self, job: str) -> Summary:
        """Begin a job anew that failed."""
        return self._told(Summary, "POST", f"jobs/{_id(job)}/redo", retries=calling.ONCE)

    def stop(self, job: str) -> Summary:
        """Stop a job that runs; it ends as failed, soon."""
        return self._told(Summary, "POST", f"jobs/{_id(job)}/stop")

    def delete(self, job: str) -> None:
        """Delete a job with its photo, its result and its record."""
        self._answer("DELETE", f"jobs/{_id(job)}")

    def download(self, link: str) -> bytes:
        """What lies at one of a job's links. Raises `StepFailed` where nothing does, or the link is too old."""
        answer = calling.request("GET", link, {})
        if answer.status >= 300:
            raise StepFailed("download", f"the result could not be fetched: the bucket answered {answer.status}")
        return answer.data

    # While one waits

    def enhance(
        self, photo: Photo, recipe: Asked = None, *, blend: int | None = None, timeout: float = 600
    ) -> Enhanced:
        """A better photo and its report, in one call. Photos of more than 4,500,000 bytes are for `submit`.

        timeout: seconds; what takes the API longer than it may hold a call for goes on as a job, which is waited for.
        """
        body, name = _read(photo, "")
        query = urlencode([*_wanted(recipe, blend).to_query(), ("report", "1")])
        headers = {"Content-Type": _media_type(name)}
        answer = self._answer("POST", f"enhance?{query}", body, headers, retries=calling.WHILE_ONE_WAITS)
        job = answer.headers["X-Darkroom-Job"]
        if answer.status < 300:
            (_, told), (media_type, enhanced), *_ = calling.parts(answer.headers["Content-Type"], answer.data)
            return Enhanced(enhanced, media_type, msgspec.json.decode(told, type=Report), job)
        done = self.wait(job, timeout)
        if done.links.result is None or done.report is None:
            raise StepFailed("download", "the result is no longer there")
        form = done.report.result and done.report.result.format
        return Enhanced(self.download(done.links.result), f"image/{form}", done.report, job)

    def diagnose(self, photo: Photo) -> Diagnosis:
        """What is wrong with a photo of at most 4,500,000 bytes."""
        body, name = _read(photo, "")
        headers = {"Content-Type": _media_type(name)}
        return self._told(Diagnosis, "POST", "diagnose", body, headers, retries=calling.WHILE_ONE_WAITS)

    # Batches

    def begin_batch(
        self,
        jobs: Sequence[str] = (),
        *,
        source: str | None = None,
        recipe: Asked = None,
        blend: int | None = None,
        max_concurrency: int = 10,
        album: bool = False,
        force: bool = False,
    ) -> Batch:
        """Enhance the photos of these jobs, or, for administrators, of all under ``s3://BUCKET/PREFIX``.

        album: whether those of one occasion are decided about together; for the recipe auto.
        """
        where = {"jobs": list(jobs)} if source is None else {"source": source}
        options = {"max_concurrency": max_concurrency, "album": album, "force": force}
        body = _wanted(recipe, blend).to_body() | where | options
        return self._told(Batch, "POST", "batches", body, retries=calling.ONCE)

    def batch(self, batch: str, outcomes: int = 500) -> Batch:
        """A batch as it stands, by its id. outcomes: of one of more photos, 500 at most, each is not told."""
        return self._told(Batch, "GET", f"batches/{_id(batch)}?{urlencode({'outcomes': outcomes})}")

    def batches(self) -> Iterator[BatchSummary]:
        """The caller's batches, newest first, asked for page by page as they are taken."""
        for page in self._pages(BatchPage, "batches"):
            yield from page.batches

    def _pages[Page: (JobPage, BatchPage)](self, kind: type[Page], route: str) -> Iterator[Page]:
        following: str | None = ""
        while following is not None:
            query = urlencode({"limit": PAGE} | ({"next": following} if following else {}))
            page = self._told(kind, "GET", f"{route}?{query}")
            yield page
            following = page.next

    def wait_for_batch(
        self, batch: str, timeout: float = 86_400, progress: Callable[[Batch], None] | None = None
    ) -> Batch:
        """The batch once it has ended, whatever became of its photos. progress: is told of its counts at each look."""

        def look() -> Batch | None:
            now = self.batch(batch, outcomes=0)
            if progress is not None:
                progress(now)
            return now if now.ended else None

        until(look, timeout, BATCH_POLL_SECONDS, "batch")
        return self.batch(batch)


def _id(text: str) -> str:
    return quote(text, safe="")


def _media_type(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "image/jpeg"


def _wanted(recipe: Asked, blend: int | None) -> Wanted:
    return Wanted.of_arguments(Wanted() if recipe is None else recipe, blend)


def _read(photo: Photo, filename: str) -> tuple[bytes, str]:
    """A photo's bytes and the name that it goes by. Raises OSError."""
    if isinstance(photo, bytes):
        return photo, filename or "photo.jpg"
    return Path(photo).read_bytes(), filename or os.path.basename(photo)

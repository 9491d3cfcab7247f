"""Which photos a batch is of, how its outcomes add up, and what it is estimated to take."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from darkroom import prices
from darkroom.aws import batching, tallying
from darkroom.aws.batches import Batches, photos_under
from darkroom.aws.batching import Line, Outcome, Settings, Status
from darkroom.aws.tallying import Counts
from darkroom.cli import following
from darkroom.client import estimating, manifests
from darkroom.client.estimating import Pace
from darkroom.client.stack import Stack
from darkroom.errors import RecipeInvalid, StepFailed
from tests.support import definition

BUCKET = "archive"
WAITS = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
ASKED = {"recipe": "auto", "blend": "80"}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield Stack({}, {"region_name": "us-east-1"})


@pytest.fixture
def batches(stack: Stack) -> Batches:
    """Of a workflow that waits, so that what was begun runs."""
    s3, states = boto3.client("s3"), boto3.client("stepfunctions")
    s3.create_bucket(Bucket="work")
    machine = states.create_state_machine(name="m", definition=WAITS, roleArn="arn:aws:iam::123456789012:role/r")
    return Batches("work", machine["stateMachineArn"], s3, states)


def settings(**more: Any) -> Settings:
    given = {
        "id": "a" * 32,
        "owner": "stack",
        "source": "",
        "asked": ASKED,
        "to": "x/",
        "created": "",
        "sequencer": "0",
    }
    return Settings(**{**given, "total": 10, **more})


def test_a_prefix_is_its_photos_alone(stack: Stack) -> None:
    for key in ("a/1.jpg", "a/", "a/.DS_Store", "a/1.xmp", "b/2.jpg"):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"" if key.endswith("/") else b"abc")
    assert list(photos_under(boto3.client("s3"), BUCKET, "a/")) == [(Line(BUCKET, "a/1.jpg"), 3)]


def test_an_inventory_is_its_newest_photos(stack: Stack) -> None:
    rows = [
        (BUCKET, "a/b%20%C3%BC+1.jpg", "true", "false", "7"),
        (BUCKET, "a/old.jpg", "false", "false", "7"),
        (BUCKET, "a/gone.jpg", "true", "true", "7"),
        (BUCKET, "b/2.jpg", "true", "false", "7"),
    ]
    body = gzip.compress("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode())
    manifest = {
        "sourceBucket": BUCKET,
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, IsLatest, IsDeleteMarker, Size",
        "files": [{"key": "data/1.csv.gz"}],
    }
    s3 = boto3.client("s3")
    s3.put_object(Bucket=BUCKET, Key="data/1.csv.gz", Body=body)
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=json.dumps(manifest))
    assert list(manifests.of_inventory(stack, BUCKET, "manifest.json", "a/")) == [(Line(BUCKET, "a/b ü 1.jpg"), 7)]
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=json.dumps({**manifest, "fileFormat": "ORC"}))
    with pytest.raises(RecipeInvalid, match="ORC: only CSV"):
        list(manifests.of_inventory(stack, BUCKET, "manifest.json", ""))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", 'key,recipe,blend\na.jpg,,\n"b,c.jpg",vivid,40\n'),
        ("list.jsonl", '{"key": "a.jpg"}\n\n{"key": "b,c.jpg", "recipe": "vivid", "blend": 40}\n'),
    ],
)
def test_each_photo_of_a_list_may_ask_for_its_own(name: str, text: str) -> None:
    lines = [line for line, _ in manifests.of_list(text, name, BUCKET, ASKED)]
    assert lines == [Line(BUCKET, "a.jpg"), Line(BUCKET, "b,c.jpg", {"recipe": "vivid", "blend": "40"})]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"key": "a.jpg", "recipe": "vivit"}', "did you mean 'vivid'"),
        ('{"key": "a.jpg", "blend": 101}', "blend"),
        ('{"key": "a.jpg", "colour": 1}', "no 'colour'"),
        ('{"recipe": "vivid"}', "names no key"),
        ('{"key": "first.jpg"}', "stands there twice"),
        ("[1]", "not a JSON object"),
        ("{", "not a JSON object"),
    ],
)
def test_a_list_is_refused_by_its_line(line: str, words: str) -> None:
    with pytest.raises(RecipeInvalid, match=f"line 2 of x.jsonl: .*{words}"):
        list(manifests.of_list(f'{{"key": "first.jpg"}}\n{line}\n', "x.jsonl", BUCKET, {}))


def listed(run: int, second: int, outcome: Outcome) -> dict[str, Any]:
    key = batching.of_outcome("a" * 32, run, outcome)
    return {"Key": key, "LastModified": datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)}


def counted(*outcomes: dict[str, Any]) -> Counts:
    words = tallying.last_words(sorted(outcomes, key=lambda one: one["Key"]))
    return tallying.tally([tallying.counted(words)])[0]


def test_of_each_photo_the_last_word_counts() -> None:
    good, bad, worse = Outcome("b", "1", "succeeded"), Outcome("b", "2", "rejected"), Outcome("b", "3", "failed")
    assert counted() == Counts()
    first = [listed(0, 1, good), listed(0, 2, bad), listed(0, 2, worse)]
    assert counted(*first) == Counts(succeeded=1, rejected=1, failed=1)
    tried_again = listed(0, 3, msgspec.structs.replace(worse, status="superseded"))
    assert counted(*first, tried_again) == Counts(succeeded=2, rejected=1)
    mended = listed(1, 4, msgspec.structs.replace(bad, status="skipped"))
    late = listed(0, 5, msgspec.structs.replace(bad, status="succeeded"))  # of a run that was stopped
    assert counted(*first, mended, late) == Counts(succeeded=1, skipped=1, failed=1)


def test_a_large_batch_is_counted_as_a_small_one(batches: Batches) -> None:
    """By as many lists at once as a photo's name may begin with digits."""
    ends: list[tuple[Status, str]] = [
        ("succeeded", ""),
        ("rejected", "image.too-many-bytes"),
        ("failed", "A b_c:d"),
    ]
    for number in range(48):
        status, code = ends[number % 3 and number % 2 + 1]
        one = Outcome(BUCKET, f"{number}.jpg", status, code=code)
        batches.s3.put_object(Bucket="work", Key=batching.of_outcome("a" * 32, 0, one), Body=msgspec.json.encode(one))
    small, large = (batches.state(settings(total=total)) for total in (48, 1001))
    assert small.counts == large.counts == Counts(succeeded=16, rejected=16, failed=16)
    for state in (small, large):
        found = [(reason.code, reason.photos) for reason in state.reasons]
        assert found == [("A_b_c_d", 16), ("image.too-many-bytes", 16)]


def test_a_batch_that_ends_during_a_look_is_not_taken_for_one_with_photos_left(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the look has asked already, its last photo's outcome is written, and then it ends."""
    usual, one = Batches._last_words, settings(total=1)
    batches.begin(one, [Line(BUCKET, "1.jpg")])

    def then_it_ends(self: Batches, *of: str) -> Iterator[str]:
        found = list(usual(self, *of))
        last = Outcome(BUCKET, "1.jpg", "succeeded")
        batches.s3.put_object(Bucket="work", Key=batching.of_outcome(one.id, 0, last), Body=msgspec.json.encode(last))
        batches.stop(one)
        return iter(found)

    with monkeypatch.context() as during:
        during.setattr(Batches, "_last_words", then_it_ends)
        meanwhile = batches.state(one)
    assert (meanwhile.running, meanwhile.unaccounted) == (True, 0)
    ended = batches.state(one)
    assert (ended.running, ended.unaccounted, ended.counts) == (False, 0, Counts(succeeded=1))


@pytest.mark.parametrize(
    ("at_once", "together", "children", "photos"), [(100, 1, 100, 1), (9, 4, 2, 4), (2, 10, 1, 2), (1, 1, 1, 1)]
)
def test_no_more_photos_run_at_once_than_were_asked_for(
    at_once: int, together: int, children: int, photos: int
) -> None:
    given = json.loads(batching.to_start(settings(at_once=at_once, together=together), "work", 3)["input"])
    assert (given["children"], given["together"]) == (children, photos)
    assert given["children"] * given["together"] <= at_once
    assert given["photos"].endswith("/runs/0003.jsonl")


@pytest.mark.parametrize("wrong", [{"at_once": 0}, {"at_once": 10_001}, {"together": 11}, {"tolerated": 101}])
def test_bounds_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeInvalid, match="the batch is not valid"):
        batching.checked(settings(**wrong))


def test_an_album_is_for_a_recipe_that_decides() -> None:
    assert batching.checked(settings(album=True)).album
    with pytest.raises(RecipeInvalid, match="an album is for the recipe auto: vivid decides nothing"):
        batching.checked(settings(album=True, asked={"recipe": "vivid"}))


def test_the_folders_of_a_run_are_written_down_where_photos_are_of_albums(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Line(BUCKET, key) for key in ("b/1.jpg", "a/1.jpg", "b/2.jpg", "3.jpg")]
    batches.begin(settings(album=True), lines)
    body = batches.s3.get_object(Bucket="work", Key=batching.of_albums("a" * 32, 0))["Body"].read()
    assert [json.loads(line) for line in body.splitlines()] == [
        {"bucket": BUCKET, "folder": name} for name in ("", "a", "b")
    ]
    monkeypatch.setattr("darkroom.aws.batches.MOST_OF_FOLDER", 1)
    with pytest.raises(RecipeInvalid, match="archive/b has 2 photos: 1 of one folder may be decided about together"):
        batches.begin(settings(id="b" * 32, album=True), lines)
    assert batches.find("b" * 32) is None
    batches.begin(settings(id="c" * 32), lines)
    given = [
        json.loads(batches.states.describe_execution(executionArn=one["executionArn"])["input"])
        for one in started(batches)
    ]
    assert sorted((one["album"], one["batch"]["album"]) for one in given) == [(False, False), (True, True)]


def test_of_a_folder_a_redrive_names_the_photos_that_are_begun_anew(batches: Batches) -> None:
    lines = [Line(BUCKET, key) for key in ("b/1.jpg", "a/1.jpg", "b/2.jpg", "b/3.jpg")]
    batches.begin(settings(album=True, total=4), lines)
    ends: list[Status] = ["rejected", "succeeded", "succeeded", "failed"]
    for line, status in zip(lines, ends, strict=True):
        one = Outcome(line.bucket, line.key, status)
        batches.s3.put_object(Bucket="work", Key=batching.of_outcome("a" * 32, 0, one), Body=msgspec.json.encode(one))
    batches.stop(settings(album=True))
    assert batches.redrive(settings(album=True)) == 2
    body = batches.s3.get_object(Bucket="work", Key=batching.of_albums("a" * 32, 1))["Body"].read()
    named = [batching.photo_of(BUCKET, key) for key in ("b/1.jpg", "b/3.jpg")]
    assert [json.loads(line) for line in body.splitlines()] == [{"bucket": BUCKET, "folder": "b", "photos": named}]


def test_a_batch_is_found_and_stopped_by_an_alias_of_its_workflow(batches: Batches) -> None:
    """Whatever it began by: its executions are called after the workflow alone."""
    one = settings()
    batches.begin(one, [Line(BUCKET, "1.jpg")])
    by_alias = replace(batches, machine=f"{batches.machine}:live")
    assert by_alias.state(one).execution == "RUNNING"
    by_alias.stop(one)
    assert by_alias.state(one).execution == "ABORTED"


def test_a_run_that_is_written_down_is_not_the_last_before_it_begins(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks between the two sees the run before it, and so does who looks after it could not begin."""
    one, begin, seen = settings(total=1), Batches._start, list[tuple[str, str]]()
    batches.begin(one, [Line(BUCKET, "1.jpg")])
    first = batches.state(one).arn
    assert first.endswith(f":{one.id}-0")
    batches.stop(one)

    def looked_at(self: Batches, of: Settings, run: int) -> None:
        now = self.state(of)
        seen.append((now.execution, now.arn))
        if run < 2:
            raise StepFailed("batch", "too many requests")
        begin(self, of, run)

    monkeypatch.setattr(Batches, "_start", looked_at)
    with pytest.raises(StepFailed, match="too many requests"):
        batches.redrive(one)
    assert batches.state(one).arn == first
    with pytest.raises(StepFailed, match="does not run"):
        batches.stop(one)
    assert batches.redrive(one) == 1
    assert seen == [("ABORTED", first)] * 2
    again = batches.state(one)
    assert (again.running, again.arn) == (True, first.removesuffix("-0") + "-2")
    batches.stop(one)
    assert not batches.state(one).running


def test_a_batch_whose_runs_nobody_remembers_stands_as_it_ended(batches: Batches) -> None:
    """Step Functions forgets; a batch that did not begin has no run at all."""
    one = settings(total=1)
    never = batches.state(one)
    assert (never.execution, never.runs, never.arn) == ("NONE", 0, "")
    with pytest.raises(StepFailed, match="does not run"):
        batches.stop(one)
    batches.begin(one, [Line(BUCKET, "1.jpg")])
    forgetful = replace(batches, machine=f"{batches.machine}-of-another-stack")
    assert (forgetful.state(one).execution, forgetful.state(one).runs) == ("NONE", 1)


def started(batches: Batches) -> list[dict[str, Any]]:
    return list(batches.states.list_executions(stateMachineArn=batches.machine)["executions"])


def test_photos_of_albums_are_looked_at_before() -> None:
    alone, album = (
        estimating.estimate(settings(total=1000, album=album), 4_000_000_000, Pace()) for album in (False, True)
    )
    assert alone.dollars < album.dollars < 2.5 * alone.dollars
    assert alone.minutes < album.minutes < 2 * alone.minutes


def test_an_estimate_grows_with_the_photos_and_not_with_those_at_once() -> None:
    few, many = (estimating.estimate(settings(total=n, at_once=10), n * 4_000_000, Pace()) for n in (1000, 10_000))
    quick = estimating.estimate(settings(total=1000, at_once=100), 1000 * 4_000_000, Pace())
    assert many.dollars == pytest.approx(10 * few.dollars, rel=0.02)
    assert quick.dollars == few.dollars
    assert quick.minutes == pytest.approx(few.minutes / 10, rel=0.1)
    standard = sum(prices.read().of_photo([("any", 1220)] * 5, 3008).values())
    assert 0.4 * standard < few.dollars / 1000 < standard, "EXPRESS is cheaper than the uploads' workflow"


EXECUTION = f"arn:aws:states:us-east-1:123456789012:execution:m:{'a' * 32}-0"


class Run:
    """Step Functions' answers about a run of an album, look by look, checked by botocore against its own shapes."""

    def __init__(self, states: Any) -> None:
        self.stubber = Stubber(states)

    def has(self, *maps: tuple[str, int, int], status: str = "RUNNING") -> None:
        """Maps by label: so many of their items are done, of so many."""
        arns = [
            f"arn:aws:states:us-east-1:123456789012:mapRun:m/{label}:{number}"
            for number, (label, *_) in enumerate(maps)
        ]
        begun = [
            {
                "executionArn": EXECUTION,
                "mapRunArn": arn,
                "stateMachineArn": EXECUTION,
                "startDate": datetime(2026, 1, 1, 0, number, tzinfo=UTC),
            }
            for number, arn in enumerate(arns)
        ]
        run = {
            "executionArn": EXECUTION,
            "stateMachineArn": EXECUTION,
            "status": status,
            "startDate": datetime(2026, 1, 1, tzinfo=UTC),
        }
        self.stubber.add_response("describe_execution", run, {"executionArn": EXECUTION})
        self.stubber.add_response("list_map_runs", {"mapRuns": begun[::-1]}, {"executionArn": EXECUTION})
        for arn, (_, done, of) in zip(arns, maps, strict=True):
            counts = dict.fromkeys(("pending", "failed", "timedOut", "aborted", "resultsWritten"), 0)
            items = {**counts, "running": of - done, "succeeded": max(0, done - 1), "total": of, "failed": min(1, done)}
            described = {
                "mapRunArn": arn,
                "executionArn": EXECUTION,
                "status": "RUNNING",
                "startDate": datetime(2026, 1, 1, tzinfo=UTC),
                "maxConcurrency": 1,
                "toleratedFailurePercentage": 0.0,
                "toleratedFailureCount": 0,
                "itemCounts": items,
                "executionCounts": items,
            }
            self.stubber.add_response("describe_map_run", described, {"mapRunArn": arn})


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("begun", [True, False], ids=["its photos are begun", "it is stopped"])
def test_who_waits_for_an_album_sees_how_much_of_it_was_looked_at(begun: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[float, str]] = []
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    monkeypatch.setattr(following, "moving_bar", lambda _: nullcontext(lambda *what: shown.append(what)))
    states, s3 = boto3.client("stepfunctions"), boto3.client("s3")
    s3.create_bucket(Bucket="work")
    s3.put_object(Bucket="work", Key=batching.of_photos("a" * 32, 0))
    run = Run(states)
    for maps in ([], [("Evidence", 0, 0)], [("Evidence", 3, 4)], [("Evidence", 4, 4), ("Albums", 1, 2)]):
        run.has(*maps)
    if begun:
        run.has(("Evidence", 4, 4), ("Albums", 2, 2), ("Photos", 0, 4))
    else:
        run.has(("Evidence", 4, 4), ("Albums", 1, 2), status="ABORTED")
    with run.stubber:
        following.show_albums(
            Batches("work", "arn:aws:states:us-east-1:123456789012:stateMachine:m", s3, states), settings(album=True)
        )
    run.stubber.assert_no_pending_responses()
    assert shown == [
        (0, "photos looked at, for the albums"),
        (0, "photos looked at, for the albums"),
        (0.75, "3 of 4 photos looked at, for the albums"),
        (0.5, "1 of 2 folders agreed about"),
    ]


def test_what_is_shown_of_an_album_is_what_the_workflow_calls_its_maps() -> None:
    states = definition.load(definition.BATCH)["States"].values()
    assert [one["Label"] for one in states if one["Type"] == "Map"] == [*following.PHASES, "Photos"]

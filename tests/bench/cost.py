"""What photos cost on AWS: `python -m tests.bench.cost`; of one photo, from its manifest: `… MANIFEST`.

Without a manifest each recipe is run at each size by the functions' own handlers (`tests.bench.usage`), and what they
use is priced by the price file, in each of the ways in which a stack can run them. Of seconds of this machine's
processor a Lambda vCPU makes more (`tests.bench.vcpu`). What an invocation waits for S3 is billed, and so are starts.

With a manifest, the stages' milliseconds are its own: those of a job in your account say what you pay. ``--sweep``
models other sizes of memory: Lambda gives a whole core from 1,769 MB on, and below that its share. More is taken to be
no faster.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import process_time

from darkroom import codec, prices, recipe, registry, report
from darkroom.picture import Picture
from darkroom.planner import Fusion
from darkroom.prices import Prices, Use
from darkroom.recipe import StepCall
from tests.bench import rivals, usage, vcpu
from tests.bench.handover import RATE
from tests.bench.photo import photo
from tests.bench.timing import use_one_processor
from tests.bench.usage import Job, Lab, Part

MEGAPIXELS = (2.0, 12.0, 24.0, 50.0)
RECIPES = ("vivid", "auto", "noisy auto", "none")
NOISE = {"noisy auto": 12.0}
"""Levels of noise in a recipe's photo; 2 in those of others."""

WHOLE_CORE_MB = 1769
LARGE_MB, LARGE_PIXELS = 3008, 30_000_000
"""Memory from so many pixels on; below it is a whole core's."""

SWEEP_MB = (1024, 1536, 1769, 2048, 3008, 4096)

REQUEST_SECONDS = 0.03
"""Until S3 begins to answer."""

STATE_SECONDS = 0.03
"""Between two states of a workflow."""

COLD_SHARE = 0.01
"""Of the invocations, those that start a function."""

STARTER_GB_SECONDS = 0.2 * 0.5
"""Of the function that takes an upload from the queue."""

EXPRESS_GB = 0.0625
"""Of memory, the least that is billed of an EXPRESS execution."""

BUSY = 0.7
"""Share of the time in which a machine that runs all the time has work, at best."""


@dataclass(frozen=True)
class Way:
    """A way in which a stack can run its jobs: its parameters."""

    fusion: Fusion
    workflow: str
    architecture: prices.Architecture = "x86_64"

    def __str__(self) -> str:
        return f"{self.fusion} {self.workflow}{' arm64' * (self.architecture == 'arm64')}"


WAYS = (
    Way("stage", "STANDARD"),
    Way("stage", "EXPRESS"),
    Way("fused", "EXPRESS"),
    Way("auto", "EXPRESS"),
    Way("one", "STANDARD"),
    Way("one", "EXPRESS"),
    Way("one", "EXPRESS", "arm64"),
)


@dataclass(frozen=True)
class Model:
    """What is billed of what was measured.

    factors: seconds of a vCPU for one of this machine's processor. starts: the processor's, of a function's start.
    """

    told: Prices
    factors: Mapping[prices.Architecture, float]
    starts: Mapping[str, float]
    cold: float = COLD_SHARE

    def seconds(self, part: Part, way: Way, memory_mb: int) -> float:
        """Billed of an invocation: computing and, of some, starting; and waiting for S3."""
        slower = self.factors[way.architecture] * max(WHOLE_CORE_MB / memory_mb, 1)
        start = self.starts["classify" if part.stage == "diagnose" else part.stage]
        waiting = (part.sent + part.received) / RATE + (part.writes + part.reads) * REQUEST_SECONDS
        return (part.seconds + self.cold * start) * slower + waiting

    def dollars(self, job: Job, way: Way, memory_mb: int) -> dict[str, float]:
        """By service, for a thousand jobs."""
        seconds = sum(self.seconds(part, way, memory_mb) for part in job.parts)
        express = (seconds + job.states * STATE_SECONDS) * EXPRESS_GB if way.workflow == "EXPRESS" else None
        use = Use(
            gigabyte_seconds=seconds * memory_mb / 1024 + STARTER_GB_SECONDS,
            invocations=len(job.parts) + 1,
            s3_writes=1 + sum(part.writes for part in job.parts),  # and the upload
            s3_reads=sum(part.reads for part in job.parts),
            transitions=job.states if express is None else 0,
            express_gigabyte_seconds=express,
            logged=sum(part.logged for part in job.parts),
        )
        return {service: 1000 * each for service, each in self.told.of(use, way.architecture).items()}

    def of_sharp(self, seconds: float, size: int) -> float:
        """Of a thousand photos by AWS's Dynamic Image Transformation: a request, one function with sharp, no store."""
        billed = seconds * self.factors["x86_64"] + 2 * size / RATE + REQUEST_SECONDS
        compute = billed * WHOLE_CORE_MB / 1024 * self.told.lambda_gb_second["x86_64"]
        return 1000 * (compute + self.told.lambda_request + self.told.api_request + self.told.s3_read)

    def of_instance(self, job: Job) -> float:
        """Of a thousand photos by `darkroom worker` on a machine that runs all the time, as busy as can be."""
        seconds = sum(part.seconds for part in job.parts) * self.factors["x86_64"] / self.told.instance.processors
        requests = (1 + 3) * self.told.s3_write  # the upload, result, manifest; in one process there is nothing between
        return 1000 * (seconds / BUSY * self.told.instance.hour / 3600 + requests)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description="What photos cost on AWS.")
    parser.add_argument("manifest", type=Path, nargs="?")
    parser.add_argument("--memory", type=int, default=3008, metavar="MB", help="of a manifest's functions")
    parser.add_argument("--prices", type=Path, default=prices.FILE, metavar="FILE")
    parser.add_argument("--sweep", action="store_true", help="other sizes of memory, of a manifest")
    parser.add_argument(
        "--megapixels", type=float, action="append", metavar="N", help="2, 12, 24 and 50 if none is given"
    )
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="all if none is given")
    given = parser.parse_args(arguments)
    told = prices.read(given.prices)
    if given.manifest is not None:
        of_manifest(report.read(given.manifest.read_bytes()), told, given.memory, sweep=given.sweep)
        return
    model = prepared(told)
    x86, arm = model.factors["x86_64"], model.factors["arm64"]
    digests = vcpu.by_digests()
    print(f"A second of this processor is {x86:.2f} of a Lambda vCPU ({arm:.2f} of arm64; by digests {digests:.2f})")
    print(f"Prices of {told.month}, {told.region}; $ for 1,000 photos; {COLD_SHARE:.0%} of invocations are cold starts")
    print(f"{'MP  recipe':<18}{'CPU s':>7}" + "".join(f"{way!s:>19}" for way in WAYS))
    with usage.lab() as lab:
        lab.run(codec.encode(Picture(photo(1)), "jpeg"), "auto", "stage")  # which loads what is needed
        lab.run(codec.encode(Picture(photo(1)), "jpeg"), "vivid", "one")
        for megapixels in given.megapixels or MEGAPIXELS:
            for name in given.recipe or RECIPES:
                _table(model, lab, megapixels, name, more=(megapixels, name) == (12, "vivid"))


def prepared(told: Prices) -> Model:
    """A model of this machine, which from here on uses one processor, and memory as a function does."""
    use_one_processor()
    usage.keep_memory_as_on_lambda()
    starts = usage.starting(("inspect", "sharpen", "classify", "publish"))
    return Model(told, vcpu.factors(), starts | dict.fromkeys(usage.STAGES - set(starts), starts["sharpen"]))


def measured(megapixels: float, name: str) -> tuple[Model, dict[Fusion, Job]]:
    """The model, and a job of a recipe at a size by each fusion."""
    with usage.lab() as lab:
        return prepared(prices.read()), _jobs(lab, _file(megapixels, name), name)


def _file(megapixels: float, name: str) -> bytes:
    return codec.encode(Picture(photo(megapixels, noise=NOISE.get(name, 2.0))), "jpeg", quality=89)


def _jobs(lab: Lab, file: bytes, name: str) -> dict[Fusion, Job]:
    name = name.split()[-1]
    staged = lab.run(file, name, "stage")
    fused = staged if name == "none" else lab.run(file, name, "fused")
    one = lab.run(file, name, "one") if name == "vivid" else fused  # what is diagnosed is never one
    auto = lab.run(file, name, "auto") if name == "auto" else one  # vivid has no long stage
    return {"stage": staged, "fused": fused, "auto": auto, "one": one}


def _table(model: Model, lab: Lab, megapixels: float, name: str, *, more: bool) -> None:
    """Print the line of a recipe at a size; more: and what it consists of, other sizes of memory, and others' way."""
    file = _file(megapixels, name)
    memory_mb = LARGE_MB if megapixels * 1e6 > LARGE_PIXELS else WHOLE_CORE_MB
    jobs = _jobs(lab, file, name)
    bills = {way: model.dollars(jobs[way.fusion], way, memory_mb) for way in WAYS}
    cpu = sum(part.seconds for part in jobs["one"].parts)
    cells = "".join(f"{sum(bill.values()):>19.3f}" for bill in bills.values())
    print(f"{megapixels:<4g}{name:<14}{cpu:>7.2f}{cells}   {' '.join(jobs['stage'].steps)}", flush=True)
    if not more:
        return
    print("    its parts, ms of this processor: " + ", ".join(f"{name} {ms:.0f}" for name, ms in _parts(file, name)))
    billed = (sum(model.seconds(part, way, memory_mb) for part in jobs[way.fusion].parts) for way in WAYS)
    print(f"    {'seconds billed':<21}" + "".join(f"{seconds:>19.2f}" for seconds in billed))
    for service in bills[WAYS[0]]:
        print(f"    {service:<21}" + "".join(f"{bill[service]:>19.4f}" for bill in bills.values()))
    always = replace(model, cold=1)
    cold = (sum(always.dollars(jobs[way.fusion], way, memory_mb).values()) for way in WAYS)
    print(f"    {'if each were cold':<21}" + "".join(f"{dollars:>19.3f}" for dollars in cold))
    for memory in SWEEP_MB:
        swept = [sum(model.dollars(jobs[way.fusion], way, memory).values()) for way in WAYS]
        print(f"    {f'at {memory:,} MB':<21}" + "".join(f"{dollars:>19.3f}" for dollars in swept))
    instance = model.told.instance
    print(f"    on {instance.name}, busy for {BUSY:.0%} of the time: {model.of_instance(jobs['one']):.3f}", end="; ")
    print(f"it costs {instance.hour * 730:.0f} a month, with or without photos")
    if (seconds := rivals.seconds_of_sharp(file)) is not None:
        dollars = model.of_sharp(seconds, len(file))
        print(f"    a like recipe by sharp, as AWS's Dynamic Image Transformation has it: {dollars:.3f}")


def _parts(file: bytes, name: str) -> Iterator[tuple[str, float]]:
    """The processor's milliseconds of reading a photo, of each of a recipe's steps, and of writing the result."""
    chosen = recipe.built_in(name)
    picture, taken = _timed(lambda: codec.decode(file))
    yield "decode", taken
    image = picture.pixels
    for call in chosen.steps:
        assert isinstance(call, StepCall)
        image, taken = _timed(partial(registry.apply, call.name, image, **call.params))
        yield call.name, taken
    yield "encode", _timed(lambda: codec.encode(Picture(image), "jpeg"))[1]


def _timed[T](work: Callable[[], T]) -> tuple[T, float]:
    """What work gives, and the processor's milliseconds, the least of three."""
    taken = []
    for _ in range(3):
        started = process_time()
        made = work()
        taken.append(1000 * (process_time() - started))
    return made, min(taken)


def of_manifest(manifest: report.Report, told: Prices, memory_mb: int, *, sweep: bool) -> None:
    """Print what one photo cost, by its own milliseconds."""
    megapixels = manifest.source.width * manifest.source.height / 1e6
    if sweep:
        print(f"{megapixels:.1f} MP, recipe {manifest.recipe}")
        for memory in SWEEP_MB:
            slower = max(WHOLE_CORE_MB / memory, 1)
            stages = [(stage.stage, round(stage.milliseconds * slower)) for stage in manifest.stages]
            seconds = sum(milliseconds for _, milliseconds in stages) / 1000
            dollars = sum(told.of_photo(stages, memory).values())
            print(f"  {memory:>5} MB{seconds:8.2f} s   ${dollars * 1000:.2f} per thousand")
        return
    print(f"{megapixels:.1f} MP, recipe {manifest.recipe}, {memory_mb} MB of memory")
    for stage in manifest.stages:
        print(f"  {stage.stage:<20}{stage.milliseconds / 1000:8.2f} s")
    invocations = [(stage.stage, stage.milliseconds) for stage in manifest.stages]
    costs = told.of_photo(invocations, memory_mb)
    for service, dollars in costs.items():
        print(f"  {service:<20}{dollars * 1e6:8.1f} $ per million")
    total = sum(costs.values())
    print(f"  {'all':<20}{total * 1e6:8.1f} $ per million, ${total * 1000:.2f} per thousand")


if __name__ == "__main__":
    main()

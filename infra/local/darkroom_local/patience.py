"""MiniStack's start, with time for a workflow's expressions, each parsed once: `python -m darkroom_local.patience`.

MiniStack gives each expression one second, by the clock; AWS has no such bound. A busy machine takes more from a thread
that does nothing wrong, and the execution then ends with `States.QueryEvaluationError`, which a Choice cannot catch.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonata
from jsonata.parser import Parser
from ministack.app import main
from ministack.core import iam_evaluator

from darkroom_local import expressions, maps, releases, webhooks

MILLISECONDS = 60_000


def take_time() -> None:
    """Whatever time an expression is given, let it have `MILLISECONDS`."""
    usual = jsonata.Jsonata.jsonata

    def patient(expression: str, timeout: int | None = None) -> Any:
        return usual(expression, timeout=None if timeout is None else MILLISECONDS)

    jsonata.Jsonata.jsonata = staticmethod(patient)


def match_lines() -> None:
    """Let what a policy names by `*` hold newlines, as keys may, and as it does on AWS."""
    usual = iam_evaluator._fnmatch_compile

    @cache
    def over_lines(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        found = usual(pattern, ignore_case)
        return re.compile(found.pattern, found.flags | re.DOTALL)

    iam_evaluator._fnmatch_compile = over_lines


if __name__ == "__main__":
    take_time()
    match_lines()
    Parser.parse = expressions.parse
    maps.complete()
    releases.complete()
    webhooks.complete()
    main()

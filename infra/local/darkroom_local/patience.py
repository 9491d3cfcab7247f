"""MiniStack's start, with time for a workflow's expressions, each parsed once: `python -m darkroom_local.patience`.

MiniStack gives each expression one second, by the clock; AWS has no such bound. A busy machine takes more from a thread
that does nothing wrong, and the execution then ends with `States.QueryEvaluationError`, which a Choice cannot catch.
"""

from __future__ import annotations

from typing import Any

import jsonata
from jsonata.parser import Parser
from ministack.app import main

from darkroom_local import expressions

MILLISECONDS = 60_000


def take_time() -> None:
    """Whatever time an expression is given, let it have `MILLISECONDS`."""
    usual = jsonata.Jsonata.jsonata

    def patient(expression: str, timeout: int | None = None) -> Any:
        return usual(expression, timeout=None if timeout is None else MILLISECONDS)

    jsonata.Jsonata.jsonata = staticmethod(patient)


if __name__ == "__main__":
    take_time()
    Parser.parse = expressions.parse
    main()

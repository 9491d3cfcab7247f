"""JSONata's expressions, each parsed once: a workflow has a hundred, and an execution evaluates each again."""

from __future__ import annotations

import functools
from typing import Any

from jsonata.parser import Parser

_parse = Parser.parse


@functools.lru_cache(maxsize=4096)
def _tree(expression: str, regex_engine: Any) -> Parser.Symbol:
    return _parse(Parser(), expression, regex_engine)


def parse(_parser: Parser, expression: str, regex_engine: Any) -> Parser.Symbol:
    """In the place of `Parser.parse`. A syntax tree holds nothing of an evaluation."""
    return _tree(expression, regex_engine)

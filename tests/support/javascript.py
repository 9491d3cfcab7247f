"""JavaScript, run by the engine that comes with Playwright."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from playwright._impl._driver import compute_driver_executable


def value(expression: str, before: str = "", *, module: bool = False) -> Any:
    """What an expression has for its value, through JSON. before: statements. module: whether they may import."""
    node, _ = compute_driver_executable()
    options = ["--input-type=module"] if module else []
    script = f"{before}\nconsole.log(JSON.stringify({expression}))"
    return json.loads(subprocess.run([node, *options, "-e", script], capture_output=True, check=True).stdout)

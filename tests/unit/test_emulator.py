"""What is done to the emulator before it starts."""

from __future__ import annotations

import subprocess
import sys

ASKED = """
from darkroom_local import patience
import jsonata
patience.take_time()
print(*(jsonata.Jsonata.jsonata("1", **given).timeout for given in ({"timeout": 1000}, {})))
print(jsonata.Jsonata.jsonata("$states.input + 1", timeout=1000).evaluate(None, {"states": {"input": 2}}))
"""


def test_a_workflow_s_expressions_have_a_minute_where_they_had_a_second() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["60000", "None", "3"], done.stderr

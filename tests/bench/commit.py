"""What was measured, for pages that tell of it."""

from __future__ import annotations

import subprocess

from tests.support.definition import ROOT


def measured_commit() -> str:
    """What was checked out, with "-dirty" where files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

"""What MiniStack's own operations answer those who call them in its process."""

from __future__ import annotations

import json
from typing import Any


def told(answer: Any) -> dict[str, Any]:
    """What MiniStack's API answers CloudFormation. Raises ValueError with its words where it refuses."""
    status, _, body = answer
    if status >= 400:
        raise ValueError(body.decode())
    told: dict[str, Any] = json.loads(body)
    return told

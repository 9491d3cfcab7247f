"""What msgspec knows of a type, built before threads ask for it."""

from __future__ import annotations

import msgspec


def ready(*kinds: type) -> None:
    """Build what reading these types needs, and those within them, now: by the thread that imports their module.

    msgspec builds it when a type is first read, and a second thread that reads it meanwhile finds it half built, which
    ends the process (seen of 0.22).
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)

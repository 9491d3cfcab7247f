"""`make bench`."""

from __future__ import annotations

from tests.bench import handover

handover.main()

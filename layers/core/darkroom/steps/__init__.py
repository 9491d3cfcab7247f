"""The steps: one module a step, or a tight family. Pure functions on arrays; no AWS, no files, no clock.

``darkroom.steps()`` lists them, and ``darkroom.steps.gamma`` is the module of one: the package can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from darkroom.step import Step


class _Steps(ModuleType):
    def __call__(self) -> list[Step]:
        """All steps, in the catalogue's order."""
        from darkroom import registry

        return registry.steps()


sys.modules[__name__].__class__ = _Steps

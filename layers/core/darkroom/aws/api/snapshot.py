"""What the API's function renews where it goes on from a snapshot of its memory (`SnapStart`): all that begin from one
would go on alike. Credentials are not among it: botocore asks for new ones where those it has end.

Lambda's runtime for Python brings the library by which it is told; where there is none, nothing is ever restored. What
`secrets` and `uuid` give comes from the kernel, which Lambda makes another in each.
"""

from __future__ import annotations

import random

from darkroom.aws import clients
from darkroom.aws.api import secret


def renew_after_restore() -> None:
    """Have Lambda call `renew` after each restore, before the first request."""
    try:
        import snapshot_restore_py
    except ModuleNotFoundError:
        return
    snapshot_restore_py.register_after_restore(renew)


def renew() -> None:
    """Forget connections, what was kept of the secret for a while, and the order of random numbers."""
    clients.client.cache_clear()
    secret.forget()
    random.seed()

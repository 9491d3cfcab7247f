"""Who uses the API: announces jobs, and uploads by the forms that it gives."""

from __future__ import annotations

import json
from typing import Any

import urllib3

from darkroom_local import stack
from tests.chaos.ground import RECIPE, Ground, Upload
from tests.support import photos

LATER = (429, 500, 502, 503, 504)
"""Answers after which the same is asked again."""


class Caller:
    """The holder of the stack's API key."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._address = f"{stack.address(ground.aws, ground.outputs)}/jobs"
        self._key = stack.key(ground.aws, ground.outputs)
        self._http = urllib3.PoolManager(ca_certs=str(ground.aws.certificate), retries=False)

    def announce(self, name: str) -> dict[str, Any]:
        """Announce a job, again until it is taken. Returns the form for its upload."""
        body = {"filename": "photo.png", "content_type": "image/png", **json.loads(RECIPE)}
        headers = {"x-api-key": self._key, "Idempotency-Key": name}
        while (answer := self._http.request("POST", self._address, json=body, headers=headers)).status in LATER:
            pass
        assert answer.status in (200, 201), (answer.status, answer.data)
        form: dict[str, Any] = answer.json()["upload"]
        return form

    def fill_in(self, form: dict[str, Any], wanted: str = "done") -> Upload:
        """Upload a photo by a form, another one each time."""
        seed, key = next(self._ground.seeds), form["fields"]["key"]
        file = ("photo.png", photos.encoded("PNG", seed=seed), "image/png")
        answer = self._http.request("POST", form["url"], fields={**form["fields"], "file": file})
        assert answer.status in (200, 201, 204), (answer.status, answer.data)
        there = self._ground.client("s3").head_object(Bucket=self._ground.outputs["UploadsBucket"], Key=key)
        return self._ground.uploaded(key, there["VersionId"], seed, wanted)

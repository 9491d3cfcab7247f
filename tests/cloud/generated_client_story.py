# mypy: ignore-errors
"""Run by test_generated_client.py beside a client that was generated from the API's description: a whole job with it.

Arguments: the API's address, its key, a photo.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import httpx
from client import AuthenticatedClient, Client
from client.api.default import create_job, delete_job, enhance_photo, get_health, get_job, list_steps
from client.models import Announced, Job, JobRequest, JobRequestContentType
from client.types import File

address, key, photo = sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_bytes()
assert get_health.sync(client=Client(base_url=address)).status == "ok"
api = AuthenticatedClient(base_url=address, token=key, prefix="", auth_header_name="x-api-key")
names = {step.name for step in list_steps.sync(client=api).steps}

announced = create_job.sync(
    client=api,
    body=JobRequest(filename="in.jpg", content_type=JobRequestContentType.IMAGEJPEG, recipe="vivid", blend=50),
)
assert isinstance(announced, Announced), announced
form = announced.upload
patient = httpx.Client(timeout=None)  # as what was generated is
patient.post(form.url, data=form.fields.to_dict(), files={"file": photo}).raise_for_status()
while (job := get_job.sync(id=announced.id, client=api)).status.value in ("waiting", "running"):
    time.sleep(0.2)
assert isinstance(job, Job), job
report = job.report
result = patient.get(job.links.result).raise_for_status().content
delete_job.sync_detailed(id=announced.id, client=api)

answer = enhance_photo.sync_detailed(client=api, body=File(payload=photo, mime_type="image/jpeg"), recipe="vivid")
Path("result.jpg").write_bytes(result)
Path("at-once.jpg").write_bytes(answer.content)
steps = [step.name for stage in report.stages for step in stage.steps]
print(json.dumps({"status": job.status.value, "recipe": report.recipe, "blend": report.blend, "steps": steps}))
assert set(steps) <= names

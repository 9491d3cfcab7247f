"""docs/events.md and infra/events.schema.json: what events tell, made from their structs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from darkroom.aws.events import SCHEMA_VERSION, JobEnded
from docs.make.report_page import section

ROOT = Path(__file__).parents[2]
REF = "#/$defs/{name}"

HEAD = """# Events

Each job's end is an event on the account's default bus of EventBridge, with the source `darkroom` and the detail type
`Job Succeeded`, `Job Rejected` (the photo's or the request's fault) or `Job Failed` (ours). Any rule may take them:

```json
{"source": ["darkroom"], "detail-type": ["Job Failed"], "detail": {"upload": {"bucket": ["my-uploads"]}}}
```

Their `detail` has a schema: [infra/events.schema.json](../infra/events.schema.json) (JSON Schema 2020-12), told
below. `schema_version` is its number. Members may come to be added under the same number, so readers pass over those
that they do not know; a number changes where one goes or means something else. An end is told at least once: `job`
and `execution` together are the same in each telling.

```python
from darkroom.client import read_event

event = {
    "source": "darkroom",
    "detail-type": "Job Rejected",
    "detail": {
        "schema_version": 1,
        "job": "6f1c",
        "execution": "arn:aws:states:…",
        "status": "rejected",
        "upload": {"bucket": "my-uploads", "key": "a.jpg"},
        "error": {"name": "ImageRejected", "code": "image.truncated", "message": "the file ends early", "state": ""},
    },
}
ended = read_event(event)
print(ended.status, ended.upload.key, ended.error.code)
```

## Webhooks

With the stack parameter `WebhookUrl=https://…` each event of the stack's jobs is sent to that address too, as the
body of a POST, whole as EventBridge has it. The header `X-Darkroom-Secret` has the secret that the stack makes for
it (the output `WebhookSecret` is its ARN): compare it before you believe a word. CloudFormation reads it when it makes
or changes the stack's connection, and a deployment that changes no word of that does not: after a change of the secret,
give the connection `WebhookConnection` the new one too (`aws events update-connection`).

- An answer of 2xx within five seconds takes it. After another one, EventBridge tries again for a day, at most 185
  times; after that the event lies in the stack's queue `UndeliveredWebhooks` for 14 days, and the alarm of that name
  rings ([operations.md](operations.md#undelivered-webhooks)). A 4xx other than 401, 407, 409 and 429 is final at
  once.
- `WebhooksPerSecond` (10) bounds how fast they come; more wait.
- It may come twice, and in any order: `job` and `execution` tell.

`tests/cloud/test_parameters.py` deploys a stack with a webhook on the embedded AWS, and reads what arrives for real
jobs, by HTTPS and with the stack's secret. What is tried again, and when, only AWS itself does.

# The schema

Made by `make openapi` from `layers/core/darkroom/aws/events.py`.
"""


def schema() -> dict[str, Any]:
    """The JSON Schema of an event's detail."""
    (_,), components = msgspec.json.schema_components([JobEnded], ref_template=REF)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The detail of darkroom's events of jobs' ends, schema_version {SCHEMA_VERSION}",
        "$ref": REF.format(name="JobEnded"),
        "$defs": components,
    }


def as_json() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    defs = schema()["$defs"]
    names = ["JobEnded", *(name for name in defs if name != "JobEnded")]
    return HEAD + "".join(section(name, defs[name]) for name in names)


if __name__ == "__main__":
    (ROOT / "docs" / "events.md").write_text(page(), "utf-8")
    (ROOT / "infra" / "events.schema.json").write_text(as_json(), "utf-8")

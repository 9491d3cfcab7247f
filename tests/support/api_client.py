"""The API's function, called as API Gateway calls it, and a workflow that runs at once."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.support import definition
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK, Functions
from tests.support.workflow import read_event

OPENAPI = yaml.safe_load((definition.ROOT / "infra" / "openapi.yaml").read_text())
METHODS = ("get", "head", "post", "delete")
OPERATIONS = [(m, path) for path, item in OPENAPI["paths"].items() for m in item if m in METHODS]
"""What is described: methods in lower case, and paths."""


@dataclass(frozen=True)
class Reply:
    """An answer of the API."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Calls the function with whole events, made from `tests/events/api_request.json`."""

    functions: Functions
    caller: dict[str, Any] = field(default_factory=dict)
    """What the request's context says of who asks, in place of an API key's holder."""

    def call(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Make a request. A body that is neither bytes nor None is sent as JSON."""
        address = urlsplit(target)
        event = read_event("api_request")
        event |= {"httpMethod": method, "path": address.path}
        event["requestContext"] |= {"httpMethod": method, "path": f"/v1{address.path}", **self.caller}
        for name, value in (headers or {}).items():
            event["headers"][name] = value
            event["multiValueHeaders"][name] = [value]
        if address.query:
            pairs = parse_qsl(address.query, keep_blank_values=True)
            event["queryStringParameters"] = dict(pairs)
            event["multiValueQueryStringParameters"] = {
                name: [value for other, value in pairs if other == name] for name, _ in pairs
            }
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            event |= {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
        answer = self.functions.invoke("api", event)
        assert answer.error is None, answer.payload
        reply = reply_of(answer.payload)
        check_documented(method, address.path, reply)
        return reply

    def get(self, target: str, **headers: str) -> Reply:
        return self.call("GET", target, headers=headers)


@dataclass
class Workflow:
    """Stands for Step Functions where moto has no synchronous executions: runs the stages' functions in turn."""

    functions: Functions
    inputs: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None

    def start_sync_execution(self, *, stateMachineArn: str, input: str) -> dict[str, Any]:
        detail = json.loads(input)["detail"]
        self.inputs.append(detail)
        if self.answer:
            return self.answer
        key = detail["object"]["key"]
        job = {"id": key.split("/")[1], "bucket": detail["bucket"]["name"], "key": key, "sequencer": "0"}
        inspected = self.functions.invoke("inspect", {"job": job, "fusion": "fused"})
        if inspected.error:
            return self._failed(inspected.payload)
        picture, plan = inspected.payload["picture"], inspected.payload["plan"]
        reports = [inspected.payload["report"]]
        if inspected.payload["diagnose"]:
            asked = {"job": job["id"], "picture": picture, "inspected": reports[0], "fusion": "fused"}
            decided = self.functions.invoke("classify", asked)
            if decided.error:
                return self._failed(decided.payload)
            plan = decided.payload["plan"]
            reports.append(decided.payload["report"])
        for index, work in enumerate(plan, start=1):
            stage = {"job": job["id"], "index": index, "picture": picture, "work": work}
            done = self.functions.invoke(work["stage"], stage)
            if done.error:
                return self._failed(done.payload)
            picture = done.payload["picture"]
            reports.append(done.payload["report"])
        published = self.functions.invoke(
            "publish",
            {
                "job": job,
                "original": inspected.payload["picture"],
                "picture": picture,
                "diagnosed": inspected.payload["diagnose"],
                "reports": reports,
            },
        ).payload
        return {"status": "SUCCEEDED", "output": json.dumps({**published, "job": job["id"]})}

    @staticmethod
    def _failed(report: dict[str, Any]) -> dict[str, Any]:
        return {"status": "FAILED", "error": report["errorType"], "cause": report["errorMessage"]}


@dataclass
class Lambda:
    """Stands for Lambda: runs the function `classify`, as the API invokes it."""

    functions: Functions
    events: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == SETTINGS["CLASSIFY_FUNCTION"]
        self.events.append(json.loads(Payload))
        answer = self.functions.invoke("classify", self.events[-1])
        payload = {"Payload": io.BytesIO(json.dumps(answer.payload).encode())}
        return payload | ({"FunctionError": answer.error} if answer.error else {})


def reply_of(answer: dict[str, Any]) -> Reply:
    """The answer as API Gateway would send it."""
    headers = {name.lower(): values[-1] for name, values in answer["multiValueHeaders"].items()}
    body = answer["body"]
    return Reply(answer["statusCode"], headers, base64.b64decode(body) if answer["isBase64Encoded"] else body.encode())


def check_documented(method: str, path: str, reply: Reply) -> None:
    """Fail where the description does not know this status or content type, or a problem tells of private things."""
    for template, operations in OPENAPI["paths"].items():
        shape = re.sub(r"\{\w+\}", "[^/]+", template.replace("{key}", ".+"))
        if re.fullmatch(shape, path) and method.lower() in operations:
            responses = operations[method.lower()]["responses"]
            break
    else:
        return  # no route of ours
    assert str(reply.status) in responses, f"{method} {template} does not say that it answers {reply.status}"
    documented = responses[str(reply.status)]
    if "$ref" in documented:
        documented = OPENAPI["components"]["responses"][documented["$ref"].rpartition("/")[2]]
    content_type = reply.headers.get("content-type", "").partition(";")[0]
    if reply.body:
        assert content_type in documented["content"], f"{method} {template} answers {content_type}"
    if reply.status >= 400 and method != "HEAD":
        pattern = OPENAPI["components"]["schemas"]["Problem"]["properties"]["code"]["pattern"]
        assert re.search(pattern, reply.json["code"]), reply.json["code"]
        assert not re.search(rf"{UPLOADS}|{WORK}|{RESULTS}|Traceback|X-Amz", reply.body.decode()), reply.body

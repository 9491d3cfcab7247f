"""The template's webhook, made by the embedded AWS's own API: its CloudFormation knows no connections."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from darkroom.client import read_event
from tests.cloud.cloud import Cloud, wait_for
from tests.support import photos, rights, schemas

pytestmark = pytest.mark.cloud

SECRET = "a-secret-of-nobody-else"

Heard = list[tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture
def heard() -> Iterator[tuple[str, Heard]]:
    """Where somebody listens, and what came: headers and body of each request."""
    found: Heard = []

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listening) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/jobs", found
        server.shutdown()


@pytest.fixture
def hooked(cloud: Cloud, heard: tuple[str, Heard]) -> Iterator[None]:
    """Connection, destination, role and rule as the template with `WebhookUrl` has them."""
    made = {
        name: resource["Properties"]
        for name, resource in rights.Stack(WebhookUrl="https://photos.example/jobs").resources.items()
        if name.startswith("Webhook")
    }
    events, iam = cloud.aws.client("events"), cloud.aws.client("iam")
    key = made["WebhookConnection"]["AuthParameters"]["ApiKeyAuthParameters"]
    connection = events.create_connection(
        Name="webhook",
        AuthorizationType=made["WebhookConnection"]["AuthorizationType"],
        AuthParameters={"ApiKeyAuthParameters": {**key, "ApiKeyValue": SECRET}},
    )["ConnectionArn"]
    destination = events.create_api_destination(
        Name="webhook",
        ConnectionArn=connection,
        InvocationEndpoint=heard[0],
        HttpMethod=made["WebhookDestination"]["HttpMethod"],
        InvocationRateLimitPerSecond=int(made["WebhookDestination"]["InvocationRateLimitPerSecond"]),
    )["ApiDestinationArn"]
    (policy,) = made["WebhookRole"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    document = {**policy["PolicyDocument"], "Statement": [{**statement, "Resource": destination}]}
    trust = rights.concrete(made["WebhookRole"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="webhook", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="webhook", PolicyName="webhook", PolicyDocument=json.dumps(document))
    pattern = made["WebhookRule"]["EventPattern"]
    buckets = [cloud.outputs[one["Ref"]] for one in pattern["detail"]["upload"]["bucket"]]
    pattern = {**pattern, "detail": {"upload": {"bucket": buckets}}}
    events.put_rule(Name="webhook", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="webhook", Targets=[{"Id": "webhook", "Arn": destination, "RoleArn": role}])
    yield
    events.remove_targets(Rule="webhook", Ids=["webhook"])
    events.delete_rule(Name="webhook")
    events.delete_api_destination(Name="webhook")
    events.delete_connection(Name="webhook")


@pytest.mark.usefixtures("hooked")
def test_each_end_is_told_with_the_secret(cloud: Cloud, heard: tuple[str, Heard]) -> None:
    cloud.upload("hooked/good.png", photos.encoded("PNG"), recipe="none")
    cloud.upload("hooked/bad.png", b"no photo")
    ids = {
        cloud.job(f"hooked/{name}.png")["id"]: status for name, status in (("good", "succeeded"), ("bad", "rejected"))
    }
    told = wait_for(
        lambda: heard[1] if {body["detail"]["job"] for _, body in heard[1]} >= set(ids) else None, "webhooks"
    )
    for headers, body in told:
        assert headers["x-darkroom-secret"] == SECRET
        assert headers["content-type"].startswith("application/json")
        schemas.check_event(body)
    found = {ended.job: ended for ended in (read_event(body) for _, body in told)}
    assert {job: found[job].status for job in ids} == ids
    failures = [error.code for job in ids if (error := found[job].error)]
    assert failures == ["image.not-an-image"]

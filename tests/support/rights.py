"""The roles of the expanded template, and what each may do: IAM's rules as the embedded AWS evaluates them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ministack.core import iam_actions, iam_evaluator

from tests.support import expansion
from tests.support.functions import RESULTS, SETTINGS, UPLOADS, WORK

REGION, ACCOUNT = "eu-central-1", "123456789012"
PARTITION = {
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "darkroom",
}
QUEUES = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

ARNS = {
    "UploadsBucket": f"arn:aws:s3:::{UPLOADS}",
    "WorkBucket": f"arn:aws:s3:::{WORK}",
    "ResultsBucket": f"arn:aws:s3:::{RESULTS}",
    "SigningSecret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{SETTINGS['SIGNING_SECRET']}",
    "JobsTable": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{SETTINGS['JOBS_TABLE']}",
    "WaitingUploads": f"{QUEUES}waiting",
    "UndeliveredUploads": f"{QUEUES}undelivered",
    "Enhance": SETTINGS["WORKFLOW"],
    "EnhanceNow": SETTINGS["ENHANCE_NOW"],
    "EnhanceBatch": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:enhance-batch",
    "Batch": SETTINGS["BATCH"],
    "ClassifyFunction": SETTINGS["CLASSIFY_FUNCTION"],
}
"""As the settings name what the template makes; functions beside these are called like their resource."""


def arn(resource: str) -> str:
    return ARNS.get(resource) or f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{resource}"


@dataclass(frozen=True)
class Right:
    """One action on one pattern of resources that a statement allows."""

    action: str
    resource: str
    sid: str

    def covers(self, action: str, resource: str) -> bool:
        return self.action == action and iam_evaluator.fnmatch_iam_cs(resource, self.resource)


class Stack:
    """The template with these parameters, and its roles by the resource that has them."""

    def __init__(self, **parameters: str) -> None:
        self.resources = expansion.deployed(**parameters)

    def functions(self) -> dict[str, str]:
        """The role of each function, by the folder of its code."""
        return {
            r["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: r["Properties"]["Role"][
                "Fn::GetAtt"
            ][0]
            for r in self.resources.values()
            if r["Type"] == "AWS::Lambda::Function"
        }

    def documents(self, role: str) -> list[dict[str, Any]]:
        """The policies that the template writes for a role; AWS's own, of logs and traces, are not read."""
        properties = self.resources[role]["Properties"]
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        named = [
            one["Ref"] for one in properties.get("ManagedPolicyArns", []) if isinstance(one, dict) and "Ref" in one
        ]
        managed = [self.resources[name]["Properties"]["PolicyDocument"] for name in named]
        return [concrete(document) for document in (*inline, *managed)]

    def rights(self, role: str) -> Iterator[Right]:
        for document in self.documents(role):
            for statement in document["Statement"]:
                for action in as_list(statement["Action"]):
                    for resource in as_list(statement["Resource"]):
                        yield Right(action, resource, statement.get("Sid", ""))

    def allows(self, role: str, action: str, resource: str, **context: str) -> bool:
        """Whether a role may do this. context: further condition keys of the request, by name."""
        return decide(self.documents(role), action, resource, context) == "Allow"

    def bucket_refuses(self, policy: str, action: str, resource: str, **context: str) -> bool:
        """Whether a bucket's policy denies this to everybody, whatever rights the caller has."""
        document = concrete(self.resources[policy]["Properties"]["PolicyDocument"])
        assert all(statement["Principal"] == "*" for statement in document["Statement"])
        return decide([document], action, resource, context) == "Deny"


def decide(documents: list[dict[str, Any]], action: str, resource: str, context: dict[str, str]) -> str:
    keys = {name.lower(): value for name, value in context.items()}
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        secure_transport=keys.pop("aws:securetransport", "true") == "true",
        service_context=keys,
    )
    policies = [iam_evaluator.parse_policy_document(document) for document in documents]
    return str(iam_evaluator.evaluate(request, policies).decision)


def concrete(node: Any) -> Any:
    """A policy with its references replaced by the names and ARNs of this stack."""
    if isinstance(node, list):
        return [concrete(one) for one in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return PARTITION.get(node["Ref"]) or arn(node["Ref"])
    if set(node) == {"Fn::GetAtt"}:
        return attribute(".".join(node["Fn::GetAtt"]))
    if set(node) == {"Fn::Sub"}:
        return re.sub(r"\$\{([^}]+)\}", lambda found: PARTITION.get(found[1]) or attribute(found[1]), node["Fn::Sub"])
    return {name: concrete(value) for name, value in node.items()}


def attribute(text: str) -> str:
    """What ``"Name.Arn"``, ``"Name.Name"``, and a secret's ``"Name.Id"``, which is its ARN, stand for."""
    resource, _, name = text.partition(".")
    assert name in ("Arn", "Name", "Id"), text
    return arn(resource) if name != "Name" else arn(resource).rpartition(":")[2]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def asked(service: str, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """The action and the resource of a request to AWS, read from what goes over the wire."""
    address = urlsplit(url)
    path = unquote(address.path)
    if service == "s3" and (host := re.match(r"(.+)\.s3[.-]", address.hostname or "")):
        path = f"/{host[1]}{path}"
    query = parse_qs(address.query, keep_blank_values=True)
    lower = {name.lower(): value for name, value in headers.items()}
    action = iam_actions.extract_iam_action(service, method, path, lower, body, query)
    resource = iam_actions.extract_resource_arn(service, method, path, lower, body, query, REGION, ACCOUNT)
    assert action
    return action, resource


def table_index(action: str, resource: str, body: bytes) -> str:
    """A query of an index is one of that resource: the index's own ARN."""
    index = json.loads(body).get("IndexName") if action == "dynamodb:Query" else None
    return f"{resource}/index/{index}" if index and "/index/" not in resource else resource

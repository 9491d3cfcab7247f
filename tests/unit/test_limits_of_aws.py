"""What AWS bounds and an emulator does not: what is deployed, with the longest names and values that there may be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from darkroom.aws.api import enhance, synchronous
from tests.support import definition, expansion, rights
from tests.support.template import of_type

STACK_NAME = "s" * 128
"""The longest that CloudFormation takes."""

PHYSICAL = "n" * 64
"""As long as the names that it makes of it for functions and roles; those of buckets and queues are no longer."""

LONGEST = {
    "KmsKeyArn": rights.KEY,
    "PermissionsBoundary": f"arn:aws:iam::{rights.ACCOUNT}:policy/{PHYSICAL}",
    "AlarmTopicArn": f"arn:aws:sns:{rights.REGION}:{rights.ACCOUNT}:{PHYSICAL}",
    "ReferencesBucket": "b" * 63,
    "AllowedOrigins": ",".join(f"https://photos-{number}.example" for number in range(10)),
    "AdminCallers": ",".join(f"arn:aws:iam::{rights.ACCOUNT}:role/administrator-{number}" for number in range(10)),
    "ReservedConcurrency": "10",
    "Fusion": "one",
    "AnnotateResults": "true",
    "BatchBucket": "b" * 63,
    "WebhookUrl": f"https://photos.example/{'w' * 2_025}",
}


def test_whoever_holds_a_place_lives_no_longer_than_it_counts(resources: dict[str, Any]) -> None:
    assert resources["ApiFunction"]["Properties"]["Timeout"] <= synchronous.HELD_SECONDS
    assert synchronous.PATIENCE_SECONDS < 29 < synchronous.HELD_SECONDS


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return expansion.deployed(**LONGEST)


def written_out(node: Any) -> str:
    """JSON with names as long as they may be in the place of references; each is told as an ARN."""

    def replace(one: Any) -> Any:
        if isinstance(one, list):
            return [replace(value) for value in one]
        if not isinstance(one, dict):
            return one
        if len(one) == 1 and next(iter(one)) in ("Ref", "Fn::GetAtt"):
            return f"arn:aws-us-gov:dynamodb:{rights.REGION}-x:{rights.ACCOUNT}:function:{PHYSICAL}"
        if set(one) == {"Fn::Sub"}:
            long = f"arn:aws-us-gov:dynamodb:{rights.REGION}-x:{rights.ACCOUNT}:function:{PHYSICAL}"
            return re.sub(r"\$\{[^}]+\}", lambda name: long if "." in name[0] else PHYSICAL[:20], one["Fn::Sub"])
        return {name: replace(value) for name, value in one.items()}

    return json.dumps(replace(node), separators=(",", ":"))


def test_environments_fit(resources: dict[str, Any]) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert len(written_out(function["Environment"]["Variables"])) < 4096, name


def test_policies_fit(resources: dict[str, Any]) -> None:
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        assert sum(len(written_out(policy["PolicyDocument"])) for policy in role.get("Policies", [])) < 10_240, name
        assert len(role.get("ManagedPolicyArns", [])) <= 10, name
    for name, policy in of_type(resources, "AWS::IAM::ManagedPolicy").items():
        assert len(written_out(policy["PolicyDocument"])) < 6_144, name
    for name, policy in of_type(resources, "AWS::S3::BucketPolicy").items():
        assert len(written_out(policy["PolicyDocument"])) < 20_480, name


def test_the_template_fits(resources: dict[str, Any]) -> None:
    text = (definition.ROOT / "template.yaml").read_text()
    assert len(text.encode()) < 1_048_576 / 4
    assert len(resources) < 500 / 2


def test_the_workflow_fits(resources: dict[str, Any]) -> None:
    arn = f"arn:aws:lambda:{rights.REGION}:{rights.ACCOUNT}:function:{PHYSICAL}"
    texts = [path.read_text() for path in (definition.PATH, definition.BATCH)]
    for text in texts:
        filled = definition.substitute(text, dict.fromkeys(definition.substitutions(text), arn))
        assert len(filled.encode()) < 1_048_576
    for machine in of_type(resources, "AWS::StepFunctions::StateMachine").values():
        assert set(machine["DefinitionSubstitutions"]) in [definition.substitutions(text) for text in texts]


def test_the_rule_s_pattern_fits(resources: dict[str, Any]) -> None:
    for name, rule in of_type(resources, "AWS::Events::Rule").items():
        if "EventPattern" in rule:
            assert len(written_out(rule["EventPattern"])) < 2_048, name


def test_functions_ask_for_no_more_than_lambda_gives(resources: dict[str, Any]) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert 1 <= function["Timeout"] <= 900, name
        assert len(function["Layers"]) <= 5, name
        assert len(function["Description"]) <= 256, name
        assert 128 <= int(function["MemorySize"]) <= 3_008, "more is for accounts that asked for it"


def test_nothing_has_a_name_that_a_second_stack_could_not_have(resources: dict[str, Any]) -> None:
    """CloudFormation makes names, and cuts the stack's where it must. Ours hold the stack's, and have room."""
    named = {
        (kind, name)
        for kind, one in resources.items()
        for name in one["Properties"]
        if re.fullmatch(
            r"(Function|Role|Bucket|Queue|Table|StateMachine|LogGroup|Policy|ManagedPolicy|Rule|Alarm)?Name", name
        )
        and one["Type"] not in ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm")
    }
    queries = of_type(resources, "AWS::Logs::QueryDefinition")
    ours = {kind for kind, name in named if isinstance(resources[kind]["Properties"][name], dict)}
    assert ours == {"WorkflowLogs", *queries}
    for query in queries.values():
        assert len(query["Name"]["Fn::Sub"].replace("${AWS::StackName}", STACK_NAME)) <= 255
    group = resources["WorkflowLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert len(group.replace("${AWS::StackName}", STACK_NAME)) <= 512


def test_the_template_is_of_no_partition_and_no_region() -> None:
    text = (definition.ROOT / "template.yaml").read_text()
    code = "\n".join(line for line in text.splitlines() if "AllowedPattern" not in line)
    assert not re.search(r"arn:aws:", code)
    assert not re.search(r"\b(us|eu|ap|sa|ca|me|af|il)-(east|west|central|north|south)\w*-\d", code)
    hosts = set(re.findall(r"[\w.${}:-]*amazonaws\.com\b", code))
    services = {"apigateway", "events"}
    assert hosts <= {f"{name}.amazonaws.com" for name in services} | {"docs.aws.amazon.com"}, "else: ${AWS::URLSuffix}"


def test_answers_fit_api_gateway_and_lambda() -> None:
    assert synchronous.MAX_BODY * 4 / 3 < 6 * 1024 * 1024 - 64 * 1024, "base64 in JSON, with headers"
    assert enhance.HEADER_BYTES < 10_240 - 2_048
    assert synchronous.PATIENCE_SECONDS + 3 < 29

"""The template as SAM expands it: rights, limits, and that stages, workflow and functions name the same things."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from darkroom import recipe, registry
from darkroom.limits import Limits
from tests.support import definition
from tests.support.functions import SETTINGS

TEMPLATE = yaml_parse((definition.ROOT / "template.yaml").read_text())
SOURCE = TEMPLATE["Resources"]
WORKFLOW = definition.load()
FOLDERS = sorted(path.parent.name for path in (definition.ROOT / "functions").glob("*/app.py"))

LOG_DELIVERY = "WriteLogs"
"""The one statement for actions that know no resources."""


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    """The template's resources after the SAM transform."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    template = yaml_parse((definition.ROOT / "template.yaml").read_text())
    for resource in template["Resources"].values():  # `sam build` puts real ones in their place
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = "s3://bucket/key"
    try:
        resources: dict[str, Any] = transform(template, {}, SimpleNamespace(load=dict))["Resources"]
    finally:
        monkeypatch.undo()
    return resources


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}
    assert found
    return found


def functions() -> dict[str, Any]:
    """The template's functions by the folder of their code."""
    return {p["CodeUri"].removeprefix("functions/"): p for p in of_type(SOURCE, "AWS::Serverless::Function").values()}


def variables(function: dict[str, Any]) -> dict[str, Any]:
    return {**TEMPLATE["Globals"]["Function"]["Environment"]["Variables"], **function["Environment"]["Variables"]}


# Stages, functions and workflow


def test_every_function_folder_is_deployed_under_its_name() -> None:
    assert sorted(functions()) == FOLDERS
    assert all(variables(function)["POWERTOOLS_SERVICE_NAME"] == folder for folder, function in functions().items())


def test_every_step_has_a_stage_that_is_deployed() -> None:
    assert set(registry.stages()) <= set(FOLDERS)


def test_workflow_is_given_what_it_names() -> None:
    given = SOURCE["Enhance"]["Properties"]["DefinitionSubstitutions"]
    assert set(given) == definition.substitutions(definition.PATH.read_text())
    for name, value in given.items():
        if name.endswith("FunctionArn"):
            folder = SOURCE[value["Fn::GetAtt"][0]]["Properties"]["CodeUri"]
            assert folder == f"functions/{definition.stage_of('${' + name + '}')}"


def test_workflow_may_invoke_its_functions_and_no_others() -> None:
    statements = SOURCE["Enhance"]["Properties"]["Policies"][0]["Statement"]
    allowed = [s["Resource"] for s in statements if s["Action"] == "lambda:InvokeFunction"]
    given = SOURCE["Enhance"]["Properties"]["DefinitionSubstitutions"]
    assert allowed == [[value for name, value in given.items() if name.endswith("FunctionArn")]]


def test_workflow_may_do_what_its_tasks_do(expanded: dict[str, Any]) -> None:
    """A right that is missing is found by no test in which the task's refusal is caught."""
    statements = SOURCE["Enhance"]["Properties"]["Policies"][0]["Statement"]
    allowed = {action for statement in statements for action in as_list(statement["Action"])}
    needed = set()
    for task in definition.tasks(WORKFLOW).values():
        service, operation = task["Resource"].split(":")[-2:]
        action = "InvokeFunction" if service == "lambda" else operation[0].upper() + operation[1:]
        needed.add(f"{service}:{action}")
    assert needed == {action for action in allowed if not action.startswith("logs:")}


def test_functions_end_before_the_workflow_stops_waiting() -> None:
    timeout = TEMPLATE["Globals"]["Function"]["Timeout"]
    assert not any("Timeout" in function for function in functions().values())
    for name in definition.lambda_tasks(WORKFLOW):
        assert timeout < WORKFLOW["States"][name]["TimeoutSeconds"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_are_given_every_setting_they_read(folder: str) -> None:
    code = (definition.ROOT / "functions" / folder / "app.py").read_text()
    read = set(re.findall(r'setting\("(\w+)"\)', code)) | {"WORK_BUCKET", "POWERTOOLS_SERVICE_NAME"}
    if "Limits.from_env" in code:
        read |= {name.upper() for name in Limits.__struct_fields__}
    own = functions()[folder]["Environment"]["Variables"]
    assert read <= set(variables(functions()[folder]))
    assert set(own) <= read, "a setting that nobody reads"


LIBRARIES = {"ImagingLayer": "cv2", "InferenceLayer": "onnxruntime"}
"""What each layer beside core holds."""

START = """
import sys
folder, stage, *absent = sys.argv[1:]
sys.modules.update(dict.fromkeys(absent))
sys.path.insert(0, folder)
import app
import numpy as np
from darkroom import registry
from darkroom.errors import StepFailed
for name in registry.STEPS:
    if registry.stage_of(name) == stage:
        step = registry.get(name)
        if stage == registry.CLASSIFY:  # which loads what it needs only when it runs
            try:
                step(np.zeros((40, 50, 3), np.uint8), step.params())
            except StepFailed as error:
                assert error.code == "step.no-model", error
"""


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_need_no_library_whose_layer_they_lack(folder: str) -> None:
    """The handler and all its stage's steps, in a process where the other layers' libraries cannot be imported."""
    layers = {layer["Ref"] for layer in functions()[folder].get("Layers", [])}
    absent = [package for layer, package in LIBRARIES.items() if layer not in layers]
    path = definition.ROOT / "functions" / folder
    environment = {**os.environ, **SETTINGS, "POWERTOOLS_SERVICE_NAME": folder, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run([sys.executable, "-c", START, path, folder, *absent], env=environment, check=True)


# Parameters


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_parameters_are_described_and_bounded(name: str) -> None:
    parameter = TEMPLATE["Parameters"][name]
    assert len(parameter["Description"]) > 20
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & set(parameter)
    if "MinValue" in parameter:
        assert parameter["MinValue"] <= parameter["Default"] <= parameter["MaxValue"]


def test_defaults_are_the_library_s() -> None:
    parameters = TEMPLATE["Parameters"]
    for name, value in vars_of(Limits()).items():
        assert parameters[name.title().replace("_", "")]["Default"] == value
    assert parameters["DefaultRecipe"]["Default"] in recipe.BUILT_IN


def vars_of(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in limits.__struct_fields__}


# Rights


def test_roles_allow_no_wildcard(expanded: dict[str, Any]) -> None:
    documents = [
        policy["PolicyDocument"]
        for role in of_type(expanded, "AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
    ] + [policy["PolicyDocument"] for policy in of_type(expanded, "AWS::IAM::ManagedPolicy").values()]
    statements = [s for document in documents for s in document["Statement"] if s.get("Sid") != LOG_DELIVERY]
    assert len(statements) > 8
    for statement in statements:
        assert "*" not in json.dumps(statement["Action"])
        for resource in as_list(statement["Resource"]):
            assert resource != "*"
            assert isinstance(resource, dict), "resources are named by reference"


def test_roles_have_no_managed_policy_but_logs_traces_and_the_stages(expanded: dict[str, Any]) -> None:
    roles = of_type(expanded, "AWS::IAM::Role").values()
    managed = {json.dumps(arn) for role in roles for arn in role.get("ManagedPolicyArns", [])}
    assert all(re.search("AWSLambdaBasicExecutionRole|AWSX[Rr]ay\\w*Access|StagePolicy", arn) for arn in managed)


def test_each_function_has_a_role_of_its_own(expanded: dict[str, Any]) -> None:
    roles = [json.dumps(f["Role"]) for f in of_type(expanded, "AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles)) == len(FOLDERS)


# What is stored


@pytest.mark.parametrize("name", sorted(of_type(SOURCE, "AWS::S3::Bucket")))
def test_buckets_are_private_encrypted_and_reached_by_tls_alone(name: str) -> None:
    bucket = SOURCE[name]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert "BucketEncryption" in bucket
    policies = [p for p in of_type(SOURCE, "AWS::S3::BucketPolicy").values() if p["Bucket"] == {"Ref": name}]
    (statement,) = policies[0]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {resource_of(resource) for resource in statement["Resource"]} == {f"{name}.Arn", f"${{{name}.Arn}}/*"}


def test_work_is_forgotten_after_a_day() -> None:
    (rule,) = SOURCE["WorkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1)


def test_uploads_keep_the_version_a_job_was_told_of() -> None:
    uploads = SOURCE["UploadsBucket"]["Properties"]
    assert uploads["VersioningConfiguration"]["Status"] == "Enabled"
    assert uploads["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True


def test_log_groups_have_an_end(expanded: dict[str, Any]) -> None:
    assert all("RetentionInDays" in group for group in of_type(expanded, "AWS::Logs::LogGroup").values())
    assert all("LoggingConfig" in f for f in of_type(expanded, "AWS::Lambda::Function").values())


@pytest.mark.parametrize("name", ["JobsTable", "WaitingUploads", "UndeliveredUploads", "FunctionLogs"])
def test_what_tells_of_jobs_outlives_the_stack(name: str) -> None:
    assert SOURCE[name]["DeletionPolicy"] == SOURCE[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("name", "queue", "metric", "threshold"),
    [
        ("UndeliveredUploadsAlarm", "UndeliveredUploads", "ApproximateNumberOfMessagesVisible", 0),
        ("WaitingUploadsAlarm", "WaitingUploads", "ApproximateAgeOfOldestMessage", 3600),
    ],
)
def test_alarms_watch_the_queues_and_tell_somebody(name: str, queue: str, metric: str, threshold: int) -> None:
    alarm = SOURCE[name]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", metric)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (threshold, "GreaterThanThreshold")
    assert alarm["AlarmActions"] == {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}


def test_functions_are_traced(expanded: dict[str, Any]) -> None:
    for function in of_type(expanded, "AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_undelivered_events_are_kept(expanded: dict[str, Any]) -> None:
    (target,) = of_type(expanded, "AWS::Events::Rule")["UploadRule"]["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["WaitingUploads", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["UndeliveredUploads", "Arn"]}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}


def test_waiting_uploads_are_taken_one_by_one_and_kept_where_they_cannot_be() -> None:
    queue = SOURCE["WaitingUploads"]["Properties"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["UndeliveredUploads", "Arn"]}
    assert queue["MessageRetentionPeriod"] == 14 * 86_400
    assert queue["VisibilityTimeout"] >= 6 * TEMPLATE["Globals"]["Function"]["Timeout"]
    source = SOURCE["StartWaiting"]["Properties"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["BatchSize"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", ["WaitingUploads", "UndeliveredUploads"])
def test_queues_take_from_the_rule_alone_and_by_tls(name: str) -> None:
    taken, plain = SOURCE[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (taken["Action"], taken["Principal"]) == ("sqs:SendMessage", {"Service": "events.amazonaws.com"})
    assert taken["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["UploadRule", "Arn"]}}}
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert SOURCE[name]["DeletionPolicy"] == "Retain"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def resource_of(reference: dict[str, Any]) -> str:
    """``"Name.Arn"`` of a GetAtt, or the text of a Sub."""
    return ".".join(reference["Fn::GetAtt"]) if "Fn::GetAtt" in reference else str(reference["Fn::Sub"])

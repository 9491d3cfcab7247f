"""The stack with each parameter that decides about resources at another value than the default: it deploys, and works.

What the embedded AWS does not keep (roles' boundaries, keys of buckets and table, reserved concurrency) is read in the
template, by tests/unit/test_template.py.
"""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from darkroom.client import doctor, read_event
from darkroom.client.stack import Stack
from darkroom_local import stack
from darkroom_local.emulator import EmbeddedAws
from tests.cloud.cloud import Cloud, wait_for
from tests.support import photos, schemas
from tests.support.listening import Heard, hears

pytestmark = [pytest.mark.cloud, pytest.mark.slow]

ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def changed() -> dict[str, str]:
    """The parameters; those that name resources are filled in when these are there."""
    return {
        "AnnotateResults": "true",
        "ApiAccess": "iam",
        "ApiLogs": "none",
        "Architecture": "arm64",
        "Cdn": "true",
        "Fusion": "one",
        "JobRetentionDays": "7",
        "KeepMetadata": "false",
        "LogLevel": "WARN",
        "LogRetentionDays": "30",
        "MaxRunningJobs": "3",
        "Release": "one",
        "ReservedConcurrency": "2",
        "SnapStart": "true",
        "WorkflowType": "EXPRESS",
    }


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Heard]]:
    with hears(tmp_path_factory.mktemp("listener")) as found:
        yield found


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[str, str], listener: tuple[str, Path, Heard]
) -> Iterator[Cloud]:
    changed["WebhookUrl"], trusted, _ = listener
    settings = {"LAMBDA_ACCOUNT_CONCURRENCY": "1000", "SSL_CERT_FILE": str(trusted)}
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), settings=settings) as aws:
        changed["KmsKeyArn"] = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        changed["AlarmTopicArn"] = aws.client("sns").create_topic(Name="alarms")["TopicArn"]
        policy = aws.client("iam").create_policy(PolicyName="boundary", PolicyDocument=ALL)
        changed["PermissionsBoundary"] = policy["Policy"]["Arn"]
        yield Cloud(aws, stack.deploy(aws, **changed))


def resources(cloud: Cloud, kind: str) -> list[str]:
    """The names of the stack's resources of a kind."""
    pages = cloud.aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.STACK)
    found = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == kind
    ]
    assert found, kind
    return found


def test_functions_are_what_the_parameters_say(cloud: Cloud, changed: dict[str, str]) -> None:
    functions = cloud.aws.client("lambda")
    for name in resources(cloud, "AWS::Lambda::Function"):
        found = functions.get_function_configuration(FunctionName=name)
        assert found["Architectures"] == [changed["Architecture"]], name
        assert found["Environment"]["Variables"]["LOG_LEVEL"] == changed["LogLevel"], name


def test_the_api_answers_by_the_alias_of_a_version_that_has_a_snapshot(cloud: Cloud) -> None:
    functions = cloud.aws.client("lambda")
    (name,) = [one for one in resources(cloud, "AWS::Lambda::Function") if "ApiFunction" in one]
    alias = functions.get_alias(FunctionName=name, Name="live")
    found = functions.get_function_configuration(FunctionName=name, Qualifier=alias["FunctionVersion"])
    assert found["SnapStart"]["ApplyOn"] == "PublishedVersions"
    (page,) = cloud.aws.client("apigateway").get_rest_apis()["items"]
    root = next(
        one for one in cloud.aws.client("apigateway").get_resources(restApiId=page["id"])["items"] if one["path"] == "/"
    )
    called = cloud.aws.client("apigateway").get_integration(
        restApiId=page["id"], resourceId=root["id"], httpMethod="GET"
    )
    assert f"{name}:live/" in called["uri"]
    trust = ssl.create_default_context(cafile=cloud.aws.certificate)
    with urllib.request.urlopen(f"{stack.address(cloud.aws, cloud.outputs)}/health", context=trust) as answer:
        assert answer.status == 200


def test_queues_are_under_the_key(cloud: Cloud, changed: dict[str, str]) -> None:
    for queue in ("WaitingUploads", "UndeliveredUploads"):
        answer = cloud.sqs.get_queue_attributes(QueueUrl=cloud.outputs[queue], AttributeNames=["KmsMasterKeyId"])
        assert answer["Attributes"]["KmsMasterKeyId"] == changed["KmsKeyArn"]


def test_logs_are_kept_as_long_as_is_said_and_the_api_has_none(cloud: Cloud, changed: dict[str, str]) -> None:
    names = resources(cloud, "AWS::Logs::LogGroup")
    assert not [name for name in names if "Api" in name]
    groups = {one["logGroupName"]: one for one in cloud.aws.client("logs").describe_log_groups()["logGroups"]}
    assert {groups[name]["retentionInDays"] for name in names} == {30}
    assert {groups[name]["kmsKeyId"] for name in names} == {changed["KmsKeyArn"]}


def test_a_photo_goes_through_an_express_workflow(cloud: Cloud) -> None:
    machine = cloud.states.describe_state_machine(stateMachineArn=cloud.outputs["EnhanceArn"])
    assert machine["type"] == "EXPRESS"
    cloud.upload("photo.png", photos.encoded("PNG"), recipe="vivid")
    job = cloud.job("photo.png")
    assert job["status"] == "succeeded", job
    assert cloud.manifest(job)["job"] == job["id"]
    assert cloud.told(job["id"])["detail"]["execution"] == job["execution"]


def test_the_manifest_is_at_the_result_itself(cloud: Cloud) -> None:
    for seed in (1, 2):
        cloud.upload("annotated.png", photos.encoded("PNG", seed=seed), recipe="vivid")
        cloud.finished("annotated.png", seed)
    jobs = cloud.finished("annotated.png", 2)
    for job in jobs:
        place = {"Bucket": job["result"]["bucket"], "Key": job["result"]["key"], "VersionId": job["result"]["version"]}
        told = cloud.s3.get_object_annotation(**place, AnnotationName="darkroom.manifest")["AnnotationPayload"].read()
        beside = {**place, "Key": job["manifest"]["key"], "VersionId": job["manifest"]["version"]}
        assert told == cloud.s3.get_object(**beside)["Body"].read(), "each version has its own"


def test_more_photos_than_may_run_each_become_one_job(cloud: Cloud) -> None:
    for index in range(7):
        cloud.upload(f"many/{index}.png", photos.encoded("PNG", seed=index))
    for index in range(7):
        assert cloud.job(f"many/{index}.png")["status"] == "succeeded"


def test_each_end_is_told_by_https_with_the_stack_s_secret(cloud: Cloud, listener: tuple[str, Path, Heard]) -> None:
    heard = listener[2]
    cloud.upload("hooked/good.png", photos.encoded("PNG"), recipe="none")
    cloud.upload("hooked/bad.png", b"no photo")
    ids = {
        cloud.job(f"hooked/{name}.png")["id"]: status for name, status in (("good", "succeeded"), ("bad", "rejected"))
    }
    told = wait_for(lambda: [*heard] if {body["detail"]["job"] for _, body in heard} >= set(ids) else None, "webhooks")
    secret = cloud.aws.client("secretsmanager").get_secret_value(SecretId=cloud.outputs["WebhookSecret"])
    for headers, body in told:
        assert headers["x-darkroom-secret"] == secret["SecretString"]
        assert headers["content-type"].startswith("application/json")
        schemas.check_event(body)
    found = {ended.job: ended for ended in (read_event(body) for _, body in told)}
    assert {job: found[job].status for job in ids} == ids
    failures = [error.code for job in ids if (error := found[job].error)]
    assert failures == ["image.not-an-image"]


def version_of(cloud: Cloud, job: Mapping[str, Any]) -> str:
    """By which version of the workflow a job ran, which its alias chose."""
    told = cloud.states.describe_execution(executionArn=job["execution"])
    assert told["stateMachineAliasArn"] == f"{cloud.outputs['EnhanceArn']}:live"
    return str(told["stateMachineVersionArn"]).rpartition(":")[2]


def handed_over(cloud: Cloud, job: Mapping[str, Any]) -> int:
    """How many pictures lay between a job's stages."""
    return int(cloud.s3.list_objects_v2(Bucket=cloud.outputs["WorkBucket"], Prefix=f"jobs/{job['id']}/")["KeyCount"])


def functions_of(cloud: Cloud, version: str) -> set[str]:
    """The versions of its functions that a version of the workflow calls."""
    machine = cloud.states.describe_state_machine(stateMachineArn=f"{cloud.outputs['EnhanceArn']}:{version}")
    return set(re.findall(r":function:[\w-]+:?(\d*)", machine["definition"]))


def test_a_release_s_jobs_run_by_it_and_go_back_with_its_alias(cloud: Cloud, changed: dict[str, str]) -> None:
    cloud.upload("first.png", photos.encoded("PNG", seed=11), recipe="vivid")
    assert version_of(cloud, cloud.job("first.png")) == "1"
    stack.deploy(cloud.aws, **changed | {"Release": "two", "DeploymentPreference": "CANARY", "Fusion": "auto"})
    long = {"steps": [{"name": "gamma"}, {"name": "lift_shadows"}, {"name": "adjust_color"}, {"name": "gamma"}]}
    cloud.upload("long.png", photos.encoded("PNG", seed=14), recipe=json.dumps(long))
    cloud.upload("second.png", photos.encoded("PNG", seed=12), recipe="vivid")
    job = cloud.job("second.png")
    assert (job["status"], version_of(cloud, job)) == ("succeeded", "2")
    assert len(cloud.manifest(job)["stages"]) > 2
    assert handed_over(cloud, job) == 0, "what is short is one invocation"
    job = cloud.job("long.png")
    assert (job["status"], version_of(cloud, job)) == ("succeeded", "2")
    stages = [[step["name"] for step in stage["steps"]] for stage in cloud.manifest(job)["stages"]]
    assert stages == [[], ["gamma", "lift_shadows"], ["adjust_color", "gamma"], []]
    assert handed_over(cloud, job) == 3, "what takes long is a stage of its own"
    assert [functions_of(cloud, version) for version in "12"] == [{"1"}, {"2"}]

    alias = f"{cloud.outputs['EnhanceArn']}:live"
    back = [{"stateMachineVersionArn": f"{cloud.outputs['EnhanceArn']}:1", "weight": 100}]
    cloud.states.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=back)
    found = list(doctor.of_release(doctor.admit(Stack.find(stack.STACK, **cloud.aws.connection()), stack.STACK)))
    assert [(one.state, one.words) for one in found if one.words.startswith("EnhanceAlias")] == [
        ("note", "EnhanceAlias: of new jobs 100 % by version 1")
    ]
    assert {one.state for one in found if not one.words.startswith("EnhanceAlias")} == {"well"}
    cloud.upload("third.png", photos.encoded("PNG", seed=13), recipe="vivid")
    job = cloud.job("third.png")
    assert (job["status"], version_of(cloud, job)) == ("succeeded", "1")


def test_a_cdn_stands_in_front_of_pictures(cloud: Cloud) -> None:
    """What the stack asked CloudFront for, as its API tells it; nothing is served by it here."""
    cdn = cloud.aws.client("cloudfront")
    (identity,) = resources(cloud, "AWS::CloudFront::Distribution")
    found = cdn.get_distribution(Id=identity)["Distribution"]
    assert cloud.outputs["Cdn"] == f"https://{found['DomainName']}"
    config = found["DistributionConfig"]
    (origin,) = config["Origins"]["Items"]
    assert (origin["OriginPath"], origin["CustomOriginConfig"]["OriginProtocolPolicy"]) == ("/v1", "https-only")
    assert {(one["ErrorCode"], one["ErrorCachingMinTTL"]) for one in config["CustomErrorResponses"]["Items"]} == {
        (502, 0),
        (503, 0),
        (504, 0),
    }
    behavior = config["DefaultCacheBehavior"]
    policy = cdn.get_cache_policy(Id=behavior["CachePolicyId"])["CachePolicy"]["CachePolicyConfig"]
    kept_by = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert kept_by["HeadersConfig"]["Headers"]["Items"] == ["Accept"]
    assert kept_by["QueryStringsConfig"]["QueryStringBehavior"] == "all"
    (association,) = behavior["FunctionAssociations"]["Items"]
    name = association["FunctionARN"].rpartition("/")[2]
    assert len(name) <= 64
    live = cdn.get_function(Name=name, Stage="LIVE")
    assert b"startsWith('/i/')" in live["FunctionCode"].read()

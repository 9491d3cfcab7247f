"""The template as SAM expands it: rights, limits, and that stages, workflow and functions name the same things."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from darkroom import recipe, registry
from darkroom.limits import Limits
from tests.support import definition, expansion, javascript, rights, template, watched
from tests.support.functions import SETTINGS
from tests.support.template import of_type

TEMPLATE = template.source()
SOURCE = TEMPLATE["Resources"]
WORKFLOW = definition.load()
FOLDERS = sorted(path.parent.name for path in (definition.ROOT / "functions").glob("*/app.py"))

LOG_DELIVERY = "WriteLogs"
"""The one statement for actions that know no resources."""


@pytest.fixture(scope="module")
def expanded() -> dict[str, Any]:
    """The template's resources after the SAM transform."""
    resources: dict[str, Any] = expansion.transformed()["Resources"]
    return resources


def functions() -> dict[str, Any]:
    """The template's functions by the folder of their code."""
    return {p["CodeUri"].removeprefix("functions/"): p for p in of_type(SOURCE, "AWS::Serverless::Function").values()}


def variables(function: dict[str, Any]) -> dict[str, Any]:
    return {**TEMPLATE["Globals"]["Function"]["Environment"]["Variables"], **function["Environment"]["Variables"]}


FAULTS = """
import resource
import numpy as np
def work():
    for _ in range(3):
        picture = np.ones((12_000_000, 3), np.uint8)
        light = np.sqrt(picture[:4_000_000], dtype=np.float32)
        del picture, light
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's variables, as Lambda has them")
def test_functions_keep_the_memory_that_they_work_in() -> None:
    kept = {name: value for name, value in variables(functions()["inspect"]).items() if name.startswith("MALLOC_")}
    assert all(
        value == kept[name] for each in functions().values() for name, value in variables(each).items() if name in kept
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    anew, again = (
        int(subprocess.run([sys.executable, "-c", FAULTS], env=env, capture_output=True, text=True, check=True).stdout)
        for env in (plain, plain | kept)
    )
    assert again < anew / 10


# Stages, functions and workflow


def test_every_function_folder_is_deployed_under_its_name() -> None:
    assert sorted(functions()) == FOLDERS
    assert all(variables(function)["POWERTOOLS_SERVICE_NAME"] == folder for folder, function in functions().items())


def test_every_step_has_a_stage_that_is_deployed() -> None:
    assert set(registry.stages()) <= set(FOLDERS)


def function_of(arn: dict[str, Any]) -> str:
    """The function that the workflow is given, with a release by its published version."""
    condition, version, plain = arn["Fn::If"]
    name: str = plain["Fn::GetAtt"][0]
    assert (condition, SOURCE[version["Ref"]]["Properties"]["FunctionName"]) == ("HasRelease", {"Ref": name})
    return name


def test_workflow_is_given_what_it_names() -> None:
    given = SOURCE["Enhance"]["Properties"]["DefinitionSubstitutions"]
    assert set(given) == definition.substitutions(definition.PATH.read_text())
    for name, value in given.items():
        if name.endswith("FunctionArn"):
            folder = SOURCE[function_of(value)]["Properties"]["CodeUri"]
            assert folder == f"functions/{definition.stage_of('${' + name + '}')}"


def test_workflow_may_invoke_its_functions_and_no_others() -> None:
    statements = SOURCE["Enhance"]["Properties"]["Policies"][-1]["Statement"]
    allowed = [s["Resource"] for s in statements if s["Action"] == "lambda:InvokeFunction"]
    given = SOURCE["Enhance"]["Properties"]["DefinitionSubstitutions"]
    called = [function_of(value) for name, value in given.items() if name.endswith("FunctionArn")]
    each = (({"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": f"${{{name}.Arn}}:*"}) for name in called)
    assert allowed == [[resource for both in each for resource in both]]


def test_workflow_may_do_what_its_tasks_do(expanded: dict[str, Any]) -> None:
    """A right that is missing is found by no test in which the task's refusal is caught."""
    statements = SOURCE["Enhance"]["Properties"]["Policies"][-1]["Statement"]
    allowed = {action for statement in statements for action in as_list(statement["Action"])}
    needed = set()
    for task in definition.tasks(WORKFLOW).values():
        service, operation = task["Resource"].split(":")[-2:]
        action = "InvokeFunction" if service == "lambda" else operation[0].upper() + operation[1:]
        needed.add(f"{service}:{action}")
    assert needed == {action for action in allowed if not action.startswith("logs:")}


def test_functions_end_before_the_workflow_stops_waiting() -> None:
    timeout = TEMPLATE["Globals"]["Function"]["Timeout"]
    assert {name for name, function in functions().items() if "Timeout" in function} == {"api", "start"}
    for name in definition.lambda_tasks(WORKFLOW):
        assert timeout < WORKFLOW["States"][name]["TimeoutSeconds"]


def test_who_reads_photos_publishes_only_where_all_is_done_in_one() -> None:
    result = f"{rights.ARNS['ResultsBucket']}/photo.jpg"
    for fusion in ("stage", "fused", "one", "auto"):
        stack = rights.Stack(Fusion=fusion)
        role = stack.functions()["inspect"]
        assert stack.allows(role, "s3:PutObject", result) == (fusion in ("one", "auto"))
        assert stack.allows(stack.functions()["publish"], "s3:PutObject", result)


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_are_given_every_setting_they_read(folder: str) -> None:
    code = (definition.ROOT / "functions" / folder / "app.py").read_text()
    parts = r"from darkroom\.aws\.(inspecting|deciding|publishing|batch_photos|api\.settings) import"
    for part in re.findall(parts, code):
        code += (definition.ROOT / f"layers/core/darkroom/aws/{part.replace('.', '/')}.py").read_text()
    if "publishing.publish" in code:  # inspect, where Fusion is one
        code += (definition.ROOT / "layers/core/darkroom/aws/publishing.py").read_text()
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
    # What only some parameters allow counts too.
    every = [one.get("Fn::If", ["", one])[1] for document in documents for one in document["Statement"]]
    statements = [s for s in every if s.get("Sid") != LOG_DELIVERY]
    assert len(statements) > 8
    for statement in statements:
        assert "*" not in json.dumps(statement["Action"])
        for resource in as_list(statement["Resource"]):
            assert resource != "*"
            assert isinstance(resource, dict), "resources are named by reference"


MANAGED = (
    "BasicExecutionRole|AWSX[Rr]ay\\w*Access|APIGatewayPushToCloudWatchLogs|"
    "StagePolicy|ReferencesPolicy|PublishPolicy|BatchBucketPolicy|UseKey"
)


def test_roles_have_no_managed_policy_but_logs_traces_and_the_stages(expanded: dict[str, Any]) -> None:
    roles = of_type(expanded, "AWS::IAM::Role").values()
    managed = {json.dumps(arn) for role in roles for arn in role.get("ManagedPolicyArns", [])}
    assert all(re.search(MANAGED, arn) for arn in managed)


def test_a_batch_may_follow_its_children_by_what_aws_documents_and_by_their_own_names() -> None:
    policy = rights.concrete(rights.Stack().resources["BatchRunsChildren"]["Properties"]["PolicyDocument"])
    machine = rights.arn("Batch")
    execution = machine.replace(":stateMachine:", ":execution:")
    for action in ("states:DescribeExecution", "states:StopExecution"):
        for child in (f"{execution}:0123", f"{execution}/Photos:0123"):
            assert rights.decide([policy], action, child, {}) == "Allow", child
        assert rights.decide([policy], action, f"{execution}-of-another:0123", {}) != "Allow"
    assert rights.decide([policy], "states:StartExecution", machine, {}) == "Allow"


def test_each_function_has_a_role_of_its_own(expanded: dict[str, Any]) -> None:
    roles = [json.dumps(f["Role"]) for f in of_type(expanded, "AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles)) == len(FOLDERS)


# What is stored


BUCKETS = sorted(of_type(SOURCE, "AWS::S3::Bucket"))


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_private_encrypted_and_the_stack_s_own(name: str) -> None:
    bucket = SOURCE[name]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "BucketEncryption" in bucket
    assert any("AbortIncompleteMultipartUpload" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_reached_by_tls_alone_and_by_no_old_one(name: str) -> None:
    stack = rights.Stack()
    for resource in (rights.ARNS[name], f"{rights.ARNS[name]}/sync/a.jpg"):
        for action in ("s3:GetObject", "s3:DeleteObject", "s3:ListBucket"):

            def refuses(**context: str) -> bool:
                return stack.bucket_refuses(f"{name}Policy", action, resource, **context)  # noqa: B023

            assert refuses(**{"aws:SecureTransport": "false"})
            assert refuses(**{"s3:TlsVersion": "1.1"})
            assert not refuses(**{"s3:TlsVersion": "1.2"})
            assert not refuses(**{"s3:TlsVersion": "1.3"})


@pytest.mark.parametrize("key", ["a.jpg", "a.jpg.json", "sync/a/photo.jpg"])
def test_results_are_written_by_compare_and_swap_alone(key: str) -> None:
    """As S3 documents the condition keys: absent where there is no such header; parts of an upload create no object."""
    stack = rights.Stack()

    def refuses(action: str, **context: str) -> bool:
        return stack.bucket_refuses("ResultsBucketPolicy", action, f"{rights.ARNS['ResultsBucket']}/{key}", **context)

    creates = {"s3:ObjectCreationOperation": "true"}
    assert refuses("s3:PutObject", **creates)
    assert not refuses("s3:PutObject", **creates, **{"s3:if-match": '"0123"'})
    assert not refuses("s3:PutObject", **creates, **{"s3:if-none-match": "*"})
    assert not refuses("s3:PutObject", **{"s3:ObjectCreationOperation": "false"})
    assert not refuses("s3:GetObject")


# A key of one's own


def test_with_a_key_of_one_s_own_all_is_under_it() -> None:
    stored = rights.Stack(KmsKeyArn=rights.KEY).resources
    for name in BUCKETS:
        (rule,) = stored[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": rights.KEY}
        assert rule["BucketKeyEnabled"] is True
    table = stored["JobsTable"]["Properties"]["SSESpecification"]
    assert table == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": rights.KEY}
    for queue in of_type(stored, "AWS::SQS::Queue").values():
        assert (queue["KmsMasterKeyId"], queue["SqsManagedSseEnabled"]) == (rights.KEY, False)
    assert all(group["KmsKeyId"] == rights.KEY for group in of_type(stored, "AWS::Logs::LogGroup").values())


def test_without_one_all_is_under_aws_s() -> None:
    stored = rights.Stack().resources
    assert rights.KEY not in json.dumps(stored)
    assert "UseKey" not in stored
    for name in BUCKETS:
        (rule,) = stored[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert all(queue["SqsManagedSseEnabled"] is True for queue in of_type(stored, "AWS::SQS::Queue").values())


def test_every_role_may_use_the_key_through_the_stores_alone() -> None:
    stack = rights.Stack(KmsKeyArn=rights.KEY)
    roles = [*stack.functions().values(), "EnhanceRole", "BatchRole"]
    assert len(roles) == len(FOLDERS) + 2
    for role in roles:
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert stack.allows(role, action, rights.KEY, **{"kms:ViaService": f"s3.{rights.REGION}.amazonaws.com"})
            assert not stack.allows(role, action, rights.KEY)
            assert not stack.allows(role, action, rights.KEY, **{"kms:ViaService": "ebs.eu-central-1.amazonaws.com"})
            assert not stack.allows(
                role, action, f"{rights.KEY[:-1]}0", **{"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
            )
        assert not stack.allows(role, "kms:ScheduleKeyDeletion", rights.KEY)


# Parameters for what accounts differ in


def test_a_boundary_bounds_every_role() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    bounded = rights.Stack(PermissionsBoundary=boundary).resources
    assert {role.get("PermissionsBoundary") for role in of_type(bounded, "AWS::IAM::Role").values()} == {boundary}
    assert not any(
        "PermissionsBoundary" in role for role in of_type(rights.Stack().resources, "AWS::IAM::Role").values()
    )


def test_concurrency_is_reserved_where_it_is_asked_for() -> None:
    reserved = of_type(rights.Stack(ReservedConcurrency="5").resources, "AWS::Lambda::Function")
    with pytest.raises(ValueError, match="2 starters"):
        rights.Stack(ReservedConcurrency="1")
    assert {function["ReservedConcurrentExecutions"] for function in reserved.values()} == {"5"}
    for function in of_type(rights.Stack().resources, "AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function, "a new account has none to reserve"


def test_functions_and_layers_are_for_one_architecture() -> None:
    for architecture in ("x86_64", "arm64"):
        stack = rights.Stack(Architecture=architecture).resources
        for name, function in of_type(stack, "AWS::Lambda::Function").items():
            assert function["Architectures"] == [architecture], name
        for name, layer in of_type(stack, "AWS::Lambda::LayerVersion").items():
            assert layer["CompatibleArchitectures"] == [architecture], name


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_the_starter_may_count_the_jobs_of_the_workflow_s_type_alone(kind: str) -> None:
    stack = rights.Stack(WorkflowType=kind)
    assert stack.resources["Enhance"]["Properties"]["StateMachineType"] == kind
    assert stack.resources["StartFunction"]["Properties"]["Environment"]["Variables"]["WORKFLOW_TYPE"] == kind
    statements = [
        one
        for policy in stack.resources["StartFunctionRole"]["Properties"]["Policies"]
        for one in as_list(policy["PolicyDocument"]["Statement"])
    ]
    asked = {action for one in statements for action in as_list(one["Action"]) if action.startswith(("st", "dy"))}
    counts = {
        "STANDARD": {"states:ListExecutions", "states:DescribeExecution"},
        "EXPRESS": {"dynamodb:Query", "dynamodb:GetItem"},
    }
    assert asked == counts[kind] | {"states:StartExecution"}


def test_the_api_has_capacity_of_its_own_where_that_is_asked_for() -> None:
    def reserved(**parameters: str) -> dict[str, str | None]:
        functions = of_type(rights.Stack(**parameters).resources, "AWS::Lambda::Function")
        return {name: function.get("ReservedConcurrentExecutions") for name, function in functions.items()}

    alone = reserved(ApiConcurrency="8")
    assert alone.pop("ApiFunction") == "8"
    assert set(alone.values()) == {None}
    assert set(reserved(ApiConcurrency="8", ReservedConcurrency="5").values()) == {"8", "5"}


# The API's logs and limits

TOLD = {
    "requestTime",
    "requestId",
    "identity.apiKeyId",
    "identity.sourceIp",
    "httpMethod",
    "resourcePath",
    "status",
    "responseLength",
    "responseLatency",
    "error.responseType",
}
"""What the API's access log may say: no path, query, header or key."""


def test_the_api_logs_who_called_and_nothing_private() -> None:
    logged = rights.Stack().resources
    setting = logged["Apiv1Stage"]["Properties"]["AccessLogSetting"]
    assert setting["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogs", "Arn"]}
    assert set(re.findall(r"\$context\.([\w.]+)", setting["Format"])) == TOLD
    assert len(json.loads(setting["Format"])) == len(TOLD), "one JSON object a line"
    assert "LoggingLevel" not in json.dumps(logged["Apiv1Stage"]), "execution logs hold headers"


@pytest.mark.parametrize(
    ("choice", "made"),
    [("create", {"ApiAccessLogs", "ApiAccount", "ApiLogsRole"}), ("account", {"ApiAccessLogs"}), ("none", set())],
)
def test_the_role_of_the_api_s_logs_is_made_where_there_is_none(choice: str, made: set[str]) -> None:
    stack = rights.Stack(ApiLogs=choice).resources
    assert set(stack) & {"ApiAccessLogs", "ApiAccount", "ApiLogsRole"} == made
    assert ("AccessLogSetting" in stack["Apiv1Stage"]["Properties"]) == ("ApiAccessLogs" in made)
    for name in made - {"ApiAccessLogs"}:  # others may have come to need it
        assert stack[name]["DeletionPolicy"] == stack[name]["UpdateReplacePolicy"] == "Retain"
    if "ApiAccount" in made:
        assert stack["Api"]["DependsOn"] == "ApiAccount", "a stage with logs cannot be made before"


@pytest.mark.parametrize("parameters", [{"ApiAccess": "key"}, {"ApiAccess": "iam"}], ids=lambda one: one["ApiAccess"])
def test_what_needs_no_caller_has_a_limit(parameters: dict[str, str]) -> None:
    limits = {"OpenRequestsPerSecond": "7", "ImagesPerSecond": "7"}
    stage = rights.Stack(**parameters, **limits).resources["Apiv1Stage"]["Properties"]
    paths = SOURCE["Api"]["Properties"]["DefinitionBody"]["paths"]
    open_routes = {
        (method.upper(), "/" if path == "/" else "/" + path.replace("/", "~1"))
        for path, item in paths.items()
        for method, operation in item.items()
        if operation["security"] == []
    }
    limited = {
        (one["HttpMethod"], one["ResourcePath"])
        for one in stage["MethodSettings"]
        if one["ThrottlingRateLimit"] == one["ThrottlingBurstLimit"] == "7"
    }
    assert limited == open_routes
    assert open_routes


def test_work_is_forgotten_after_a_day_and_renditions_after_some() -> None:
    stack = rights.Stack(RenditionDays="9").resources
    rules = stack["WorkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    ends = {rule["Prefix"]: str(rule["ExpirationInDays"]) for rule in rules if "Prefix" in rule}
    assert ends == {"jobs/": "1", "sync/": "1", "i/": "9", "batches/": "90"}
    assert {part.partition("/")[0] + "/" for part in written_to("WorkBucket")} == set(ends), "nothing stays"


def test_what_was_answered_is_forgotten_by_its_tag_and_no_upload_s_result_by_its_key() -> None:
    rules = rights.Stack().resources["ResultsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (brief,) = (rule for rule in rules if "ExpirationInDays" in rule)
    assert brief["TagFilters"] == [{"Key": "darkroom", "Value": "answered"}]
    assert not any("Prefix" in rule for rule in rules)


def written_to(bucket: str) -> set[str]:
    """Where the roles may write in a bucket, as they name it."""
    stack = rights.Stack()
    roles = stack.functions().values()
    arn = f"{rights.ARNS[bucket]}/"
    found = {right.resource for role in roles for right in stack.rights(role) if right.action == "s3:PutObject"}
    return {one.removeprefix(arn) for one in found if one.startswith(arn)}


def test_a_cdn_in_front_reaches_pictures_alone_and_keeps_what_the_address_says() -> None:
    assert not [name for name, one in rights.Stack().resources.items() if "CloudFront" in one["Type"]]
    stack = rights.Stack(Cdn="true").resources
    config = stack["ImagesCdn"]["Properties"]["DistributionConfig"]
    assert [origin["OriginPath"] for origin in config["Origins"]] == ["/v1"]
    assert "if (!event.request.uri.startsWith('/i/'))" in stack["AcceptOfImages"]["Properties"]["FunctionCode"]
    assert "CacheBehaviors" not in config
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    policy = stack["ImagesCachePolicy"]["Properties"]["CachePolicyConfig"]
    keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "all"}, "all of it is signed"
    assert keyed["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Accept"]}
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0), "as long as the API says"


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/avif,*/*;q=0.8"),
        ("text/html,image/webp;q=0.9,*/*;q=0.5", "image/webp,*/*;q=0.8"),
        ("image/png,image/*;q=0.5", "*/*"),
        (None, "*/*"),
    ],
)
def test_browsers_that_take_the_same_share_a_copy(accept: str | None, asked: str) -> None:
    headers = {} if accept is None else {"accept": {"value": accept}}
    request = {"uri": "/i/signature/vivid/a.jpg", "querystring": {"w": {"value": "320"}}, "headers": headers}
    assert viewed(request) == request | {"headers": {"accept": {"value": asked}}}


@pytest.mark.parametrize("uri", ["/", "/jobs", "/i", "/v1/i/signature/vivid/a.jpg", "/index.html"])
def test_the_cdn_answers_for_all_but_pictures_itself(uri: str) -> None:
    assert viewed({"uri": uri, "headers": {}}) == {"statusCode": 404, "statusDescription": "Not Found"}


def viewed(request: dict[str, Any]) -> Any:
    """What CloudFront's function makes of a request."""
    event = json.dumps({"version": "1.0", "request": request})
    return javascript.value(f"handler({event})", SOURCE["AcceptOfImages"]["Properties"]["FunctionCode"])


def test_refusals_for_want_of_room_say_when_to_ask_again() -> None:
    limits = {"ApiRequestsPerSecond": "7", "ApiRequestsPerDay": "99"}
    answers = rights.Stack(**limits, AllowedOrigins="https://photos.example").resources["Api"]["Properties"]["Body"]
    told = answers["x-amazon-apigateway-gateway-responses"]
    for kind, one in told.items():
        headers = one["responseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'", kind
        wanting = one.get("statusCode") in (429, "429") or kind == "DEFAULT_5XX"  # 503 is one of those
        assert ("gatewayresponse.header.Retry-After" in headers) == wanting, kind
    rate = told["THROTTLED"]["responseParameters"]["gatewayresponse.header.RateLimit-Policy"]
    assert rate == {"Fn::Sub": "'\"rate\";q=7;w=1'"}


def test_uploads_keep_the_version_a_job_was_told_of() -> None:
    uploads = SOURCE["UploadsBucket"]["Properties"]
    assert uploads["VersioningConfiguration"]["Status"] == "Enabled"
    assert uploads["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"] is True


def test_log_groups_have_an_end(expanded: dict[str, Any]) -> None:
    assert all("RetentionInDays" in group for group in of_type(expanded, "AWS::Logs::LogGroup").values())
    assert all("LoggingConfig" in f for f in of_type(expanded, "AWS::Lambda::Function").values())


@pytest.mark.parametrize("name", ["JobsTable", "WaitingUploads", "UndeliveredUploads", "FunctionLogs", "ApiAccessLogs"])
def test_what_tells_of_jobs_outlives_the_stack(name: str) -> None:
    assert SOURCE[name]["DeletionPolicy"] == SOURCE[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("name", "queue", "metric", "threshold"),
    [
        ("UndeliveredUploadsAlarm", "UndeliveredUploads", "ApproximateNumberOfMessagesVisible", 0),
        ("WaitingUploadsAlarm", "WaitingUploads", "ApproximateAgeOfOldestMessage", 3600),
    ],
)
def test_alarms_watch_the_queues(name: str, queue: str, metric: str, threshold: int) -> None:
    alarm = SOURCE[name]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", metric)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (threshold, "GreaterThanThreshold")


def test_every_alarm_tells_whom_it_should_and_stands_in_the_runbook_and_on_the_dashboard() -> None:
    topic, email = "arn:aws:sns:eu-central-1:123456789012:told", "someone@photos.example"
    both = of_type(rights.Stack(AlarmTopicArn=topic, AlarmEmail=email).resources, "AWS::CloudWatch::Alarm")
    neither = of_type(rights.Stack().resources, "AWS::CloudWatch::Alarm")
    runbook = (definition.ROOT / "docs/operations.md").read_text()
    headings = {re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in re.findall("### (.+)", runbook)}
    for name, alarm in both.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic, {"Ref": "AlarmTopic"}]
        assert neither[name]["AlarmActions"] == neither[name]["OKActions"] == []
        _, _, anchor = alarm["AlarmDescription"].partition("docs/operations.md#")
        assert anchor in headings, name
    shown = {arn for widget in watched.dashboard()["widgets"] for arn in widget["properties"].get("alarms", [])}
    assert shown == {f"${{{name}.Arn}}" for name in both}


def test_nobody_is_called_unless_a_webhook_is_named() -> None:
    assert not [name for name in rights.Stack().resources if "Webhook" in name]
    url = "https://photos.example/jobs"
    stack = rights.Stack(WebhookUrl=url, KmsKeyArn=rights.KEY, BatchBucket="archive")
    made = {name: one["Properties"] for name, one in stack.resources.items() if "Webhook" in name}
    destination = made["WebhookDestination"]
    assert (destination["InvocationEndpoint"], destination["InvocationRateLimitPerSecond"]) == (url, "10")
    key = made["WebhookConnection"]["AuthParameters"]["ApiKeyAuthParameters"]
    assert key["ApiKeyValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${WebhookSecret}}}"}, "nowhere in plain text"
    assert made["WebhookSecret"]["KmsKeyId"] == made["UndeliveredWebhooks"]["KmsMasterKeyId"] == rights.KEY
    pattern = made["WebhookRule"]["EventPattern"]
    assert pattern["source"] == ["darkroom"]
    buckets = [{"Ref": "UploadsBucket"}, {"Ref": "WorkBucket"}, "archive"]
    assert pattern["detail"] == {"upload": {"bucket": buckets}}, "of this stack's jobs alone"
    (target,) = made["WebhookRule"]["Targets"]
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["UndeliveredWebhooks", "Arn"]}
    may = [(right.action, right.resource) for right in stack.rights("WebhookRole")]
    assert may == [("events:InvokeApiDestination", rights.arn("WebhookDestination"))]
    (tells, plain) = made["UndeliveredWebhooksPolicy"]["PolicyDocument"]["Statement"]
    assert tells["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["WebhookRule", "Arn"]}}}
    assert (plain["Effect"], plain["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    alarm = made["UndeliveredWebhooksAlarm"]["AlarmDescription"]
    assert "### Undelivered webhooks" in (definition.ROOT / "docs/operations.md").read_text()
    assert alarm.endswith("docs/operations.md#undelivered-webhooks")


def test_an_address_for_alarms_has_a_topic() -> None:
    assert "AlarmTopic" not in rights.Stack().resources
    topic = rights.Stack(AlarmEmail="someone@photos.example").resources["AlarmTopic"]["Properties"]
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "someone@photos.example"}]


def test_reconcile_hears_of_this_stack_s_jobs_alone() -> None:
    own = [{"Ref": "UploadsBucket"}, {"Ref": "WorkBucket"}]
    for parameters, buckets in (({}, own), ({"BatchBucket": "archive"}, [*own, "archive"])):
        pattern = rights.Stack(**parameters).resources["ReconcileFunctionTold"]["Properties"]["EventPattern"]
        assert pattern == {
            "source": ["darkroom"],
            "detail-type": ["Job Failed", "Job Rejected"],
            "detail": {"upload": {"bucket": buckets}},
        }


@pytest.mark.parametrize(("mode", "traced"), [("Active", True), ("PassThrough", False)])
def test_all_is_traced_unless_it_is_asked_not_to_be(mode: str, traced: bool) -> None:
    resources = rights.Stack(Tracing=mode).resources
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": mode}
    for machine in of_type(resources, "AWS::StepFunctions::StateMachine").values():
        assert machine["TracingConfiguration"] == {"Enabled": traced}
    assert resources["Apiv1Stage"]["Properties"]["TracingEnabled"] is traced


def test_queries_are_saved_where_they_can_be() -> None:
    saved = of_type(rights.Stack().resources, "AWS::Logs::QueryDefinition")
    assert len(saved) == len({query["Name"]["Fn::Sub"] for query in saved.values()}) == 4
    kinds = {one["Type"] for one in rights.Stack(SavedQueries="false").resources.values()}
    assert "AWS::Logs::QueryDefinition" not in kinds


def test_undelivered_events_are_kept(expanded: dict[str, Any]) -> None:
    (target,) = of_type(expanded, "AWS::Events::Rule")["UploadRule"]["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["WaitingUploads", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["UndeliveredUploads", "Arn"]}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}


def test_waiting_uploads_are_taken_one_by_one_and_kept_where_they_cannot_be() -> None:
    queue = SOURCE["WaitingUploads"]["Properties"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["UndeliveredUploads", "Arn"]}
    assert queue["MessageRetentionPeriod"] == 14 * 86_400
    assert queue["VisibilityTimeout"] == 6 * functions()["start"]["Timeout"]
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

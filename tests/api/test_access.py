"""Who may call the API: the template as it is deployed with each choice of its parameter `ApiAccess`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_client import OPENAPI, OPERATIONS
from tests.support.expansion import deployed

POOL = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_AbC123"
CHOICES = [
    {"ApiAccess": "key"},
    {"ApiAccess": "iam"},
    {"ApiAccess": "cognito", "UserPoolArn": POOL},
    {"ApiAccess": "cognito", "UserPoolArn": POOL, "UserPoolScopes": "photos/read,photos/write"},
]
IMAGES = "/i/{signature}/{transform}/{key+}"
READ = ("/", "/web/{file}", "/health", "/openapi.json", IMAGES)
OPEN = {("options", "/{proxy+}")} | {(method, path) for method in ("get", "head") for path in READ}


def api(**parameters: str) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """The scheme by which callers are known, and what each route asks."""
    body = deployed(**parameters)["Api"]["Properties"]["Body"]
    asked = {
        (method, path): operation["security"]
        for path, item in body["paths"].items()
        for method, operation in item.items()
    }
    (scheme,) = body["components"]["securitySchemes"].values()
    return scheme, asked


@pytest.mark.parametrize("parameters", CHOICES)
def test_all_is_guarded_but_the_page_health_and_preflight(parameters: dict[str, str]) -> None:
    _, asked = api(**parameters)
    assert {route for route, security in asked.items() if not security} == OPEN
    scopes = parameters.get("UserPoolScopes", "")
    expected = [{"caller": scopes.split(",") if scopes else []}]
    assert all(security == expected for route, security in asked.items() if route not in OPEN)


def test_what_is_described_as_open_is() -> None:
    described = {(m, path) for m, path in OPERATIONS if OPENAPI["paths"][path][m].get("security") == []}
    assert described == {(m, path.replace("{key+}", "{key}")) for m, path in OPEN - {("options", "/{proxy+}")}}
    assert {name for choice in OPENAPI["security"] for name in choice} == set(OPENAPI["components"]["securitySchemes"])


def test_by_key() -> None:
    scheme, _ = api(ApiAccess="key")
    assert scheme == OPENAPI["components"]["securitySchemes"]["key"]
    resources = deployed(ApiAccess="key", ApiRequestsPerSecond="7", ApiBurst="9", ApiRequestsPerDay="11")
    plan = resources["ApiUsagePlan"]["Properties"]
    assert plan["Throttle"] == {"RateLimit": "7", "BurstLimit": "9"}
    assert plan["Quota"] == {"Limit": "11", "Period": "DAY"}
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Apiv1Stage"}}]
    assert resources["ApiUsagePlanKey"]["Properties"]["KeyId"] == {"Ref": "ApiKey"}
    assert resources["ApiUsagePlanKey"]["Properties"]["UsagePlanId"] == {"Ref": "ApiUsagePlan"}
    settings = resources["Apiv1Stage"]["Properties"]["MethodSettings"]
    assert all(one["ResourcePath"] != "/*" for one in settings), "one key's calls are none of another's"


def test_by_iam() -> None:
    scheme, _ = api(ApiAccess="iam")
    assert scheme == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }


def test_by_a_user_pool() -> None:
    scheme, _ = api(ApiAccess="cognito", UserPoolArn=POOL)
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization")
    assert scheme["x-amazon-apigateway-authorizer"] == {"type": "cognito_user_pools", "providerARNs": [POOL]}


@pytest.mark.parametrize("parameters", CHOICES[1:])
def test_without_keys_the_stage_has_the_limits(parameters: dict[str, str]) -> None:
    resources = deployed(**parameters, ApiRequestsPerSecond="7", ApiBurst="9")
    kinds = {resource["Type"] for resource in resources.values()}
    assert not kinds & {"AWS::ApiGateway::ApiKey", "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::UsagePlanKey"}
    limits = {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": "7", "ThrottlingBurstLimit": "9"}
    assert limits in resources["Apiv1Stage"]["Properties"]["MethodSettings"]


@pytest.mark.parametrize("parameters", CHOICES)
def test_there_is_one_stage_and_it_alone_may_invoke_the_function(parameters: dict[str, str]) -> None:
    resources = deployed(**parameters)
    stages = [r["Properties"]["StageName"] for r in resources.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    assert stages == ["v1"]
    deployments = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::ApiGateway::Deployment"]
    assert not any("StageName" in deployment for deployment in deployments)
    permissions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Lambda::Permission"]
    (permission,) = [one for one in permissions if one["Principal"] == "apigateway.amazonaws.com"]
    assert permission["FunctionName"] == {"Ref": "ApiFunction"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${Api}/v1/*")


def test_a_user_pool_is_asked_for_where_it_is_needed() -> None:
    with pytest.raises(ValueError, match="UserPoolArn"):
        deployed(ApiAccess="cognito")

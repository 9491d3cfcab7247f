"""Releases: what the template makes of `Release`, by which the workflow and its stages are published versions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import expansion, rights

MACHINES = ("Enhance", "EnhanceNow", "EnhanceBatch", "Batch")
OF_RELEASES = (
    "AWS::Lambda::Version",
    "AWS::StepFunctions::StateMachineVersion",
    "AWS::StepFunctions::StateMachineAlias",
)
STARTERS = (
    ("StartFunction", "WORKFLOW", "Enhance"),
    ("ApiFunction", "ENHANCE_NOW", "EnhanceNow"),
    ("ApiFunction", "BATCH", "Batch"),
)


def variables(resources: dict[str, Any], function: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[function]["Properties"]["Environment"]["Variables"]
    return found


def substitutions(resources: dict[str, Any], machine: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[machine]["Properties"]["DefinitionSubstitutions"]
    return found


@pytest.fixture(scope="module")
def released() -> dict[str, Any]:
    return expansion.deployed(Release="2.1", DeploymentPreference="LINEAR", DeploymentPercent="20")


def test_without_one_all_go_by_what_is_deployed() -> None:
    plain = expansion.deployed()
    assert not [name for name, one in plain.items() if one["Type"] in OF_RELEASES]
    for function, variable, machine in STARTERS:
        assert variables(plain, function)[variable] == {"Ref": machine}
    assert substitutions(plain, "Batch")["EnhanceBatchArn"] == {"Ref": "EnhanceBatch"}
    assert substitutions(plain, "Enhance")["SharpenFunctionArn"] == {"Fn::GetAtt": ["SharpenFunction", "Arn"]}
    assert "RELEASE" not in variables(plain, "SharpenFunction")


@pytest.mark.parametrize("machine", MACHINES)
def test_a_workflow_calls_versions_of_its_functions_that_are_this_release_s(
    released: dict[str, Any], machine: str
) -> None:
    called = {name: arn for name, arn in substitutions(released, machine).items() if name.endswith("FunctionArn")}
    assert len(called) == (3 if machine == "Batch" else 11)
    for name, arn in called.items():
        version = released[arn["Ref"]]
        assert version["Type"] == "AWS::Lambda::Version"
        assert version["Properties"] == {"FunctionName": {"Ref": name.removesuffix("Arn")}, "Description": "2.1"}
        # Lambda publishes no version of a function that has not changed since its last one.
        assert variables(released, name.removesuffix("Arn"))["RELEASE"] == "2.1"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_workflow_s_version_is_its_newest_revision(released: dict[str, Any], machine: str) -> None:
    version = released[f"{machine}Version"]["Properties"]
    assert version["StateMachineArn"] == {"Ref": machine}
    assert version["StateMachineRevisionId"] == {"Fn::GetAtt": [machine, "StateMachineRevisionId"]}


@pytest.mark.parametrize("machine", [machine for _, _, machine in STARTERS])
def test_a_workflow_s_alias_goes_over_to_its_version(released: dict[str, Any], machine: str) -> None:
    assert released[f"{machine}Alias"]["Properties"]["DeploymentPreference"] == {
        "StateMachineVersionArn": {"Ref": f"{machine}Version"},
        "Type": "LINEAR",
        "Percentage": "20",
        "Interval": "15",
        "Alarms": [{"Ref": "FailedJobsAlarm"}, {"Ref": "ApiErrorsAlarm"}],  # a reference to an alarm is its name
    }


def test_whoever_starts_a_job_does_so_by_the_alias(released: dict[str, Any]) -> None:
    for function, variable, machine in STARTERS:
        assert variables(released, function)[variable] == {"Ref": f"{machine}Alias"}


def test_a_batch_s_photos_are_of_its_own_release(released: dict[str, Any]) -> None:
    """What an album tells and what its jobs do with it are one version's."""
    assert substitutions(released, "Batch")["EnhanceBatchArn"] == {"Ref": "EnhanceBatchVersion"}
    assert "EnhanceBatchAlias" not in released


def test_versions_outlive_the_template_that_made_them(released: dict[str, Any]) -> None:
    versions = [one for one in released.values() if one["Type"] in OF_RELEASES[:2]]
    assert len(versions) == 12 + len(MACHINES)
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in versions} == {("Retain", "Retain")}


def test_at_once_has_no_steps() -> None:
    alias = expansion.deployed(Release="2.1")["EnhanceAlias"]["Properties"]["DeploymentPreference"]
    assert alias["Type"] == "ALL_AT_ONCE"
    assert not {"Percentage", "Interval"} & set(alias)
    assert alias["Alarms"]


@pytest.mark.parametrize("preference", ["CANARY", "LINEAR"])
def test_steps_need_a_release(preference: str) -> None:
    with pytest.raises(ValueError, match="need a Release"):
        expansion.deployed(DeploymentPreference=preference)


def test_the_workflow_may_call_whatever_version_a_job_began_with() -> None:
    """An older job goes on by an older version, and one from before the first release by none."""
    stack = rights.Stack(Release="2.1")
    for role, function in (("EnhanceRole", "SharpenFunction"), ("BatchRole", "BatchFunction")):
        for resource in (rights.arn(function), f"{rights.arn(function)}:7"):
            assert stack.allows(role, "lambda:InvokeFunction", resource)
            assert not stack.allows(role, "lambda:InvokeFunction", resource.replace(function, "StartFunction"))


@pytest.mark.parametrize("snapshots", ["false", "true"])
def test_the_api_alone_starts_from_a_snapshot_where_that_is_asked_for(snapshots: str) -> None:
    stack = expansion.deployed(Release="2.1", SnapStart=snapshots)
    by_alias = {"Ref": "ApiAlias"} if snapshots == "true" else {"Fn::GetAtt": ["ApiFunction", "Arn"]}
    assert stack["ApiFunction"]["Properties"]["SnapStart"] == {
        "ApplyOn": "PublishedVersions" if snapshots == "true" else "None"
    }
    assert not [
        name for name, one in stack.items() if name != "ApiFunction" and "SnapStart" in one.get("Properties", {})
    ]
    routes = [
        method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for path in stack["Api"]["Properties"]["Body"]["paths"].values()
        for method in path.values()
        if method["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    ]
    assert routes
    assert all(names == {"Answers": by_alias} for _, names in routes)
    may = stack["ApiPermission"]["Properties"]["FunctionName"]
    if snapshots == "false":
        assert may == {"Ref": "ApiFunction"}
        assert not {"ApiVersion", "ApiAlias"} & set(stack)
    else:
        assert may == by_alias
        assert stack["ApiAlias"]["Properties"]["FunctionVersion"] == {"Fn::GetAtt": ["ApiVersion", "Version"]}
        assert stack["ApiVersion"]["Properties"]["Description"] == "2.1"
        assert "UpdateReplacePolicy" not in stack["ApiVersion"], (
            "each snapshot is paid for as long as its version lives"
        )


def test_a_snapshot_needs_a_release() -> None:
    with pytest.raises(ValueError, match="needs a Release"):
        expansion.deployed(SnapStart="true")

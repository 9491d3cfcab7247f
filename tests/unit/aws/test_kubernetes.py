"""What is for Kubernetes is what it takes, and what it tells containers is what they read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import botocore.session
import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject

from darkroom.aws.container import settings
from tests.support.definition import ROOT

K8S = ROOT / "infra" / "k8s"


VERSION = "1.31"
"""Of Kubernetes, the oldest that is asked to take it."""


def check(resource: dict[str, Any]) -> None:
    """By Kubernetes' schemas, in which no field is that they do not know, and KEDA's types."""
    if resource["apiVersion"].startswith("keda.sh/"):
        ScaledObject.model_validate(resource)
        known = ScaledObject.model_validate(resource).model_dump(by_alias=True, exclude_unset=True)
        assert known["spec"].keys() == resource["spec"].keys()
    else:
        kubernetes_validate.validate(resource, VERSION, strict=True)


def test_each_resource_is_what_kubernetes_takes() -> None:
    kinds = set()
    for path in sorted({*(K8S / "base").glob("*.yaml"), *K8S.glob("overlays/*/scaling.yaml")}):
        for resource in yaml.safe_load_all(path.read_text("utf-8")):
            if resource["kind"] != "Kustomization":
                check(resource)
                kinds.add(resource["kind"])
    assert {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy", "ScaledObject"} <= kinds


def test_what_kubernetes_does_not_take_is_refused() -> None:
    scaling = yaml.safe_load((K8S / "overlays" / "aws" / "scaling.yaml").read_text("utf-8"))
    with pytest.raises(ValueError, match="maxReplicaCount"):
        check({**scaling, "spec": {**scaling["spec"], "maxReplicaCount": "many"}})
    account = yaml.safe_load((K8S / "base" / "serviceaccount.yaml").read_text("utf-8"))
    with pytest.raises(kubernetes_validate.ValidationError):
        check({**account, "spec": {}})


@pytest.fixture(scope="module", params=["aws", "on-premises"])
def rendered(request: pytest.FixtureRequest) -> dict[tuple[str, str], dict[str, Any]]:
    """What an overlay is to the cluster, by kind and name."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("not installed: kubectl")
    made = subprocess.run(
        [kubectl, "kustomize", K8S / "overlays" / request.param], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(made.stdout)}


def containers(rendered: dict[tuple[str, str], dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each pod's spec, and its container."""
    for (kind, _), resource in rendered.items():
        if kind == "Deployment":
            pod = resource["spec"]["template"]["spec"]
            yield pod, pod["containers"][0]


def test_an_overlay_is_what_kubernetes_takes(rendered: dict[tuple[str, str], dict[str, Any]]) -> None:
    for resource in rendered.values():
        check(resource)
        assert resource["kind"] == "Namespace" or resource["metadata"]["namespace"] == "darkroom"
    scaled = rendered.get(("ScaledObject", "worker"))
    assert scaled is None or ("Deployment", scaled["spec"]["scaleTargetRef"]["name"]) in rendered
    autoscaled = rendered["HorizontalPodAutoscaler", "serve"]["spec"]["scaleTargetRef"]
    assert (autoscaled["kind"], autoscaled["name"]) in rendered


def test_an_overlay_s_containers_may_do_little(rendered: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = list(containers(rendered))
    assert len(found) == 2
    for pod, container in found:
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["image"].partition(":")[0] != "darkroom", "the overlay says where the image lies"
        config = [one["configMapRef"]["name"] for one in container["envFrom"] if "configMapRef" in one]
        assert all(("ConfigMap", name) in rendered for name in config)


def environment(overlay: str) -> dict[str, str]:
    """The variables of an overlay's ConfigMap, over the base's."""
    base = yaml.safe_load((K8S / "base" / "settings.yaml").read_text("utf-8"))
    told = yaml.safe_load((K8S / "overlays" / overlay / "kustomization.yaml").read_text("utf-8"))
    patches: list[dict[str, Any]] = [one for one in told["patches"] if one["target"]["kind"] == "ConfigMap"]
    return {
        **base["data"],
        **{name: value for one in patches for name, value in yaml.safe_load(one["patch"])["data"].items()},
    }


@pytest.mark.parametrize("overlay", ["aws", "on-premises"])
def test_an_overlay_says_what_both_commands_need(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    told = environment(overlay)
    for name in settings.DEFAULTS:
        monkeypatch.setenv(name, "")
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings.complete(["UPLOADS_BUCKET", "RESULTS_BUCKET", "WORK_BUCKET", "JOBS_TABLE", "UPLOADS_QUEUE"])
    region = botocore.session.Session().get_config_variable("region")
    assert region is not None, "boto3 makes no client without a region"
    assert region in told.values()

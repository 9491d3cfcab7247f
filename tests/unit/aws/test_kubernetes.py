"""What Kubernetes tells containers is what they read."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
import yaml

from darkroom.aws.container import settings
from tests.support.definition import ROOT

K8S = ROOT / "infra" / "k8s"


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

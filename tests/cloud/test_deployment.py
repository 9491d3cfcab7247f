"""What is deployed, and that only those get in who may."""

from __future__ import annotations

import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

from darkroom_local import empty, stack
from darkroom_local.emulator import REPOSITORY
from tests.cloud.cloud import Cloud

pytestmark = pytest.mark.cloud


def test_sam_finds_nothing_to_say() -> None:
    done = subprocess.run(
        [stack.SAM, "validate", "--lint", "--region", "eu-central-1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_unknown_reads_a_photo(cloud: Cloud) -> None:
    trust = ssl.create_default_context(cafile=cloud.aws.certificate)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(f"{cloud.aws.endpoint}/{cloud.outputs['UploadsBucket']}/any.jpg", context=trust)
    assert refusal.value.code == 403


def test_a_stage_may_touch_nothing_but_the_work_bucket(cloud: Cloud) -> None:
    """IAM as the emulator evaluates it, for the role that the sharpening function has."""
    functions = cloud.aws.client("lambda").list_functions()["Functions"]
    (role,) = {f["Role"] for f in functions if "SharpenFunction" in f["FunctionName"]}
    iam = cloud.aws.client("iam")

    def decision(action: str, bucket: str, key: str) -> str:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], ResourceArns=[f"arn:aws:s3:::{cloud.outputs[bucket]}/{key}"]
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    assert decision("s3:GetObject", "WorkBucket", "jobs/x/0.dkr") == "allowed"
    assert decision("s3:GetObject", "WorkBucket", "elsewhere") == "implicitDeny"
    assert decision("s3:DeleteObject", "WorkBucket", "jobs/x/0.dkr") == "implicitDeny"
    assert decision("s3:GetObject", "UploadsBucket", "photo.jpg") == "implicitDeny"
    assert decision("s3:PutObject", "ResultsBucket", "photo.jpg") == "implicitDeny"


def test_a_stack_s_buckets_can_be_emptied(cloud: Cloud) -> None:
    """`make delete` does so first: CloudFormation removes no bucket with photos in it. All versions must go."""
    connection = cloud.aws.connection()
    assert set(empty.buckets(stack.STACK, **connection)) == {
        cloud.outputs[name] for name in ("UploadsBucket", "WorkBucket", "ResultsBucket")
    }
    bucket = "to-be-emptied"
    cloud.s3.create_bucket(Bucket=bucket)
    cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        cloud.s3.put_object(Bucket=bucket, Key="photo.jpg", Body=body)
    empty.empty(bucket, **connection)
    assert "Versions" not in cloud.s3.list_object_versions(Bucket=bucket)
    cloud.s3.delete_bucket(Bucket=bucket)

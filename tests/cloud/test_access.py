"""The API without keys: for callers with AWS credentials, and for a pool's users, by updates of one stack."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest

from darkroom.client import Announced, Client
from darkroom.errors import DarkroomError
from darkroom_local import stack
from darkroom_local.emulator import REGION, EmbeddedAws

pytestmark = pytest.mark.cloud

PASSWORD = "Correct-horse-7"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    # Without TLS: the emulator asks itself for a user pool's public keys by plain HTTP.
    home = tmp_path_factory.mktemp("aws")
    with EmbeddedAws.start(home, tls=False) as aws, pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "DARKROOM_API_KEY", "DARKROOM_API_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        yield aws


@pytest.fixture(scope="module")
def user(aws: EmbeddedAws) -> dict[str, str]:
    """A user without any rights: the environment by which it is known. (Of the root the emulator believes all.)"""
    iam = aws.client("iam")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def allow(aws: EmbeddedAws, resource: str) -> None:
    """The user may call this, and nothing else."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_user_policy(UserName="ada", PolicyName="calls", PolicyDocument=policy)


@pytest.fixture(scope="module")
def pool(aws: EmbeddedAws) -> dict[str, str]:
    """A user pool: its ARN, and an ID token of a user of it."""
    cognito = aws.client("cognito-idp")
    made = cognito.create_user_pool(PoolName="photographers")["UserPool"]
    flow = "ADMIN_USER_PASSWORD_AUTH"
    client = cognito.create_user_pool_client(
        UserPoolId=made["Id"], ClientName="tests", ExplicitAuthFlows=[f"ALLOW_{flow}"]
    )
    cognito.admin_create_user(UserPoolId=made["Id"], Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=made["Id"], Username="ada", Password=PASSWORD, Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=made["Id"],
        ClientId=client["UserPoolClient"]["ClientId"],
        AuthFlow=flow,
        AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
    )
    return {"arn": made["Arn"], "token": answer["AuthenticationResult"]["IdToken"]}


def status(api: Client, path: str, **headers: str) -> int:
    try:
        return int(urllib.request.urlopen(urllib.request.Request(f"{api.address}/{path}", headers=headers)).status)
    except urllib.error.HTTPError as error:
        return error.code


def announce(address: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Announced:
    """A job that is announced by a caller with these environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Client.find(address).announce("in.jpg", "vivid")


@pytest.fixture(scope="class")
def signed(aws: EmbeddedAws) -> Client:
    return Client(stack.address(aws, stack.deploy(aws, ApiAccess="iam")))


class TestSigned:
    def test_by_signature(
        self, aws: EmbeddedAws, signed: Client, user: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow(aws, "arn:aws:execute-api:*:*:*/v1/*")
        assert announce(signed.address, monkeypatch, **user).status == "waiting"

    def test_by_the_rights_of_who_signs(
        self, aws: EmbeddedAws, signed: Client, user: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow(aws, "arn:aws:execute-api:*:*:*/v1/GET/jobs/*")
        for name, value in user.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DarkroomError, match="no such job"):
            signed.job("0" * 32)
        with pytest.raises(DarkroomError, match="signature"):
            signed.delete("0" * 32)

    def test_by_a_false_signature(
        self, aws: EmbeddedAws, signed: Client, user: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow(aws, "arn:aws:execute-api:*:*:*/v1/*")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", user["AWS_ACCESS_KEY_ID"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(DarkroomError, match="signature"):
            signed.job("0" * 32)

    def test_without_a_signature_only_what_is_open_answers(self, signed: Client) -> None:
        answers = {path: status(signed, path) for path in ("", "web/app.js", "health", "steps", "jobs")}
        assert answers == {"": 200, "web/app.js": 200, "health": 200, "steps": 403, "jobs": 403}


@pytest.fixture(scope="class")
def bearer(aws: EmbeddedAws, pool: dict[str, str]) -> Client:
    outputs = stack.deploy(aws, ApiAccess="cognito", UserPoolArn=pool["arn"])
    return Client(stack.address(aws, outputs), token=pool["token"])


class TestBearer:
    def test_by_token(self, bearer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        assert announce(bearer.address, monkeypatch, DARKROOM_API_TOKEN=bearer.token).status == "waiting"

    def test_by_a_false_token(self, bearer: Client) -> None:
        head, body, signature = bearer.token.split(".")
        forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
        for token in (forged, f"{head}.{body}.", "nothing"):
            with pytest.raises(DarkroomError, match="token"):
                replace(bearer, token=token).job("0" * 32)

    def test_without_a_token_only_what_is_open_answers(self, bearer: Client) -> None:
        answers = {path: status(bearer, path) for path in ("", "web/app.js", "health", "steps", "jobs")}
        assert answers == {"": 200, "web/app.js": 200, "health": 200, "steps": 401, "jobs": 401}

"""The embedded AWS that outlives the process: started, found again and stopped by `darkroom local`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from darkroom.client.calling import TRUST
from darkroom.errors import StepFailed
from darkroom_local import stack
from darkroom_local.emulator import HOME, EmbeddedAws


def up() -> dict[str, str]:
    """Start the embedded AWS where none runs, deploy to it, and say what `status` says."""
    aws = EmbeddedAws.recall()
    if aws is None:
        aws = EmbeddedAws.start()
        aws.remember()
    stack.deploy(aws)
    return _describe(aws)


def down() -> bool:
    """Stop the embedded AWS with all that is stored in it. False where none runs."""
    aws = EmbeddedAws.recall()
    if aws is None:
        return False
    aws.stop()
    EmbeddedAws.forget(HOME)
    return True


def status() -> dict[str, str] | None:
    """Its endpoint, what to trust there, and the stack's outputs; None where nothing runs."""
    aws = EmbeddedAws.recall()
    return None if aws is None else _describe(aws)


def shell() -> str | None:
    """What a shell says to call it, with curl and AWS's tools: lines of `export`; None where nothing runs."""
    aws = EmbeddedAws.recall()
    return None if aws is None else exports(aws, stack.outputs(aws))


def exports(aws: EmbeddedAws, outputs: Mapping[str, str]) -> str:
    """Lines of `export` for a shell: the API's address and key, the buckets, and what AWS's tools take."""
    connection = aws.connection()
    key = stack.key(aws, outputs)
    said = {
        "API": stack.address(aws, outputs),
        "KEY": key,
        "DARKROOM_API_KEY": key,
        "UPLOADS": outputs["UploadsBucket"],
        "RESULTS": outputs["ResultsBucket"],
        **dict.fromkeys(TRUST, str(aws.certificate)),
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": connection["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": connection["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": connection["region_name"],
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in said.items())


def _describe(aws: EmbeddedAws) -> dict[str, str]:
    outputs = stack.outputs(aws)
    address, key = stack.address(aws, outputs), stack.key(aws, outputs)
    local = {"Page": f"{address}/#key={key}", "Api": address, "ApiKey": key}
    return {"Endpoint": aws.endpoint, "Certificate": str(aws.certificate), **outputs, **local}


def connection() -> dict[str, str]:
    """The arguments of `boto3.client` and the like for the embedded AWS. Raises `StepFailed` where none runs."""
    aws = EmbeddedAws.recall()
    if aws is None:
        raise StepFailed("no-local", "no embedded AWS runs: start it with `darkroom local up`")
    return aws.connection()

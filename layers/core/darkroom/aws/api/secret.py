"""The secret by which addresses are signed, as Secrets Manager keeps it."""

from __future__ import annotations

import time
from functools import lru_cache

from botocore.exceptions import BotoCoreError, ClientError

from darkroom.aws import clients

KNOWN_SECONDS = 300
"""For so long a function goes by what it read; a secret that was changed is in use everywhere after that."""


def secrets(arn: str) -> tuple[bytes, ...]:
    """The secret, and the one before it, by which addresses still count until the next change."""
    return _secrets(arn, int(time.time() // KNOWN_SECONDS))


def forget() -> None:
    """Read the secret anew the next time."""
    _secrets.cache_clear()


@lru_cache(maxsize=2)
def _secrets(arn: str, _period: int) -> tuple[bytes, ...]:
    found = (_stage(arn, "AWSCURRENT"), _stage(arn, "AWSPREVIOUS"))
    return tuple(one for one in found if one)


def _stage(arn: str, stage: str) -> bytes | None:
    """The secret's value of this stage; None where there has been none, as before a first change."""
    try:
        answer = clients.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)
    except ClientError as error:
        if stage != "AWSCURRENT" and clients.code_of(error) == "ResourceNotFoundException":
            return None
        raise clients.translate(error, "the store of secrets", "secret") from error
    except BotoCoreError as error:
        raise clients.translate(error, "the store of secrets", "secret") from error
    return str(answer["SecretString"]).encode()

"""`darkroom sign`: addresses made on this machine."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner, Result

from darkroom import signing
from darkroom.cli.main import cli

BASE = "https://cdn.example"


def sign(*arguments: str, secret: str | None = "word") -> Result:
    environment = {"DARKROOM_SIGNING_SECRET": secret}
    return CliRunner().invoke(cli, ["sign", *arguments], env=environment)


def test_addresses_are_those_that_the_api_takes() -> None:
    done = sign("a b.jpg", "c.jpg", "--recipe", "vivid", "--width", "320", "--format", "JPG", "--base", f"{BASE}/")
    query = {"w": "320", "format": "jpeg"}
    wanted = [f"{BASE}/{signing.address(b'word', 'vivid', key, query)}" for key in ("a b.jpg", "c.jpg")]
    assert (done.exit_code, done.output.splitlines()) == (0, wanted)
    assert "/vivid/a%20b.jpg?format=jpeg&w=320" in wanted[0]


def test_steps_and_an_end() -> None:
    done = sign("a.jpg", "--step", "crop:aspect=1:1", "--step", "gamma", "--days", "1", "--base", BASE)
    found = re.fullmatch(rf"{BASE}/i/([\w-]{{43}})/(crop:aspect=1:1;gamma/a\.jpg\?expires=[0-9]+)", done.output.strip())
    assert found
    assert signing.is_signed(b"word", found[1], found[2])


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["a.jpg", "--recipe", "vivit", "--base", BASE], 1, "did you mean 'vivid'"),
        (["a.jpg", "--step", "gamma:gamma=99", "--base", BASE], 1, "gamma"),
        (["a.jpg", "--format", "jp2", "--base", BASE], 1, "jp2"),
        (["../a.jpg", "--base", BASE], 1, "'..'"),
        (["a.jpg", "--recipe", "vivid", "--step", "gamma", "--base", BASE], 2, "exclude"),
        (["a.jpg"], 2, "--base"),
    ],
)
def test_what_cannot_be_an_address(arguments: list[str], status: int, said: str) -> None:
    done = sign(*arguments)
    assert done.exit_code == status
    assert said in done.output

"""Empty a deployed stack's buckets, every version of every object, so that `sam delete` can remove them.

`python -m darkroom_local.empty STACK` works on the account of the environment's credentials, and asks first.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import boto3
import click


def buckets(stack: str, **connection: Any) -> list[str]:
    """The names of a stack's buckets."""
    pages = boto3.client("cloudformation", **connection).get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::S3::Bucket"]


def empty(bucket: str, **connection: Any) -> None:
    """Delete all versions of all objects."""
    boto3.resource("s3", **connection).Bucket(bucket).object_versions.delete()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m darkroom_local.empty", description=__doc__)
    parser.add_argument("stack")
    names = buckets(parser.parse_args().stack)
    if not click.confirm(f"Delete all photos in {', '.join(names)}?"):
        return 1
    for name in names:
        empty(name)
        click.echo(f"emptied {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

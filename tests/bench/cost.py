"""What one photo costs on AWS, from its manifest: `python -m tests.bench.cost MANIFEST [MEGABYTES_OF_MEMORY]`.

The stages' milliseconds are the manifest's own: those of a job on the embedded AWS say what this machine's cores take,
those of a job in your account say what you pay. Prices are on-demand, us-east-1, x86, without the free tier.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# US dollars, from the services' pricing pages, November 2026.
LAMBDA_GB_SECOND = 0.0000166667
LAMBDA_REQUEST = 0.20e-6
TRANSITION = 25e-6
S3_WRITE = 5e-6
S3_READ = 0.4e-6
DYNAMODB_WRITE = 0.625e-6
EVENT = 1e-6
MEMORY_MB = 3008

FIXED_STATES = 8  # Identify, Claim, Inspect, the last look at the plan, Publish, Complete, Tell success, Done


def lines(stages: list[dict[str, object]], memory_mb: int) -> dict[str, float]:
    """US dollars by service for one job."""
    seconds = sum(int(str(stage["milliseconds"])) for stage in stages) / 1000
    diagnosed = sum(stage["stage"] == "diagnose" for stage in stages)  # reads a picture, and writes none
    middle = len(stages) - 2 - diagnosed  # each reads one picture, and writes one
    return {
        "Lambda": seconds * memory_mb / 1024 * LAMBDA_GB_SECOND + len(stages) * LAMBDA_REQUEST,
        "Step Functions": (FIXED_STATES + 2 * (middle + diagnosed)) * TRANSITION,
        "S3 requests": (1 + 1 + middle + 2) * S3_WRITE + (1 + diagnosed + middle + 1 + 2) * S3_READ,
        "DynamoDB": 2 * 2 * DYNAMODB_WRITE,  # the table and its index
        "EventBridge": 2 * EVENT,
    }


def main() -> None:
    manifest = json.loads(Path(sys.argv[1]).read_text())
    memory_mb = int(sys.argv[2]) if len(sys.argv) > 2 else MEMORY_MB
    source = manifest["source"]
    print(f"{source['width'] * source['height'] / 1e6:.1f} MP, recipe {manifest['recipe']}, {memory_mb} MB of memory")
    for stage in manifest["stages"]:
        print(f"  {stage['stage']:<16}{stage['milliseconds'] / 1000:8.2f} s")
    costs = lines(manifest["stages"], memory_mb)
    for service, dollars in costs.items():
        print(f"  {service:<16}{dollars * 1e6:8.1f} $ per million")
    total = sum(costs.values())
    print(f"  {'all':<16}{total * 1e6:8.1f} $ per million, ${total * 1000:.2f} per thousand")


if __name__ == "__main__":
    main()

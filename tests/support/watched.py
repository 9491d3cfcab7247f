"""What alarms, dashboard and saved queries read, and what a run's log lines hold of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.support import expansion
from tests.support.template import of_type

OURS = "Darkroom/"
"""How the namespace of darkroom's own metrics begins; the stack's name follows."""

SEARCH = re.compile(r"SEARCH\('\{\"(?P<namespace>[^\"]+)\",(?P<names>[\w,]+)\} MetricName=\"(?P<metric>\w+)\"'")


class Metric(NamedTuple):
    """A metric that is read. dimensions: names and values; a value is None where any will do."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str | None], ...]


def of_alarms() -> dict[str, Metric]:
    """The metric of each alarm, by the alarms' names in the template."""
    return {
        name: Metric(
            _text(alarm["Namespace"]),
            alarm["MetricName"],
            tuple(sorted((one["Name"], _text(one["Value"])) for one in alarm.get("Dimensions", []))),
        )
        for name, alarm in of_type(expansion.deployed(), "AWS::CloudWatch::Alarm").items()
    }


def dashboard() -> dict[str, Any]:
    """The dashboard's body. References in it stay as they stand in the template."""
    body = expansion.deployed()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    read: dict[str, Any] = json.loads(body)
    return read


def of_dashboard() -> list[Metric]:
    """The metrics of all widgets; those that are calculated of others are left out."""
    found = []
    for widget in dashboard()["widgets"]:
        for row in widget["properties"].get("metrics", []):
            if isinstance(row[0], dict):
                if search := SEARCH.match(row[0]["expression"]):
                    names = sorted(search["names"].split(","))
                    found.append(Metric(search["namespace"], search["metric"], tuple((name, None) for name in names)))
                else:
                    assert "SEARCH" not in row[0]["expression"], row[0]
            else:
                namespace, name, *rest = [one for one in row if isinstance(one, str)]
                found.append(Metric(namespace, name, tuple(sorted(zip(rest[::2], rest[1::2], strict=True)))))
    return found


def queries() -> dict[str, str]:
    """The saved queries, by their names in the template."""
    found = of_type(expansion.deployed(), "AWS::Logs::QueryDefinition")
    return {name: query["QueryString"] for name, query in found.items()}


def entries(output: str | Iterable[str]) -> list[dict[str, Any]]:
    """Log lines that are JSON."""
    lines = output.splitlines() if isinstance(output, str) else output
    return [json.loads(line) for line in lines if line.startswith("{")]


def is_emitted(metric: Metric, lines: Iterable[Mapping[str, Any]], namespace: str) -> bool:
    """Whether lines in CloudWatch's embedded metric format hold a metric of ours, under these very dimensions."""
    for line in lines:
        for declared in line.get("_aws", {}).get("CloudWatchMetrics", []):
            names = [one["Name"] for one in declared["Metrics"]]
            if declared["Namespace"] != namespace or metric.name not in names:
                continue
            for dimensions in declared["Dimensions"]:
                if sorted(dimensions) == [name for name, _ in metric.dimensions] and all(
                    value in (None, line[name]) for name, value in metric.dimensions
                ):
                    return True
    return False


def _text(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        return str(value["Fn::Sub"])
    return value if isinstance(value, str) else json.dumps(value)

"""MiniStack's Distributed Map with what it lacks of AWS's: bounds by path, batches of items, and an end by a stop.

It reads neither `MaxConcurrencyPath` nor `ToleratedFailurePercentagePath` nor `ItemBatcher`, and its children go on
when their parent is stopped.
"""

from __future__ import annotations

from typing import Any

from ministack.services import stepfunctions


def complete() -> None:
    """Let Distributed Maps have them."""
    run, step = stepfunctions._run_distributed_map, stepfunctions._run_sub_machine

    def run_map(
        state: dict[str, Any], raw: Any, effective: Any, processor: Any, execution: Any, context: dict[str, Any]
    ) -> Any:
        def given(fields: dict[str, Any], name: str) -> Any:
            """A field, as it stands there or by its path."""
            path = fields.get(f"{name}Path")
            return fields.get(name) if path is None else stepfunctions._resolve_path_or_ctx(path, effective, context)

        bounds = {name: given(state, name) for name in ("MaxConcurrency", "ToleratedFailurePercentage")}
        plain = {**state, **{name: bound for name, bound in bounds.items() if bound is not None}}
        batcher = state.get("ItemBatcher")
        if not batcher:
            return run(plain, raw, effective, processor, execution, context)
        size = given(batcher, "MaxItemsPerBatch")
        items = stepfunctions._read_map_items(plain.pop("ItemReader"), effective, context)
        selector = plain.pop("ItemSelector", None)
        if selector:
            items = [
                stepfunctions._resolve_params_obj(
                    selector, effective, {**context, "Map": {"Item": {"Index": index, "Value": item}}}
                )
                for index, item in enumerate(items)
            ]
        batches = [{"Items": items[start : start + size]} for start in range(0, len(items), size)]
        plain["ItemsPath"] = "$"
        return run(plain, raw, batches, processor, execution, context)

    def run_child(states: Any, start: Any, given: Any, execution: dict[str, Any], context: Any) -> Any:
        if "mapRunArn" in execution:
            parent = stepfunctions._map_runs[execution["mapRunArn"]]["executionArn"]
            if stepfunctions._executions[parent]["status"] != "RUNNING":
                raise stepfunctions._ExecutionError("States.Aborted", "the parent was stopped")
        return step(states, start, given, execution, context)

    stepfunctions._run_distributed_map, stepfunctions._run_sub_machine = run_map, run_child

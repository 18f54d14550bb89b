"""`modelry explain`: the steps of loading a preset here, and its obstacles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.listing import short_count
from modelry.cli.output import Row, is_terminal, print_grid, print_json, print_row
from modelry.cli.show import byte_count, component_row, task_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _check_dtype(dtype: str | None) -> str | None:
    from modelry.cli.footprint import ITEM_BYTES

    if dtype is not None and dtype not in ITEM_BYTES:
        raise typer.BadParameter(f"{dtype!r} is not a dtype for this. Choose one of {', '.join(ITEM_BYTES)}.")
    return dtype


def explain(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    dtype: Annotated[
        str | None, typer.Option(help="The dtype policy to load it with; Keras' own by default.", callback=_check_dtype)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Explain the steps of loading a preset here, and what is missing for them.

    Nothing is loaded: weights are known by the headers of their files, classes by their registered names. The exit
    status is 1 if loading would fail. When piped, each line is a name and a value, separated by a tab.
    """
    from modelry._backend import floatx
    from modelry.cli.plan import plan_of
    from modelry.storage.open import read_one_version

    plan = read_one_version(lambda: plan_of(preset, dtype or floatx()))
    if as_json:
        print_json(plan)
    elif is_terminal():
        print_grid(_rows(plan))
    else:
        for name, value, _ in _rows(plan):
            print_row((name, value))
    if not plan["loads"]:
        raise typer.Exit(1)


def _rows(plan: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the steps in their order; what stops one stands where it would be taken, or else at the end."""
    shown = list(_steps(plan))
    yield from shown
    told = {value for _, value, wrong in shown if wrong}
    for problem in plan["problems"]:
        if not any(problem in value for value in told):
            yield "problem", problem, True
    for need in plan["needs"]:
        yield "pass", need, False
    count = len(plan["problems"])
    yield "loads", "yes" if plan["loads"] else f"no: {count} problem{'' if count == 1 else 's'}", not plan["loads"]


def _steps(plan: Mapping[str, Any]) -> Iterator[Row]:
    yield "preset", plan["reference"] or plan["preset"], False
    if plan["contributor"] is not None:
        yield "named by", _owner(plan["contributor"]), False
    if plan["storage"] is not None:
        yield "opened by", f"{plan['storage']['scheme']}://  {_owner(plan['storage'])}", False
    if plan["format"] is not None:
        yield "format", plan["format"], False
    for found in plan["requires"]:
        installed = f"  (installed: {found['installed']})"
        yield "requires", found["problem"] or found["requirement"] + installed, found["problem"] is not None
    for component in plan["components"]:
        yield component_row(component)
    yield from task_rows(plan["task"])
    for file in plan["files"]:
        size = byte_count(file["size"])
        yield "reads", f"{file['name']}  {size}{'' if file['here'] else '  to be fetched'}".rstrip(), False
    if plan["fetch_bytes"]:
        yield "fetches", byte_count(plan["fetch_bytes"]), False
    if plan["weights"] is not None:
        yield from _weights(plan["weights"])
    elif plan["contributor"] is not None and plan["contributor"]["parameters"] is not None:
        yield "parameters", f"{short_count(plan['contributor']['parameters'])}, as its plugin says", False
    backend = plan["backend"]
    if backend["version"] is not None:
        yield "runs on", f"{backend['name']} {backend['version']}, Keras {backend['keras']}", False


def _weights(weights: Mapping[str, Any]) -> Iterator[Row]:
    yield "parameters", f"{weights['parameters']:,}  ({short_count(weights['parameters'])})", False
    yield "weights", f"{byte_count(weights['bytes'])} as {weights['dtype']}", False
    stored = ", ".join(weights["stored_dtypes"])
    yield "stored", f"{byte_count(weights['stored_bytes'])} as {stored}", False
    peak = f"{byte_count(weights['peak_bytes'])}: {weights['formula']}"
    yield "peak memory", f"{peak}; besides what Python, Keras and its backend take", False


def _owner(owner: Mapping[str, Any]) -> str:
    return f"{owner['target']}  ({owner['distribution']} {owner['version']})".replace(" )", ")")

"""`modelry bench`: what a preset takes on this machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry.cli.output import add_row, is_terminal, new_table, print_json, print_row, print_table
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def bench(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A built-in name, folder or URI.")],
    texts: Annotated[int, typer.Option("--texts", min=1, help="How many texts to generate.")] = 64,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts per batch.")] = 32,
    dtype: Annotated[str | None, typer.Option(help="The dtype policy, such as bfloat16.")] = None,
    source: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="Texts of your own, one per line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Measure loading and predicting: time, memory, throughput.

    Without --input, texts are made of random tokens of the preset's vocabulary: short ones, and ones of mixed lengths.
    The share of the peak compares the multiplications that the tokens need, 2 for each parameter in a matrix of the
    encoder, each time that it is used, and each token that is not padding, with the rate at which large matrices are
    multiplied.
    """
    given = None if source is None else _read(source)
    from modelry._progress import progress
    from modelry.presets.components import check_requirements, find_entry
    from modelry.presets.read import read_recipe

    recipe = read_recipe(preset)
    check_requirements(recipe)
    find_entry(recipe, recipe.backbone)
    with progress("Importing the backend") as tell:
        start = time.perf_counter()
        from modelry.cli.measuring import measure

        imports = time.perf_counter() - start
        found = {"import_seconds": imports, **measure(preset, given, texts, batch_size, dtype, tell)}
    if as_json:
        print_json(found)
    elif is_terminal():
        table = new_table("", "")
        table.show_header = False
        for row in _rows(found):
            add_row(table, row)
        print_table(table)
    else:
        for row in _rows(found):
            print_row(row)


def _read(path: str) -> list[str]:
    try:
        texts = [line for line in Path(path).read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read texts from {path!r}: {error}. Pass a file of UTF-8, one text a line.") from None
    if not texts:
        raise InputError(f"{path!r} holds no text. Pass a file with one text a line.")
    return texts


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "preset", found["preset"]
    yield "backend", f"{found['backend']} on {found['device']}"
    yield "dtype", found["dtype"]
    yield "parameters", f"{found['parameters']:,}"
    yield "import", _seconds(found["import_seconds"])
    yield "load", _seconds(found["load_seconds"])
    yield "load to first prediction", _seconds(found["first_prediction_seconds"])
    for name, key in (("load", "load_peak_bytes"), ("a prediction", "predict_peak_bytes"), ("all", "peak_bytes")):
        if found[key] is not None:
            yield f"peak memory after {name}", f"{found[key] / 1e6:,.0f} MB"
    yield "matrix multiplication", f"{found['gemm_flops'] / 1e9:,.0f} GFLOP/s"
    for kind, rate in found["throughput"].items():
        speed, share = f"{rate['texts_per_second']:,.1f} a second", rate["share_of_peak"]
        if rate["tokens"] is not None:
            speed += f", {rate['tokens'] / rate['texts']:.0f} tokens each"
        yield f"{kind} {found['noun']}s", speed if share is None else f"{speed}, {share:.0%} of the peak"


def _seconds(value: float) -> str:
    return f"{value:.3f} s"

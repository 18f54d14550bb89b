"""Constant memory: reading and writing takes the same for any number of rows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COPY = """
import resource, sys
from pathlib import Path
from modelry.tables.run import _prefetched, open_table, open_writer
from modelry.tables.table import merge_columns
def copy(source, output, name):
    table = open_table(source)
    kinds = merge_columns(chunk.kinds() for chunk in table.chunks())
    with open_writer(output, output, kinds, {name: "text"}, table.schema) as write:
        for chunk in _prefetched(table):
            write(chunk, {name: ["x"] * len(chunk)})
folder, first, second = Path(sys.argv[1]), *sys.argv[2:]
for name in ("few", "many"):
    copy(folder / f"{name}.csv", folder / f"{name}.{first}", "label")
    copy(folder / f"{name}.{first}", folder / f"{name}.{second}", "again")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(("first", "second"), [("jsonl.gz", "csv.gz"), ("parquet", "jsonl"), ("jsonl", "parquet")])
def test_memory_does_not_grow_with_the_table(tmp_path, first, second):
    if "parquet" in (first, second):
        pytest.importorskip("pyarrow")
    for name, rows in (("few", 20_000), ("many", 300_000)):
        with (tmp_path / f"{name}.csv").open("w") as file:
            file.write("id,text\n")
            file.writelines(f"{number},a film that has number {number}\n" for number in range(rows))
    # To be measured by coverage would take it several times as long.
    environment = {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_CONFIG"}
    command = [sys.executable, "-c", COPY, str(tmp_path), first, second]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    few, many = (int(line) / unit for line in done.stdout.splitlines())
    assert many < few + 50, (few, many)

"""Which format a file has: its name says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen
class Format:
    """The format of a file.

    Attributes:
        name: `"csv"`, `"jsonl"` or `"parquet"`.
        delimiter: What stands between the cells of a CSV file.
        gzipped: Whether the whole is compressed with gzip.
    """

    name: str
    delimiter: str = ","
    gzipped: bool = False


_TEXT = {
    ".csv": Format("csv"),
    ".tsv": Format("csv", delimiter="\t"),
    ".jsonl": Format("jsonl"),
    ".ndjson": Format("jsonl"),
}
_FORMATS = {
    **_TEXT,
    **{f"{ending}.gz": attrs.evolve(found, gzipped=True) for ending, found in _TEXT.items()},
    ".parquet": Format("parquet"),
}


def format_of(path: Path) -> Format:
    """Return the format that a file's name promises.

    Raises:
        InputError: It promises none.
    """
    name = path.name.lower()
    for ending, found in _FORMATS.items():
        if name.endswith(ending):
            return found
    raise InputError(
        f"{str(path)!r} is of no known format. Its name must end in .csv, .tsv, .jsonl or .parquet, "
        "or, compressed, in .csv.gz, .tsv.gz or .jsonl.gz."
    )

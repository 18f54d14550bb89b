"""What is needed of pyarrow, an optional dependency, that both reading and writing Parquet need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelry.errors import PluginError
from modelry.tables.kinds import BOOL, FLOAT, INT, JSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def pyarrow() -> Any:
    """Return the module `pyarrow`.

    Raises:
        PluginError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise PluginError(
            'Parquet files need pyarrow, which is not installed. Run: pip install "modelry[parquet]"'
        ) from error
    return pyarrow


def schema_of(kinds: Mapping[str, str]) -> Any:
    """Return the `pyarrow.Schema` for columns of these kinds; a column without any value is one of strings."""
    pa = pyarrow()
    types = {BOOL: pa.bool_(), INT: pa.int64(), FLOAT: pa.float64()}
    return pa.schema([(name, types.get(kind, pa.string())) for name, kind in kinds.items()])


def from_columns(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> Any:
    """Return a `pyarrow.Table` of JSON values."""
    converted = [_converted(values, kinds[name]) for name, values in columns.items()]
    schema = schema_of({name: kinds[name] for name in columns})
    return pyarrow().Table.from_arrays(
        [pyarrow().array(values, type=field.type) for values, field in zip(converted, schema, strict=True)],
        schema=schema,
    )


def _converted(values: Sequence[Any], kind: str) -> Sequence[Any]:
    if kind == JSON:
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    if kind == FLOAT:  # an integer that a float holds only nearly is an error to pyarrow
        return [None if value is None else float(value) for value in values]
    return values

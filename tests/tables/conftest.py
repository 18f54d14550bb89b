from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from modelry.tables import parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def small(monkeypatch) -> None:
    """Chunks of two rows."""
    monkeypatch.setattr(table, "_ROWS", 2)
    monkeypatch.setattr(parquet, "_STEP", 2)


@pytest.fixture
def file(tmp_path) -> Callable[..., Path]:
    """Write a file: of text or bytes, or of objects; compressed if its name ends in `.gz`."""

    def write(name: str, content: str | bytes | list[Any]) -> Path:
        if isinstance(content, list):
            content = "".join(json.dumps(value) + "\n" for value in content)
        data = content.encode() if isinstance(content, str) else content
        path: Path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write

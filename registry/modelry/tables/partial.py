"""What is done of a table that takes long: a folder beside the output, one file for each chunk.

```
out.parquet.partial/
    work.json         what determines the results: preset, options, versions
    part-000000.json  the results of the first chunk, and the hash of its rows
    …
```

A file is there whole or not at all, even if the power fails: it gets its name after it has reached the disk.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, Self

import attrs

from modelry.errors import InputError
from modelry.tables.durable import lock, sync_file, sync_folder, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_WORK = "work.json"


@attrs.frozen
class Part:
    """The results of a chunk.

    Attributes:
        digest: The hash of its rows.
        columns: Its columns, and the kinds of their values.
        best: For each row the best labels and their scores.
    """

    digest: str
    columns: Mapping[str, str]
    best: Sequence[Sequence[tuple[str, float]]]


class Partial:
    """The folder, open to one process at a time.

    Attributes:
        count: The chunks that are done; they are the first ones.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self._begun = False
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = lock(self.folder)
        except BlockingIOError:
            raise InputError(f"Another process is at work in {str(self.folder)!r}. Wait for it, or stop it.") from None
        except OSError as error:
            raise InputError(f"Cannot write {str(self.folder)!r}: {error.strerror}.") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun and not self.count:  # nothing was done, or all of it is
            with contextlib.suppress(OSError):
                self._clear()
                self.folder.rmdir()
        if self._lock is not None:
            os.close(self._lock)

    def begin(self, work: Mapping[str, Any], restart: bool = False) -> None:
        """Go on with the work that the folder holds, or begin it.

        Args:
            work: What determines the results, by names that a message can show.
            restart: Whether to forget what is done.

        Raises:
            InputError: The folder holds the results of other work.
        """
        if restart:
            self._clear()
        begun = (self.folder / _name(0)).exists()
        known = self._read(_WORK) if begun and (self.folder / _WORK).exists() else None
        if known is None:
            if not all(map(_is_ours, self.folder.iterdir())):
                raise InputError(f"{str(self.folder)!r} holds files that are not of this command. Move it away.")
            self._clear()
            self._save(_WORK, work)
        elif known != work:
            names = [*known, *(name for name in work if name not in known)]
            changes = [
                f"{name} was {known.get(name)!r} and is {work.get(name)!r}"
                for name in names
                if known.get(name) != work.get(name)
            ]
            raise InputError(
                f"{str(self.folder)!r} holds the results of other work: {'; '.join(changes)}. "
                "Run the command as it was to go on with that, or with --restart to begin anew."
            )
        self._begun = True
        while (self.folder / _name(self.count)).exists():
            self.count += 1

    def save(self, part: Part) -> None:
        """Keep the results of the next chunk."""
        self._save(_name(self.count), {"digest": part.digest, "columns": part.columns, "best": part.best})
        self.count += 1

    def load(self, number: int) -> Part:
        """Return the results of a chunk that is done."""
        values = self._read(_name(number))
        best = [[(label, score) for label, score in row] for row in values["best"]]
        return Part(values["digest"], values["columns"], best)

    def finish(self, made: Path, output: Path) -> None:
        """Put the file that was made of all parts in its place; the folder goes when it is closed."""
        sync_file(made)
        os.replace(made, output)
        sync_folder(output.parent)
        self.count = 0

    def _clear(self) -> None:
        """Remove what this class wrote, and the output that was not finished, but nothing of anybody else's."""
        for path in sorted(self.folder.iterdir()):  # `work.json` comes last: without it nobody knew whose the rest is
            if _is_ours(path):
                path.unlink()

    def _read(self, name: str) -> dict[str, Any]:
        try:
            values: dict[str, Any] = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError) as error:
            path = str(self.folder / name)
            raise InputError(f"{path!r} cannot be read: {error}. Run with --restart to begin anew.") from error
        return values

    def _save(self, name: str, values: Mapping[str, Any]) -> None:
        path = self.folder / name
        try:
            write_text(path, json.dumps(values, ensure_ascii=False))
        except OSError as error:
            raise InputError(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def _name(number: int) -> str:
    return f"part-{number:06}.json"


def _is_ours(path: Path) -> bool:
    return path.name == _WORK or path.suffix == ".tmp" or path.match("part-*.json")

"""The RECORD of an installed distribution: which files it has, with which content, and whether they still are so.

Installers write it, and list in it also what they make themselves: programs beside Python, which modelry never runs and
which are left out here; notes on the installation, whose content differs from machine to machine; and compiled files,
of which no hash is told.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from importlib.machinery import all_suffixes
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.contributor import place_of
from modelry.discovery.distributions import Distribution, copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_METADATA = {"METADATA", "WHEEL", "entry_points.txt"}
"""What lies in a `.dist-info` and came in the wheel; installers add others, each its own."""


@attrs.frozen
class Record:
    """The files of a distribution that has a RECORD.

    Attributes:
        place: The folder in which the distribution is installed.
        hashes: Path below that folder → the hash that RECORD tells, as in `sha256=…`; empty where it tells none.
    """

    place: str
    hashes: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The SHA-256 of the paths and hashes of what came in the wheel, the same wherever that is installed."""
        lines = [f"{path},{told}\n" for path, told in sorted(self.hashes.items()) if told and _came_in_the_wheel(path)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with each file that is not as RECORD says, or that Python may import and RECORD lacks."""
        for path, told in self.hashes.items():
            try:
                if told and _hash(os.path.join(self.place, path), told.partition("=")[0]) != told:
                    yield f"{path} is not what RECORD says"
            except FileNotFoundError:
                if told:
                    yield f"{path} is missing"
            except (OSError, ValueError) as error:
                yield f"{path} cannot be checked ({error})"
        for path in sorted(self._strays()):
            yield f"{path} is not in RECORD"

    def _strays(self) -> set[str]:
        """Return what Python may import as a part of the distribution, and no RECORD lists."""
        found = self._importable() - self.hashes.keys()
        shared = {path for path in found if self._is_shared(path)}
        for other in copies([self.place]) if shared else ():
            record = read_record(other)
            found -= set() if record is None else shared & record.hashes.keys()
        return found

    def _is_shared(self, path: str) -> bool:
        """Return whether a file lies in namespace packages alone, in which other distributions may have files too."""
        parents = [parent.as_posix() for parent in PurePosixPath(path).parents][:-1]
        return bool(parents) and not any(f"{parent}/__init__.py" in self.hashes for parent in parents)

    def _importable(self) -> set[str]:
        """Return the files that Python may import from the distribution's packages, and in place of its modules."""
        tops = {path.partition("/")[0] for path in self.hashes if not path.startswith("__pycache__")}
        modules = {top.partition(".")[0] for top in tops if _is_module(top) or top.isidentifier()}
        found = {name for name in os.listdir(self.place) if _is_module(name) and name.partition(".")[0] in modules}
        for module in modules:
            for folder, inner, names in os.walk(os.path.join(self.place, module)):
                path = os.path.relpath(folder, self.place).replace(os.sep, "/")
                links = (name for name in inner if os.path.islink(os.path.join(folder, name)))  # which are not followed
                if not path.endswith("__pycache__"):
                    found |= {f"{path}/{name}" for name in (*links, *filter(_is_module, names))}
        return found


def read_record(distribution: Distribution) -> Record | None:
    """Return what the RECORD of a distribution says; None where it has none."""
    text = distribution.read("RECORD")
    if text is None or not distribution.folder:
        return None
    rows = (row for row in csv.reader(text.splitlines()) if len(row) > 1)
    hashes = {path.replace(os.sep, "/"): told for path, told, *_ in rows}
    return Record(
        place_of(distribution),
        {path: told for path, told in hashes.items() if not path.startswith("..") and not os.path.isabs(path)},
    )


def _is_module(name: str) -> bool:
    return name.endswith(tuple(all_suffixes()))


def _came_in_the_wheel(path: str) -> bool:
    folder, _, name = path.partition("/")
    return name in _METADATA or not folder.endswith(".dist-info")


def _hash(path: str, algorithm: str) -> str:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, algorithm).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

"""Permitted distributions, from the environment variable `MODELRY_PLUGINS`.

`MODELRY_PLUGINS="modelry-bert,acme-cnn"` allows these and nothing else; `MODELRY_PLUGINS="-acme-cnn"` blocks this one;
`MODELRY_PLUGINS="@/etc/modelry/plugins.txt"` reads the same from a file, one name a line. The core is always allowed.
A blocked distribution is never imported. A name in the variable that matches nothing is an error: it would not protect.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import attrs

from modelry.discovery.entry import CORE, normalise
from modelry.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE = "MODELRY_PLUGINS"


@attrs.frozen
class Policy:
    """The allowed or the blocked distributions. Without names, everything is allowed.

    Attributes:
        text: The value of the variable, for messages.
        names: The distributions it names, PEP 503 spelling.
        blocks: Whether these are blocked, rather than the only ones allowed.
        file: The file that names them, if the variable refers to one.
    """

    text: str = ""
    names: frozenset[str] = frozenset()
    blocks: bool = False
    file: str | None = None

    def permits(self, distribution: str) -> bool:
        """Return whether `distribution` may contribute."""
        if distribution == CORE or not self.names:
            return True
        return (distribution in self.names) is not self.blocks

    @property
    def place(self) -> str:
        """The place to change for another policy, for messages."""
        return self.file or "that variable"

    def without(self, distribution: str) -> str:
        """Return a setting that blocks `distribution` too, such as `MODELRY_PLUGINS=-acme-cnn`."""
        if self.file is not None:
            return f"the line '-{distribution}' in {self.file}" if self.blocks else f"its line in {self.file} left out"
        if self.names and not self.blocks:
            return f"{VARIABLE}={','.join(sorted(self.names - {distribution})) or CORE}"
        return f"{VARIABLE}={','.join(f'-{name}' for name in sorted(self.names | {distribution}))}"

    def __str__(self) -> str:
        return f"{VARIABLE}={self.text!r}"


def read_policy(variable: str) -> Policy:
    """Read the value of `MODELRY_PLUGINS`, and the file that it names.

    Raises:
        PluginError: It names no distribution, both allows and blocks, or blocks the core; or the file cannot be read.
    """
    path = policy_file(variable)
    if path is None:
        return _parse(variable, variable.split(",")) if variable.strip() else Policy()
    # A path relative to the folder in which Python was started could lead to somebody else's file.
    if not os.path.isabs(path):
        raise PluginError(f"{VARIABLE}={variable!r} must name its file by an absolute path: '@/…'.")
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.partition("#")[0] for line in file]
    except (OSError, ValueError) as error:
        raise PluginError(f"The file of {VARIABLE}={variable!r} cannot be read: {error}. No plugin is used.") from error
    return attrs.evolve(_parse(variable, lines), file=path)


def policy_file(variable: str) -> str | None:
    """Return the path of the file that a value of `MODELRY_PLUGINS` names, or None if it names none."""
    return variable.strip()[1:] if variable.strip().startswith("@") else None


def _parse(text: str, names: Iterable[str]) -> Policy:
    words = [word.strip() for word in names if word.strip()]
    if not words:
        raise PluginError(
            f"{VARIABLE}={text!r} names no distribution. Name those to allow, or, each with a '-' before it, those to "
            f"block; '{CORE}' alone allows no plugin."
        )
    blocked = [word for word in words if word.startswith("-")]
    if blocked and len(blocked) < len(words):
        raise PluginError(
            f"{VARIABLE}={text!r} allows some plugins and blocks others. Name those to allow, which blocks the rest, "
            "or those to block, each with a '-' before it."
        )
    named = frozenset(normalise(word.removeprefix("-")) for word in words)
    if blocked and CORE in named:
        raise PluginError(f"{VARIABLE}={text!r} blocks modelry itself. Take '-{CORE}' out.")
    return Policy(text, named, bool(blocked))

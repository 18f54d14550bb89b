"""Which distributions may contribute, as the environment variable `MODELRY_PLUGINS` says.

`MODELRY_PLUGINS="modelry-bert,acme-cnn"` allows these and nothing else; `MODELRY_PLUGINS="-acme-cnn"` blocks this one.
The core is always allowed. What is blocked is never imported, and a name that matches nothing is an error rather than
no protection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from modelry.discovery.names import CORE, normalise
from modelry.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from modelry.discovery.scan import Scan

VARIABLE = "MODELRY_PLUGINS"


@attrs.frozen
class Policy:
    """Who may contribute. Without names, everybody.

    Attributes:
        text: The variable as it was written, for messages.
        names: The distributions it names, PEP 503 spelling.
        blocks: Whether these are the blocked ones, rather than the only allowed ones.
    """

    text: str = ""
    names: frozenset[str] = frozenset()
    blocks: bool = False

    def permits(self, distribution: str) -> bool:
        """Return whether `distribution` may contribute."""
        if distribution == CORE or not self.names:
            return True
        return (distribution in self.names) is not self.blocks

    def without(self, distribution: str) -> str:
        """Return how to set the variable so that `distribution` is kept out as well, `MODELRY_PLUGINS=-acme-cnn`."""
        if self.names and not self.blocks:
            return f"{VARIABLE}={','.join(sorted(self.names - {distribution})) or CORE}"
        return f"{VARIABLE}={','.join(f'-{name}' for name in sorted(self.names | {distribution}))}"

    def __str__(self) -> str:
        return f"{VARIABLE}={self.text!r}"


def parse_policy(text: str) -> Policy:
    """Read the value of `MODELRY_PLUGINS`.

    Raises:
        PluginError: It both allows and blocks, or blocks the core.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    blocked = [word for word in words if word.startswith("-")]
    if blocked and len(blocked) < len(words):
        raise PluginError(
            f"{VARIABLE}={text!r} allows some plugins and blocks others. Name those to allow, which blocks the rest, "
            "or those to block, each with a '-' before it."
        )
    names = frozenset(normalise(word.removeprefix("-")) for word in words)
    if blocked and CORE in names:
        raise PluginError(f"{VARIABLE}={text!r} blocks modelry itself. Take '-{CORE}' out.")
    return Policy(text, names, bool(blocked))


def check_policy(policy: Policy, scan: Scan) -> None:
    """Raise PluginError where the policy names a distribution that contributes nothing here."""
    contributing = {entry.distribution for entry in scan.entries}
    for name in sorted(policy.names - contributing - {CORE}):
        what = "has no modelry plugin in it" if name in scan.distributions else "is not installed"
        plugins = ", ".join(sorted(contributing - {CORE})) or "none"
        raise PluginError(
            f"{policy} names {name!r}, which {what}.{did_you_mean(name, contributing)} Installed plugins: {plugins}."
        )

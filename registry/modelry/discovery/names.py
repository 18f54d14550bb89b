"""The kinds of component, and the grammar of their names.

A name is short, `bert`, or qualified by the distribution that registers it, `modelry-bert:bert`.
"""

from __future__ import annotations

import re

from modelry.errors import InputError, did_you_mean

MODEL_KINDS = ("backbones", "tokenizers", "preprocessors", "heads", "tasks")
"""What models are built of: the classes of these kinds are reachable as `modelry.models.X`."""

KINDS = (*MODEL_KINDS, "task_specs", "checkpoints", "storage")
"""Every kind of component; the entry-point group of a kind is `modelry.<kind>`."""

PLUGIN, POLICIES, OBSERVERS = "plugin", "policies", "observers"
HOOK_GROUPS = (PLUGIN, POLICIES, OBSERVERS)
"""The groups of the hook modules: no kinds of component, but scanned like these."""

PREFIX = "modelry."
CORE = "modelry"
RUNTIME = "runtime"
"""What stands in place of the distribution for a component that was registered by a call."""

_NOUNS = {"storage": "storage handler", **dict.fromkeys(HOOK_GROUPS, "hook module")}
_NAME = re.compile(r"[\w.-]+")


def is_name(text: str) -> bool:
    """Return whether `text` can be the short name of a component."""
    return _NAME.fullmatch(text) is not None


def normalise(distribution: str) -> str:
    """Return the one spelling of a distribution's name, as PEP 503 defines it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def split(name: str) -> tuple[str | None, str]:
    """Split `name` into its distribution, None where it is not qualified, and its short name."""
    distribution, colon, short = name.partition(":")
    return (normalise(distribution), short) if colon else (None, name)


def noun(kind: str) -> str:
    """Return `kind` as one says it of a single component: `backbones` becomes `backbone`."""
    return _NOUNS.get(kind) or kind.removesuffix("s")


def check_kind(kind: str) -> None:
    """Raise InputError unless `kind` is one of the kinds."""
    if kind not in KINDS:
        raise InputError(
            f"{kind!r} is no kind of component.{did_you_mean(kind, KINDS)} The kinds are {', '.join(KINDS)}."
        )


def check_name(name: str) -> None:
    """Raise InputError unless `name` is a short name."""
    if not is_name(name):
        raise InputError(f"{name!r} cannot name a component: use letters, digits, '.', '_' and '-' only.")

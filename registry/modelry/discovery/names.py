"""Kinds of component, and the grammar of their names.

A name is short, `bert`, or qualified by the distribution that registers it, `modelry-bert:bert`.
"""

from __future__ import annotations

import re

from modelry.errors import InputError, did_you_mean

MODEL_KINDS = ("backbones", "tokenizers", "preprocessors", "heads", "tasks")
"""Kinds that models are built of; their classes are reachable as `modelry.models.X`."""

TASK_SPECS = "task_specs"
"""The kind that describes tasks without Keras."""

KINDS = (*MODEL_KINDS, TASK_SPECS, "checkpoints", "storage")
"""Every kind of component; the entry-point group of a kind is `modelry.<kind>`."""

PLUGIN, POLICIES, OBSERVERS = "plugin", "policies", "observers"
HOOK_GROUPS = (PLUGIN, POLICIES, OBSERVERS)
"""Groups of hook modules: scanned like kinds of component, but not components."""

PREFIX = "modelry."
CORE = "modelry"
RUNTIME = "runtime"
"""Stands for the distribution of a component that was registered by a call."""

_NOUNS = {TASK_SPECS: "task", "storage": "storage handler", **dict.fromkeys(HOOK_GROUPS, "hook module")}
_NAME = re.compile(r"[\w.-]+")


def is_name(text: str) -> bool:
    """Return whether `text` can be the short name of a component."""
    return _NAME.fullmatch(text) is not None


def normalise(distribution: str) -> str:
    """Return a distribution's name in its normalised spelling, PEP 503."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def split(name: str) -> tuple[str | None, str]:
    """Split `name` into its distribution, None where it is not qualified, and its short name."""
    distribution, colon, short = name.partition(":")
    return (normalise(distribution), short) if colon else (None, name)


def noun(kind: str) -> str:
    """Return the word for one component of `kind`: `backbone` for `backbones`."""
    return _NOUNS.get(kind) or kind.removesuffix("s")


def check_kind(kind: str) -> None:
    """Raise InputError unless `kind` is one of `KINDS`."""
    if kind not in KINDS:
        near = did_you_mean(kind, KINDS)
        raise InputError(f"{kind!r} is not a kind of component.{near} The kinds are {', '.join(KINDS)}.")


def check_name(name: str) -> None:
    """Raise InputError unless `name` is a short name."""
    if not is_name(name):
        raise InputError(f"{name!r} cannot name a component: use letters, digits, '.', '_' and '-' only.")

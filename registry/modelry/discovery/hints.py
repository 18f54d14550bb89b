"""Answers for names that are not in the index: a new name, or an error with the next step.

A name may be an old name of a renamed component, belong to a blocked plugin, be misspelt, or come from a distribution
that is not installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.entry import KINDS, MODEL_KINDS, RUNTIME, noun, split
from modelry.discovery.pip import install_advice, is_requirement, pip_upgrade
from modelry.discovery.warn import warn_user
from modelry.errors import AmbiguousName, UnknownComponent, did_you_mean

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry
    from modelry.discovery.hooks import Hooks
    from modelry.discovery.index import Index

FIRST_PARTY = {
    "modelry-albert": ("albert",),
    "modelry-bert": ("bert",),
    "modelry-deberta-v3": ("deberta_v3", "deberta-v2"),
    "modelry-distil-bert": ("distil_bert", "distilbert"),
    "modelry-electra": ("electra",),
    "modelry-esm": ("esm",),
    "modelry-f-net": ("f_net", "fnet"),
    "modelry-modernbert": ("modernbert",),
    "modelry-roberta": ("roberta", "xlm_roberta", "xlm-roberta"),
    "modelry-roformer-v2": ("roformer_v2",),
}
"""Distributions that the modelry project publishes, with the first parts of the names of their components."""

CLASSES, COMMANDS = "classes", "commands"
"""Further kinds that plugins are asked for install hints about: names of classes, and commands of `modelry`."""


def find_alias(index: Index, hooks: Hooks, kind: str, name: str) -> Entry | None:
    """Return the entry whose old name is `name`, and warn that it is deprecated; None if it is not an old name.

    Raises:
        AmbiguousName: Plugins disagree about the new name.
    """
    distribution, short = split(name)
    found: dict[Entry, None] = {}
    for plugin, aliases in hooks.aliases():
        if distribution in (None, plugin.distribution):
            entry = _follow(index, aliases, plugin.distribution, kind, short)
            found.update({entry: None} if entry else {})
    if len(found) > 1:
        names = " or ".join(repr(entry.qualified) for entry in found)
        raise AmbiguousName(f"{name!r} is an old name of more than one {noun(kind)}. Write {names}.")
    for entry in found:
        now = entry.name if distribution is None and _is_short_enough(index, entry) else entry.qualified
        warn_user(f"The {noun(kind)} {name!r} is deprecated; it is called {now!r} now.", DeprecationWarning)
        return entry
    return None


def _follow(index: Index, aliases: dict[tuple[str, str], str], distribution: str, kind: str, name: str) -> Entry | None:
    """Follow renames of renames; a plugin's own components come before others of the same short name."""
    seen = set()
    while (kind, name) in aliases and name not in seen:
        seen.add(name)
        name = aliases[kind, name]
        entry = None if ":" in name else index.find(kind, f"{distribution}:{name}")
        entry = entry or index.find(kind, name)
        if entry is not None:
            return entry
    return None


def _is_short_enough(index: Index, entry: Entry) -> bool:
    try:
        return index.find(entry.kind, entry.name) is entry
    except AmbiguousName:
        return False


def unknown(index: Index, kind: str, name: str, hint: str | None = None, *, in_file: bool = False) -> UnknownComponent:
    """Return the error for a name that is not in the index.

    Args:
        index: The index.
        kind: The kind that was asked for.
        name: The name that was asked for, short or qualified.
        hint: A requirement to install, if a plugin knows one.
        in_file: Whether the name comes from a file; suppresses "did you mean".
    """
    distribution, short = split(name)
    blocked = index.find_blocked(kind, name)
    if blocked is not None:
        return _blocked(index, f"The {noun(kind)} {blocked.name!r}", blocked.owner)
    if distribution == RUNTIME:
        text = f"{noun(kind).capitalize()} {short!r} was registered by a call, in a process that has ended. "
        return UnknownComponent(f"{text}Register it here too: @modelry.register({kind!r}, {short!r}).")
    if distribution is not None and distribution not in index.distributions:
        owner = distribution if is_requirement(distribution) else f"{distribution!r:.200}"
        text = f"{noun(kind).capitalize()} {short!r} comes from {owner}, which is not installed."
        return UnknownComponent(f"{text} {install_advice(distribution)}")
    if distribution in index.blocked_distributions():
        return _blocked(index, f"The {noun(kind)} {short!r}", str(distribution))
    text = f"{distribution or 'No installed plugin'} registers {'no' if distribution else 'a'} {noun(kind)} {short!r}."
    known = [entry.qualified if distribution else entry.name for entry in index.entries if entry.kind == kind]
    text += ("" if in_file else did_you_mean(name, known)) + _elsewhere(index, kind, short)
    if distribution is not None:
        return UnknownComponent(f"{text} Another version of it may: {pip_upgrade(distribution)}")
    hint = first_party(index, kind, short) or hint
    if hint is not None and hint not in index.distributions:
        return UnknownComponent(f"{text} {install_advice(hint)}")
    text += f" Installed: {', '.join(sorted(set(known))) or 'none'}.{_blocked_too(index)}"
    return UnknownComponent(f"{text} Install a plugin that does, with pip." if in_file else text)


def unknown_class(index: Index, class_name: str, hint: str | None = None) -> UnknownComponent:
    """Return the error for a class name that no entry has; `hint` is a requirement that a plugin knows."""
    blocked = index.find_blocked_class(class_name)
    if blocked is not None:
        return _blocked(index, f"The class {class_name!r}", blocked.owner)
    text = f"No installed plugin registers a class named {class_name!r}."
    text += did_you_mean(class_name, (entry.attribute for entry in index.classes))
    hint = first_party(index, CLASSES, class_name) or hint
    return UnknownComponent(f"{text} {install_advice(hint)}" if hint else f"{text}{_blocked_too(index)}")


def first_party(index: Index, kind: str, name: str) -> str | None:
    """Return the distribution, not yet installed, that the modelry project publishes for a component."""
    for distribution, architectures in FIRST_PARTY.items():
        if kind == CLASSES:
            known = any(_is_class_of(name, architecture) for architecture in architectures)
        else:
            known = kind in (*MODEL_KINDS, "checkpoints") and name.partition(".")[0] in architectures
        if known and distribution not in index.distributions:
            return distribution
    return None


def _is_class_of(name: str, architecture: str) -> bool:
    """Return whether a class name begins with an architecture's: `DistilBertBackbone` with that of `distil_bert`."""
    first = architecture.replace("_", "")
    return name.lower().startswith(first) and name[len(first) : len(first) + 1].isupper()


def _blocked(index: Index, what: str, owner: str) -> UnknownComponent:
    return UnknownComponent(
        f"{what} comes from {owner}, which {index.policy} keeps out. Change {index.policy.place} to use it."
    )


def _blocked_too(index: Index) -> str:
    """Return a sentence about the blocked plugins, any of which may know the name."""
    names = index.blocked_distributions()
    return f" {index.policy} keeps out {', '.join(sorted(names))}." if names else ""


def _elsewhere(index: Index, kind: str, short: str) -> str:
    nouns = dict.fromkeys(noun(other) for other in KINDS if other != kind and short in index.names()[other])
    return f" There is a {' and a '.join(nouns)} of that name." if nouns else ""

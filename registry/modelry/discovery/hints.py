"""What to say about a name that nobody registers: what was probably meant, and the pip command that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import KINDS, RUNTIME, noun, split
from modelry.errors import UnknownComponent, did_you_mean

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry
    from modelry.discovery.index import Index

FIRST_PARTY = {"bert": "modelry-bert"}
"""The first part of a component's name to the distribution that the modelry project publishes for it."""


def pip_install(requirement: str) -> str:
    """Return the command that installs `requirement`, quoted where a shell would misread it."""
    plain = all(character.isalnum() or character in "-_.=" for character in requirement)
    return f"pip install {requirement}" if plain else f'pip install "{requirement}"'


def unknown(index: Index, kind: str, name: str, hint: str | None = None, *, in_file: bool = False) -> UnknownComponent:
    """Return the error to raise for a name that is not in the index.

    Args:
        index: What is registered.
        kind: The kind that was asked for.
        name: The name that was asked for, short or qualified.
        hint: What pip shall install, where a plugin knows it.
        in_file: Whether a file has the name, so that nothing similar was meant.
    """
    distribution, short = split(name)
    hint = hint or FIRST_PARTY.get(short.partition(".")[0])
    if distribution == RUNTIME:
        text = f"{noun(kind).capitalize()} {short!r} was registered by a call, in a process that has ended. "
        return UnknownComponent(f"{text}Register it here too: @modelry.register({kind!r}, {short!r}).")
    if distribution is not None and distribution not in index.distributions:
        text = f"{noun(kind).capitalize()} {short!r} comes from {distribution}, which is not installed."
        return UnknownComponent(f"{text} Run: {pip_install(distribution)}")
    text = f"{distribution or 'No installed plugin'} registers {'no' if distribution else 'a'} {noun(kind)} {short!r}."
    known = [entry.qualified if distribution else entry.name for entry in index.entries() if entry.kind == kind]
    text += ("" if in_file else did_you_mean(name, known)) + _elsewhere(index, short)
    if distribution is not None:
        return UnknownComponent(f"{text} Another version of it may: pip install --upgrade {distribution}")
    if hint is not None and hint not in index.distributions:
        return UnknownComponent(f"{text} Run: {pip_install(hint)}")
    text += f" Installed: {', '.join(sorted(set(known))) or 'none'}."
    return UnknownComponent(f"{text} Install a plugin that does, with pip." if in_file else text)


def unknown_class(index: Index, class_name: str) -> UnknownComponent:
    """Return the error to raise for a class name that no entry has."""
    text = f"No installed plugin registers a class named {class_name!r}."
    text += did_you_mean(class_name, (entry.attribute for entry in index.classes()))
    for prefix, distribution in FIRST_PARTY.items():
        if class_name.lower().startswith(prefix) and distribution not in index.distributions:
            text += f" Run: {pip_install(distribution)}"
    return UnknownComponent(text)


def blocked(index: Index, entry: Entry) -> UnknownComponent:
    """Return the error to raise for a name whose owner the policy keeps out."""
    return UnknownComponent(
        f"The {noun(entry.kind)} {entry.name!r} comes from {entry.owner}, which {index.policy} keeps out. "
        "Change that variable to use it."
    )


def _elsewhere(index: Index, short: str) -> str:
    kinds = [noun(kind) for kind in KINDS if short in index.names()[kind]]
    return f" There is a {' and a '.join(kinds)} of that name." if kinds else ""

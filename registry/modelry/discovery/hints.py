"""What to say about a name that nobody registers: what was probably meant, and the pip command that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.discovery.names import KINDS, MODEL_KINDS, RUNTIME, noun, split
from modelry.discovery.pip import install_advice, is_requirement, pip_upgrade
from modelry.errors import UnknownComponent, did_you_mean

if TYPE_CHECKING:
    from modelry.discovery.entry import Entry
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
"""The distributions that the modelry project publishes to the first parts of the names of their components."""

CLASSES, COMMANDS = "classes", "commands"
"""What plugins are asked to give a hint for besides kinds of component: the name of a class, a command of `modelry`."""


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
    if distribution == RUNTIME:
        text = f"{noun(kind).capitalize()} {short!r} was registered by a call, in a process that has ended. "
        return UnknownComponent(f"{text}Register it here too: @modelry.register({kind!r}, {short!r}).")
    if distribution is not None and distribution not in index.distributions:
        owner = distribution if is_requirement(distribution) else f"{distribution!r:.200}"
        text = f"{noun(kind).capitalize()} {short!r} comes from {owner}, which is not installed."
        return UnknownComponent(f"{text} {install_advice(distribution)}")
    text = f"{distribution or 'No installed plugin'} registers {'no' if distribution else 'a'} {noun(kind)} {short!r}."
    known = [entry.qualified if distribution else entry.name for entry in index.entries() if entry.kind == kind]
    text += ("" if in_file else did_you_mean(name, known)) + _elsewhere(index, short)
    if distribution is not None:
        return UnknownComponent(f"{text} Another version of it may: {pip_upgrade(distribution)}")
    hint = first_party(index, kind, short) or hint
    if hint is not None and hint not in index.distributions:
        return UnknownComponent(f"{text} {install_advice(hint)}")
    text += f" Installed: {', '.join(sorted(set(known))) or 'none'}."
    return UnknownComponent(f"{text} Install a plugin that does, with pip." if in_file else text)


def unknown_class(index: Index, class_name: str, hint: str | None = None) -> UnknownComponent:
    """Return the error to raise for a class name that no entry has; `hint` is what a plugin says pip shall install."""
    text = f"No installed plugin registers a class named {class_name!r}."
    text += did_you_mean(class_name, (entry.attribute for entry in index.classes()))
    hint = first_party(index, CLASSES, class_name) or hint
    return UnknownComponent(f"{text} {install_advice(hint)}" if hint else text)


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
    """Whether a class name begins with an architecture's, as `DistilBertBackbone` with that of `distil_bert`."""
    first = architecture.replace("_", "")
    return name.lower().startswith(first) and name[len(first) : len(first) + 1].isupper()


def blocked(index: Index, entry: Entry) -> UnknownComponent:
    """Return the error to raise for a name whose owner the policy keeps out."""
    return UnknownComponent(
        f"The {noun(entry.kind)} {entry.name!r} comes from {entry.owner}, which {index.policy} keeps out. "
        f"Change {index.policy.place} to use it."
    )


def _elsewhere(index: Index, short: str) -> str:
    kinds = [noun(kind) for kind in KINDS if short in index.names()[kind]]
    return f" There is a {' and a '.join(kinds)} of that name." if kinds else ""

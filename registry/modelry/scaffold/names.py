"""The names in a new plugin: of its distribution, its package, its component and its classes."""

from __future__ import annotations

import builtins
import keyword
import re
import sys

from modelry.discovery.names import normalise
from modelry.errors import InputError

LONGEST_NAME, LONGEST_CLASS_PREFIX = 45, 40
"""In characters. With longer ones, some lines of a new plugin would be longer than 120."""

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_COMPONENT = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_PREFIX = "modelry-"

_PYTHONS = {name.lower() for name in (*keyword.kwlist, *dir(builtins))}  # where case counts for nothing too
_HIDES = {*sys.stdlib_module_names, "test", "modelry", "keras"}
_BESIDES = {"tests", "conftest", "build_preset"}  # modules that a new plugin has besides its package


def distribution_name(text: str) -> str:
    """Return the name of a distribution in its one spelling, `modelry-textcnn` for `Modelry_TextCNN`.

    Raises:
        InputError: It is no name that pip takes, is too long, or its package could not be imported.
    """
    if not _DISTRIBUTION.fullmatch(text):
        raise InputError(
            f"{text!r} cannot name a distribution: use letters, digits, '-', '_' and '.', and begin and end with a "
            "letter or digit, such as 'acme-textcnn'."
        )
    name = normalise(text)
    if len(name) > LONGEST_NAME:
        raise InputError(f"{text!r} has {len(name)} characters; choose a name of at most {LONGEST_NAME}.")
    package = package_name(name)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise InputError(f"{text!r} would be the Python package {package!r}, which cannot be imported. Choose another.")
    if package in _PYTHONS:
        raise InputError(
            f"{text!r} would be the Python package {package!r}, a word that means something else in Python. Choose "
            "another."
        )
    if package in _HIDES | _BESIDES:
        raise InputError(f"{text!r} would be the Python package {package!r}, which hides another. Choose another.")
    return name


def package_name(distribution: str) -> str:
    """Return the Python package of a distribution, `modelry_textcnn`."""
    return distribution.replace("-", "_")


def default_component(distribution: str, separator: str) -> str:
    """Return the short name that a distribution's component has unless one is given, `textcnn`."""
    return distribution.removeprefix(_PREFIX).replace("-", separator)


def check_component(text: str, separator: str) -> str:
    """Return the short name of a component.

    Args:
        text: The name.
        separator: What may stand between its words: `"_"`, or `"-"` in URI schemes, or both.

    Raises:
        InputError: It is none.
    """
    if not _COMPONENT.fullmatch(text) or set(text) & set("-_") - set(separator):
        raise InputError(
            f"{text!r} cannot name the component: begin with a letter, and use lower-case letters, digits and "
            f"{' or '.join(map(repr, separator))} between words. Pass another with --component."
        )
    if len(text) > LONGEST_NAME or len(class_prefix(text)) > LONGEST_CLASS_PREFIX:
        raise InputError(
            f"{text!r} is too long for the name of the component, after which its classes are named: it may have "
            f"{LONGEST_NAME} characters, {LONGEST_CLASS_PREFIX} of them letters and digits. Pass another with "
            "--component."
        )
    return text


def class_prefix(component: str, suffix: str = "") -> str:
    """Return what the names of the component's classes begin with, `WideTextcnn` for `wide_textcnn`.

    Args:
        component: The component's name.
        suffix: A word that the names go on with, so that they need not begin with it, `head` for `attention_head`.
    """
    *words, last = re.split(r"[-_]", component)
    return "".join(word.capitalize() for word in (words if words and last == suffix else [*words, last]))

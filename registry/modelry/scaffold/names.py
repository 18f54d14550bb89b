"""Names of a new plugin: its distribution, package, component and classes."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from importlib.machinery import PathFinder

from modelry.discovery.entry import normalise
from modelry.discovery.hints import FIRST_PARTY
from modelry.discovery.scan import installed
from modelry.errors import InputError

LONGEST_NAME, LONGEST_CLASS_PREFIX = 45, 40
"""In characters. With longer ones, some lines of a new plugin would be longer than 120."""

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_COMPONENT = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_PREFIX = "modelry-"

_PYTHONS = {name.lower() for name in (*keyword.kwlist, *dir(builtins))}  # compared without case
_HIDES = {*sys.stdlib_module_names, "test", "modelry", "keras"}
_BESIDES = {"tests", "conftest", "build_preset"}  # other modules of a new plugin


def distribution_name(text: str) -> str:
    """Return the name of a distribution in its one spelling, `modelry-textcnn` for `Modelry_TextCNN`.

    Raises:
        InputError: pip does not accept it, it is too long, or its package could not be imported.
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
            f"{text!r} would be the Python package {package!r}, a word with another meaning in Python. Choose another."
        )
    if package in _HIDES | _BESIDES:
        raise InputError(f"{text!r} would be the Python package {package!r}, which hides another. Choose another.")
    return name


def check_distribution(name: str) -> None:
    """Check that no installed distribution has a name, and no module the name of its package.

    Args:
        name: A distribution's normalised name.

    Raises:
        InputError: The name is taken.
    """
    if name in FIRST_PARTY:
        raise InputError(f"{name!r} is a distribution that the modelry project publishes. Choose another name.")
    if any(distribution.name == name for distribution in installed()):
        raise InputError(
            f"A distribution {name!r} is installed here, which the new one would replace. Choose another name, or run "
            f"`pip uninstall {name}` if it is an older state of your plugin."
        )
    package = package_name(name)
    found = PathFinder.find_spec(package)  # imports nothing
    if found is not None and found.origin is not None:  # without an origin it is a folder with no __init__.py
        raise InputError(
            f"{name!r} would be the Python package {package!r}, and there is one at {found.origin}, which it would "
            "hide or be hidden by. Choose another name."
        )


def package_name(distribution: str) -> str:
    """Return the Python package of a distribution, `modelry_textcnn`."""
    return distribution.replace("-", "_")


def default_component(distribution: str, separator: str) -> str:
    """Return the default short name of a component: `acme_cnn` for `acme-cnn`, `cnn` for `modelry-cnn`."""
    return distribution.removeprefix(_PREFIX).replace("-", separator)


def check_component(text: str, separator: str) -> str:
    """Return the short name of a component.

    Args:
        text: The name.
        separator: The character between its words: `"_"`, or `"-"` in URI schemes.

    Raises:
        InputError: It is not valid.
    """
    if not _COMPONENT.fullmatch(text) or set(text) & set("-_") - {separator}:
        raise InputError(
            f"{text!r} cannot name the component: begin with a letter, and use lower-case letters, digits and "
            f"{separator!r} between words. Pass another with --component."
        )
    if len(text) > LONGEST_NAME or len(class_prefix(text)) > LONGEST_CLASS_PREFIX:
        raise InputError(
            f"{text!r} is too long to name the component and its classes: at most {LONGEST_NAME} characters, "
            f"{LONGEST_CLASS_PREFIX} of them letters and digits. Pass another with --component."
        )
    return text


def class_prefix(component: str, suffix: str = "") -> str:
    """Return the first part of the names of a component's classes, `WideTextcnn` for `wide_textcnn`.

    Args:
        component: The component's name.
        suffix: A last word to leave out, since the names of the classes end with it: `head` of `attention_head`.
    """
    *words, last = re.split(r"[-_]", component)
    return "".join(word.capitalize() for word in (words if words and last == suffix else [*words, last]))

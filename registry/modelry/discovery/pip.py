"""Pip commands in messages, safe to copy into a shell.

A requirement may come from a stranger, such as a name in a preset. It becomes part of a command only if it consists of
the characters of a requirement, none of which means anything to a shell inside quotes.
"""

from __future__ import annotations

import re
import shlex

_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*"
    r"(\[[A-Za-z0-9][A-Za-z0-9._, -]*\])?"
    r"( *[=~!<>]{1,3} *[A-Za-z0-9][A-Za-z0-9.*+!_-]*(, *[=~!<>]{1,3} *[A-Za-z0-9][A-Za-z0-9.*+!_-]*)*)?"
)
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+(?:==[A-Za-z0-9_.-]+)?")


def is_requirement(text: str) -> bool:
    """Return whether `text` is a distribution's name with optional extras and versions, and nothing else.

    Markers and addresses, which pip would accept, are not.
    """
    return _REQUIREMENT.fullmatch(text) is not None


def pip_install(*requirements: str) -> str:
    """Return the command that installs `requirements`, each quoted where a shell would misread it."""
    return f"pip install {' '.join(map(_quoted, requirements))}"


def pip_upgrade(*distributions: str) -> str:
    """Return the command that installs the newest versions of `distributions`."""
    return f"pip install --upgrade {' '.join(map(_quoted, distributions))}"


def install_advice(requirement: str) -> str:
    """Return a sentence with the command that installs an untrusted requirement, or why there is none."""
    if is_requirement(requirement):
        return f"Run: {pip_install(requirement)}"
    return f"{requirement!r:.200} is not the name of a distribution, so there is no command to install it."


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    # Double quotes, which the shells of Windows know too; an exclamation mark means something to bash inside them.
    return f'"{text}"' if is_requirement(text) and "!" not in text else shlex.quote(text)

"""The pip commands that messages show, for users to copy into a shell: nothing in one may be more than a requirement.

What is to be installed may be a stranger's word, such as a name in a preset. So it is shown as a command only if it is
made of a requirement's characters, none of which means anything to a shell inside quotes.
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
    """Return whether `text` names a distribution, with extras and versions if any, and says nothing else.

    Markers and addresses, which pip would understand as well, are none of it.
    """
    return _REQUIREMENT.fullmatch(text) is not None


def pip_install(*requirements: str) -> str:
    """Return the command that installs `requirements`, each quoted where a shell would misread it."""
    return f"pip install {' '.join(map(_quoted, requirements))}"


def pip_upgrade(*distributions: str) -> str:
    """Return the command that installs the newest versions of `distributions`."""
    return f"pip install --upgrade {' '.join(map(_quoted, distributions))}"


def pip_reinstall(requirement: str) -> str:
    """Return the command that installs what is there already once more, and nothing else."""
    return f"pip install --force-reinstall --no-deps {_quoted(requirement)}"


def install_advice(requirement: str) -> str:
    """Return the sentence that says how to install what somebody names who need not be trusted."""
    if is_requirement(requirement):
        return f"Run: {pip_install(requirement)}"
    return f"{requirement!r:.200} is no name of a distribution, so there is no command to install it."


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    # Double quotes, which the shells of Windows know too; an exclamation mark means something to bash inside them.
    return f'"{text}"' if is_requirement(text) and "!" not in text else shlex.quote(text)

"""The pip commands that messages show."""

from __future__ import annotations


def pip_install(requirement: str) -> str:
    """Return the command that installs `requirement`, quoted where a shell would misread it."""
    plain = all(character.isalnum() or character in "-_.=" for character in requirement)
    return f"pip install {requirement}" if plain else f'pip install "{requirement}"'


def pip_upgrade(distribution: str) -> str:
    """Return the command that installs the newest version of `distribution`."""
    return f"pip install --upgrade {distribution}"

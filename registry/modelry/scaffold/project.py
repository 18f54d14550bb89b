"""What is decided about a new plugin before its files are written."""

from __future__ import annotations

import datetime
import json
import re

import attrs

from modelry.errors import InputError, did_you_mean
from modelry.scaffold import names
from modelry.scaffold.kinds import KINDS, Kind

BACKENDS = ("jax", "torch", "tensorflow")
LICENCES = ("Apache-2.0", "MIT")

_AUTHOR = re.compile(r"(?P<name>[^<>\x00-\x1f]*[^<>\s])(\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>)?")


@attrs.frozen
class Project:
    """A new plugin: see `plan` for its attributes."""

    name: str
    kind: Kind
    component: str
    author: str
    email: str | None
    licence: str
    backend: str
    modelry: str
    year: int

    @property
    def package(self) -> str:
        """The name of the Python package."""
        return names.package_name(self.name)

    def values(self) -> dict[str, str]:
        """Return what the templates' placeholders stand for."""
        dependencies = [f"modelry{self.modelry}", *self._bert("dependency"), *self.kind.needs]
        tests = [f"modelry[{self.backend},testing]", *self._bert("test")]
        author = {"name": self.author} | ({"email": self.email} if self.email else {})
        prefix = names.class_prefix(self.component, self.kind.name)
        return {
            "name": self.name,
            "package": self.package,
            "component": self.component,
            "Class": prefix,
            "CONSTANT": self.component.replace("-", "_").upper(),
            "prefix": self.component.replace("-", "_"),
            "description": self.kind.description,
            "author": self.author,
            "author_table": f"{{ {', '.join(f'{key} = {_toml(value)}' for key, value in author.items())} }}",
            "licence": self.licence,
            "year": str(self.year),
            "backend": self.backend,
            "dependencies": ", ".join(map(_toml, dependencies)),
            "test_dependencies": ", ".join(map(_toml, tests)),
        }

    def _bert(self, use: str) -> list[str]:
        # It is released together with modelry, under the same number.
        return [f"modelry-bert{self.modelry}"] if self.kind.needs_bert == use else []


def plan(
    name: str,
    kind: str,
    author: str,
    component: str | None = None,
    licence: str = LICENCES[0],
    backend: str = BACKENDS[0],
) -> Project:
    """Decide about a new plugin.

    Args:
        name: The name of its distribution, `acme-textcnn`.
        kind: One of `KINDS`.
        author: `A. Author <a@example.org>`, or the name alone.
        component: The short name under which it is registered; `None` to derive it from `name`.
        licence: One of `LICENCES`.
        backend: What runs Keras in its tests, one of `BACKENDS`.

    Raises:
        InputError: One of them is not valid.
    """
    chosen = KINDS[choice("kind", kind, tuple(KINDS))]
    name = names.distribution_name(name)
    if component is None:
        component = names.default_component(name, chosen.separators[0])
    matched = _AUTHOR.fullmatch(author.strip())
    if matched is None:
        raise InputError(f"{author!r} names no author. Write 'A. Author <a@example.org>', or the name alone.")
    return Project(
        name=name,
        kind=chosen,
        component=names.check_component(component, chosen.separators),
        author=matched["name"].strip(),
        email=matched["email"],
        licence=choice("licence", licence, LICENCES),
        backend=choice("backend", backend, BACKENDS),
        modelry=supported_versions(_installed_version()),
        year=datetime.datetime.now(tz=datetime.UTC).year,
    )


def choice(what: str, given: str, known: tuple[str, ...]) -> str:
    """Return the one of `known` that was given, in its own case.

    Raises:
        InputError: It is none of them.
    """
    for name in known:
        if name.lower() == given.lower():
            return name
    raise InputError(f"{given!r} is no {what}.{did_you_mean(given, known)} There are {', '.join(known)}.")


def supported_versions(version: str) -> str:
    """Return the versions of modelry that a plugin written for `version` works with, `>=0.1,<0.2` for 0.1.3."""
    from packaging.version import Version

    from modelry.discovery.entry import next_breaking

    parsed = Version(version)
    lowest = version if parsed.is_prerelease else f"{parsed.major}.{parsed.minor}"
    return f">={lowest},<{next_breaking(parsed)}"


def _installed_version() -> str:
    from modelry._version import UNINSTALLED, version

    if version == UNINSTALLED:
        raise InputError(
            "modelry runs from a source tree that is not installed, so nobody knows for which version the plugin is. "
            "Run `pip install -e .` in that tree."
        )
    return version


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a basic string of TOML

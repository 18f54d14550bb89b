"""Kinds and properties of a new plugin, checked before its files are written."""

from __future__ import annotations

import datetime
import json
import re

import attrs

from modelry.discovery.entry import noun
from modelry.discovery.registry import registry
from modelry.errors import InputError, did_you_mean
from modelry.scaffold import names

BACKENDS = ("jax", "torch", "tensorflow")
LICENCES = ("Apache-2.0", "MIT")

_AUTHOR = re.compile(r"(?P<name>[^<>\x00-\x1f]*[^<>\s])(\s*<(?P<email>[^<>@\s]+@[^<>@\s]+)>)?")


TASK_IMPORTS = frozenset(("Any", "Backbone", "Inputs", "Sequence", "Targets", "Task", "TokenTargets", "WordReader"))
"""The names that the module of a new task imports."""


@attrs.frozen
class Kind:
    """A kind of plugin.

    Attributes:
        name: The word users write.
        summary: Its components, in a few words.
        description: The description of a new package of this kind, a sentence.
        registers: The kinds of components that it registers under the component's name; none if it has only presets.
        separator: The character between the words of the component's name.
        needs_bert: The use it has for modelry-bert: `"dependency"`, `"test"` for its tests alone, or `""`.
        needs: Its other dependencies besides modelry.
    """

    name: str
    summary: str
    description: str
    registers: tuple[str, ...]
    separator: str = "_"
    needs_bert: str = ""
    needs: tuple[str, ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "architecture",
            "a model of your own: backbone, tokenizer, classifier, and a converter of transformers checkpoints",
            "A text encoder for modelry, with its tokenizer, classifier and converter.",
            ("backbones", "checkpoints"),
            needs=("keras>=3.15.1",),
        ),
        Kind(
            "task",
            "a task of your own, such as one label per word, on any text encoder",
            "A task for modelry: one label per word, on any text encoder.",
            ("task_specs",),
            needs_bert="test",
            needs=("keras>=3.15.1", "numpy>=1.26"),
        ),
        Kind(
            "head",
            "a classification head that fits any backbone",
            "A classification head for modelry that fits any backbone.",
            ("heads",),
            needs_bert="test",
            needs=("keras>=3.15.1",),
        ),
        Kind(
            "storage",
            "a URI scheme, for presets that lie in a store of yours",
            "A URI scheme for modelry: presets from a store of one's own.",
            ("storage",),
            separator="-",
            needs_bert="test",
            needs=("fsspec>=2026.9.0", "platformdirs>=4.0"),
        ),
        Kind(
            "presets",
            "a trained model in a wheel, loaded by its name",
            "A trained text classifier for modelry, loaded by its name.",
            (),
            needs_bert="dependency",
        ),
    )
}


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
        """Return the values of the templates' placeholders."""
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
        # modelry-bert is released together with modelry, under the same number.
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
        backend: The backend of its tests, one of `BACKENDS`.

    Raises:
        InputError: An argument is not valid.
    """
    chosen = KINDS[choice("kind", kind, tuple(KINDS))]
    name = names.distribution_name(name)
    if component is None:
        component = names.default_component(name, chosen.separator)
    prefix = names.class_prefix(component, chosen.name)
    if chosen.name == "task" and prefix in TASK_IMPORTS:
        raise InputError(
            f"The class of the task {component!r} would be {prefix}, which is also the name of a class that it uses. "
            "Pass another with --component."
        )
    matched = _AUTHOR.fullmatch(author.strip())
    if matched is None:
        raise InputError(f"{author!r} is not an author. Write 'A. Author <a@example.org>', or the name alone.")
    return Project(
        name=name,
        kind=chosen,
        component=names.check_component(component, chosen.separator),
        author=matched["name"].strip(),
        email=matched["email"],
        licence=choice("licence", licence, LICENCES),
        backend=choice("backend", backend, BACKENDS),
        modelry=supported_versions(_installed_version()),
        year=datetime.datetime.now(tz=datetime.UTC).year,
    )


def owners(project: Project) -> list[str]:
    """Return the installed components that have the name of a project's component, such as `a head of acme-gates`."""
    kinds, name = project.kind.registers, project.component
    if not kinds:
        preset = registry.presets().get(name)
        return [] if preset is None else [f"the preset {preset.reference}"]
    return [
        f"a {noun(kind)} of {entry.distribution}"
        for kind in kinds
        for entry in registry.entries(kind)
        if entry.name == name
    ]


def choice(what: str, given: str, known: tuple[str, ...]) -> str:
    """Return the one of `known` that equals `given` when case is ignored.

    Raises:
        InputError: None does.
    """
    for name in known:
        if name.lower() == given.lower():
            return name
    raise InputError(f"{given!r} is not a {what}.{did_you_mean(given, known)} There are {', '.join(known)}.")


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
            "modelry runs from a source tree that is not installed, so the version that the plugin needs is unknown. "
            "Run `pip install -e .` in that tree."
        )
    return version


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a basic string of TOML

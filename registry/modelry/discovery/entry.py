"""Entries of the registry: kinds, names, and the check that their distribution was made for this modelry.

A name is short, `bert`, or qualified by the distribution that registers it, `modelry-bert:bert`.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import attrs

from modelry._lazy import resolve
from modelry.discovery.pip import pip_install, pip_upgrade
from modelry.errors import BrokenPlugin, IncompatiblePlugin, InputError, did_you_mean

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.version import Version

MODEL_KINDS = ("backbones", "tokenizers", "preprocessors", "heads", "tasks")
"""Kinds that models are built of; their classes are reachable as `modelry.models.X`."""

TASK_SPECS = "task_specs"
"""The kind that describes tasks without Keras."""

BASES = {
    "backbones": "modelry.backbones.backbone:Backbone",
    "tokenizers": "modelry.tokenizers.tokenizer:Tokenizer",
    "preprocessors": "modelry.preprocessing.preprocessor:Preprocessor",
    "heads": "modelry.tasks.base.head:Head",
    "tasks": "modelry.tasks.base.task:Task",
    TASK_SPECS: "modelry.presets.task_spec:TaskSpec",
    "checkpoints": "modelry.checkpoints.checkpoint:Checkpoint",
    "storage": "modelry.storage.handler:Storage",
}
"""The base class of each kind."""

KINDS = tuple(BASES)
"""Every kind of component; the entry-point group of a kind is `modelry.<kind>`."""

PLUGIN, POLICIES, OBSERVERS = "plugin", "policies", "observers"
HOOK_GROUPS = (PLUGIN, POLICIES, OBSERVERS)
"""Groups of hook modules: scanned like kinds of component, but not components."""

PREFIX = "modelry."
CORE = "modelry"
RUNTIME = "runtime"
"""Stands for the distribution of a component that was registered by a call."""

_NOUNS = {TASK_SPECS: "task", "storage": "storage handler", **dict.fromkeys(HOOK_GROUPS, "hook module")}
_NAME = re.compile(r"[\w.-]+")


def is_name(text: str) -> bool:
    """Return whether `text` can be the short name of a component."""
    return _NAME.fullmatch(text) is not None


def normalise(distribution: str) -> str:
    """Return a distribution's name in its normalised spelling, PEP 503."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def split(name: str) -> tuple[str | None, str]:
    """Split `name` into its distribution, None where it is not qualified, and its short name."""
    distribution, colon, short = name.partition(":")
    return (normalise(distribution), short) if colon else (None, name)


def noun(kind: str) -> str:
    """Return the word for one component of `kind`: `backbone` for `backbones`."""
    return _NOUNS.get(kind) or kind.removesuffix("s")


def check_kind(kind: str) -> None:
    """Raise InputError unless `kind` is one of `KINDS`."""
    if kind not in KINDS:
        near = did_you_mean(kind, KINDS)
        raise InputError(f"{kind!r} is not a kind of component.{near} The kinds are {', '.join(KINDS)}.")


def check_name(name: str) -> None:
    """Raise InputError unless `name` is a short name."""
    if not is_name(name):
        raise InputError(f"{name!r} cannot name a component: use letters, digits, '.', '_' and '-' only.")


API = 1
"""Number of the plugin API: rises when hooks are added or change. Hook modules and tasks state theirs as `API`."""

OLDEST_API = 1
"""The oldest API that still works."""


@attrs.frozen
class Entry:
    """A row of the index, made from metadata alone; `load` imports its target.

    Attributes:
        kind: One of `KINDS`, or of `HOOK_GROUPS` for a hook module.
        name: The short name, `bert`.
        target: `module:Class`, also for a component registered by a call.
        distribution: The distribution that registers it, PEP 503 spelling, or `runtime`.
        version: The version of that distribution, empty if it states none.
        problem: The error in the declaration itself, or None.
        obj: The registered object, for a component registered by a call.
    """

    kind: str
    name: str
    target: str
    distribution: str
    version: str = ""
    problem: str | None = None
    obj: object = attrs.field(default=None, repr=False)

    @property
    def qualified(self) -> str:
        """The name nobody else can take: `modelry-bert:bert`."""
        return f"{self.distribution}:{self.name}"

    @property
    def attribute(self) -> str:
        """The class name inside the target."""
        return self.target.partition(":")[2]

    @property
    def owner(self) -> str:
        """The distribution with its version, as messages show it."""
        return f"{self.distribution} {self.version}".rstrip()

    def load(self) -> object:
        """Import the target and return it.

        Raises:
            BrokenPlugin: The declaration is malformed, or importing the target fails in any way.
            IncompatiblePlugin: The distribution, or a task, was made for another modelry.
        """
        if self.distribution == RUNTIME:
            return self.obj
        if self.problem is not None:
            raise BrokenPlugin(
                f"{self.declaration}, but {self.problem}. Tell its author, or remove {self.distribution}."
            )
        misfit = incompatibility(self.distribution, self.version)
        if misfit is not None:
            raise IncompatiblePlugin(f"{self.declaration}, but {self.distribution} {misfit}")
        try:
            found = resolve(self.target)
        except KeyboardInterrupt:
            raise
        # Not only Exception: a module may call sys.exit, and a panic inside a Rust extension is a bare BaseException.
        except BaseException as cause:
            what = f"importing {self.target!r} fails with {type(cause).__name__}: {cause}"
            raise BrokenPlugin(f"{self.declaration}, but {what}. {self._advice(cause)}") from cause
        if self.kind == TASK_SPECS:
            check_api(self, found)
        return found

    @property
    def declaration(self) -> str:
        """The beginning of messages about it: `acme 1.0 registers the backbone 'cnn'`."""
        article = "a" if self.kind in HOOK_GROUPS else "the"
        return f"{self.owner} registers {article} {noun(self.kind)} {self.name!r}"

    def _advice(self, cause: BaseException) -> str:
        package = self.target.partition(":")[0].partition(".")[0]
        if isinstance(cause, ImportError) and cause.name and cause.name.partition(".")[0] == CORE:
            return f"It was made for another version of {CORE}. Run: {pip_upgrade(CORE, self.distribution)}"
        if isinstance(cause, ModuleNotFoundError) and cause.name == package:
            return f"If {self.distribution} was installed while Python ran, restart Python; otherwise reinstall it."
        if isinstance(cause, ModuleNotFoundError) and cause.name and not cause.name.startswith(f"{package}."):
            missing = cause.name.partition(".")[0]
            return f"Install its dependency {missing}, or reinstall it: {pip_upgrade(self.distribution)}"
        return f"Try another version of it: {pip_upgrade(self.distribution)}"


def check_api(entry: Entry, found: object) -> None:
    """Check that a hook module or a task was written for an API of this modelry; without `API` it is the first.

    Raises:
        BrokenPlugin: Its `API` is not an int.
        IncompatiblePlugin: It was written for an older or a newer API.
    """
    number = getattr(found, "API", 1)
    if not isinstance(number, int) or isinstance(number, bool):
        raise BrokenPlugin(
            f"{entry.declaration}, but its API must be an int, the number of the plugin API that it was written for, "
            f"not {number!r}. Tell its author, or remove {entry.distribution}."
        )
    if OLDEST_API <= number <= API:
        return
    from modelry._version import UNINSTALLED, version  # it imports importlib.metadata, which discovery avoids

    this = CORE if version == UNINSTALLED else f"{CORE} {version}"
    text = f"{entry.owner} is written for plugin API {number}, and this {this} has API {API}"
    if number < OLDEST_API:
        text += f" and reads those from {OLDEST_API} on. Run: {pip_upgrade(entry.distribution)}"
        raise IncompatiblePlugin(text)
    needed = needed_modelry(entry.distribution)
    # A range that includes this version cannot be the reason, and installing it would change nothing.
    if needed is None or needed.specifier.contains(version, prereleases=True):
        raise IncompatiblePlugin(f"{text}. Run: {pip_upgrade(CORE)}")
    what = f"{CORE}{needed.specifier}"
    raise IncompatiblePlugin(f"{text}. It needs {what}. Run: {pip_install(what)}")


def needed_modelry(distribution: str) -> Requirement | None:
    """Return the requirement on modelry that an installed distribution declares; `None` if it declares none."""
    from importlib import metadata

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        lines = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return None
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # pip reports it
            continue
        # A requirement of an extra is not one of the distribution.
        if normalise(requirement.name) == CORE and (requirement.marker is None or requirement.marker.evaluate()):
            return requirement
    return None


@functools.cache
def incompatibility(distribution: str, distribution_version: str) -> str | None:
    """Return why a distribution does not work with this modelry, with the pip command that helps.

    The answer is kept for each version of a distribution.

    Returns:
        `"needs modelry>=2, and this is modelry 0.1.0. Run: …"`; `None` if it accepts this modelry or does not say, and
        if this modelry is a source tree that is not installed.
    """
    if distribution == CORE:
        return None
    from modelry._version import UNINSTALLED, version

    if version == UNINSTALLED:
        return None
    needed = needed_modelry(distribution)
    if needed is None or needed.specifier.contains(version, prereleases=True):
        return None
    upgrade = pip_install(f"{CORE}{needed.specifier}") if _is_below(needed) else pip_upgrade(distribution)
    return f"needs {CORE}{needed.specifier}, and this is {CORE} {version}. Run: {upgrade}"


def _is_below(needed: Requirement) -> bool:
    """Return whether this modelry is older than the required range, rather than newer."""
    from packaging.version import Version

    from modelry._version import version

    wrong = [one for one in needed.specifier if not one.contains(version, prereleases=True)]
    return any(
        one.operator in (">=", ">", "~=", "==") and Version(one.version.removesuffix(".*")) >= Version(version)
        for one in wrong
    )


def next_breaking(installed: Version) -> str:
    """Return the first version that may be incompatible: the next minor one before 1.0, else the next major one."""
    return f"0.{installed.minor + 1}" if installed.major == 0 else str(installed.major + 1)

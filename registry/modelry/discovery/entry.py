"""One registered component: what it is called, where it lies and who brought it."""

from __future__ import annotations

import attrs

from modelry._lazy import resolve
from modelry.discovery.names import CORE, HOOK_GROUPS, RUNTIME, noun
from modelry.discovery.pip import pip_upgrade
from modelry.errors import BrokenPlugin, IncompatiblePlugin


@attrs.frozen
class Entry:
    """A row of the index. It is made from metadata alone; `load` imports what it stands for.

    Attributes:
        kind: One of `names.KINDS`, or of `names.HOOK_GROUPS` for a hook module.
        name: The short name, `bert`.
        target: `module:Class`, also for a component registered at run time.
        distribution: The distribution that registers it, PEP 503 spelling, or `runtime`.
        version: The version of that distribution, empty where it states none.
        problem: What is wrong with the declaration itself, or None.
        obj: What was registered, for a component registered at run time.
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
            BrokenPlugin: The declaration is malformed, or importing the target fails, in whatever way.
            IncompatiblePlugin: The distribution says that it was made for another modelry.
        """
        if self.distribution == RUNTIME:
            return self.obj
        if self.problem is not None:
            raise BrokenPlugin(f"{self._says} {self.problem}. Tell its author, or remove {self.distribution}.")
        self._check_compatible()
        try:
            return resolve(self.target)
        except KeyboardInterrupt:
            raise
        # Not only Exception: a module may call sys.exit, and a panic inside a Rust extension is a bare BaseException.
        except BaseException as cause:
            what = f"importing {self.target!r} fails with {type(cause).__name__}: {cause}"
            raise BrokenPlugin(f"{self._says} {what}. {self._advice(cause)}") from cause

    def _check_compatible(self) -> None:
        if self.distribution == CORE:
            return
        from modelry.discovery.compatibility import refusal  # it reads metadata, which only loading needs

        problem = refusal(self.distribution, self.version)
        if problem is not None:
            raise IncompatiblePlugin(f"{self._says} {self.distribution} {problem}")

    @property
    def _says(self) -> str:
        what = f"{'a' if self.kind in HOOK_GROUPS else 'the'} {noun(self.kind)}"
        return f"{self.owner} registers {what} {self.name!r}, but"

    def _advice(self, cause: BaseException) -> str:
        package = self.target.partition(":")[0].partition(".")[0]
        if isinstance(cause, ImportError) and cause.name and cause.name.partition(".")[0] == CORE:
            return f"It was made for another version of {CORE}. Run: {pip_upgrade(CORE, self.distribution)}"
        if isinstance(cause, ModuleNotFoundError) and cause.name == package:
            return f"If {self.distribution} was installed while Python ran, restart Python; otherwise reinstall it."
        if isinstance(cause, ModuleNotFoundError) and cause.name and not cause.name.startswith(f"{package}."):
            missing = cause.name.partition(".")[0]
            return f"Install what it needs ({missing}), or reinstall it: {pip_upgrade(self.distribution)}"
        return f"Try another version of it: {pip_upgrade(self.distribution)}"

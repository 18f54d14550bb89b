"""What is wrong with a registered target that was imported, or could not be, and what helps."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from modelry.discovery.findings import BROKEN, INCOMPATIBLE, NOTE, Finding
from modelry.discovery.names import PREFIX, normalise, noun
from modelry.discovery.pip import pip_install, pip_upgrade
from modelry.errors import IncompatiblePlugin, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelry.discovery.entry import Entry
    from modelry.discovery.hook_group import Failure


def import_failure(entry: Entry, error: BaseException) -> Finding:
    """Return the finding on a target whose import raised `error`."""
    problem = f"importing {entry.target!r} fails with {type(error).__name__}: {error}".rstrip(": ")
    return Finding(BROKEN, problem, _advice(entry, error))


def missing_attribute(entry: Entry, name: str, owner: Any) -> Finding:
    """Return the finding on a module, or a class in it, without what the entry point names."""
    where = getattr(owner, "__name__", repr(owner))
    return Finding(BROKEN, f"{where} has no {name!r}.{did_you_mean(name, dir(owner))}".rstrip("."), _correct(entry))


def wrong_class(entry: Entry, found: Any, contract: type, lacks: Sequence[str] = ()) -> Finding:
    """Return the finding on something that is not what its entry-point group holds."""
    if lacks:
        problem = f"{entry.target!r} leaves out what every {noun(entry.kind)} must have: {', '.join(lacks)}"
        return Finding(BROKEN, problem, f"Define it; {_path(contract)} says how. {_tell(entry)}")
    kind = "class" if isinstance(found, type) else type(found).__name__
    problem = f"{entry.target!r} is a {kind}, and no subclass of {_path(contract)}, as a {noun(entry.kind)} must be"
    return Finding(BROKEN, problem, _correct(entry))


def wrong_hooks(entry: Entry, failures: Sequence[Failure]) -> Finding | None:
    """Return the finding on a hook module whose hooks fail, or None where none does."""
    texts = [f"{failure.doing} fails with {type(failure.error).__name__}: {failure.error}" for failure in failures]
    for failure in failures:
        if isinstance(failure.error, IncompatiblePlugin):
            problem, _, command = str(failure.error).rpartition(" Run: ")
            return Finding(INCOMPATIBLE, problem, f"Run: {command}")
    return Finding(BROKEN, "; ".join(texts), f"Correct {entry.target!r}. {_tell(entry)}") if texts else None


def no_start(entry: Entry, failure: str) -> Finding:
    """Return the finding on a target that could not be tried, because what it builds on cannot be imported."""
    problem = f"it cannot be imported, because importing Keras and modelry already fails: {failure}"
    advice = "" if "Run: " in failure else 'Run: pip install --upgrade "modelry[jax]" (or [torch], or [tensorflow]).'
    return Finding(BROKEN, problem.rstrip("."), advice or "Do what it says, and look again.")


def process_ended(entry: Entry, how: str) -> Finding:
    """Return the finding on a target whose import ends the process."""
    advice = f"Try another version of it, or of what it is compiled against: {pip_upgrade(entry.distribution)}"
    return Finding(
        BROKEN, f"importing {entry.target!r} {how}".replace(" is killed", " crashes: Python is killed"), advice
    )


def took_too_long(entry: Entry, timeout: float) -> Finding:
    """Return the finding on a target whose import does not come to an end."""
    problem = f"importing {entry.target!r} timed out after {timeout:g} s"
    return Finding(BROKEN, problem, f"Give it more with --timeout; if it never ends, {_tell(entry)[3:]}")


def drags_in(entry: Entry, heavy: Sequence[str]) -> Finding:
    """Return the note on a target that imports what costs seconds where nobody may need it."""
    problem = f"imports {', '.join(heavy)} at discovery"
    where = entry.target.partition(":")[0]
    advice = f"Import it inside the functions of {where} that need it, and keep it out of the package's __init__.py."
    return Finding(NOTE, problem, f"{advice} {_tell(entry)}")


def _advice(entry: Entry, error: BaseException) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None:
        return f"Try another version of it: {pip_upgrade(entry.distribution)}. {_tell(entry)}"
    module = entry.target.partition(":")[0]
    if module == missing or module.startswith(f"{missing}."):
        return _correct(entry)
    package = missing.partition(".")[0]
    if package == module.partition(".")[0]:
        return f"Reinstall it: pip install --force-reinstall {entry.distribution}. {_tell(entry)}"
    return _install(entry.distribution, package)


def _install(distribution: str, module: str) -> str:
    """Return what brings a module that a distribution imports and that is not installed."""
    absent = [found for found in _requirements(distribution) if not _is_installed(found.name)]
    named = [found for found in absent if normalise(found.name) == normalise(module)]
    # A module need not be called as its distribution is; where only one is missing it must be the one.
    candidates = named or (absent if len(absent) == 1 else [])
    extras = [extra for extra in _extras(distribution) if any(_belongs(found, extra) for found in candidates or absent)]
    if extras:
        whole = pip_install(f"{distribution}[{','.join(extras[: 1 if candidates else None])}]")
        return f"Run: {whole}" if candidates else f"One of its extras may bring it: {whole}"
    if candidates:
        return f"Run: {pip_install(f'{candidates[0].name}{candidates[0].specifier}')}"
    return f"Install what provides {module}. {distribution} does not say that it needs it: tell its author."


def _requirements(distribution: str) -> list[Requirement]:
    found = []
    for line in metadata.requires(distribution) or ():
        try:
            found.append(Requirement(line))
        except InvalidRequirement:  # pip's to complain of
            continue
    return found


def _extras(distribution: str) -> list[str]:
    return metadata.metadata(distribution).get_all("Provides-Extra") or []


def _belongs(requirement: Requirement, extra: str) -> bool:
    """Return whether a distribution has a requirement only with this extra."""
    marker = requirement.marker
    return marker is not None and not marker.evaluate({"extra": ""}) and marker.evaluate({"extra": extra})


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _correct(entry: Entry) -> str:
    return f"Correct the entry point {entry.name!r} of the group {PREFIX}{entry.kind}. {_tell(entry)}"


def _tell(entry: Entry) -> str:
    return f"If {entry.distribution} is not yours, tell its author."


def _path(contract: type) -> str:
    return f"{contract.__module__}.{contract.__qualname__}"

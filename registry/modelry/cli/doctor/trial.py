"""Trial imports of registered targets, in processes of their own, so that a crash or a hang ends no other process.

A distribution gets one process with Keras for its models, and one without for everything that must do without. A
process that ends early is followed by another for the remaining targets.
"""

from __future__ import annotations

import faulthandler
import importlib
import inspect
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement

from modelry._backend import require_backend
from modelry._lazy import resolve
from modelry.cli.doctor.survey import BROKEN, INCOMPATIBLE, NOTE, Component, Finding
from modelry.discovery.entry import (
    BASES,
    HOOK_GROUPS,
    MODEL_KINDS,
    PREFIX,
    TASK_SPECS,
    Entry,
    check_api,
    normalise,
    noun,
)
from modelry.discovery.hooks import Hooks
from modelry.discovery.pip import pip_install, pip_upgrade
from modelry.errors import IncompatiblePlugin, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from modelry.discovery.hooks import Failure

START_SECONDS = 300.0
"""Limit for the import of Keras and its backend, which is not the plugin's time."""

HEAVY = ("keras", "jax", "torch", "tensorflow")

_BOOT = "import sys; sys.path[:], sys.argv[1:] = sys.argv[1:], []; from modelry.cli.doctor.trial import main; main()"
_FIELDS = ("kind", "name", "target", "distribution", "version")


def try_out(components: Iterable[Component], timeout: float, tell: Callable[[str], None]) -> tuple[Component, ...]:
    """Import each importable component, and return all of them with the result.

    Args:
        components: The components.
        timeout: Seconds for each import.
        tell: Called with the state of progress.
    """
    components = tuple(components)
    entries = sorted((component.entry for component in components if component.importable), key=_process)
    results: dict[Entry, tuple[float | None, list[Finding]]] = {}
    for (_, keras), group in itertools.groupby(entries, key=_process):
        left = list(group)
        while left:
            tell(f"Importing {left[0].owner} {'with' if keras else 'without'} Keras")
            found = _run(left, keras, timeout)
            results |= zip(left, found, strict=False)
            left = left[len(found) :]
    return tuple(_with(component, *results.get(component.entry, (None, []))) for component in components)


def _with(component: Component, seconds: float | None, findings: Iterable[Finding]) -> Component:
    if not component.importable:  # a hidden copy may have an equal entry
        return component
    return attrs.evolve(component, seconds=seconds, findings=(*component.findings, *findings))


def _process(entry: Entry) -> tuple[str, bool]:
    """Return the key of the process that imports an entry."""
    return entry.distribution, entry.kind in MODEL_KINDS


def _run(entries: Sequence[Entry], keras: bool, timeout: float) -> list[tuple[float | None, list[Finding]]]:
    """Return the results of one process, (seconds, findings) each: of all entries, or of those up to its early end."""
    fields = [{name: getattr(entry, name) for name in _FIELDS} for entry in entries]
    job = json.dumps({"keras": keras, "timeout": timeout, "entries": fields})
    command = [sys.executable, "-c", _BOOT, *(place for place in sys.path if isinstance(place, str))]
    # Files rather than pipes: a process that the plugin has forked may hold the other end of a pipe for good.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        limit = START_SECONDS + timeout * len(entries) + 60  # the process itself should end first
        try:
            done = subprocess.run(command, input=job.encode(), stdout=output, stderr=errors, timeout=limit, check=False)
            end = _end(done.returncode, errors)
        except subprocess.TimeoutExpired:
            end = None
        output.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
    reports = [json.loads(line) for line in itertools.takewhile(lambda line: line.startswith("{"), lines)]
    if len(reports) < len(lines):  # the dump of the watchdog
        end = None
    failure = reports.pop(0)["failure"] if reports else end or f"it takes longer than {START_SECONDS:.0f} s"
    if failure is not None:
        return [(None, [_no_start(failure)]) for _ in entries]
    results = [(report["seconds"], [Finding(**one) for one in report["findings"]]) for report in reports]
    if len(results) < len(entries) and not (reports and reports[-1]["last"]):
        entry = entries[len(results)]
        results.append((None, [_took_too_long(entry, timeout) if end is None else _process_ended(entry, end)]))
    return results


def _end(status: int, errors: Any) -> str:
    """Return how a process ended, and its last line."""
    how = f"is killed by {_signal(-status)}" if status < 0 else f"ends with exit status {status}"
    errors.seek(0)
    said = errors.read()[-4096:].decode(errors="replace").strip().splitlines()
    return f"{how} ({said[-1].strip():.200})" if said else how


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main() -> None:
    """Import the targets of the job on standard input, and report each by a JSON line on standard output.

    A watchdog ends the process, after it has written more than JSON, if an import takes too long.
    """
    job = json.load(sys.stdin)
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # plugins print to standard error

    def tell(**report: Any) -> None:
        faulthandler.cancel_dump_traceback_later()
        channel.write(json.dumps(report) + "\n")
        channel.flush()

    warnings.simplefilter("ignore")
    faulthandler.dump_traceback_later(START_SECONDS, file=channel, exit=True)
    try:
        _import_contracts({fields["kind"] for fields in job["entries"]})
    except BaseException as error:
        tell(failure=f"{type(error).__name__}: {error}")
        return
    tell(failure=None)
    for fields in job["entries"]:
        faulthandler.dump_traceback_later(job["timeout"], file=channel, exit=True)
        seconds, findings, heavy = _import(Entry(**fields))
        last = bool(heavy) and not job["keras"]  # here nobody could tell whether the next one imports them too
        tell(seconds=seconds, findings=[attrs.asdict(finding) for finding in findings], last=last)
        if last:
            return


def _import_contracts(kinds: set[str]) -> None:
    if not kinds.isdisjoint(MODEL_KINDS):
        require_backend()
        importlib.import_module("modelry.tasks.base.task")
    for kind in kinds & BASES.keys():
        resolve(BASES[kind])


def _import(entry: Entry) -> tuple[float | None, list[Finding], list[str]]:
    """Import a target; return the seconds (None if it failed), the findings, and the heavy libraries it imported."""
    before = {name for name in HEAVY if name in sys.modules}
    findings: list[Finding | None] = []
    seconds = None
    start = time.perf_counter()
    try:
        module = importlib.import_module(entry.target.partition(":")[0])
        seconds = time.perf_counter() - start
        findings.append(_check_hooks(entry) if entry.kind in HOOK_GROUPS else _check_class(entry, module))
    except BaseException as error:  # sys.exit and KeyboardInterrupt too: this process exists to survive them
        findings.append(_import_failure(entry, error))
    heavy = [name for name in HEAVY if name in sys.modules and name not in before]
    if heavy and entry.kind not in MODEL_KINDS:
        findings.append(_heavy(entry, heavy))
    return seconds, [finding for finding in findings if finding], heavy


def _check_class(entry: Entry, found: Any) -> Finding | None:
    for part in entry.attribute.split("."):
        if not hasattr(found, part):
            where = getattr(found, "__name__", repr(found))
            problem = f"{where} has no {part!r}.{did_you_mean(part, dir(found))}".rstrip(".")
            return Finding(BROKEN, problem, _correct(entry))
        found = getattr(found, part)
    contract: Any = resolve(BASES[entry.kind])
    path, what = f"{contract.__module__}.{contract.__qualname__}", noun(entry.kind)
    if not (isinstance(found, type) and issubclass(found, contract)):
        kind = "class" if isinstance(found, type) else type(found).__name__
        problem = f"{entry.target!r} is a {kind}, and not a subclass of {path}, as a {what} must be"
        return Finding(BROKEN, problem, _correct(entry))
    lacks = sorted(getattr(found, "__abstractmethods__", ())) if inspect.isabstract(found) else ()
    if lacks:
        problem = f"{entry.target!r} leaves out what every {what} must have: {', '.join(lacks)}"
        return Finding(BROKEN, problem, f"Define it; see {path}. {_tell_author(entry)}")
    if entry.kind == TASK_SPECS:
        check_api(entry, found)
    return None


def _check_hooks(entry: Entry) -> Finding | None:
    """Ask a hook module what modelry asks when it lists presets and looks for a name."""
    hooks = Hooks((entry,))
    hooks.check()
    hooks.presets()
    hooks.aliases()
    hooks.commands()
    failures: tuple[Failure, ...] = hooks.failures
    for failure in failures:
        if isinstance(failure.error, IncompatiblePlugin):
            return _import_failure(entry, failure.error)
    texts = [f"{failure.doing} fails with {type(failure.error).__name__}: {failure.error}" for failure in failures]
    return Finding(BROKEN, "; ".join(texts), f"Correct {entry.target!r}. {_tell_author(entry)}") if texts else None


def _no_start(failure: str) -> Finding:
    problem = f"it cannot be imported, because importing Keras and modelry already fails: {failure}".rstrip(".")
    advice = "" if "Run: " in failure else 'Run: pip install --upgrade "modelry[jax]" (or [torch], or [tensorflow]).'
    return Finding(BROKEN, problem, advice or "Follow that advice, and run doctor again.")


def _process_ended(entry: Entry, end: str) -> Finding:
    problem = f"importing {entry.target!r} {end}".replace(" is killed", " crashes: Python is killed")
    advice = f"Try another version of it, or of its compiled dependencies: {pip_upgrade(entry.distribution)}"
    return Finding(BROKEN, problem, advice)


def _took_too_long(entry: Entry, timeout: float) -> Finding:
    problem = f"importing {entry.target!r} timed out after {timeout:g} s"
    return Finding(BROKEN, problem, f"Allow more with --timeout. If it never ends: {_tell_author(entry)}")


def _heavy(entry: Entry, heavy: Sequence[str]) -> Finding:
    where = entry.target.partition(":")[0]
    advice = f"Import it inside the functions of {where} that need it, and keep it out of the package's __init__.py."
    return Finding(NOTE, f"imports {', '.join(heavy)} at discovery", f"{advice} {_tell_author(entry)}")


def _import_failure(entry: Entry, error: BaseException) -> Finding:
    if isinstance(error, IncompatiblePlugin):
        problem, _, command = str(error).rpartition(" Run: ")
        return Finding(INCOMPATIBLE, problem, f"Run: {command}")
    problem = f"importing {entry.target!r} fails with {type(error).__name__}: {error}".rstrip(": ")
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    module = entry.target.partition(":")[0]
    if missing is None:
        advice = f"Try another version of it: {pip_upgrade(entry.distribution)}. {_tell_author(entry)}"
    elif module == missing or module.startswith(f"{missing}."):
        advice = _correct(entry)
    elif missing.partition(".")[0] == module.partition(".")[0]:
        advice = f"Reinstall it: pip install --force-reinstall {entry.distribution}. {_tell_author(entry)}"
    else:
        advice = _install(entry.distribution, missing.partition(".")[0])
    return Finding(BROKEN, problem, advice)


def _install(distribution: str, module: str) -> str:
    """Return the command that installs the distribution of a missing module, as far as the metadata tell."""
    absent = [found for found in _requirements(distribution) if not _is_installed(found.name)]
    named = [found for found in absent if normalise(found.name) == normalise(module)]
    # A module may have another name than its distribution; if only one is missing it must be that one.
    candidates = named or (absent if len(absent) == 1 else [])
    extras = metadata.metadata(distribution).get_all("Provides-Extra") or []
    extras = [extra for extra in extras if any(_belongs(found, extra) for found in candidates or absent)]
    if extras:
        whole = pip_install(f"{distribution}[{','.join(extras[: 1 if candidates else None])}]")
        return f"Run: {whole}" if candidates else f"One of its extras may bring it: {whole}"
    if candidates:
        return f"Run: {pip_install(f'{candidates[0].name}{candidates[0].specifier}')}"
    return f"Install the distribution of {module}. {distribution} does not declare that dependency: tell its author."


def _requirements(distribution: str) -> list[Requirement]:
    found = []
    for line in metadata.requires(distribution) or ():
        try:
            found.append(Requirement(line))
        except InvalidRequirement:  # pip reports it
            continue
    return found


def _belongs(requirement: Requirement, extra: str) -> bool:
    """Return whether a requirement is only one of this extra."""
    marker = requirement.marker
    return marker is not None and not marker.evaluate({"extra": ""}) and marker.evaluate({"extra": extra})


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _correct(entry: Entry) -> str:
    return f"Correct the entry point {entry.name!r} of the group {PREFIX}{entry.kind}. {_tell_author(entry)}"


def _tell_author(entry: Entry) -> str:
    return f"If {entry.distribution} is not yours, tell its author."

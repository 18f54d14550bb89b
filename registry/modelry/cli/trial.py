"""Importing what plugins register in processes of their own, so that whatever it does there happens to nobody else.

A distribution gets one process with Keras, for the classes that models are built of, and one without, for what is to be
imported without it. A process that ends, or takes too long, is replaced by another for the targets that are left.
"""

from __future__ import annotations

import itertools
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import attrs

from modelry.cli.diagnosis import drags_in, no_start, process_ended, took_too_long
from modelry.discovery.findings import Finding
from modelry.discovery.names import MODEL_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from modelry.discovery.entry import Entry

START_SECONDS = 300.0  # for Keras and its backend, which is not the plugin's time
_BOOT = "import sys; sys.path[:], sys.argv[1:] = sys.argv[1:], []; from modelry.cli.trial_worker import main; main()"
_FIELDS = ("kind", "name", "target", "distribution", "version")


@attrs.frozen
class Outcome:
    """What became of importing a target.

    Attributes:
        seconds: How long it took; `None` if it did not end well.
        findings: What is wrong with it.
    """

    seconds: float | None
    findings: tuple[Finding, ...]


def try_out(entries: Iterable[Entry], timeout: float, tell: Callable[[str], None]) -> dict[Entry, Outcome]:
    """Import each target in a process of its distribution.

    Args:
        entries: What to import.
        timeout: Seconds for each of them.
        tell: Called with what is being imported.
    """
    outcomes: dict[Entry, Outcome] = {}
    for (_, keras), group in itertools.groupby(sorted(entries, key=_group), key=_group):
        left = list(group)
        while left:
            outcomes.update(_try(left, keras, timeout, tell))
            left = [entry for entry in left if entry not in outcomes]
    return outcomes


def _group(entry: Entry) -> tuple[str, bool]:
    """Return what the targets of one process have in common."""
    return entry.distribution, entry.kind in MODEL_KINDS


def _try(
    entries: Sequence[Entry], keras: bool, timeout: float, tell: Callable[[str], None]
) -> Iterator[tuple[Entry, Outcome]]:
    """Yield the outcomes that one process has, the last of which may be its end."""
    tell(f"Starting Python {'with Keras ' if keras else ''}for {entries[0].distribution}")
    with _Worker(entries, keras) as worker:
        failure = worker.failure()
        if failure is not None:
            yield from ((entry, Outcome(None, (no_start(entry, failure),))) for entry in entries)
            return
        for entry in entries:
            tell(f"Importing {entry.owner}: {entry.target}")
            try:
                report = worker.report(timeout)
            except queue.Empty:
                yield entry, Outcome(None, (took_too_long(entry, timeout),))
                return
            if report is None:
                yield entry, Outcome(None, (process_ended(entry, worker.end()),))
                return
            findings = [Finding(**report["finding"])] if report["finding"] else []
            findings += [drags_in(entry, report["heavy"])] if report["heavy"] and not keras else []
            yield entry, Outcome(report["seconds"], tuple(findings))
            if report["heavy"] and not keras:
                return


class _Worker:
    """A process of `trial_worker`; leaving the context ends it."""

    def __init__(self, entries: Sequence[Entry], keras: bool) -> None:
        path = [place for place in sys.path if isinstance(place, str)]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, *path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        job = {"keras": keras, "entries": [{name: getattr(entry, name) for name in _FIELDS} for entry in entries]}
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._thread = threading.Thread(target=self._pump, args=(json.dumps(job).encode(),), daemon=True)

    def __enter__(self) -> _Worker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join(1)  # a process that the plugin forked may hold the other end for ever
        self._errors.close()

    def failure(self) -> str | None:
        """Wait until the process is ready, and return why it does not become so."""
        try:
            report = self.report(START_SECONDS)
        except queue.Empty:
            return f"it takes longer than {START_SECONDS:.0f} s"
        return self.end() if report is None else report["failure"]

    def report(self, timeout: float) -> Any:
        """Return the next report; None where the process has ended instead.

        Raises:
            queue.Empty: There is none in `timeout` seconds.
        """
        line = self._lines.get(timeout=timeout)
        return json.loads(line) if line.endswith(b"\n") else None

    def end(self) -> str:
        """Return how the process ended, and the last that it said."""
        try:
            status = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # it closed its end and lives on
            return "stops answering"
        how = f"is killed by {_signal(-status)}" if status < 0 else f"ends with exit status {status}"
        self._errors.seek(0)
        said = self._errors.read()[-4096:].decode(errors="replace").strip().splitlines()
        return f"{how} ({said[-1].strip():.200})" if said else how

    def _pump(self, job: bytes) -> None:
        """Hand over the job, and collect the reports; an empty line stands for their end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            with self._process.stdin as stdin:
                stdin.write(job)
        except BrokenPipeError:  # the reports will end at once
            pass
        with self._process.stdout as reports:
            for line in reports:
                self._lines.put(line)
        self._lines.put(b"")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

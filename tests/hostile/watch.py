"""What a process does while a preset is loaded, as Python's audit hooks tell: whatever nobody asked for is noted."""

from __future__ import annotations

import contextlib
import os
import site
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RUNS = {
    *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system"),
    *("pty.spawn", "subprocess.Popen", "pickle.find_class", "cpython.run_command", "code.__new__"),
}
"""What runs something else, or unpickles."""

CHANGES = {
    *("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("shutil.copyfile", "shutil.move", "shutil.rmtree", "shutil.unpack_archive"),
}
"""What changes files, by their paths."""

LISTS = {"os.listdir", "os.scandir"}
READS = {"open", *LISTS}
BAIT = {"antigravity", "evil_module", "turtledemo", "idlelib"}
"""Modules that only a preset of the tests has use for."""

INSTALLED = tuple(
    {
        *(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, *site.getsitepackages())),
        *(os.path.realpath(path) for path in (*sysconfig.get_paths().values(), *sys.path[1:])),
        *("/proc", "/sys", "/dev", "/etc/mime.types", "/usr/share/zoneinfo"),
    }
)

_OF_IMPORTING = "importlib._bootstrap"


class Watch:
    """Notes what happens between `start` and `stop`. There is one for a process: a hook cannot be taken away."""

    def __init__(self) -> None:
        self._watching = False
        self._busy = False
        self._reads: tuple[str, ...] = ()
        self._writes: tuple[str, ...] = ()
        self._addresses: set[tuple[str, int]] = set()
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def over(self, reads: list[str], writes: list[str], addresses: list[list]):
        """Watch what happens inside.

        Args:
            reads: The folders that may be read, beside what is installed.
            writes: The folders that may be changed, and read.
            addresses: The hosts and ports that may be connected to.
        """
        self._writes = tuple(map(os.path.realpath, writes))
        self._reads = (*INSTALLED, *map(os.path.realpath, reads), *self._writes)
        self._addresses = {(host, port) for host, port in addresses}
        self.seen = []
        before = set(sys.modules)
        self._watching = True
        try:
            yield self.seen
        finally:
            self._watching = False
            self.seen += self._strangers(set(sys.modules) - before)
            for name in BAIT:
                sys.modules.pop(name, None)  # so that the next preset that has it imported is seen too

    def _hear(self, event: str, args: tuple) -> None:
        if not self._watching or self._busy:
            return
        self._busy = True  # what is done here is heard as well
        try:
            problem = self._judge(event, args)
            if problem is not None and problem not in self.seen:
                self.seen.append(problem)
        finally:
            self._busy = False

    def _judge(self, event: str, args: tuple) -> str | None:
        if event in RUNS:
            return f"{event} {args[:2]!r:.200}"
        if event == "socket.connect" and isinstance(args[1], tuple) and args[1][:2] not in self._addresses:
            return f"{event} {args[1]!r}"
        if event == "exec":
            return self._foreign_code(args[0])
        if event == "marshal.loads" and not self._importing():
            return event
        if event in CHANGES:
            paths = [one for one in args if isinstance(one, (str, bytes, os.PathLike))]
            return next((f"{event} {path!r}" for path in paths if not _lies_in(path, self._writes)), None)
        if event in LISTS and args[0] in sys.path:
            return None  # Python and modelry do so to find modules and plugins, when something was installed meanwhile
        if event in READS and isinstance(args[0], (str, bytes, os.PathLike)):
            flags = args[2] if event == "open" and isinstance(args[2], int) else 0
            writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            allowed = self._writes if writing and os.fspath(args[0]) not in ("/dev/null", b"/dev/null") else self._reads
            return None if _lies_in(args[0], allowed) else f"{event} {args[0]!r}"
        return None

    def _foreign_code(self, code: object) -> str | None:
        """Judge code that is run: by its file, or if it was generated, by the file of what runs it."""
        name = getattr(code, "co_filename", "")
        if os.path.isabs(name):
            return None if _lies_in(name, INSTALLED) else f"exec of {name}"
        runner = sys._getframe(3).f_code.co_filename
        return None if runner.startswith("<frozen ") or _lies_in(runner, INSTALLED) else f"exec of {name} by {runner}"

    def _importing(self) -> bool:
        frame = sys._getframe(3)
        return frame is not None and frame.f_globals.get("__name__", "").startswith(_OF_IMPORTING)

    def _strangers(self, imported: set[str]):
        for name in sorted(imported):
            file = getattr(sys.modules[name], "__file__", None)
            if name.partition(".")[0] in BAIT or (file is not None and not _lies_in(file, INSTALLED)):
                yield f"import {name}"


def _lies_in(path: object, folders: tuple[str, ...]) -> bool:
    real = os.path.realpath(os.fsdecode(path))
    return any(real == folder or real.startswith(folder.rstrip("/") + "/") for folder in folders)


def contents(folder: Path) -> dict[str, str]:
    """Return the names in a folder, with the start of each file: to see that nothing was changed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()[:64].hex() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }

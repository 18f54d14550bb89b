"""Put a new project's folder in place, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelry._umask import umask
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_target(target: Path) -> None:
    """Check that a project can be written to a folder without touching anything that is there.

    Raises:
        InputError: It holds files, or is no folder.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{str(target)!r} exists and is no folder. Choose another.")
    if target.is_dir() and any(target.iterdir()):
        raise InputError(f"The folder {str(target)!r} is not empty; nothing in it was changed. Choose another.")


def write_project(files: Mapping[str, str], target: Path) -> None:
    """Write a project's files beside `target`, and rename them into place together.

    Raises:
        InputError: `target` holds files, or it cannot be written; nothing is left behind.
    """
    check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise InputError(f"Nothing can be written beside {str(target)!r}: {error}") from error
    try:
        for name, text in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        os.chmod(fresh, 0o777 & ~umask())  # mkdtemp's own mode keeps everybody else out
        if target.is_dir():
            target.rmdir()  # empty, or this fails; not everywhere can a folder be renamed onto another
        os.rename(fresh, target)
    except OSError as error:
        raise InputError(f"Writing {str(target)!r} failed, and nothing of it is left: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)

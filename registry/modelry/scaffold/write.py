"""Files of a new plugin: rendered from templates, and written atomically."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from modelry._atomic import atomic_folder
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from modelry.scaffold.project import Project


SUFFIX = ".template"
"""Suffix that keeps templates from being taken for modules, ignore files and licences of modelry itself."""


def render(project: Project) -> dict[str, str]:
    """Return the files of a new plugin, by their paths in its folder.

    The templates are the common ones, those of the kind, and the licence. `$name` is a placeholder, `$$` a dollar sign,
    and the folder `package` gets the name of the package. Each file in `fragments` is the value of a placeholder in a
    common template.
    """
    templates = resources.files("modelry.scaffold") / "templates"
    kind = templates / project.kind.name
    values = project.values()
    fragments = {
        part.name: Template(part.read_text("utf-8").rstrip("\n")).substitute(values)
        for part in (kind / "fragments").iterdir()
    }
    values |= fragments
    found = {
        **dict(_templates(templates / "common")),
        **dict(_templates(kind)),
        "LICENSE": templates / "licences" / f"{project.licence}{SUFFIX}",
    }
    return {
        _renamed(path, project.package): Template(template.read_text("utf-8")).substitute(values)
        for path, template in sorted(found.items())
    }


def _templates(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for child in folder.iterdir():
        if child.is_dir():
            yield from _templates(child, f"{path}{child.name}/")
        elif child.name.endswith(SUFFIX):
            yield path + child.name.removesuffix(SUFFIX), child


def _renamed(path: str, package: str) -> str:
    first, slash, rest = path.partition("/")
    return f"{package}/{rest}" if slash and first == "package" else path


def check_target(target: Path) -> None:
    """Check that a project can be written to a folder without touching anything that is there.

    Raises:
        InputError: It holds files, or is not a folder.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{str(target)!r} exists and is not a folder. Choose another.")
    if target.is_dir() and any(target.iterdir()):
        raise InputError(f"The folder {str(target)!r} is not empty; nothing in it was changed. Choose another.")


def write_project(files: Mapping[str, str], target: Path) -> None:
    """Write a project's files to a new folder, and rename it to `target`.

    Raises:
        InputError: `target` holds files, or it cannot be written; nothing is left behind.
    """
    check_target(target)
    try:
        with atomic_folder(target) as fresh:
            for name, text in files.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            if target.is_dir():
                target.rmdir()  # fails if somebody has put a file there meanwhile
    except OSError as error:
        raise InputError(f"Writing {str(target)!r} failed, and nothing of it is left: {error}") from error

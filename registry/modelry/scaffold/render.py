"""From a project to the contents of its files."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from modelry.scaffold.project import Project

SUFFIX = ".template"
"""What keeps the templates from being taken for modules, ignore files and licences of modelry itself."""


def render(project: Project) -> dict[str, str]:
    """Return the files of a new plugin, by their paths in its folder.

    The templates are those that all kinds have in common, those of the kind, and the licence. `$name` is a placeholder,
    `$$` a dollar sign, and the folder `package` is named as the package is. The files in `fragments` are placeholders
    too: what a file that all kinds have in common says of this one.
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

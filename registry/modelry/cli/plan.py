"""The steps of loading a preset here, and its obstacles; found without Keras and without the preset's weights.

The steps are those of `from_preset`. After a step that fails the others are explained all the same, unless they build
on it.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

import attrs
from packaging.requirements import InvalidRequirement, Requirement

from modelry._backend import backend, require_backend
from modelry.cli.facts import component_facts, parts_of, requirement_facts, task_facts, weights_of
from modelry.cli.footprint import footprint
from modelry.cli.recorded_files import RecordedFiles
from modelry.discovery.entry import incompatibility
from modelry.discovery.registry import registry
from modelry.errors import ModelryError
from modelry.presets.components import find_entry
from modelry.presets.keras_hub import ASSETS
from modelry.presets.read import read_files
from modelry.presets.recipe import InputParts
from modelry.presets.task_spec import default_names, known_spec, task_specs
from modelry.storage.open import open_preset, resolve_name
from modelry.storage.paths import parse_reference, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.discovery.entry import Entry
    from modelry.presets.recipe import Part, Recipe
    from modelry.presets.task_spec import TaskSpec

_NO_INPUTS = InputParts()
_LATER = ("reference", "contributor", "storage", "format", "architecture", "task", "weights", "fetch_bytes")


def plan_of(preset: str, dtype: str) -> dict[str, Any]:
    """Return the contents of `modelry explain`, as JSON values; `None` stands for unknown facts.

    Args:
        preset: A built-in name, a folder, or a URI.
        dtype: The dtype policy to load it with.
    """
    plan: dict[str, Any] = {"preset": redact(preset), "loads": False, "problems": [], "needs": []}
    plan |= dict.fromkeys(_LATER) | {"backend": _backend(), "requires": [], "components": [], "files": []}
    problems: list[str] = plan["problems"]
    with _noting(problems):
        require_backend()
    with _noting(problems):
        _follow(preset, dtype, plan)
    plan["loads"] = not problems
    return plan


def _follow(preset: str, dtype: str, plan: dict[str, Any]) -> None:
    """Take the steps, noting in the plan what each finds; raises what ends them."""
    problems: list[str] = plan["problems"]
    plan |= _source(preset)
    files = RecordedFiles(open_preset(preset))
    recipe = read_files(files)
    tokenizer = "has no tokenizer"
    try:
        recipe.inputs()
    except ModelryError as error:  # callers who pass a preprocessor never meet it
        problems.append(str(error))
        recipe, tokenizer = attrs.evolve(recipe, inputs=lambda: _NO_INPUTS), "has a tokenizer that cannot be read here"
    plan |= _contents(recipe, tokenizer)
    problems += [found["problem"] for key in ("requires", "components") for found in plan[key] if found["problem"]]
    with _noting(problems):
        plan["weights"] = _weights(recipe, dtype)
    plan["files"] = _files(recipe, files.were_here)
    sizes = [file["size"] for file in plan["files"] if not file["here"]]
    plan["fetch_bytes"] = None if None in sizes else sum(sizes)


@contextlib.contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    """Note the error that ends the block, in the words that loading has for it."""
    try:
        yield
    except ModelryError as error:
        problems.append(str(error))


def _backend() -> dict[str, Any]:
    return {"name": backend(), "version": _version(backend()), "keras": _version("keras")}


def _source(preset: str) -> dict[str, Any]:
    """Return where the preset lies, and who says so."""
    reference = resolve_name(parse_reference(preset))
    found: dict[str, Any] = {"reference": reference.text}
    contributor = registry.contributor(preset) if reference.text != redact(preset) else None
    if contributor is not None:
        found["contributor"] = {**_owner(contributor), "parameters": registry.presets()[preset].parameters}
    with contextlib.suppress(ModelryError):  # opening it will raise the same, in more words
        found["storage"] = {"scheme": reference.scheme, **_owner(registry.find("storage", reference.scheme))}
    return found


def _contents(recipe: Recipe, tokenizer: str) -> dict[str, Any]:
    task = recipe.task
    spec = None if task is None else known_spec(task.name)
    needs = [] if spec is None else [spec.needs(task)]
    if task is None:
        needs = [f"{one.class_name}: {one.needs(None)}" for one in _possible_tasks(recipe)]
    inputs = recipe.inputs()
    if inputs.tokenizer is None and (inputs.preprocessor is None or tokenizer != "has no tokenizer"):
        needs.append(f"preprocessor=: one of yours, or None and token ids for texts; the preset {tokenizer}")
    return {
        "format": recipe.format,
        "architecture": recipe.architecture,
        "requires": [{**requirement_facts(recipe, text), "installed": _installed(text)} for text in recipe.requires],
        "components": [_component(recipe, part) for part in parts_of(recipe)],
        "task": task_facts(recipe),
        "needs": [one for one in needs if one is not None],
    }


def _possible_tasks(recipe: Recipe) -> Iterator[TaskSpec]:
    """Yield the specs of the tasks that a preset without a task can be trained for.

    An architecture says so by a class or a preprocessor of its own for the task; a task, by a preprocessor for all.
    """
    name = recipe.backbone.name
    for entry, spec in task_specs():
        if spec.is_registered_for(name) or any(True for _ in default_names("preprocessors", name, entry.qualified)):
            yield spec


def _component(recipe: Recipe, part: Part) -> dict[str, Any]:
    try:
        entry = find_entry(recipe, part)
    except ModelryError as error:
        return component_facts(part, None, str(error))
    unfit = incompatibility(entry.distribution, entry.version)
    return component_facts(part, entry, entry.problem or (unfit and f"{entry.owner} {unfit}"))


def _weights(recipe: Recipe, dtype: str) -> dict[str, Any] | None:
    """Return what the weights take; `None` where it would take fetching them to know."""
    from modelry.weights.stores import open_weights  # NumPy and h5py, which nothing else here needs

    files = recipe.files
    absent = [name for name in weights_of(recipe) if name not in files]
    if not absent and not all(files.is_local(name) for name in _weight_files(recipe) if name in files):
        return None
    stores = [open_weights(files, name) for name in absent or weights_of(recipe)]
    return footprint(stores, dtype, rearranged=recipe.checkpoint is not None)


def _files(recipe: Recipe, read: dict[str, bool]) -> list[dict[str, Any]]:
    """Return the files that loading reads: what the recipe was read from, vocabularies, and weights."""
    files = recipe.files
    names = [*read, *sorted(name for name in files.names() if name.startswith(ASSETS)), *_weight_files(recipe)]
    return [
        {"name": name, "size": files.size(name), "here": read.get(name, files.is_local(name))}
        for name in dict.fromkeys(names)
        if name in files
    ]


def _weight_files(recipe: Recipe) -> Iterator[str]:
    """Yield the files of weights, each index with the shards that it lists."""
    for name in weights_of(recipe):
        yield name
        if name.endswith(".json") and recipe.files.is_local(name):
            from modelry.weights.stores import shards_of

            yield from shards_of(recipe.files.path(name))


def _owner(entry: Entry) -> dict[str, Any]:
    return {"target": entry.target, "distribution": entry.distribution, "version": entry.version}


def _installed(requirement: str) -> str | None:
    try:
        return _version(Requirement(requirement).name)
    except InvalidRequirement:
        return None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None

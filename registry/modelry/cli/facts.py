"""Facts about a preset, found without Keras and without its weights."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import attrs

from modelry.arguments import KERAS_ARGUMENTS
from modelry.discovery.registry import registry
from modelry.errors import ModelryError, PluginError
from modelry.presets.components import check_requirements
from modelry.presets.recipe import Part
from modelry.presets.task_spec import default_name, known_spec
from modelry.storage.files import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.discovery.entry import Entry
    from modelry.presets.recipe import Recipe
    from modelry.storage.files import PresetFiles

CARD = "README.md"
CARD_LINES = 5
_JSON_FILES = ("config.json", "task.json", "preprocessor.json", "tokenizer.json")


def facts_of(recipe: Recipe) -> dict[str, Any]:
    """Return the contents of `modelry show`, as JSON values; `None` stands for facts that the preset does not state."""
    files = recipe.files
    backbone = recipe.backbone.config
    sizes = [{"name": name, "size": files.size(name)} for name in sorted(files.names())]
    return {
        "reference": files.reference,
        "format": recipe.format,
        "architecture": recipe.architecture,
        "components": [_component(part) for part in parts_of(recipe)],
        "task": task_facts(recipe),
        "sequence_length": _settings(recipe).get("sequence_length"),
        "dtype": backbone.get("dtype"),
        "backbone": {name: value for name, value in backbone.items() if name not in KERAS_ARGUMENTS},
        "weights": [{"name": name, "found": name in files} for name in weights_of(recipe)],
        "requires": [requirement_facts(recipe, text) for text in recipe.requires],
        "keras_hub": _keras_hub_reads(recipe),
        "files": sizes,
        "card": list(_card(files)) if CARD in files else None,
    }


def parts_of(recipe: Recipe) -> Iterator[Part]:
    """Yield the parts that loading the preset would use, with the task that it holds if it holds one."""
    yield recipe.backbone
    inputs, task = recipe.inputs(), recipe.task
    if inputs.tokenizer is not None:
        yield inputs.tokenizer
    if inputs.preprocessor is not None:
        yield inputs.preprocessor
    elif inputs.tokenizer is not None and task is not None:
        yield Part("preprocessors", default_name("preprocessors", recipe.backbone.name, task.name), inputs.settings)
    if task is not None:
        yield from task.parts.values()
        yield task.part


def task_facts(recipe: Recipe) -> dict[str, Any] | None:
    """Return the name of the preset's task and what its spec tells of it; `None` without a task."""
    task = recipe.task
    if task is None:
        return None
    spec = known_spec(task.name)
    return {"name": task.name, **(task.facts if spec is None else spec.describe(task))}


def _settings(recipe: Recipe) -> Mapping[str, Any]:
    inputs = recipe.inputs()
    return inputs.settings if inputs.preprocessor is None else inputs.preprocessor.config


def _component(part: Part) -> dict[str, Any]:
    try:
        entry = registry.find(part.kind, part.name)
    except PluginError as error:
        return component_facts(part, None, str(error))
    return component_facts(part, entry, entry.problem)


def component_facts(part: Part, entry: Entry | None, problem: str | None) -> dict[str, Any]:
    """Return a part of a preset, what registers it if something does, and what is wrong with that."""
    facts = {key: getattr(entry, key, None) for key in ("target", "distribution", "version")}
    return {"kind": part.kind, "name": part.name, **facts, "problem": problem}


def weights_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the files of weights; a foreign checkpoint has a single one for both roles, an adapter's lie elsewhere."""
    own = recipe.task.weights if recipe.task is not None and recipe.adapter is None else None
    return tuple(dict.fromkeys(name for name in (recipe.backbone_weights, own) if name is not None))


def requirement_facts(recipe: Recipe, text: str) -> dict[str, Any]:
    """Return a requirement of a preset, and what loading would say if it is not met."""
    problem = None
    try:
        check_requirements(attrs.evolve(recipe, requires=(text,)))
    except ModelryError as error:
        problem = str(error)
    return {"requirement": text, "problem": problem}


def _keras_hub_reads(recipe: Recipe) -> bool | None:
    """Return whether the files are such as KerasHub itself loads; `None` where it would have to convert them."""
    if recipe.format == "transformers":
        return None
    files = recipe.files
    ids = itertools.chain.from_iterable(_class_ids(read_json(files, name)) for name in _JSON_FILES if name in files)
    own_ids = all(found.startswith(("keras_hub>", "keras_nlp>")) for found in ids)
    return own_ids and not any("safetensors" in name for name in weights_of(recipe))


def _class_ids(value: Any) -> Iterator[str]:
    """Yield every `registered_name` inside a JSON value; Keras' own classes have none."""
    if isinstance(value, dict):
        if isinstance(value.get("registered_name"), str):
            yield value["registered_name"]
        for inner in value.values():
            yield from _class_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _class_ids(inner)


def _card(files: PresetFiles) -> Iterator[str]:
    """Yield the first lines of the model card that hold text, without the metadata on top."""
    with files.path(CARD).open(encoding="utf-8-sig", errors="replace") as file:
        lines: Iterator[str] = (line.strip() for line in file)
        first = next(lines, "")
        if first == "---":
            lines = itertools.islice(itertools.dropwhile(lambda line: line != "---", lines), 1, None)
        else:
            lines = itertools.chain((first,), lines)
        yield from itertools.islice(filter(None, lines), CARD_LINES)

"""Reader of KerasHub's layout, which is also the layout that modelry writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelry.arguments import KERAS_ARGUMENTS
from modelry.discovery.registry import registry
from modelry.errors import MissingPlugin, PresetFormatError, UnknownComponent
from modelry.presets.manifest import Manifest, read_manifest
from modelry.presets.recipe import InputParts, Part, Recipe, SavedTask
from modelry.presets.task_spec import known_spec, task_of, task_specs
from modelry.storage.files import read_json
from modelry.strict_json import OBJECT, check_config, check_keys, checked_keras_name, dtype_name, field, is_quantized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.presets.task_spec import TaskSpec
    from modelry.storage.files import PresetFiles

TASK, PREPROCESSOR, TOKENIZER, METADATA = "task.json", "preprocessor.json", "tokenizer.json", "metadata.json"
BACKBONE_WEIGHTS, BACKBONE_SHARDS, TASK_WEIGHTS = "model.weights.h5", "model.weights.json", "task.weights.h5"
ASSETS = "assets/tokenizer/"

_KERAS_FACTS = (*KERAS_ARGUMENTS, "config_file")
_OBJECT = (*OBJECT, "assets", "weights")  # the last two as KerasNLP wrote them
_PACKAGES = ("keras_hub", "keras_nlp")


def read(files: PresetFiles, config: Mapping[str, Any]) -> Recipe:
    """Read the Recipe of a preset in KerasHub's layout, v0.17 or later.

    Args:
        files: The preset.
        config: The contents of its `config.json`.
    """
    manifest = read_manifest(files)
    reader = _Reader(files, manifest, _prefix(config))
    task = read_json(files, TASK) if TASK in files else None
    preprocessor = read_json(files, PREPROCESSOR) if PREPROCESSOR in files else None
    tokenizer = read_json(files, TOKENIZER) if TOKENIZER in files else None
    if task is not None:
        # KerasHub builds a task from the copies inside task.json, so they win over the files beside it.
        parts = reader.config_of(task, TASK)
        config = reader.object_in(parts, "backbone", TASK) or config
        preprocessor = reader.object_in(parts, "preprocessor", TASK) or preprocessor
    if preprocessor is not None:
        parts = reader.config_of(preprocessor, PREPROCESSOR)
        tokenizer = reader.object_in(parts, "tokenizer", PREPROCESSOR) or tokenizer
    inputs = InputParts(
        tokenizer=None if tokenizer is None else reader.part("tokenizers", tokenizer, TOKENIZER),
        preprocessor=None
        if preprocessor is None
        else reader.part("preprocessors", preprocessor, PREPROCESSOR, without=("tokenizer",)),
    )
    return Recipe(
        files=files,
        format="modelry" if manifest else "keras_hub",
        backbone=reader.backbone(config),
        inputs=lambda: inputs,
        task=None if task is None else reader.task(task),
        requires=() if manifest is None else manifest.requires,
        versions={} if manifest is None else manifest.versions,
        backbone_weights=reader.weights("backbone", BACKBONE_WEIGHTS, BACKBONE_SHARDS) or BACKBONE_WEIGHTS,
        quantized=reader.is_quantized(config, "config.json") or (task is not None and reader.is_quantized(task, TASK)),
    )


def read_task(files: PresetFiles, manifest: Manifest) -> SavedTask:
    """Read the task of a preset without a backbone."""
    return _Reader(files, manifest).task(read_json(files, TASK))


class _Reader:
    """Reads the parts of one preset."""

    def __init__(self, files: PresetFiles, manifest: Manifest | None, prefix: str = "") -> None:
        self._files = files
        self._manifest = manifest
        self._prefix = prefix

    def config_of(self, serialized: Mapping[str, Any], file: str) -> dict[str, Any]:
        check_keys(serialized, _OBJECT, f"An object in {self._where(file)}")
        return field(serialized, "config", dict, self._where(file))

    def object_in(self, config: Mapping[str, Any], key: str, file: str) -> dict[str, Any] | None:
        return field(config, key, dict, self._where(file), None)

    def part(self, kind: str, serialized: Mapping[str, Any], file: str, without: tuple[str, ...] = ()) -> Part:
        config = self.config_of(serialized, file)
        kept = {key: value for key, value in config.items() if key not in (*_KERAS_FACTS, *without)}
        check_config(kept, self._where(file))
        return Part(kind, self._name(kind, serialized, file), kept)

    def backbone(self, serialized: Mapping[str, Any]) -> Part:
        part = self.part("backbones", serialized, "config.json")
        where = self._where("config.json")
        config = self.config_of(serialized, "config.json")
        facts: dict[str, Any] = {"dtype": dtype_name(config.get("dtype"), where)}
        if "name" in config:
            facts["name"] = checked_keras_name(config["name"], where)
        if "trainable" in config:
            facts["trainable"] = field(config, "trainable", bool, where)
        return Part(part.kind, part.name, {**part.config, **facts})

    def is_quantized(self, serialized: Mapping[str, Any], file: str) -> bool:
        dtype = self.config_of(serialized, file).get("dtype")
        dtype_name(dtype, self._where(file))
        return is_quantized(dtype)

    def task(self, serialized: Mapping[str, Any]) -> SavedTask:
        """Read the task, with its parts and facts; those of a task that nothing installed knows stay as they are."""
        config, where = self.config_of(serialized, TASK), self._where(TASK)
        name, spec = self._task_spec(self._name("tasks", serialized, TASK))
        if spec is None:  # the plugin that is missing knows which of its arguments are parts
            roles: Mapping[str, str] = {}
            without = tuple(key for key, value in config.items() if isinstance(value, dict) and "class_name" in value)
        else:
            roles, without = spec.parts, ("backbone", "preprocessor", *spec.parts)
        part = self.part("tasks", serialized, TASK, without=without)
        named = {**part.config, "name": checked_keras_name(config.get("name"), where)}
        found = {role: self.object_in(config, role, TASK) for role in roles}
        facts: Mapping[str, Any] = {} if self._manifest is None else self._manifest.facts
        return SavedTask(
            name=name,
            part=Part("tasks", part.name, named),
            parts={role: self.part(roles[role], one, TASK) for role, one in found.items() if one is not None},
            facts=facts if spec is None else spec.read_facts(facts, self._where("modelry.json")),
            weights=self.weights("task", TASK_WEIGHTS),
        )

    def weights(self, role: str, *candidates: str) -> str | None:
        if self._manifest is not None:
            return self._manifest.weights.get(role)
        return next((name for name in candidates if name in self._files), None)

    def _task_spec(self, class_name: str) -> tuple[str, TaskSpec | None]:
        """Return the name of the task that a class is registered for, and its spec if it is installed."""
        if self._manifest is not None and self._manifest.task is not None:
            return self._manifest.task, known_spec(self._manifest.task)
        name = class_name.rpartition(":")[2].rpartition(".")[2]
        spec = known_spec(name)
        if spec is None and self._manifest is not None:  # a class with a name of its own, in version 1
            return next(((one.name, one) for _, one in task_specs() if one.reads_version_1), (name, None))
        if spec is None and registry.has("tasks", class_name):  # such a class in KerasHub's own files: it alone knows
            found = registry.load("tasks", class_name)
            task = task_of(found) if isinstance(found, type) else None
            return (name, None) if task is None else (task, known_spec(task))
        return name, spec

    def _name(self, kind: str, serialized: Mapping[str, Any], file: str) -> str:
        if self._manifest is not None and kind in self._manifest.components:
            return self._manifest.components[kind]
        class_id = field(serialized, "registered_name", str, self._where(file))
        return registered_name(kind, class_id, self._where(file), self._prefix)

    def _where(self, file: str) -> str:
        return f"{file} of preset {self._files.reference!r}"


def registered_name(kind: str, class_id: str, where: str, prefix: str = "") -> str:
    """Return the name under which a plugin registers the class that a KerasHub JSON names.

    The id only selects among what installed plugins declare; nothing it says is ever imported.

    Args:
        kind: The kind of component, such as `"backbones"`.
        class_id: `package>ClassName`, or a bare class name.
        where: The file and preset, for messages.
        prefix: The start of the names of the architecture's classes, such as `"GPT2"`. What follows it names a task
            that no installed plugin knows.

    Raises:
        PresetFormatError: The class is of another kind.
        MissingPlugin: The class belongs to no installed plugin.
    """
    package, _, class_name = class_id.rpartition(">")
    if package not in _PACKAGES:
        try:
            entry = registry.find_class(class_name)
        except UnknownComponent as error:
            raise MissingPlugin(f"{where} names the class {class_id!r}. {error}") from error
        if entry.kind != kind:
            raise PresetFormatError(f"{where} names {class_id!r}, which is one of the {entry.kind}, not of the {kind}.")
        return entry.qualified
    suffixes = dict(sorted(_suffixes(kind), key=lambda pair: -len(pair[0])))  # longer ones may end in shorter ones
    task = class_name.removeprefix(prefix).removesuffix("Preprocessor" if kind == "preprocessors" else "")
    own = prefix != "" and class_name.startswith(prefix) and task != ""
    if own and kind in ("preprocessors", "tasks") and class_name.removeprefix(prefix) not in suffixes:
        return f"{snake_case(prefix)}.{snake_case(task)}"
    for suffix, role in suffixes.items():
        if class_name.endswith(suffix) and class_name != suffix:
            return snake_case(class_name.removesuffix(suffix)) + role
    raise PresetFormatError(
        f"{where} names the class {class_id!r}. Installed plugins know these {kind} of KerasHub's: "
        f"{', '.join('…' + suffix for suffix in suffixes)}."
    )


def _prefix(config: Mapping[str, Any]) -> str:
    """Return `GPT2` for the `config.json` of a `GPT2Backbone`."""
    class_name = str(config.get("registered_name")).rpartition(">")[2]
    return class_name.removesuffix("Backbone") if class_name.endswith("Backbone") else ""


def _suffixes(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the ends of KerasHub's class names, and what they add to the name of an architecture."""
    if kind == "backbones":
        yield "Backbone", ""
    elif kind == "tokenizers":
        yield "Tokenizer", ""
    for _, spec in task_specs() if kind in ("preprocessors", "tasks") else ():
        names = (spec.class_name, *spec.keras_hub_tasks)
        if kind == "preprocessors":
            names = (f"{spec.class_name}Preprocessor", *spec.keras_hub_preprocessors)
        yield from ((name, f".{spec.name}") for name in names)


def snake_case(class_name: str) -> str:
    """Return `xlm_roberta` for `XLMRoberta`, `f_net` for `FNet`, `deberta_v3` for `DebertaV3`."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()

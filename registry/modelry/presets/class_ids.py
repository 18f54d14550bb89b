"""KerasHub's class ids, such as `keras_hub>BertTextClassifier`, as registered names, such as `bert.text_classifier`."""

from __future__ import annotations

import re

from modelry.discovery.registry import registry
from modelry.errors import MissingPlugin, PresetFormatError, UnknownComponent

# Longest first: "…TextClassifierPreprocessor" also ends in "Preprocessor". The short forms are KerasNLP's old aliases.
_SUFFIXES = {
    "backbones": {"Backbone": ""},
    "tokenizers": {"Tokenizer": ""},
    "preprocessors": {
        "TextClassifierPreprocessor": ".text_classifier",
        "ProteinClassifierPreprocessor": ".text_classifier",
        "CausalLMPreprocessor": ".causal_lm",
        "Preprocessor": ".text_classifier",
    },
    "tasks": {
        "TextClassifier": ".text_classifier",
        "ProteinClassifier": ".text_classifier",
        "CausalLM": ".causal_lm",
        "Classifier": ".text_classifier",
    },
}

_KERAS_HUB_PACKAGES = ("keras_hub", "keras_nlp")


def registered_name(kind: str, class_id: str, where: str) -> str:
    """Return the name under which a plugin registers the class that a KerasHub JSON names.

    The id only selects among what installed plugins declare; nothing it says is ever imported.

    Args:
        kind: The kind of component, such as `"backbones"`.
        class_id: `package>ClassName`, or a bare class name.
        where: The file and preset, for messages.

    Raises:
        PresetFormatError: The class is of another kind.
        MissingPlugin: The class belongs to no installed plugin.
    """
    package, _, class_name = class_id.rpartition(">")
    if package not in _KERAS_HUB_PACKAGES:
        try:
            entry = registry.find_class(class_name)
        except UnknownComponent as error:
            raise MissingPlugin(f"{where} names the class {class_id!r}. {error}") from error
        if entry.kind != kind:
            raise PresetFormatError(f"{where} names {class_id!r}, which is one of the {entry.kind}, not of the {kind}.")
        return entry.qualified
    for suffix, task in _SUFFIXES[kind].items():
        if class_name.endswith(suffix) and class_name != suffix:
            return snake_case(class_name.removesuffix(suffix)) + task
    raise PresetFormatError(
        f"{where} names the class {class_id!r}, which is not one of the {kind} modelry knows from KerasHub "
        f"({', '.join('…' + suffix for suffix in _SUFFIXES[kind])})."
    )


def snake_case(class_name: str) -> str:
    """Return `xlm_roberta` for `XLMRoberta`, `f_net` for `FNet`, `deberta_v3` for `DebertaV3`."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()

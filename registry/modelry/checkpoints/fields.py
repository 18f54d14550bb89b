"""Tables that map keys of a checkpoint's `config.json` to constructor arguments, for reading and for writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field as attribute
from attrs import frozen

from modelry.errors import PresetFormatError, SaveError
from modelry.storage.files import read_json as read_json
from modelry.strict_json import field as field
from modelry.strict_json import parse_json as parse_json
from modelry.strict_json import write_json as write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REQUIRED: Any = ...
NUMBER = (int, float)

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_approximate",
    "gelu_fast": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "gelu_python_tanh": "gelu_approximate",
    "gelu_accurate": "gelu_approximate",
    "hardswish": "hard_silu",
    "linear": "linear",
    "mish": "mish",
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""transformers' names of the activations that modelry computes as well, and modelry's.

The others are known to only one of the two, or differ: `leaky_relu` has another slope in Keras.
"""


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@frozen
class Field:
    """An argument and the key of `config.json` that stands for it.

    Attributes:
        argument: The constructor's argument.
        keys: The key, or several: the first that is present and not `null` is read, the very first is written.
        kinds: The type or types of its value. A `bool` is not accepted as an `int`.
        default: The value of a missing key; without a default, the key must be present.
        offset: How much greater the key's number is than the argument.
        names: What the key calls values, and what the argument calls them, such as `ACTIVATIONS`; others are refused.
            Of several names for a value, the first is written.
    """

    argument: str
    keys: tuple[str, ...] = attribute(converter=_tuple)
    kinds: tuple[type, ...] = attribute(converter=_tuple, default=(int,))
    default: Any = REQUIRED
    offset: int = 0
    names: Mapping[str, str] | None = None

    def read(self, config: Mapping[str, Any], where: str) -> Any:
        """Return the argument's value.

        Raises:
            PresetFormatError: The key is missing, or its value is of another type or none of `names`.
        """
        key = next((key for key in self.keys if config.get(key) is not None), self.keys[0])
        value: Any = field(config, key, self.kinds, where, self.default)
        if self.names is not None:
            if value not in self.names:
                raise PresetFormatError(
                    f"{where} has {key}={value!r}, which modelry does not compute as transformers does; it supports "
                    f"{', '.join(self.names)}."
                )
            return self.names[value]
        return value - self.offset if self.offset else value

    def write(self, value: Any) -> Any:
        """Return what the first key says for the argument's value.

        Raises:
            SaveError: It has no name for it.
        """
        if self.names is not None:
            own = self.names.get(value, value)  # modelry takes transformers' names, too
            found = next((name for name, ours in self.names.items() if ours == own), None)
            if found is None:
                raise SaveError(
                    f"{self.argument}={value!r} is not what transformers computes under any name; it does "
                    f"{', '.join(dict.fromkeys(self.names.values()))}. Save in modelry's own format."
                )
            return found
        if float in self.kinds:
            return float(value)  # transformers takes no whole number where it wants another
        return value + self.offset if self.offset else value


ENCODER_SIZES = (
    Field("num_layers", "num_hidden_layers"),
    Field("num_heads", "num_attention_heads"),
    Field("hidden_dim", "hidden_size"),
    Field("intermediate_dim", "intermediate_size"),
)
"""The sizes of most encoders."""

BERT_SETTINGS = (
    Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
    Field("max_sequence_length", "max_position_embeddings", default=512),
    Field("num_segments", "type_vocab_size", default=2),
    Field("activation", "hidden_act", str, "gelu", names=ACTIVATIONS),
    Field("layer_norm_epsilon", "layer_norm_eps", NUMBER, 1e-12),
)
"""The other settings of BERT and ELECTRA, with their defaults."""

HEAD_DROPOUT = Field("dropout", ("classifier_dropout", "hidden_dropout_prob"), NUMBER, 0.1)
"""The rate of dropout in the head: its own, or else that of the backbone."""


def read_fields(fields: Iterable[Field], config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return argument → value for each of `fields`.

    Args:
        fields: The fields.
        config: The contents of `config.json`.
        where: The file and preset, for messages.

    Raises:
        PresetFormatError: A key is missing, or its value is of another type.
    """
    return {one.argument: one.read(config, where) for one in fields}


def write_fields(fields: Iterable[Field], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return key → value for the arguments that `fields` name and that are not `None`."""
    given = [(one, arguments[one.argument]) for one in fields]
    return {one.keys[0]: one.write(value) for one, value in given if value is not None}


def check_fixed(fixed: Mapping[str, Any], config: Mapping[str, Any], where: str) -> None:
    """Check that a config asks for nothing that the architecture computes in another way.

    Args:
        fixed: Key → the only value that can be read, which a missing key or `null` stands for.
        config: The contents of `config.json`.
        where: The file and preset, for messages.

    Raises:
        PresetFormatError: A key has another value.
    """
    for key, value in fixed.items():
        found = config.get(key)
        if found is not None and found != value:
            raise PresetFormatError(
                f"{where} has {key}={found!r}, which modelry's architecture does not compute; "
                f"only {value!r} can be read."
            )

"""Base class of backbones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras

from modelry.arguments import KERAS_ARGUMENTS, config_of
from modelry.backbones import lora
from modelry.backbones.base_model import BaseModel
from modelry.backbones.int8 import quantized_paths, serialized_policy
from modelry.backbones.loading import load_backbone
from modelry.backbones.saving import save_backbone

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from modelry.preprocessing.preprocessor import Preprocessor
    from modelry.storage.paths import Preset


class Backbone(BaseModel):
    """A functional Keras model from token ids to hidden states, without a head; abstract.

    A subclass creates its layers, connects them, and hands inputs and outputs to this constructor. It keeps each
    constructor argument as an attribute of the same name; the config follows from that.

    Its inputs are a dict that contains `token_ids` and, where the architecture has them, `padding_mask` and
    `segment_ids`, each of shape `(batch, length)`. Its outputs are a dict that contains `sequence_output` of shape
    `(batch, length, hidden_dim)` and, where the architecture has one, `pooled_output` of shape `(batch, hidden_dim)`.

    Args:
        inputs: The inputs by name.
        outputs: The outputs by name.
        dtype: The dtype policy; `None` for Keras' global one.
        **kwargs: `name`, `trainable`.

    Attributes:
        hidden_dim: The size of a hidden state.
        supports_packing: Whether several texts can share a row; then there is `encode`, and `outputs_of` if it has
            other outputs than `sequence_output`. Fine-tuning and predictions are several times faster with it.
        keras_hub_fixed: Arguments that KerasHub's class has not, and the values that it computes with.
    """

    supports_packing: ClassVar[bool] = False
    keras_hub_fixed: ClassVar[Mapping[str, Any]] = {}
    hidden_dim: int
    token_embedding: keras.layers.Embedding

    def __init__(
        self, *, inputs: Mapping[str, Any], outputs: Mapping[str, Any], dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(inputs=dict(inputs), outputs=dict(outputs), **kwargs)
        self.dtype_policy = keras.dtype_policies.get(dtype)

    def encode(self, *args: Any, **kwargs: Any) -> Any:
        """Return the hidden states, `(batch, length, hidden_dim)`. A backbone that shares rows has this method.

        It takes the backbone's inputs by name and two more, which are `None` for rows of one text each:

        - `positions`: each token's position in its own text, `(batch, length)` int.
        - `document_ids`: the number of the text that each token belongs to, `(batch, length)` int, 0 for padding.
          Tokens of different texts must not affect each other.
        """
        raise NotImplementedError(f"{type(self).__name__} does not support packed rows.")

    def outputs_of(self, states: Any) -> dict[str, Any]:
        """Return the outputs that belong to hidden states, `(batch, length, hidden_dim)`."""
        return {"sequence_output": states}

    def default_lora_layer_names(self) -> list[str]:
        """Return the names of the layers that `enable_lora` gives adapters: those of queries and values."""
        return list(lora.TARGETS)

    def enable_lora(self, rank: int, target_layer_names: Sequence[str] | None = None) -> None:
        """Freeze all weights, and add a low-rank adapter to some layers; see `Task.enable_lora`.

        For a backbone on its own, or in a model of one's own. A model that was trained before has to be compiled again.

        Args:
            rank: The rank of the adapters.
            target_layer_names: The names of the dense layers; `None` for `default_lora_layer_names()`.

        Raises:
            InputError: There are adapters already, the rank is not a positive number, or no dense layer has the name.
        """
        lora.enable(self, rank, target_layer_names, self.default_lora_layer_names())

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the dtype policy is serialized as Keras does it, layer by layer."""
        config = config_of(self, without=("inputs", "outputs", *KERAS_ARGUMENTS))
        dtype = serialized_policy([self], self.dtype_policy)
        return {"name": self.name, "trainable": self.trainable, "dtype": dtype, **config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Self:
        """Create a backbone, randomly initialised, from what `get_config` returned."""
        return cls(**config)

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config under which KerasHub's class computes the same, or `None` if it cannot."""
        config, fixed = self.get_config(), self.keras_hub_fixed
        # KerasHub looks for quantized layers by their paths, which are others there.
        if (
            self.keras_hub_class is None
            or quantized_paths(self)
            or any(config[key] != value for key, value in fixed.items())
        ):
            return None
        return {key: value for key, value in config.items() if key not in fixed}

    @classmethod
    def from_preset(cls, preset: Preset, load_weights: bool = True, **overrides: Any) -> Self:
        """Load the backbone of a preset.

        Args:
            preset: A built-in name, a folder, or a URI; or a list of places with the same files.
            load_weights: Whether to read the weights; otherwise they are initialised at random.
            **overrides: Constructor arguments that replace the saved ones, such as `dtype` or `dropout`;
                and how the preset is opened (`revision`, `token`, `offline`, `budget` and so on), as in
                `modelry.Task.from_preset`.

        Raises:
            PresetError: The preset is missing, damaged, of another architecture, or its weights do not fit.
            UnknownArgument: An override is not an argument of the backbone.
        """
        return load_backbone(cls, preset, load_weights, overrides)

    def save_to_preset(
        self,
        preset_dir: str | os.PathLike[str],
        max_shard_size: float | None = 10,
        format: str = "modelry",  # noqa: A002 - the word for it
        dtype: str | None = None,
        preprocessor: Preprocessor | None = None,
        **publishing: Any,
    ) -> None:
        """Write the backbone, and with it a preprocessor, to a folder or a URI; for the rest see `Task.save_to_preset`.

        Without a preprocessor, who loads the preset has to pass one, or `preprocessor=None`.
        """
        save_backbone(self, preprocessor, preset_dir, max_shard_size, format, dtype, publishing)

"""The contract of a converter: one `model_type` of transformers, told in modelry's terms."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.checkpoints.sourced_weight import SourcedWeight
    from modelry.storage.files import PresetFiles


class Checkpoint(abc.ABC):
    """Reads the checkpoints of one transformers `model_type`.

    A plugin registers a subclass in the entry-point group `modelry.checkpoints` under the `model_type`. Its module
    should import no Keras: the first three methods run before any model is built.

    Attributes:
        architecture: The short name under which the same distribution registers backbone, tokenizer and task; the
            qualified one, `modelry-bert:bert`, where another does.
        optional: Patterns, such as `*pooler.*`, of backbone weights that some checkpoints lack; they are then
            initialised at random.
        ignored: Patterns of tensors that are not the backbone's. Any other that no weight takes is an error.
    """

    architecture: ClassVar[str]
    optional: ClassVar[tuple[str, ...]] = ()
    ignored: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments, given the checkpoint's `config.json`.

        Raises:
            PresetFormatError: The config asks for something this architecture cannot do.
        """

    @abc.abstractmethod
    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, vocabulary included; `None` if the checkpoint has no tokenizer."""

    @abc.abstractmethod
    def head_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the classification task's arguments besides `num_classes`, such as `dropout`."""

    @abc.abstractmethod
    def backbone_weights(self, backbone: Any) -> Iterable[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""

    @abc.abstractmethod
    def head_weights(self, head: Any) -> Iterable[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""

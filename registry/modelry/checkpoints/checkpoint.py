"""The contract of a converter for one `model_type` of transformers."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints.fields import check_fixed, read_fields, write_fields
from modelry.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.checkpoints.fields import Field
    from modelry.checkpoints.weights import SourcedWeight
    from modelry.storage.files import PresetFiles


class Checkpoint(abc.ABC):
    """Reads and writes the checkpoints of one transformers `model_type`.

    A plugin registers a subclass in the entry-point group `modelry.checkpoints` under the `model_type`. Its module
    should import no Keras: what reads configs runs before any model is built.

    Attributes:
        architecture: The short name under which the same distribution registers backbone, tokenizer and task; the
            qualified one, `modelry-bert:bert`, where another does.
        model_type: The `model_type`, as `config.json` has it.
        class_prefix: What the names of transformers' classes start with: `"Bert"` for `BertModel`.
        fields: The backbone's arguments, and the keys of `config.json` that stand for them.
        head_fields: The same for the head's arguments, except its `activation` and those that its task reads.
        heads: Registered names of heads that checkpoints may have besides the architecture's own, and the keys of
            `config.json` that ask for them: `{"modelry:mean_pool": {"classifier_pooling": "mean"}}`.
        fixed: Keys of `config.json` that have one value in all checkpoints that the architecture can compute.
        optional: Patterns, such as `*pooler.*`, of backbone weights that some checkpoints lack; they are then
            initialised at random.
        ignored: Patterns of tensors that are not the backbone's. Any other that no weight takes is an error.
    """

    architecture: ClassVar[str]
    model_type: ClassVar[str]
    class_prefix: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()
    head_fields: ClassVar[tuple[Field, ...]] = ()
    heads: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    fixed: ClassVar[Mapping[str, Any]] = {}
    optional: ClassVar[tuple[str, ...]] = ()
    ignored: ClassVar[tuple[str, ...]] = ()

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments.

        Args:
            config: The contents of the checkpoint's `config.json`.
            where: The file and preset, for messages.

        Raises:
            PresetFormatError: The config asks for something this architecture cannot do.
        """
        check_fixed(self.fixed, config, where)
        return read_fields(self.fields, config, where)

    def head_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the head's arguments except those that its task reads; takes what `backbone_config` takes."""
        return read_fields(self.head_fields, config, where)

    def head_name(self, config: Mapping[str, Any]) -> str | None:
        """Return the registered name of the head, one of `heads`; `None` for the architecture's own."""
        return next((name for name, keys in self.heads.items() if keys.items() <= config.items()), None)

    def counts_from_padding(self, config: Mapping[str, Any]) -> bool:
        """Return whether the model of a config finds positions by its `pad_token_id`, so that no other will do."""
        return "pad_token_id" in self.fixed

    @abc.abstractmethod
    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, vocabulary included; `None` if the checkpoint has no tokenizer."""

    def preprocessor_config(self, files: PresetFiles) -> dict[str, Any]:
        """Return the preprocessor's arguments besides `tokenizer`, `sequence_length` and `truncate`."""
        return {}

    @abc.abstractmethod
    def backbone_weights(self, backbone: Any) -> Iterable[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""

    @abc.abstractmethod
    def head_weights(self, head: Any) -> Iterable[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""

    def written_config(self, backbone: Mapping[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what `config.json` says of the architecture.

        Args:
            backbone: The backbone's config.
            head: The head's config; `None` if there is no head.

        Raises:
            SaveError: transformers cannot compute what the configs say.
        """
        own = write_fields(self.fields, backbone)
        of_head = {} if head is None else write_fields(self.head_fields, head)
        for key, value in of_head.items():
            if own.get(key, value) != value:
                raise SaveError(
                    f"transformers has one {key} for a {self.class_prefix} model and its head; here the model has "
                    f"{own[key]!r} and the head {value!r}. Save in modelry's own format."
                )
        return {"model_type": self.model_type, **self.fixed, **own, **of_head}

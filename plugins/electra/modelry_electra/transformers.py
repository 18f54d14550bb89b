"""ELECTRA's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import BERT_SETTINGS, ENCODER_SIZES, HEAD_DROPOUT, Checkpoint, Field, Names, SourcedWeight
from modelry.tokenizers import wordpiece_config
from modelry_electra.text import ElectraTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.tasks.text_classifier import FirstTokenHead
    from modelry_electra.backbone import ElectraBackbone

ENCODER = Names(("electra.", ""))
HEAD = Names(("classifier.",))


class ElectraCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "electra"`."""

    architecture = "electra"
    model_type = "electra"
    class_prefix = "Electra"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocab_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("embedding_dim", "embedding_size", default=128),
        *BERT_SETTINGS,
    )
    head_fields: ClassVar[tuple[Field, ...]] = (
        HEAD_DROPOUT,
        Field("hidden_dim", "hidden_size"),
    )
    fixed: ClassVar[Mapping[str, Any]] = {"is_decoder": False, "position_embedding_type": "absolute"}
    ignored: ClassVar[tuple[str, ...]] = (
        "classifier.*",
        "discriminator_predictions.*",
        "generator_predictions.*",
        "generator_lm_head.*",
        "*embeddings.position_ids",
    )

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `vocab.txt`; `None` if there is neither."""
        return wordpiece_config(files, ElectraTokenizer.role_tokens())

    def backbone_weights(self, backbone: ElectraBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights; it has none for the pooled output."""
        yield from ENCODER.segmented_embeddings(backbone)
        if backbone.embeddings_projection is not None:
            yield from ENCODER.dense(backbone.embeddings_projection, "embeddings_project")
        for index, layer in enumerate(backbone.transformer_layers):
            yield from ENCODER.transformer_encoder(layer, f"encoder.layer.{index}")
        for weight in backbone.pooled_dense.weights:
            yield SourcedWeight(weight, names=())

    def head_weights(self, head: FirstTokenHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "dense")
        yield from HEAD.dense(head.output_dense, "out_proj")

"""BERT checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import BERT_SETTINGS, ENCODER_SIZES, HEAD_DROPOUT, Checkpoint, Field, Names
from modelry.tokenizers import wordpiece_config
from modelry_bert.text import BertTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry_bert.backbone import BertBackbone
    from modelry_bert.text_classifier import BertClassificationHead

ENCODER = Names(("bert.", ""))
HEAD = Names()


class BertCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "bert"`."""

    architecture = "bert"
    model_type = "bert"
    class_prefix = "Bert"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        *BERT_SETTINGS,
    )
    head_fields: ClassVar[tuple[Field, ...]] = (HEAD_DROPOUT,)
    fixed: ClassVar[Mapping[str, Any]] = {"is_decoder": False, "position_embedding_type": "absolute"}
    optional: ClassVar[tuple[str, ...]] = ("pooler.*", "bert.pooler.*")
    ignored: ClassVar[tuple[str, ...]] = ("classifier.*", "cls.*", "*embeddings.position_ids")

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `vocab.txt`; `None` if there is neither."""
        return wordpiece_config(files, BertTokenizer.role_tokens())

    def backbone_weights(self, backbone: BertBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield from ENCODER.segmented_embeddings(backbone)
        for index, layer in enumerate(backbone.transformer_layers):
            yield from ENCODER.transformer_encoder(layer, f"encoder.layer.{index}")
        yield from ENCODER.dense(backbone.pooled_dense, "pooler.dense")

    def head_weights(self, head: BertClassificationHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.output_dense, "classifier")

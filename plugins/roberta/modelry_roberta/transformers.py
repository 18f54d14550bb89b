"""RoBERTa's and XLM-RoBERTa's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, ENCODER_SIZES, HEAD_DROPOUT, NUMBER, Checkpoint, Field, Names, Rows
from modelry.tokenizers import byte_pair_config, sentence_piece_config
from modelry_roberta.text import RobertaTokenizer, XLMRobertaTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import FirstTokenHead
    from modelry_roberta.backbone import RobertaBackbone

ENCODER = Names(("roberta.", ""))
HEAD = Names(("classifier.",))
FIRST_POSITION = 2  # rows of transformers' position embedding before that of the first token: 0 to the id of padding


class RobertaCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "roberta"`."""

    architecture = "roberta"
    model_type = "roberta"
    class_prefix = "Roberta"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
        Field("max_sequence_length", "max_position_embeddings", default=512, offset=FIRST_POSITION),
        Field("activation", "hidden_act", str, "gelu", names=ACTIVATIONS),
        Field("layer_norm_epsilon", "layer_norm_eps", NUMBER, 1e-12),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (
        HEAD_DROPOUT,
        Field("hidden_dim", "hidden_size"),
    )
    fixed: ClassVar[Mapping[str, Any]] = {
        "is_decoder": False,
        "pad_token_id": FIRST_POSITION - 1,
        "position_embedding_type": "absolute",
    }
    ignored: ClassVar[tuple[str, ...]] = (
        "classifier.*",
        "lm_head.*",
        "pooler.*",
        "roberta.pooler.*",
        "*embeddings.position_ids",
    )

    def written_config(self, backbone: Mapping[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what `config.json` says of the architecture; see `Checkpoint.written_config`."""
        # However many segments a checkpoint was made with, a token is always of the first.
        return {**super().written_config(backbone, head), "type_vocab_size": 1}

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json`, or `vocab.json` and `merges.txt`."""
        return byte_pair_config(files, RobertaTokenizer.special_tokens)

    def backbone_weights(self, backbone: RobertaBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        embeddings = backbone.embeddings
        yield ENCODER.weight(embeddings.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        yield ENCODER.weight(
            embeddings.position_embedding.position_embeddings,
            "embeddings.position_embeddings.weight",
            layout=Rows(FIRST_POSITION, FIRST_POSITION + backbone.max_sequence_length),
            plus=("embeddings.token_type_embeddings.weight",),
        )
        yield from ENCODER.layer_norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")
        for index, layer in enumerate(backbone.transformer_layers):
            yield from ENCODER.transformer_encoder(layer, f"encoder.layer.{index}")

    def head_weights(self, head: FirstTokenHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "dense")
        yield from HEAD.dense(head.output_dense, "out_proj")


class XLMRobertaCheckpoint(RobertaCheckpoint):
    """Checkpoints with `"model_type": "xlm-roberta"`."""

    architecture = "xlm_roberta"
    model_type = "xlm-roberta"
    class_prefix = "XLMRoberta"

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or SentencePiece's own model."""
        return sentence_piece_config(files, XLMRobertaTokenizer)

"""ALBERT's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, ENCODER_SIZES, NUMBER, Checkpoint, EncoderNames, Field, Names
from modelry.tokenizers import ACCENTS, LOWERCASE, PRECOMPILED, QUOTES, sentence_piece_config, tokenizer_setting
from modelry_albert.text import AlbertTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import PooledOutputHead
    from modelry_albert.backbone import AlbertBackbone

ENCODER = Names(("albert.", ""))
HEAD = Names()
LAYER = EncoderNames(
    query="attention.query",
    key="attention.key",
    value="attention.value",
    attention_output="attention.dense",
    attention_norm="attention.LayerNorm",
    intermediate="ffn",
    output="ffn_output",
    output_norm="full_layer_layer_norm",
)


class AlbertCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "albert"`."""

    architecture = "albert"
    model_type = "albert"
    class_prefix = "Albert"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("embedding_dim", "embedding_size", default=128),
        Field("num_groups", "num_hidden_groups", default=1),
        Field("num_inner_repetitions", "inner_group_num", default=1),
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.0),
        Field("max_sequence_length", "max_position_embeddings", default=512),
        Field("num_segments", "type_vocab_size", default=2),
        Field("activation", "hidden_act", str, "gelu_new", names=ACTIVATIONS),
        Field("layer_norm_epsilon", "layer_norm_eps", NUMBER, 1e-12),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (Field("dropout", "classifier_dropout_prob", NUMBER, 0.1),)
    fixed: ClassVar[Mapping[str, Any]] = {"position_embedding_type": "absolute"}
    optional: ClassVar[tuple[str, ...]] = ("pooler.*", "albert.pooler.*")
    ignored: ClassVar[tuple[str, ...]] = (
        "classifier.*",
        "predictions.*",
        "sop_classifier.*",
        "*embeddings.position_ids",
    )

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `spiece.model`; `None` if there is neither."""
        normalizers = (
            *QUOTES,
            *(() if tokenizer_setting(files, "keep_accents", bool, False) else ACCENTS),
            *((LOWERCASE,) if tokenizer_setting(files, "do_lower_case", bool, True) else ()),
            PRECOMPILED,
        )
        return sentence_piece_config(files, AlbertTokenizer, normalizers)

    def preprocessor_config(self, files: PresetFiles) -> dict[str, Any]:
        """Return whether the second text of a pair has a segment of its own.

        transformers 4 gave it one; transformers 5, which names the `backend`, does so on request.
        """
        inputs = tokenizer_setting(files, "model_input_names", list, None)
        if inputs is None:
            return {"second_segment": tokenizer_setting(files, "backend", str, None) is None}
        return {"second_segment": "token_type_ids" in inputs}

    def backbone_weights(self, backbone: AlbertBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield from ENCODER.segmented_embeddings(backbone)
        yield from ENCODER.dense(backbone.embeddings_projection, "encoder.embedding_hidden_mapping_in")
        for place, group in enumerate(backbone.groups()):
            for index, layer in enumerate(group):
                name = f"encoder.albert_layer_groups.{place}.albert_layers.{index}"
                yield from ENCODER.transformer_encoder(layer, name, LAYER)
        yield from ENCODER.dense(backbone.pooled_dense, "pooler")

    def head_weights(self, head: PooledOutputHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.output_dense, "classifier")

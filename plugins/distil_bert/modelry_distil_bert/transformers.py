"""DistilBERT checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, NUMBER, Checkpoint, EncoderNames, Field, Names
from modelry.tokenizers import wordpiece_config
from modelry_distil_bert.text import DistilBertTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import FirstTokenHead
    from modelry_distil_bert.backbone import DistilBertBackbone

ENCODER = Names(("distilbert.", ""))
HEAD = Names()
LAYER = EncoderNames(
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    attention_output="attention.out_lin",
    attention_norm="sa_layer_norm",
    intermediate="ffn.lin1",
    output="ffn.lin2",
    output_norm="output_layer_norm",
)


class DistilBertCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "distilbert"`."""

    architecture = "distil_bert"
    model_type = "distilbert"
    class_prefix = "DistilBert"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        Field("num_layers", "n_layers"),
        Field("num_heads", "n_heads"),
        Field("hidden_dim", "dim"),
        Field("intermediate_dim", "hidden_dim"),
        Field("dropout", "dropout", NUMBER, 0.1),
        Field("max_sequence_length", "max_position_embeddings", default=512),
        Field("activation", "activation", str, "gelu", names=ACTIVATIONS),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (
        Field("dropout", "seq_classif_dropout", NUMBER, 0.2),
        Field("hidden_dim", "dim"),
    )
    # The positions of a checkpoint with sinusoidal ones are stored like any others.
    ignored: ClassVar[tuple[str, ...]] = ("pre_classifier.*", "classifier.*", "vocab_*", "qa_outputs.*")

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments; see `Checkpoint.backbone_config`. No config says what the epsilon is."""
        return {**super().backbone_config(config, where), "layer_norm_epsilon": 1e-12}

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `vocab.txt`; `None` if there is neither."""
        return wordpiece_config(files, DistilBertTokenizer.role_tokens())

    def backbone_weights(self, backbone: DistilBertBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        positions = backbone.embeddings.position_embedding.position_embeddings
        yield ENCODER.weight(backbone.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        yield ENCODER.weight(positions, "embeddings.position_embeddings.weight")
        yield from ENCODER.layer_norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")
        for index, layer in enumerate(backbone.transformer_layers):
            yield from ENCODER.transformer_encoder(layer, f"transformer.layer.{index}", LAYER)

    def head_weights(self, head: FirstTokenHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "pre_classifier")
        yield from HEAD.dense(head.output_dense, "classifier")

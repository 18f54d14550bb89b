"""F-Net's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, NUMBER, Checkpoint, Field, Names
from modelry.tokenizers import PRECOMPILED, QUOTES, sentence_piece_config
from modelry_f_net.text import FNetTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import PooledOutputHead
    from modelry_f_net.backbone import FNetBackbone

ENCODER = Names(("fnet.", ""))
HEAD = Names()


class FNetCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "fnet"`."""

    architecture = "f_net"
    model_type = "fnet"
    class_prefix = "FNet"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        Field("num_layers", "num_hidden_layers"),
        Field("hidden_dim", "hidden_size"),
        Field("intermediate_dim", "intermediate_size"),
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
        Field("max_sequence_length", "max_position_embeddings", default=512),
        Field("num_segments", "type_vocab_size", default=4),
        Field("activation", "hidden_act", str, "gelu_new", names=ACTIVATIONS),
        Field("layer_norm_epsilon", "layer_norm_eps", NUMBER, 1e-12),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),)
    optional: ClassVar[tuple[str, ...]] = ("pooler.*", "fnet.pooler.*")
    ignored: ClassVar[tuple[str, ...]] = ("classifier.*", "cls.*", "*embeddings.position_ids")

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `spiece.model`; `None` if there is neither."""
        return sentence_piece_config(files, FNetTokenizer, (*QUOTES, PRECOMPILED))

    def backbone_weights(self, backbone: FNetBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield from ENCODER.segmented_embeddings(backbone)
        yield from ENCODER.dense(backbone.embeddings_projection, "embeddings.projection")
        for index, layer in enumerate(backbone.fourier_layers):
            name = f"encoder.layer.{index}"
            yield from ENCODER.layer_norm(layer._mixing_layer_norm, f"{name}.fourier.output.LayerNorm")
            yield from ENCODER.dense(layer._intermediate_dense, f"{name}.intermediate.dense")
            yield from ENCODER.dense(layer._output_dense, f"{name}.output.dense")
            yield from ENCODER.layer_norm(layer._output_layer_norm, f"{name}.output.LayerNorm")
        yield from ENCODER.dense(backbone.pooled_dense, "pooler.dense")

    def head_weights(self, head: PooledOutputHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.output_dense, "classifier")

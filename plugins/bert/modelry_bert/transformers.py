"""Read BERT checkpoints written by transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints.checkpoint import Checkpoint
from modelry.checkpoints.layouts import Flat, Linear, Same
from modelry.checkpoints.sourced_weight import SourcedWeight
from modelry.errors import PresetFormatError
from modelry.presets.json_files import field
from modelry.text.wordpiece_files import wordpiece_config
from modelry_bert.tokenizer import SPECIAL_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry.checkpoints.layouts import Layout
    from modelry.storage.files import PresetFiles
    from modelry_bert.backbone import BertBackbone
    from modelry_bert.head import BertClassificationHead


class BertCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "bert"`."""

    architecture = "bert"
    optional: ClassVar[tuple[str, ...]] = ("pooler.*", "bert.pooler.*")
    ignored: ClassVar[tuple[str, ...]] = ("classifier.*", "cls.*", "*embeddings.position_ids")

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments, given the checkpoint's `config.json`.

        Raises:
            PresetFormatError: The checkpoint is a decoder, or has relative positions.
        """
        if config.get("is_decoder"):
            raise PresetFormatError(f"{where} is a BERT decoder; modelry's BERT is an encoder.")
        positions = config.get("position_embedding_type", "absolute")
        if positions != "absolute":
            raise PresetFormatError(f"{where} has {positions} positions; modelry's BERT has absolute ones only.")
        return {
            "vocabulary_size": field(config, "vocab_size", int, where),
            "num_layers": field(config, "num_hidden_layers", int, where),
            "num_heads": field(config, "num_attention_heads", int, where),
            "hidden_dim": field(config, "hidden_size", int, where),
            "intermediate_dim": field(config, "intermediate_size", int, where),
            "dropout": field(config, "hidden_dropout_prob", (int, float), where, 0.1),
            "max_sequence_length": field(config, "max_position_embeddings", int, where, 512),
            "num_segments": field(config, "type_vocab_size", int, where, 2),
            "activation": field(config, "hidden_act", str, where, "gelu"),
            "layer_norm_epsilon": field(config, "layer_norm_eps", (int, float), where, 1e-12),
        }

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `vocab.txt`; `None` if there is neither."""
        return wordpiece_config(files, SPECIAL_TOKENS)

    def head_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the classifier's arguments besides `num_classes`."""
        dropout = config.get("classifier_dropout")
        return {"dropout": config.get("hidden_dropout_prob", 0.1) if dropout is None else dropout}

    def backbone_weights(self, backbone: BertBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield _weight(backbone.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        yield _weight(backbone.position_embedding.position_embeddings, "embeddings.position_embeddings.weight")
        yield _weight(backbone.segment_embedding.embeddings, "embeddings.token_type_embeddings.weight")
        yield from _layer_norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")
        for index, layer in enumerate(backbone.transformer_layers):
            stem = f"encoder.layer.{index}"
            attention = layer._self_attention_layer
            yield from _dense(attention.query_dense, f"{stem}.attention.self.query")
            yield from _dense(attention.key_dense, f"{stem}.attention.self.key")
            yield from _dense(attention.value_dense, f"{stem}.attention.self.value")
            yield from _dense(attention.output_dense, f"{stem}.attention.output.dense", input_axes=2)
            yield from _layer_norm(layer._self_attention_layer_norm, f"{stem}.attention.output.LayerNorm")
            yield from _dense(layer._feedforward_intermediate_dense, f"{stem}.intermediate.dense")
            yield from _dense(layer._feedforward_output_dense, f"{stem}.output.dense")
            yield from _layer_norm(layer._feedforward_layer_norm, f"{stem}.output.LayerNorm")
        yield from _dense(backbone.pooled_dense, "pooler.dense")

    def head_weights(self, head: BertClassificationHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield SourcedWeight(head.output_dense.kernel, ("classifier.weight",), Linear())
        yield SourcedWeight(head.output_dense.bias, ("classifier.bias",), Same())


def _weight(variable: Any, name: str, *older: str, layout: Layout | None = None) -> SourcedWeight:
    """A checkpoint with a head prefixes the encoder's names with `bert.`; one without a head does not."""
    names = tuple(prefix + one for one in (name, *older) for prefix in ("bert.", ""))
    return SourcedWeight(variable, names, layout or Same())


def _dense(layer: Any, name: str, input_axes: int = 1) -> Iterator[SourcedWeight]:
    yield _weight(layer.kernel, f"{name}.weight", layout=Linear(input_axes))
    yield _weight(layer.bias, f"{name}.bias", layout=Flat())


def _layer_norm(layer: Any, name: str) -> Iterator[SourcedWeight]:
    # The first BERT checkpoints, converted from TensorFlow, call the two gamma and beta.
    yield _weight(layer.gamma, f"{name}.weight", f"{name}.gamma")
    yield _weight(layer.beta, f"{name}.bias", f"{name}.beta")

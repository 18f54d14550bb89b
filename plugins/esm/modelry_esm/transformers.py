"""ESM's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ENCODER_SIZES, NUMBER, Checkpoint, Field, Names, Rows, field
from modelry.tokenizers import tokenizer_class

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import FirstTokenHead
    from modelry_esm.backbone import ESMBackbone

ENCODER = Names(("esm.", ""))
HEAD = Names(("classifier.",))
VOCABULARY = "vocab.txt"
FIRST_ROW = 1  # transformers begins at the position after `pad_token_id`, KerasHub at `pad_token_id`


class ESMCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "esm"`."""

    architecture = "esm"
    model_type = "esm"
    class_prefix = "Esm"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
        Field("max_sequence_length", "max_position_embeddings", default=1026, offset=FIRST_ROW),
        Field("max_wavelength", "rope_theta", NUMBER, 10_000.0),
        Field("layer_norm_eps", "layer_norm_eps", NUMBER, 1e-12),
        Field("use_pre_layer_norm", "emb_layer_norm_before", bool, False),
        Field("position_embedding_type", "position_embedding_type", str, "absolute"),
        Field("pad_token_id", "pad_token_id"),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
        Field("hidden_dim", "hidden_size"),
    )
    fixed: ClassVar[Mapping[str, Any]] = {"add_cross_attention": False, "is_decoder": False, "is_folding_model": False}
    ignored: ClassVar[tuple[str, ...]] = (
        "classifier.*",
        "lm_head.*",
        "*contact_head.*",
        "*pooler.*",
        "*embeddings.position_*",  # a checkpoint with rotary positions has absolute ones, too
        "*rotary_embeddings.inv_freq",
    )

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments; see `Checkpoint.backbone_config`."""
        dropped = field(config, "mask_token_id", int, where) if config.get("token_dropout") else None
        always = {"use_bias": True, "activation": "gelu"}
        return {**super().backbone_config(config, where), **always, "dropped_token_id": dropped}

    def counts_from_padding(self, config: Mapping[str, Any]) -> bool:
        """Return whether positions are absolute; see `Checkpoint.counts_from_padding`."""
        return bool(config["position_embedding_type"] == "absolute")

    def written_config(self, backbone: Mapping[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what `config.json` says of the architecture; see `Checkpoint.written_config`."""
        dropped = backbone["dropped_token_id"]
        tokens = {"token_dropout": dropped is not None, "mask_token_id": dropped}
        return {**super().written_config(backbone, head), **tokens}

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `vocab.txt`; `None` if there is none.

        Raises:
            PresetFormatError: Another class than transformers' `EsmTokenizer` is to read it.
        """
        if VOCABULARY not in files:
            return None
        tokenizer_class(files, ("EsmTokenizer",))
        return {"vocabulary": files.path(VOCABULARY), "find_tokens": True}

    def backbone_weights(self, backbone: ESMBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield ENCODER.weight(backbone.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        if backbone.position_embedding_type == "absolute":
            yield ENCODER.weight(
                backbone.position_embedding.position_embeddings,
                "embeddings.position_embeddings.weight",
                layout=Rows(FIRST_ROW, FIRST_ROW + backbone.max_sequence_length),
            )
        if backbone.use_pre_layer_norm:
            yield from ENCODER.layer_norm(backbone.emb_layer_norm, "embeddings.layer_norm")
        for index, layer in enumerate(backbone.transformer_layers):
            stem, attention = f"encoder.layer.{index}", layer.attention_layer
            yield from ENCODER.layer_norm(layer.attention_norm, f"{stem}.attention.LayerNorm")
            yield from ENCODER.dense(attention.q_dense, f"{stem}.attention.self.query")
            yield from ENCODER.dense(attention.k_dense, f"{stem}.attention.self.key")
            yield from ENCODER.dense(attention.v_dense, f"{stem}.attention.self.value")
            yield from ENCODER.dense(attention.o_dense, f"{stem}.attention.output.dense")
            yield from ENCODER.layer_norm(layer.feedforward_norm, f"{stem}.LayerNorm")
            yield from ENCODER.dense(layer.feedforward_intermediate_dense, f"{stem}.intermediate.dense")
            yield from ENCODER.dense(layer.feedforward_output_dense, f"{stem}.output.dense")
        yield from ENCODER.layer_norm(backbone.output_layer_norm, "encoder.emb_layer_norm_after")

    def head_weights(self, head: FirstTokenHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "dense")
        yield from HEAD.dense(head.output_dense, "out_proj")

"""ModernBERT's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, ENCODER_SIZES, NUMBER, Checkpoint, Field, Names
from modelry.errors import PresetFormatError
from modelry.tokenizers import byte_pair_config
from modelry_modernbert.text import ModernBertTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import PooledHead
    from modelry_modernbert.backbone import ModernBertBackbone

ENCODER = Names(("model.", ""))
HEAD = Names()
GLOBAL, LOCAL = "full_attention", "sliding_attention"


class ModernBertCheckpoint(Checkpoint):
    """Checkpoints with `"model_type": "modernbert"`."""

    architecture = "modernbert"
    model_type = "modernbert"
    class_prefix = "ModernBert"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("dropout", "mlp_dropout", NUMBER, 0.0),
        Field("attention_dropout", "attention_dropout", NUMBER, 0.0),
        Field("embedding_dropout", "embedding_dropout", NUMBER, 0.0),
        Field("max_sequence_length", "max_position_embeddings", default=8192),
        Field("global_every", "global_attn_every_n_layers", default=3),
        Field("local_window", "local_attention", default=128),
        Field("activation", "hidden_activation", str, "gelu", names=ACTIVATIONS),
        Field("layer_norm_epsilon", "norm_eps", NUMBER, 1e-5),
        Field("attention_bias", "attention_bias", bool, False),
        Field("feedforward_bias", "mlp_bias", bool, False),
        Field("global_wavelength", "global_rope_theta", NUMBER, 160_000.0),
        Field("local_wavelength", "local_rope_theta", NUMBER, 10_000.0),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (
        Field("dropout", "classifier_dropout", NUMBER, 0.0),
        Field("hidden_activation", "classifier_activation", str, "gelu", names=ACTIVATIONS),
        Field("hidden_bias", "classifier_bias", bool, False),
        Field("hidden_norm", "norm_eps", NUMBER, 1e-5),
    )
    heads: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "modelry:first_token": {"classifier_pooling": "cls"},
        "modelry:mean_pool": {"classifier_pooling": "mean"},
    }
    fixed: ClassVar[Mapping[str, Any]] = {"norm_bias": False}
    ignored: ClassVar[tuple[str, ...]] = ("head.*", "classifier.*", "decoder.*")

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments.

        Raises:
            PresetFormatError: The config asks for something this architecture cannot do.
        """
        return super().backbone_config({**config, **_older_keys(config, where)}, where)

    def head_name(self, config: Mapping[str, Any]) -> str | None:
        """Return the registered name of the head, which transformers puts on the first token if nothing is said."""
        return super().head_name({"classifier_pooling": "cls", **config})

    def head_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the head's arguments besides `num_classes`; no dropout precedes its hidden layer."""
        return {**super().head_config(config, where), "hidden_dropout": 0.0}

    def written_config(self, backbone: Mapping[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what `config.json` says of the architecture; see `Checkpoint.written_config`."""
        # transformers' default, the id of the published models' padding, is none of a smaller vocabulary.
        return {**super().written_config(backbone, head), "pad_token_id": None}

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json`; `None` if there is none."""
        return byte_pair_config(files, ModernBertTokenizer.special_tokens)

    def backbone_weights(self, backbone: ModernBertBackbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        yield ENCODER.weight(backbone.token_embedding.embeddings, "embeddings.tok_embeddings.weight")
        yield from ENCODER.layer_norm(backbone.embeddings_norm, "embeddings.norm")
        for index, layer in enumerate(backbone.transformer_layers):
            stem, attention = f"layers.{index}", layer.attention_layer
            if layer.norm_attention:
                yield from ENCODER.layer_norm(layer.attention_norm, f"{stem}.attn_norm")
            yield from ENCODER.fused((attention.q_dense, attention.k_dense, attention.v_dense), f"{stem}.attn.Wqkv")
            yield from ENCODER.dense(attention.o_dense, f"{stem}.attn.Wo")
            yield from ENCODER.layer_norm(layer.feedforward_norm, f"{stem}.mlp_norm")
            yield from ENCODER.dense(layer.feedforward_intermediate_dense, f"{stem}.mlp.Wi")
            yield from ENCODER.dense(layer.feedforward_output_dense, f"{stem}.mlp.Wo")
        yield from ENCODER.layer_norm(backbone.final_norm, "final_norm")

    def head_weights(self, head: PooledHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "head.dense")
        yield from HEAD.layer_norm(head.pooled_norm, "head.norm")
        yield from HEAD.dense(head.output_dense, "classifier")


def _older_keys(config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return what transformers 5 says by layer in the keys that all older versions have, and it still reads."""
    older: dict[str, Any] = {}
    kinds = config.get("layer_types")
    if kinds is not None:
        every = next((index for index, kind in enumerate(kinds) if index and kind == GLOBAL), len(kinds))
        if list(kinds) != [LOCAL if index % every else GLOBAL for index in range(len(kinds))]:
            raise PresetFormatError(
                f"layer_types in {where} are {kinds}; modelry's ModernBERT has a layer of {GLOBAL} first and then at "
                f"equal distances, and {LOCAL} between."
            )
        older["global_attn_every_n_layers"] = every
    for kind, key in ((GLOBAL, "global_rope_theta"), (LOCAL, "local_rope_theta")):
        rope = (config.get("rope_parameters") or {}).get(kind) or {}
        if rope.get("rope_type", "default") != "default":
            raise PresetFormatError(f"{where} scales its rotary positions ({rope}), which modelry cannot do.")
        if "rope_theta" in rope:
            older[key] = rope["rope_theta"]
    return older

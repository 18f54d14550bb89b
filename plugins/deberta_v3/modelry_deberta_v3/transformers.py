"""DeBERTa-v3's checkpoints of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelry.checkpoints import ACTIVATIONS, ENCODER_SIZES, NUMBER, Checkpoint, Field, Names, check_fixed
from modelry.errors import PresetFormatError, SaveError
from modelry.tokenizers import LOWERCASE, sentence_piece_config, tokenizer_setting
from modelry_deberta_v3.text import DebertaV3Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelry import PresetFiles
    from modelry.checkpoints import SourcedWeight
    from modelry.tasks.text_classifier import FirstTokenHead
    from modelry_deberta_v3.backbone import DebertaV3Backbone

ENCODER = Names(("deberta.", ""))
HEAD = Names()

# What transformers does with a text of a checkpoint that has only SentencePiece's model, whose own table it leaves out.
NORMALIZERS = (
    {"type": "Replace", "pattern": {"Regex": r"\s{2,}|[\n\r\t]"}, "content": " "},
    {"type": "NFC"},
    {"type": "Strip", "strip_left": False, "strip_right": True},
)

# What transformers takes a missing key for; with most of these it is not DeBERTa-v3.
MISSING = {
    "norm_rel_ebd": "none",
    "pos_att_type": [],
    "position_biased_input": True,
    "position_buckets": -1,
    "relative_attention": False,
    "share_att_key": False,
}


class DebertaV3Checkpoint(Checkpoint):
    """Checkpoints with `"model_type": "deberta-v2"` that are of version 3."""

    architecture = "deberta_v3"
    model_type = "deberta-v2"
    class_prefix = "DebertaV2"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("vocabulary_size", "vocab_size"),
        *ENCODER_SIZES,
        Field("dropout", "hidden_dropout_prob", NUMBER, 0.1),
        Field("max_sequence_length", "max_position_embeddings", default=512),
        Field("bucket_size", "position_buckets"),
        Field("activation", "hidden_act", str, "gelu", names=ACTIVATIONS),
        Field("layer_norm_epsilon", "layer_norm_eps", NUMBER, 1e-7),
    )
    head_fields: ClassVar[tuple[Field, ...]] = (Field("dropout", "pooler_dropout", NUMBER, 0.0),)
    fixed: ClassVar[Mapping[str, Any]] = {
        "conv_kernel_size": 0,
        "norm_rel_ebd": "layer_norm",
        "pooler_hidden_act": "gelu",
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": False,
        "relative_attention": True,
        "share_att_key": True,
        "type_vocab_size": 0,
    }
    ignored: ClassVar[tuple[str, ...]] = (
        "classifier.*",
        "cls.*",
        "lm_predictions.*",
        "mask_predictions.*",
        "pooler.*",
        "*embeddings.position_ids",
    )

    def backbone_config(self, config: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the backbone's arguments; see `Checkpoint.backbone_config`."""
        config = {**MISSING, **config}
        kinds = config["pos_att_type"] or ()
        config["pos_att_type"] = sorted(kinds.lower().split("|") if isinstance(kinds, str) else kinds)
        arguments = super().backbone_config(config, where)
        if arguments["bucket_size"] < 2:
            raise PresetFormatError(
                f"{where} has position_buckets={arguments['bucket_size']}: a DeBERTa-v3 has buckets of distances."
            )
        check_fixed(dict.fromkeys(("embedding_size", "pooler_hidden_size"), arguments["hidden_dim"]), config, where)
        if config.get("max_relative_positions") != -1:  # which stands for the number of positions
            check_fixed({"max_relative_positions": arguments["max_sequence_length"]}, config, where)
        return arguments

    def written_config(self, backbone: Mapping[str, Any], head: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return what `config.json` says of the architecture; see `Checkpoint.written_config`."""
        hidden_dim = backbone["hidden_dim"]
        if head is None:
            return super().written_config(backbone, None)
        if head["hidden_dim"] not in (None, hidden_dim):
            raise SaveError(
                f"The head has a hidden layer of size {head['hidden_dim']}; that of transformers' DeBERTa is as wide "
                f"as the backbone's states, {hidden_dim}. Save in modelry's own format."
            )
        return super().written_config(backbone, {"dropout": head["hidden_dropout"]})

    def tokenizer_config(self, files: PresetFiles) -> dict[str, Any] | None:
        """Return the tokenizer's arguments, from `tokenizer.json` or `spm.model`; `None` if there is neither."""
        lowercase = (LOWERCASE,) if tokenizer_setting(files, "do_lower_case", bool, False) else ()
        return sentence_piece_config(files, DebertaV3Tokenizer, (*lowercase, *NORMALIZERS), pre_tokenizers=())

    def backbone_weights(self, backbone: DebertaV3Backbone) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the backbone's weights."""
        distances = backbone.relative_embeddings
        yield ENCODER.weight(backbone.token_embedding.embeddings, "embeddings.word_embeddings.weight")
        yield from ENCODER.layer_norm(backbone.embeddings_layer_norm, "embeddings.LayerNorm")
        yield ENCODER.weight(distances.rel_embeddings, "encoder.rel_embeddings.weight")
        yield from ENCODER.layer_norm(distances.layer_norm, "encoder.LayerNorm")
        for index, layer in enumerate(backbone.transformer_layers):
            name, attention = f"encoder.layer.{index}", layer.sublayers().attention
            yield from ENCODER.dense(attention._query_dense, f"{name}.attention.self.query_proj")
            yield from ENCODER.dense(attention._key_dense, f"{name}.attention.self.key_proj")
            yield from ENCODER.dense(attention._value_dense, f"{name}.attention.self.value_proj")
            yield from ENCODER.dense(attention._output_dense, f"{name}.attention.output.dense")
            yield from ENCODER.after_attention(layer, name)

    def head_weights(self, head: FirstTokenHead) -> Iterator[SourcedWeight]:
        """Yield where the checkpoint stores each of the classification head's weights."""
        yield from HEAD.dense(head.pooled_dense, "pooler.dense")
        yield from HEAD.dense(head.output_dense, "classifier")

"""Layers that several architectures share.

Their class and attribute names are part of the weights' file format: KerasHub stores weights under the same ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.layers.embeddings import PositionEmbedding as PositionEmbedding
    from modelry.layers.embeddings import TokenAndPositionEmbedding as TokenAndPositionEmbedding
    from modelry.layers.functions import activation as activation
    from modelry.layers.functions import bert_initializer as bert_initializer
    from modelry.layers.functions import own_initializer as own_initializer
    from modelry.layers.rotary import RotaryAttention as RotaryAttention
    from modelry.layers.rotary import RotaryEmbedding as RotaryEmbedding
    from modelry.layers.rotary import RotaryEncoder as RotaryEncoder
    from modelry.layers.rotary import rotate as rotate
    from modelry.layers.transformer import EncoderSublayers as EncoderSublayers
    from modelry.layers.transformer import SelfAttention as SelfAttention
    from modelry.layers.transformer import TransformerEncoder as TransformerEncoder
    from modelry.layers.transformer import attend as attend
    from modelry.layers.transformer import attention_mask as attention_mask
    from modelry.layers.transformer import heads_dense as heads_dense
    from modelry.layers.transformer import split_heads as split_heads
    from modelry.layers.transformer import transformer_layers as transformer_layers

_PUBLIC = {
    "EncoderSublayers": "modelry.layers.transformer:EncoderSublayers",
    "PositionEmbedding": "modelry.layers.embeddings:PositionEmbedding",
    "RotaryAttention": "modelry.layers.rotary:RotaryAttention",
    "RotaryEmbedding": "modelry.layers.rotary:RotaryEmbedding",
    "RotaryEncoder": "modelry.layers.rotary:RotaryEncoder",
    "SelfAttention": "modelry.layers.transformer:SelfAttention",
    "TokenAndPositionEmbedding": "modelry.layers.embeddings:TokenAndPositionEmbedding",
    "TransformerEncoder": "modelry.layers.transformer:TransformerEncoder",
    "activation": "modelry.layers.functions:activation",
    "attend": "modelry.layers.transformer:attend",
    "attention_mask": "modelry.layers.transformer:attention_mask",
    "bert_initializer": "modelry.layers.functions:bert_initializer",
    "heads_dense": "modelry.layers.transformer:heads_dense",
    "own_initializer": "modelry.layers.functions:own_initializer",
    "rotate": "modelry.layers.rotary:rotate",
    "split_heads": "modelry.layers.transformer:split_heads",
    "transformer_layers": "modelry.layers.transformer:transformer_layers",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)

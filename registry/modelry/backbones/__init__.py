"""Base classes of backbones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.backbones.backbone import Backbone as Backbone
    from modelry.backbones.base_model import id_inputs as id_inputs
    from modelry.backbones.transformer_backbone import SegmentedBackbone as SegmentedBackbone
    from modelry.backbones.transformer_backbone import TransformerBackbone as TransformerBackbone

_PUBLIC = {
    "Backbone": "modelry.backbones.backbone:Backbone",
    "SegmentedBackbone": "modelry.backbones.transformer_backbone:SegmentedBackbone",
    "TransformerBackbone": "modelry.backbones.transformer_backbone:TransformerBackbone",
    "id_inputs": "modelry.backbones.base_model:id_inputs",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)

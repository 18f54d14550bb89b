from .backbone import Backbone as Backbone
from .base_model import id_inputs as id_inputs
from .transformer_backbone import SegmentedBackbone as SegmentedBackbone
from .transformer_backbone import TransformerBackbone as TransformerBackbone

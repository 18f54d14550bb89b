"""The built-in presets of the BERT family: the one inside this package, and KerasHub's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.plugin import BuiltinPreset, hookimpl, keras_hub_presets

if TYPE_CHECKING:
    from collections.abc import Iterator

# Name → where it lies below kaggle://keras/, and its number of parameters.
_KERAS_HUB = {
    "all_minilm_l12_v2_en": ("sentence-transformers/keras/all_minilm_l12_v2_en/1", 33_360_000),
    "all_minilm_l6_v1_en": ("sentence-transformers/keras/all_minilm_l6_v1_en/1", 22_713_216),
    "all_minilm_l6_v2_en": ("sentence-transformers/keras/all_minilm_l6_v2_en/1", 22_713_216),
    "bert_base_en": ("bert/keras/bert_base_en/3", 108_310_272),
    "bert_base_en_uncased": ("bert/keras/bert_base_en_uncased/3", 109_482_240),
    "bert_base_multi": ("bert/keras/bert_base_multi/3", 177_853_440),
    "bert_base_zh": ("bert/keras/bert_base_zh/3", 102_267_648),
    "bert_large_en": ("bert/keras/bert_large_en/3", 333_579_264),
    "bert_large_en_uncased": ("bert/keras/bert_large_en_uncased/3", 335_141_888),
    "bert_medium_en_uncased": ("bert/keras/bert_medium_en_uncased/3", 41_373_184),
    "bert_small_en_uncased": ("bert/keras/bert_small_en_uncased/3", 28_763_648),
    "bert_tiny_en_uncased": ("bert/keras/bert_tiny_en_uncased/3", 4_385_920),
    "bert_tiny_en_uncased_sst2": ("bert/keras/bert_tiny_en_uncased_sst2/5", 4_385_920),
    "bge_base_en": ("bge/keras/bge_base_en/1", 109_482_240),
    "bge_base_v1.5_en": ("bge/keras/bge_base_v1.5_en/1", 109_482_240),
    "bge_base_v1.5_zh": ("bge/keras/bge_base_v1.5_zh/1", 102_267_648),
    "bge_base_zh": ("bge/keras/bge_base_zh/1", 102_267_648),
    "bge_large_en": ("bge/keras/bge_large_en/1", 335_141_888),
    "bge_large_v1.5_en": ("bge/keras/bge_large_v1.5_en/1", 335_141_888),
    "bge_large_v1.5_zh": ("bge/keras/bge_large_v1.5_zh/1", 325_522_432),
    "bge_large_zh": ("bge/keras/bge_large_zh/1", 325_522_432),
    "bge_llm_embedder": ("bge/keras/bge_llm_embedder/1", 109_482_240),
    "bge_small_en": ("bge/keras/bge_small_en/1", 33_360_000),
    "bge_small_v1.5_en": ("bge/keras/bge_small_v1.5_en/1", 33_360_000),
    "bge_small_v1.5_zh": ("bge/keras/bge_small_v1.5_zh/1", 23_953_920),
    "msmarco_minilm_l12_cos_v5_en": ("sentence-transformers/keras/msmarco_minilm_l12_cos_v5_en/1", 33_360_000),
    "msmarco_minilm_l6_cos_v5_en": ("sentence-transformers/keras/msmarco_minilm_l6_cos_v5_en/1", 22_713_216),
    "multi_qa_minilm_l6_cos_v1_en": ("sentence-transformers/keras/multi_qa_minilm_l6_cos_v1_en/1", 22_713_216),
    "multi_qa_minilm_l6_dot_v1_en": ("sentence-transformers/keras/multi_qa_minilm_l6_dot_v1_en/1", 22_713_216),
    "multilingual_e5_small": ("multilingual-e5/keras/multilingual_e5_small/1", 117_653_760),
    "mxbai_embed_2d_large_v1_en": ("mxbai-embed/keras/mxbai_embed_2d_large_v1_en/1", 335_141_888),
    "mxbai_embed_large_v1_en": ("mxbai-embed/keras/mxbai_embed_large_v1_en/1", 335_141_888),
    "mxbai_embed_xsmall_v1_en": ("mxbai-embed/keras/mxbai_embed_xsmall_v1_en/1", 24_089_472),
    "paraphrase_minilm_l12_v2_en": ("sentence-transformers/keras/paraphrase_minilm_l12_v2_en/1", 33_360_000),
    "paraphrase_minilm_l3_v2_en": ("sentence-transformers/keras/paraphrase_minilm_l3_v2_en/1", 17_066_496),
    "paraphrase_minilm_l6_v2_en": ("sentence-transformers/keras/paraphrase_minilm_l6_v2_en/1", 22_713_216),
}


@hookimpl
def modelry_presets() -> Iterator[BuiltinPreset]:
    """Yield the built-in presets."""
    yield BuiltinPreset(
        "bert_micro_sst2",
        "package://modelry-bert/modelry_bert/presets/bert_micro_sst2",
        architecture="bert",
        parameters=815_552,
        description="Tells negative from positive in short English sentences; shipped inside modelry-bert.",
    )
    yield from keras_hub_presets("bert", _KERAS_HUB)

"""RoBERTa's and XLM-RoBERTa's preprocessors for text classification."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_roberta.tokenizer import RobertaTokenizer, XLMRobertaTokenizer

if TYPE_CHECKING:
    from modelry.tokenizers import Tokenizer


class RobertaTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `<s> a </s>` or `<s> a </s> </s> b </s>`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Liu et al., 2019](https://arxiv.org/abs/1907.11692).
    """

    tokenizer_cls: ClassVar[type[Tokenizer]] = RobertaTokenizer
    keras_hub_class = "RobertaTextClassifierPreprocessor"
    start_token = "<s>"
    end_token = "</s>"
    separator = ("</s>", "</s>")
    pad_token = "<pad>"


class XLMRobertaTextClassifierPreprocessor(RobertaTextClassifierPreprocessor):
    """Packs texts as RoBERTa does; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Conneau et al., 2019](https://arxiv.org/abs/1911.02116).
    """

    tokenizer_cls = XLMRobertaTokenizer
    keras_hub_class = "XLMRobertaTextClassifierPreprocessor"

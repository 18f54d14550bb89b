"""Tokenizers and preprocessors of RoBERTa and XLM-RoBERTa: texts to token rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import BytePairTokenizer, SentencePieceTokenizer, TokenId

if TYPE_CHECKING:
    from modelry.tokenizers import Tokenizer


class RobertaTokenizer(BytePairTokenizer):
    """Byte-level byte-pair encoding with RoBERTa's special tokens; the arguments are those of `BytePairTokenizer`.

    Reference: [Liu et al., 2019](https://arxiv.org/abs/1907.11692).

    ```python
    vocabulary = ["<s>", "<pad>", "</s>", "<mask>", "a", "Ġ", "f", "i", "l", "m", "Ġf", "il", "ilm", "Ġfilm"]
    tokenizer = RobertaTokenizer(vocabulary, merges=["Ġ f", "i l", "il m", "Ġf ilm"])
    tokenizer("a film")  # [4, 13]
    ```

    Attributes:
        start_token_id: The id of `<s>`, which starts a row.
        end_token_id: The id of `</s>`, which ends a segment.
        pad_token_id: The id of `<pad>`.
        mask_token_id: The id of `<mask>`.
    """

    keras_hub_class = "RobertaTokenizer"
    special_tokens = ("<s>", "</s>", "<pad>", "<mask>")
    trim_offsets = True
    start_token_id = TokenId("<s>")
    end_token_id = TokenId("</s>")
    pad_token_id = TokenId("<pad>")
    mask_token_id = TokenId("<mask>")


class XLMRobertaTokenizer(SentencePieceTokenizer):
    """SentencePiece with the special tokens first and `<mask>` last; the arguments are `SentencePieceTokenizer`'s.

    Reference: [Conneau et al., 2019](https://arxiv.org/abs/1911.02116).

    Attributes:
        start_token_id: The id of `<s>`, which starts a row.
        end_token_id: The id of `</s>`, which ends a segment.
        pad_token_id: The id of `<pad>`.
        unk_token_id: The id of `<unk>`, which stands for what the model cannot spell.
        mask_token_id: The id of `<mask>`.
    """

    keras_hub_class = "XLMRobertaTokenizer"
    special_tokens = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    first_tokens = ("<s>", "<pad>", "</s>", "<unk>")
    tokens_without_piece = ("<mask>",)
    start_token_id = TokenId("<s>")
    end_token_id = TokenId("</s>")
    pad_token_id = TokenId("<pad>")
    unk_token_id = TokenId("<unk>")
    mask_token_id = TokenId("<mask>")


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

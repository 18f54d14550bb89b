"""Tokenizer and preprocessor of ModernBERT: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import BytePairTokenizer, TokenId


class ModernBertTokenizer(BytePairTokenizer):
    """Byte-level byte-pair encoding with BERT's special tokens; the arguments are those of `BytePairTokenizer`.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).

    ```python
    vocabulary = [*ModernBertTokenizer.special_tokens, "a", "Ġ", "f", "i", "l", "m", "Ġf", "il", "ilm", "Ġfilm"]
    tokenizer = ModernBertTokenizer(vocabulary, merges=["Ġ f", "i l", "il m", "Ġf ilm"])
    tokenizer("a film")  # [5, 14]
    ```

    Attributes:
        start_token_id: The id of `[CLS]`, which starts a row.
        end_token_id: The id of `[SEP]`, which ends a segment.
        pad_token_id: The id of `[PAD]`.
        mask_token_id: The id of `[MASK]`.
        unk_token_id: The id of `[UNK]`.
    """

    special_tokens = ("[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]")
    start_token_id = TokenId("[CLS]")
    end_token_id = TokenId("[SEP]")
    pad_token_id = TokenId("[PAD]")
    mask_token_id = TokenId("[MASK]")
    unk_token_id = TokenId("[UNK]")


class ModernBertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Warner et al., 2024](https://arxiv.org/abs/2412.13663).
    """

    tokenizer_cls = ModernBertTokenizer
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)

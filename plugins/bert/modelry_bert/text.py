"""Tokenizer and preprocessor of BERT: texts to token rows."""

from __future__ import annotations

from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderWordPieceTokenizer


class BertTokenizer(EncoderWordPieceTokenizer):
    """WordPiece with BERT's special tokens; the arguments are those of `EncoderWordPieceTokenizer`.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    ```python
    tokenizer = BertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s"], lowercase=True)
    tokenizer("A films")  # [5, 6, 7]
    ```
    """

    keras_hub_class = "BertTokenizer"


class BertTextClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]` with segment 1 for `b [SEP]`.

    Reference: [Devlin et al., 2018](https://arxiv.org/abs/1810.04805).

    Args:
        tokenizer: A `BertTokenizer`.
        sequence_length: The greatest number of tokens of a row, special tokens included.
        truncate: Which tokens go when a text is too long: `"round_robin"`, `"waterfall"` or `"longest_first"`.
        padding: `"bucket"` or `"fixed"`; see `modelry.TextClassifierPreprocessor`.
    """

    tokenizer_cls = BertTokenizer
    keras_hub_class = "BertTextClassifierPreprocessor"
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    segment_ids = True

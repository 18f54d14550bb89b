"""BERT's tokenizer."""

from __future__ import annotations

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

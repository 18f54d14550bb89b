"""Tokenizer and preprocessor of ESM: protein sequences to token rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tokenizers
from tokenizers import models, pre_tokenizers

from modelry.checkpoints import write_json
from modelry.errors import SaveError
from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry.tokenizers import EncoderWordPieceTokenizer, check_texts

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class ESMTokenizer(EncoderWordPieceTokenizer):
    """Gives each residue of a protein a token of its own.

    Reference: [Lin et al., 2023](https://doi.org/10.1126/science.ade2574).

    ```python
    tokenizer = ESMTokenizer(["<cls>", "<pad>", "<eos>", "<unk>", "M", "K", "T", "<mask>"], find_tokens=True)
    tokenizer("MKT")  # [4, 5, 6]
    ```

    Args:
        vocabulary: The tokens ordered by id, or the path of a file with one token a line. It must contain `<cls>`,
            `<eos>`, `<pad>`, `<mask>` and `oov_token`.
        lowercase: Lowercase the text first.
        oov_token: The token of what the vocabulary cannot spell.
        find_tokens: Find tokens wherever they stand, as transformers does; between them, a word is `oov_token`. If
            `False`, do as KerasHub does: split words as WordPiece, so that residues need spaces between them.
        **kwargs: The other arguments of `EncoderWordPieceTokenizer`; all but `sequence_length` are for WordPiece.

    Raises:
        InputError: The vocabulary is unreadable, or lacks a token that must be in it.
    """

    keras_hub_class = "ESMTokenizer"
    cls_token = "<cls>"
    sep_token = "<eos>"
    pad_token = "<pad>"
    mask_token = "<mask>"

    def __init__(
        self,
        vocabulary: Iterable[str] | str | os.PathLike[str],
        lowercase: bool = False,
        oov_token: str = "<unk>",
        find_tokens: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocabulary, lowercase=lowercase, oov_token=oov_token, **kwargs)
        self.find_tokens = find_tokens
        self._finder = self._build_finder() if find_tokens else None

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without start, end or padding tokens.

        Raises:
            InputError: One of them is not a text; the message names the row.
        """
        if self._finder is None:
            return super().encode(texts)
        try:
            encodings = self._finder.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):
            check_texts(texts)
            raise
        return [encoding.ids for encoding in encodings]

    def encode_with_offsets(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Return ids and character spans; see `Tokenizer.encode_with_offsets`."""
        if self._finder is None:
            return super().encode_with_offsets(texts)
        check_texts(texts)
        return [(one.ids, one.offsets) for one in self._finder.encode_batch(list(texts), add_special_tokens=False)]

    def keras_hub_config(self) -> dict[str, Any] | None:
        """Return the config for KerasHub, which finds no tokens inside words."""
        config = super().keras_hub_config()
        return None if config is None or config.pop("find_tokens") else config

    def _build_finder(self) -> tokenizers.Tokenizer:
        rust = tokenizers.Tokenizer(models.WordLevel(self._ids, unk_token=self.oov_token))
        longest_first = sorted(filter(None, self.vocabulary), key=len, reverse=True)
        tokens = tokenizers.Regex("|".join(map(re.escape, longest_first)))
        rust.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(tokens, "isolated"), pre_tokenizers.WhitespaceSplit()]
        )
        return rust


class ESMProteinClassifierPreprocessor(TextClassifierPreprocessor):
    """Builds rows `<cls> a <eos>` or `<cls> a <eos> b <eos>`; the arguments are those of `TextClassifierPreprocessor`.

    Reference: [Lin et al., 2023](https://doi.org/10.1126/science.ade2574).
    """

    tokenizer_cls = ESMTokenizer
    tokenizer: ESMTokenizer
    keras_hub_class = "ESMProteinClassifierPreprocessor"
    start_token = "<cls>"
    end_token = "<eos>"
    separator = ("<eos>",)
    pad_token = "<pad>"

    def save_for_transformers(self, folder: Path) -> None:
        """Write `vocab.txt` and `tokenizer_config.json`, which transformers' `EsmTokenizer` reads.

        Raises:
            SaveError: The tokenizer does not find tokens as that one does.
        """
        tokenizer = self.tokenizer
        if not tokenizer.find_tokens:
            raise SaveError(
                "transformers' EsmTokenizer finds tokens wherever they stand in a text, and this tokenizer splits "
                "words. Create it with find_tokens=True, or save in modelry's own format."
            )
        (folder / "vocab.txt").write_text("\n".join(tokenizer.vocabulary), "utf-8")
        roles = {"cls_token": "<cls>", "eos_token": "<eos>", "pad_token": "<pad>", "mask_token": "<mask>"}
        facts = {"tokenizer_class": "EsmTokenizer", "model_max_length": self.sequence_length}
        write_json(folder / "tokenizer_config.json", {**facts, **roles, "unk_token": tokenizer.oov_token})

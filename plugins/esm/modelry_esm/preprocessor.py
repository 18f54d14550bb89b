"""ESM's preprocessor for the classification of proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry.checkpoints import write_json
from modelry.errors import SaveError
from modelry.tasks.text_classifier import TextClassifierPreprocessor
from modelry_esm.tokenizer import ESMTokenizer

if TYPE_CHECKING:
    from pathlib import Path


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

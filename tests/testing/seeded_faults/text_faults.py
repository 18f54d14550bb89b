"""Mistakes in the tokenizer and the preprocessor."""

from __future__ import annotations

from .fault import TEXT, Edit, Fault

CHARACTERS = "        return text.lower()\n"
JOIN = '        return "".join(tokens)\n'
SPECIAL = '    special_tokens = ("[SEP]",)\n'
SEPARATOR = '    separator = ("[SEP]",)\n'


def _tokenizer(name: str, old: str, new: str, claim: str, words: str) -> Fault:
    return Fault(name, (Edit(TEXT, old, new),), "Tokenizer", (claim,), words)


def _preprocessor(name: str, new: str, claim: str, words: str) -> Fault:
    return Fault(name, (Edit(TEXT, SEPARATOR, SEPARATOR + new),), "Preprocessor", (claim,), words)


FAULTS = (
    _tokenizer(
        "forgotten lower case", CHARACTERS, "        return text\n", "test_golden_ids", "'Ab ba' gets the ids [1, 5, 3"
    ),
    _tokenizer(
        "accents are taken apart",
        CHARACTERS,
        '        from unicodedata import normalize\n\n        return normalize("NFD", text.lower())\n',
        "test_golden_ids",
        "'á' gets the ids [4, 1], not [1]",
    ),
    _tokenizer(
        "spaces between characters",
        JOIN,
        '        return " ".join(tokens)\n',
        "test_texts_come_back",
        "The ids [4, 5, 3, 5, 4] decode to 'a b   b a'",
    ),
    _tokenizer(
        "vocabulary grows while encoding",
        JOIN,
        JOIN + "\n    def encode(self, texts):\n"
        "        return [[self._ids.setdefault(one, len(self._ids)) for one in self.split(text)] for text in texts]\n",
        "test_ids_are_below_the_vocabulary_size",
        "with a vocabulary of 6",
    ),
    _tokenizer(
        "empty texts fail",
        CHARACTERS,
        "        return text.lower() if text[0] else text\n",
        "test_any_text_is_taken",
        "'' (0 characters) raises IndexError",
    ),
    _tokenizer(
        "order of a set",
        CHARACTERS,
        "        return list(set(text.lower()))\n",
        "test_a_new_process_gives_the_same_ids",
        "sort sets",
    ),
    _tokenizer(
        "tokenizer's argument is not kept",
        SPECIAL,
        SPECIAL + "\n    def __init__(self, vocabulary, fold=True, **arguments):\n"
        "        super().__init__(vocabulary, **arguments)\n        self.fold = True\n",
        "test_config_restores_it",
        "(fold=False) keeps fold as True",
    ),
    _tokenizer(
        "file that assets does not name",
        JOIN,
        JOIN + "\n    def save_assets(self, folder):\n        super().save_assets(folder)\n"
        '        (folder / "lower.txt").write_text("yes")\n',
        "test_assets_are_the_same_to_the_byte",
        "save_assets writes ['lower.txt', 'vocabulary.json']",
    ),
    _preprocessor(
        "mask of ones",
        "\n    def pad(self, packed, rows, length):\n        features = super().pad(packed, rows, length)\n"
        '        return {**features, "padding_mask": features["padding_mask"] | True}\n',
        "test_padding_only_fills_up",
        "padding_mask does not match the lengths",
    ),
    _preprocessor(
        "padding on the left",
        "\n    def pad(self, packed, rows, length):\n        features = super().pad(packed, rows, length)\n"
        "        return {name: one[:, ::-1] for name, one in features.items()}\n",
        "test_padding_only_fills_up",
        "pad on the right",
    ),
    _preprocessor(
        "long texts are not cut",
        "\n    def tokenize(self, columns):\n        kept, self.sequence_length = self.sequence_length, 100_000\n"
        "        packed = super().tokenize(columns)\n        self.sequence_length = kept\n        return packed\n",
        "test_every_text_gets_a_row",
        "cut at sequence_length",
    ),
    _preprocessor(
        "second text of a pair is dropped",
        "\n    def tokenize(self, columns):\n        return super().tokenize(columns[:1])\n",
        "test_pairs_keep_both_texts",
        "A pair gets the same ids as for the first text alone",
    ),
)

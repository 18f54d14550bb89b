"""From texts to token ids."""

from modelry import SplittingTokenizer, TextClassifierPreprocessor


class CharacterTokenizer(SplittingTokenizer):
    """Every character is a token, whatever its case."""

    special_tokens = ("[SEP]",)

    def split(self, text):
        """Return the characters of a text."""
        return text.lower()

    def join(self, tokens):
        """Return the text of some characters."""
        return "".join(tokens)


class TextCnnPreprocessor(TextClassifierPreprocessor):
    """Cuts and pads characters; `[SEP]` stands between the two texts of a pair."""

    tokenizer_cls = CharacterTokenizer
    separator = ("[SEP]",)

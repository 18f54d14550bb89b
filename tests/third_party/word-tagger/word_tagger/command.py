"""The command `modelry tag-words`."""


def tag_words(preset: str, words: list[str]) -> None:
    """Label each of some words."""
    from modelry import WordTagger

    (labels,) = WordTagger.from_preset(preset, compile=False).tag([words])
    for word, label in zip(words, labels, strict=True):
        print(f"{word}\t{label}")

"""Random texts that a tokenizer finds hard, and vocabularies that cover them in part. Standard library only."""

from __future__ import annotations

import random
import unicodedata

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

# Ranges of code points that something special happens to.
_BLOCKS = (
    (0x20, 0x7F),  # ASCII, weighted by repetition
    (0x20, 0x7F),
    (0x20, 0x7F),
    (0x00, 0xA0),  # control characters
    (0xA0, 0x250),  # Latin with accents, NBSP, soft hyphen, ß, İ
    (0x2B0, 0x370),  # modifiers and combining marks
    (0x370, 0x530),  # Greek, Cyrillic
    (0x5D0, 0x700),  # Hebrew, Arabic
    (0x900, 0x980),  # Devanagari: vowel signs are marks
    (0xE00, 0xE80),  # Thai: no spaces
    (0x1100, 0x1200),  # Hangul letters
    (0x1E00, 0x2000),  # Latin and Greek with several accents
    (0x2000, 0x2070),  # exotic spaces, invisible characters, punctuation
    (0x2070, 0x2C00),  # symbols
    (0x3000, 0x3100),  # CJK punctuation, kana
    (0x3200, 0x3400),  # CJK compatibility: ㈱
    (0x4E00, 0x4F00),
    (0xAC00, 0xAD00),  # Hangul syllables
    (0xF900, 0xFA00),  # CJK compatibility ideographs
    (0xFB00, 0xFB50),  # ligatures, presentation forms
    (0xFE00, 0xFFFF),  # variation selectors, full-width forms, BOM
    (0x1D400, 0x1D500),  # mathematical letters
    (0x1F1E6, 0x1F700),  # emoji
    (0x20000, 0x20100),
    (0xE0000, 0xE0080),  # tags
    (0, 0x110000),
)

_WORDS = (
    *("film", "movie", "unforgettable", "STRASSE", "Straße", "İstanbul", "ISPARTA", "naïve", "café", "Ångström"),
    *("O'Neill's", "e-mail", "a.b@c.org", "don't", "(v2.0)", "$5.00", "50%", "C++", "#tag", "@user"),
    "https://a.b/c?d=e",
    *("東京", "日本語", "上海の夜", "한국어", "สวัสดีชาวโลก", "Москва", "Ελλάδα", "ΣΊΣΥΦΟΣ", "مرحبا", "नमस्ते"),
    *("👍🏽", "👨\u200d👩\u200d👧", "❤\ufe0f", "🇩🇪"),
    *("…", "—", "“quoted”", "«oui»", "¿qué?", "½", "㈱", "ﬁne", "①", "™", "℃"),
    *("[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]x", "[cls]", "[ MASK ]", "##ing", "x##y", "[[SEP]]"),
    *("a\u0301e\u0308", "c\u0327", "=\u0338", "\u0301", "!\u0338", "か\u3099"),
    *("a\u00adb", "zero\u200bwidth", "b\u2060c"),
)

_SPACES = (*"    \t\n", "  ", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x1c", "\u1680", "")


def text(rng: random.Random) -> str:
    """Return one text: mostly words, sometimes anything at all."""
    kind = rng.random()
    if kind < 0.02:
        return rng.choice(("", " ", "\n\t", "\u200b", "!" * 40, "x" * 101, "я" * 51, "東" * 300, "\0", "ab " * 400))
    return "".join(_piece(rng) + rng.choice(_SPACES) for _ in range(rng.randrange(1, 25 if kind < 0.9 else 3)))


def texts(seed: int, count: int) -> list[str]:
    """Return texts that are the same for the same seed, and that UTF-8 can hold."""
    rng = random.Random(seed)
    return [text(rng) for _ in range(count)]


def vocabulary(seed: int, samples: list[str], size: int) -> list[str]:
    """Return a vocabulary that spells part of `samples`: characters, pieces and whole words, in either case."""
    rng = random.Random(seed)
    forms = (str, str.lower, lambda sample: unicodedata.normalize("NFKC", sample).casefold())
    spellings = {form(sample) for sample in samples for form in forms}
    pieces: dict[str, None] = dict.fromkeys(SPECIAL_TOKENS)
    alphabet = (*map(chr, range(0x21, 0x7F)), *"яшéßไทย東\U0001d4b3\U0001d4b4")
    pieces |= dict.fromkeys(form for char in alphabet for form in (char, f"##{char}"))
    pool = [word for spelling in sorted(spellings) for word in spelling.split()]
    rng.shuffle(pool)
    for word in pool:
        if len(pieces) >= size:
            break
        start, stop = sorted((rng.randrange(len(word) + 1), rng.randrange(len(word) + 1)))
        for piece in (word[:stop], f"##{word[start:stop]}", word):
            if piece not in ("", "##") and len(piece) < 30 and piece.isprintable():
                pieces[piece] = None
    return list(pieces)[:size]


def _piece(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.45:
        return rng.choice(_WORDS)
    if kind < 0.55:
        return "".join(rng.choice("!?.,;:-'\"()[]{}/\\|@#$%^&*+=~`<>_¡¿…—·") for _ in range(rng.randrange(1, 8)))
    if kind < 0.57:
        return "".join(
            rng.choice(rng.choice(("ab", "яш", "éß", "ไทย", "\U0001d4b3\U0001d4b4")))
            for _ in range(rng.randrange(20, 130))
        )
    return "".join(_char(rng) for _ in range(rng.randrange(1, 12)))


def _char(rng: random.Random) -> str:
    start, stop = rng.choice(_BLOCKS)
    code = rng.randrange(start, stop)
    return "x" if 0xD800 <= code < 0xE000 else chr(code)

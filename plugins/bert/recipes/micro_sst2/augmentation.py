"""New texts made of the sentences of a data set, for a teacher to label.

A small student learns a teacher's opinion of words and phrases much better from many strange sentences than from a few
thousand well-formed ones. Nothing here needs labels, and nothing is taken from anywhere but the given sentences.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

# How many texts of each kind to draw; a tenth of them turn out to be there already.
SPANS, THINNED, SWAPPED, SPLICED, WALKS, PHRASES = 35_000, 20_000, 25_000, 20_000, 30_000, 15_000
OPINIONS = 1_500  # words for phrases

# What turns or strengthens an opinion, in the spelling of the data set.
PATTERNS = (
    "not {}", "not {} at all", "is n't {}", "it 's not {}", "was not {}", "not very {}", "not so {}", "never {}",
    "i do n't {}", "not a {} film", "no {}", "do not {}", "would not {}", "it is n't {}", "i would not {} it",
    "i do n't {} it", "far from {}", "very {}", "so {}", "too {}", "it was {}", "i {} it", "a {} movie",
)  # fmt: skip

Words = list[str]


def imitations(sentences: Sequence[str], rng: random.Random) -> list[str]:
    """Return every word alone, the sentences with new punctuation, and some 130,000 mutilations of them."""
    split = [sentence.split() for sentence in sentences]
    texts = sorted({word for words in split for word in words})
    texts += [_respelt(words, rng) for words in (*split, *_mutilations(split, rng)) if words]
    return list(dict.fromkeys(texts))


def opinionated(sentences: Sequence[str], strength: Mapping[str, float]) -> list[str]:
    """Return the words on which the teacher has the strongest opinion.

    Args:
        sentences: The data set; a word counts only if it is there twice.
        strength: How strong the opinion is, by word.
    """
    counts = Counter(word for sentence in sentences for word in sentence.split())
    words = [word for word in strength if counts[word] > 1 and word.isalpha()]
    return sorted(words, key=lambda word: -strength[word])[:OPINIONS]


def phrases(words: Sequence[str], rng: random.Random) -> list[str]:
    """Return short negated and strengthened phrases around some words."""
    drawn: dict[str, None] = {}
    while len(drawn) < PHRASES:
        phrase = rng.choice(PATTERNS).format(rng.choice(words)).split()
        drawn[_respelt(phrase, rng, ordinary=0.5, stop=0.3, exclamation=0.1)] = None
    return list(drawn)


def _mutilations(sentences: Sequence[Words], rng: random.Random) -> Iterator[Words]:
    counts = Counter(word for words in sentences for word in words)
    vocabulary, weights = list(counts), [count**0.5 for count in counts.values()]
    strangers = iter(rng.choices(vocabulary, weights, k=40 * SWAPPED))
    followers = _followers(sentences)
    for _ in range(SPANS):
        words = rng.choice(sentences)
        length = min(len(words), rng.randint(2, 12))
        start = rng.randint(0, len(words) - length)
        yield words[start : start + length]
    for _ in range(THINNED):
        rate = rng.uniform(0.1, 0.5)
        yield [word for word in rng.choice(sentences) if rng.random() > rate]
    for _ in range(SWAPPED):
        rate = rng.uniform(0.1, 0.4)
        yield [next(strangers) if rng.random() < rate else word for word in rng.choice(sentences)]
    for _ in range(SPLICED):
        head, tail = rng.choice(sentences), rng.choice(sentences)
        start = rng.randrange(len(tail))
        yield head[: rng.randint(1, min(len(head), 12))] + tail[start : start + 12]
    for _ in range(WALKS):
        yield _walk(rng.choice(sentences)[0], followers, rng)


def _followers(sentences: Sequence[Words]) -> Mapping[tuple[str, ...], Words]:
    """Return which words follow a word, and which follow two; `""` is the end of a sentence."""
    followers = defaultdict(list)
    for words in sentences:
        for place, word in enumerate([*words[1:], ""], start=1):
            followers[words[place - 1],].append(word)
            if place > 1:
                followers[words[place - 2], words[place - 1]].append(word)
    return followers


def _walk(first: str, followers: Mapping[tuple[str, ...], Words], rng: random.Random) -> Words:
    """Return a random walk through the sentences, which remembers one or two words."""
    words = [first]
    while len(words) < 24:
        memory = tuple(words[-2:] if rng.random() < 0.5 else words[-1:])
        word = rng.choice(followers[memory] if memory in followers else followers[memory[-1:]])
        if not word:
            break
        words.append(word)
    return words


def _respelt(
    words: Words, rng: random.Random, ordinary: float = 0.2, stop: float = 0.35, exclamation: float = 0.07
) -> str:
    """Join words, now and then as people spell them; the data set has "is n't", and no full stops."""
    text = " ".join(words)
    if rng.random() < ordinary:
        text = text.replace(" n't", "n't").replace(" '", "'").replace(" ,", ",")
    if words[-1] in ".!?":
        return text
    draw = rng.random()
    return text + ("." if draw < stop else "!" if draw < stop + exclamation else "")

"""Tokenizers answer in linear time and memory whatever text of 1 MB they are given, or say what is wrong with it.

A process is stopped after a CPU time in which what takes the square of that could not come near the end.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SIZE, MARKS = 1_000_000, 100_000
SECONDS, MEGABYTES = 100, 1_500
"""What the worst of these take here is 6 seconds and 500 MB, most of it the million tokens that come out."""

CODE = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
import modelry
from modelry.errors import InputError
from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer
from modelry.tokenizers.wordpiece import WordPieceTokenizer

class Words(SplittingTokenizer):
    def split(self, text):
        return text.split()

    def join(self, tokens):
        return " ".join(tokens)

special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
vocabulary = [*special, "a", "##a", "!", "\\u4e2d"]
name, texts = sys.argv[1], json.load(sys.stdin)
if name == "words":
    tokenizer = Words(vocabulary)
else:
    options = {"lowercase": True, "strip_accents": True, "special_tokens_in_strings": True}
    tokenizer = WordPieceTokenizer(vocabulary, clean_text=name == "clean", special_tokens=special, **options)
for text in texts:
    try:
        found = tokenizer([text])[0]
        print(len(found), *found[:1])
    except InputError as error:
        print(str(error)[:33])
with open("/proc/self/status") as status:  # ru_maxrss begins with what the process that started this one has
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""

TEXTS = {
    "one letter": "a" * SIZE,
    "one mark of punctuation": "!" * SIZE,
    "one ideograph": "中" * (SIZE // 3),
    "spaces": " " * SIZE,
    "NUL": "\0" * SIZE,
    "one letter with marks in the wrong order": "a" + "\u0301\u0323" * (MARKS // 2),
    "marks that only another form takes apart": "a" + "\uff9e\u093c" * (MARKS // 2),
    "a special token": "[CLS]" * (SIZE // 5),
    "the beginning of a special token": "[CLS" * (SIZE // 40),
    "half of a surrogate pair": "a\ud800",
}

SURROGATE = ["Row 0 holds half a surrogate pair,"[:33]]


@pytest.mark.once
@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        # A word of more than 100 characters, or bytes, is unknown.
        ("keras_hub", ["1 1", f"{SIZE} 7", f"{SIZE // 3} 8", "0", "0", "1 5", "1 1", f"{SIZE // 5} 2", "50000 1"]),
        ("clean", ["1 1", f"{SIZE} 7", f"{SIZE // 3} 8", "0", "0", "1 5", "1 1", f"{SIZE // 5} 2", "50000 1"]),
        ("words", ["1 1", "1 1", "1 1", "0", "1 1", "1 1", "1 1", "1 1", "1 1"]),
    ],
)
def test_no_text_takes_a_tokenizer_long(tokenizer, expected):
    command = [sys.executable, "-c", CODE, tokenizer, str(SECONDS)]
    done = subprocess.run(command, input=json.dumps([*TEXTS.values()]), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    *found, peak = done.stdout.splitlines()
    assert dict(zip(TEXTS, found, strict=True)) == dict(zip(TEXTS, expected + SURROGATE, strict=True))
    assert int(peak) / 1024 < MEGABYTES

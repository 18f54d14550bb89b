"""Write down which ids KerasHub's or transformers' own tokenizers give to unusual texts, for `tests/tokenizers`.

    PYTHON tests/parity/tokenizer_goldens.py keras_hub|transformers

Run it with a Python that has the library. It reads the presets in `tests/fixtures/LIBRARY`, and writes
`tests/fixtures/unusual_texts/LIBRARY.json`. KerasHub's byte-pair tokenizers split texts in two ways; what is written is
that of `tf.data`, which splits words first, as GPT-2 does.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from texts import texts

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[1] / "fixtures"
SPELT = (
    "a <mask> film</s>",
    "<s>[CLS] a [MASK]film [SEP]",
    "a  <unk>[UNK] <pad>[PAD]",
    "''``\"'s",
    " a film ",
    "a\n\nb \t",
)
PRESETS = {
    "keras_hub": ("albert", "deberta_v3", "f_net", "roberta", "xlm_roberta"),
    "transformers": ("albert", "bert", "deberta-v2", "modernbert", "roberta", "xlm-roberta"),
}


def keras_hub(preset: str) -> Callable[[list[str]], list[list[int]]]:
    """Return what tokenizes with KerasHub."""
    import keras_hub
    import tensorflow as tf

    tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(preset)
    if not isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        return lambda rows: [[int(id_) for id_ in tokenizer(row)] for row in rows]
    return lambda rows: [ids.numpy().tolist() for ids in tf.data.Dataset.from_tensor_slices(rows).map(tokenizer)]


def transformers(preset: str) -> Callable[[list[str]], list[list[int]]]:
    """Return what tokenizes with transformers."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(preset)
    return lambda rows: tokenizer(rows, add_special_tokens=False)["input_ids"]


def main(library: str) -> None:
    """Write the file of one library."""
    # KerasHub marks words with ६, and so loses it.
    rows = [*SPELT, *(text for text in texts(seed=11, count=40) if "६" not in text)]
    tokenize = {"keras_hub": keras_hub, "transformers": transformers}[library]
    ids = {name: tokenize(str(FIXTURES / library / name))(rows) for name in PRESETS[library]}
    version = importlib.metadata.version(library.replace("_", "-"))
    lines = [f'"version": {json.dumps(version)}', f'"texts": {json.dumps(rows)}']
    lines += [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in ids.items()]
    out = FIXTURES / "unusual_texts" / f"{library}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

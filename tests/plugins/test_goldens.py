"""Every architecture against numbers that KerasHub 0.32 and transformers 5.23 computed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from modelry import Preprocessor, TextClassifier

FIXTURES = Path(__file__).parents[1] / "fixtures"
TOLERANCE = 1e-4


def presets(library: str) -> list[str]:
    """Return the names of the presets that `library` wrote."""
    return sorted(path.parent.name for path in (FIXTURES / library).glob("*/golden.json"))


def load(folder: Path):
    golden = json.loads((folder / "golden.json").read_text("utf-8"))
    return golden, golden["texts"], (golden["texts"], golden["texts"][::-1])


@pytest.mark.parametrize("name", presets("keras_hub"))
def test_keras_hub(name):
    golden, texts, pairs = load(FIXTURES / "keras_hub" / name)
    classifier = TextClassifier.from_preset(FIXTURES / "keras_hub" / name)
    assert type(classifier).__name__ == golden["class"]
    for x, packed, logits in ((texts, "packed", "logits"), (pairs, "packed_pairs", "logits_pairs")):
        if packed not in golden:
            continue
        features = classifier.preprocessor(x)
        # Some of KerasHub's backbones make the padding mask themselves.
        assert set(features) - set(golden[packed]) <= {"padding_mask"}
        for feature, values in golden[packed].items():
            np.testing.assert_array_equal(features[feature], values, err_msg=f"{packed} {feature}")
        np.testing.assert_allclose(classifier.predict(x, verbose=0), golden[logits], atol=TOLERANCE)


@pytest.mark.parametrize("name", presets("keras_hub"))
def test_keras_hub_parts(name):
    golden, texts, _ = load(FIXTURES / "keras_hub" / name)
    features = Preprocessor.from_preset(FIXTURES / "keras_hub" / name)(texts)
    np.testing.assert_array_equal(features["token_ids"], golden["packed"]["token_ids"])


@pytest.mark.parametrize("name", presets("transformers"))
def test_transformers(name):
    golden, texts, pairs = load(FIXTURES / "transformers" / name)
    classifier = TextClassifier.from_preset(FIXTURES / "transformers" / name, sequence_length=golden["max_length"])
    for x, ids, logits in (
        (texts, golden["input_ids"], golden["logits"]),
        (pairs, golden.get("pair_input_ids"), golden.get("pair_logits")),
    ):
        if ids is None:
            continue
        packed = classifier.preprocessor.tokenize(x if isinstance(x, tuple) else (x,))
        assert [row.tolist() for row in packed.token_ids] == ids
        np.testing.assert_allclose(classifier.predict(x, verbose=0), logits, atol=TOLERANCE)
    assert classifier.labels == tuple(golden["id2label"].values())

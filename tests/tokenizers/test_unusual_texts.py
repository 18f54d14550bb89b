"""Unusual texts get the ids that KerasHub's and transformers' own tokenizers gave them."""

import json
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"
WRITTEN = {
    library: json.loads((FIXTURES / "unusual_texts" / f"{library}.json").read_text("utf-8"))
    for library in ("keras_hub", "transformers")
}
NAMES = [f"{library}/{key}" for library, found in WRITTEN.items() for key in found if key not in ("version", "texts")]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def golden(name):
    library, _, key = name.partition("/")
    return WRITTEN[library]["texts"], WRITTEN[library][key]


def test_ids(create, name, golden):
    texts, ids = golden
    found = create(name).encode(texts)
    assert [text for text, row, known in zip(texts, found, ids, strict=True) if row != known] == []


def test_ids_after_saving(create, name, golden, tmp_path):
    tokenizer = create(name)
    tokenizer.save_assets(tmp_path)
    config = {key: value for key, value in tokenizer.get_config().items() if key not in tokenizer.assets}
    paths = {key: tmp_path / file for key, file in tokenizer.assets.items()}
    saved = type(tokenizer)(**json.loads(json.dumps(config)), **paths)
    assert saved.encode(golden[0]) == golden[1]
    assert saved.get_vocabulary() == tokenizer.get_vocabulary()


def test_ids_of_a_tokenizer_from_a_config(create, name, golden):
    tokenizer = create(name)
    again = type(tokenizer).from_config(json.loads(json.dumps(tokenizer.get_config())))
    assert again.encode(golden[0]) == golden[1]
    assert again.get_config() == tokenizer.get_config()


def test_the_texts_are_unusual(golden):
    texts, ids = golden
    assert len(texts) == len(ids) > 40
    assert sum(not text.isascii() for text in texts) > 30

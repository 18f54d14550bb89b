import pytest

from modelry.errors import InputError, StorageError
from modelry.storage.kaggle.reference import KaggleReference, parse_kaggle
from modelry.storage.paths import parse_reference

MODEL = "keras/bert/keras/bert_base_en"


@pytest.mark.parametrize(
    ("text", "expected", "uri"),
    [
        (f"kaggle://{MODEL}", KaggleReference(MODEL), f"kaggle://{MODEL}"),
        (f"kaggle://{MODEL}/", KaggleReference(MODEL), f"kaggle://{MODEL}"),
        (f"kaggle://{MODEL}/3", KaggleReference(MODEL, 3), f"kaggle://{MODEL}/3"),
        ("kaggle://keras/bge/keras/bge_base_v1.5_en/1", KaggleReference("keras/bge/keras/bge_base_v1.5_en", 1),
         "kaggle://keras/bge/keras/bge_base_v1.5_en/1"),
    ],
)  # fmt: skip
def test_what_can_be_written(text, expected, uri):
    found = parse_kaggle(parse_reference(text))
    assert found == expected
    assert str(found) == uri
    assert parse_kaggle(parse_reference(uri)) == expected


def test_only_a_version_pins():
    assert parse_kaggle(parse_reference(f"kaggle://{MODEL}/3")).is_pinned
    assert not parse_kaggle(parse_reference(f"kaggle://{MODEL}")).is_pinned
    assert parse_kaggle(parse_reference(f"kaggle://{MODEL}"), "3").is_pinned


def test_a_version_is_given_in_one_place():
    assert parse_kaggle(parse_reference(f"kaggle://{MODEL}"), "4") == KaggleReference(MODEL, 4)
    with pytest.raises(InputError, match=r"says version 3, and revision='4' is given as well"):
        parse_kaggle(parse_reference(f"kaggle://{MODEL}/3"), "4")
    with pytest.raises(InputError, match=r"revision='main' .* is not a version"):
        parse_kaggle(parse_reference(f"kaggle://{MODEL}"), "main")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kaggle://", "has 1 of the parts"),
        ("kaggle://keras/bert", "has 2 of the parts"),
        (f"kaggle://{MODEL}/3/config.json", "has 6 of the parts"),
        (f"kaggle://models/{MODEL}/3", "Leave out 'models/'"),
        (f"kaggle://models/{MODEL}", "Leave out 'models/'"),
        ("kaggle://datasets/acme/x/versions/1", "names a data set, and presets are models"),
        ("kaggle://competitions/titanic", "names a competition"),
        ("kaggle://code/acme/notebook", "names a notebook"),
        (f"kaggle://{MODEL}/x", "'x' .* is not a version"),
        (f"kaggle://{MODEL}/0", "'0' .* is not a version"),
        (f"kaggle://{MODEL}/03", "'03' .* is not a version"),
        (f"kaggle://{MODEL}/-1", "'-1' .* is not a version"),
        (f"kaggle://{MODEL}/³", "'³' .* is not a version"),
        ("kaggle://../../x/keras/y", "'..' names no owner"),
        ("kaggle://keras/bert/keras/..", "'..' names no variation"),
        ("kaggle://keras/bert//x", "'' names no framework"),
        ("kaggle://keras/be rt/keras/x", "'be rt' names no model"),
        ("kaggle://keras/a..b/keras/x", "'a..b' names no model"),
    ],
)
def test_what_is_refused_says_why(text, message):
    with pytest.raises(StorageError, match=message):
        parse_kaggle(parse_reference(text))

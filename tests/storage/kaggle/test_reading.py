"""Presets on Kaggle are read as folders are, and every file is checked."""

import numpy as np
import pytest

from modelry import TextClassifier, models
from modelry.errors import PresetNotFound, StorageError, UnsafePresetError
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from ..stand_ins.faults import Kind
from .conftest import FIXTURES, MODEL

WEIGHTS = "model.weights.h5"


def contents(files):
    return {name: files.path(name).read_bytes() for name in files.names()}


def on_disk(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_classifier_is_loaded_as_from_a_folder(tiny):
    here, there = (TextClassifier.from_preset(one) for one in (tiny, f"kaggle://{MODEL}/1"))
    for mine, its in zip(here.get_weights(), there.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_all_files_are_the_same_to_the_byte(kaggle, tiny):
    assert contents(open_preset(f"kaggle://{MODEL}")) == on_disk(tiny)


def test_a_listing_may_have_many_pages(kaggle, tmp_path):
    for number in range(10):
        (tmp_path / "many" / "a").mkdir(parents=True, exist_ok=True)
        (tmp_path / "many" / "a" / f"{number}.txt").write_text(str(number))
    kaggle.publish("acme/many/keras/base", tmp_path / "many")
    assert contents(open_preset("kaggle://acme/many/keras/base")) == on_disk(tmp_path / "many")


def test_a_tokenizer_alone_fetches_no_weights(kaggle, tiny):
    models.BertTokenizer.from_preset(f"kaggle://{MODEL}")
    read = [one.path for one in kaggle.log if one.path.startswith("/files/")]
    assert [path for path in read if path.endswith("vocabulary.txt")]
    assert not [path for path in read if path.endswith(".h5")]


def test_a_version_that_is_cached_is_not_asked_for(kaggle, tiny):
    first = contents(open_preset(f"kaggle://{MODEL}/1"))
    kaggle.log.clear()
    assert contents(open_preset(f"kaggle://{MODEL}/1")) == first
    assert kaggle.log == []


def test_the_newest_version_that_is_cached_is_asked_for_once(kaggle, tiny):
    first = contents(open_preset(f"kaggle://{MODEL}"))
    kaggle.log.clear()
    assert contents(open_preset(f"kaggle://{MODEL}")) == first
    assert kaggle.calls() == ["GetModelInstance"]


def test_the_newest_version_is_followed_and_an_older_one_stays(kaggle, tiny):
    assert open_preset(f"kaggle://{MODEL}").revision == "1"
    kaggle.publish(MODEL, FIXTURES / "keras_hub/bert_cased")
    newest = open_preset(f"kaggle://{MODEL}")
    assert newest.revision == "2"
    assert contents(newest) == on_disk(FIXTURES / "keras_hub/bert_cased")
    assert contents(open_preset(f"kaggle://{MODEL}/1")) == on_disk(tiny)
    assert open_preset(f"kaggle://{MODEL}", OpenOptions(revision="1")).revision == "1"


def test_the_newest_version_of_before_opens_offline(kaggle, tiny):
    first = contents(open_preset(f"kaggle://{MODEL}"))
    kaggle.publish(MODEL, FIXTURES / "keras_hub/bert_cased")
    kaggle.log.clear()
    assert contents(open_preset(f"kaggle://{MODEL}", OpenOptions(offline=True))) == first
    assert kaggle.log == []


def test_a_version_without_files_is_no_preset(kaggle, tmp_path):
    (tmp_path / "nothing").mkdir()
    kaggle.publish(MODEL, tmp_path / "nothing")
    with pytest.raises(PresetNotFound, match=r"Version 1 of .* has no files"):
        open_preset(f"kaggle://{MODEL}")


def test_sizes_may_be_unknown(kaggle, tiny):
    kaggle.sizes = False
    files = open_preset(f"kaggle://{MODEL}")
    assert files.size(WEIGHTS) is None
    assert contents(files) == on_disk(tiny)


def test_a_builtin_name_is_fetched_from_where_its_plugin_says(kaggle, tiny):
    for _ in range(3):
        kaggle.publish("keras/bert/keras/bert_tiny_en_uncased", tiny)
    files = open_preset("bert_tiny_en_uncased")
    assert files.reference == "bert_tiny_en_uncased (kaggle://keras/bert/keras/bert_tiny_en_uncased/3)"
    assert files.revision == "3"
    assert contents(files) == on_disk(tiny)


def test_what_comes_without_a_digest_is_refused(kaggle, tiny):
    kaggle.sends_digest = False
    with pytest.raises(StorageError, match=r"sent 'config.json' without its MD5 sum, so it cannot be checked"):
        open_preset(f"kaggle://{MODEL}").path("config.json")


@pytest.mark.parametrize("sizes", [True, False])
@pytest.mark.parametrize("kind", [Kind.FLIP, Kind.SHORT])
def test_a_wrong_file_is_never_taken_for_the_right_one(kaggle, tiny, kind, sizes):
    kaggle.sizes = sizes
    fault = kaggle.fail(kind, f"/files/.*{WEIGHTS}", times=1000)
    with pytest.raises(StorageError, match=r"damaged on its way from Kaggle|ended after"):
        open_preset(f"kaggle://{MODEL}").path(WEIGHTS)
    fault.times = 0
    assert open_preset(f"kaggle://{MODEL}").path(WEIGHTS).read_bytes() == (tiny / WEIGHTS).read_bytes()


def test_names_that_lead_out_are_refused_before_anything_is_fetched(kaggle, tiny, tmp_path):
    for name in ("../../../../evil.txt", str(tmp_path / "evil.txt"), "a\\..\\evil.txt"):
        kaggle.models[MODEL].versions[1] = {name: b"x"}
        with pytest.raises(UnsafePresetError, match="leads out of the preset"):
            open_preset(f"kaggle://{MODEL}")
    assert [one for one in kaggle.log if one.path.startswith("/files/")] == []
    assert not list(tmp_path.rglob("*evil*"))

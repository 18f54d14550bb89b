import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from modelry import Backbone, TextClassifier, _atomic, isolated, registry
from modelry.backbones import saving
from modelry.errors import InputError, SaveError
from modelry.tasks.text_classifier.heads import MeanPoolHead, PooledHead

from .conftest import BERT, CHECKPOINT, LABELS, TEXTS

FILES = {
    "assets/tokenizer/vocabulary.txt",
    "config.json",
    "metadata.json",
    "model.weights.h5",
    "modelry.json",
    "preprocessor.json",
    "task.json",
    "task.weights.h5",
    "tokenizer.json",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def values(model):
    return [keras.ops.convert_to_numpy(variable.value) for variable in model.weights]


@pytest.mark.parametrize("preset", [BERT, CHECKPOINT], ids=["keras_hub", "transformers"])
def test_load_save_load_is_equal_to_the_last_bit(preset, tmp_path):
    first = TextClassifier.from_preset(preset)
    first.save_to_preset(tmp_path / "a")
    second = TextClassifier.from_preset(tmp_path / "a")
    second.save_to_preset(tmp_path / "b")
    for one, other in zip(values(first), values(second), strict=True):
        np.testing.assert_array_equal(one, other)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert set(contents(tmp_path / "a")) == FILES
    # Not to the last bit: PyTorch multiplies a checkpoint's matrices in the layout it finds them in.
    np.testing.assert_allclose(first.predict(TEXTS, verbose=0), second.predict(TEXTS, verbose=0), atol=1e-6)
    assert second.labels == first.labels
    assert second.preprocessor.get_config().keys() == first.preprocessor.get_config().keys()


def test_everything_after_training(make, tmp_path):
    classifier = make(activation="softmax", labels=["bad", "good"], dropout=0.3)
    classifier.fit(TEXTS, LABELS, epochs=2, verbose=0)
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))
    assert (again.activation, again.labels, again.dropout) == ("softmax", ("bad", "good"), 0.3)
    assert again.classify(TEXTS) == classifier.classify(TEXTS)
    import h5py

    with h5py.File(tmp_path / "p" / "task.weights.h5") as file:
        assert list(file) == ["layers"]  # no optimizer


@pytest.mark.parametrize("head", ["mean_pool", "first_token"])
def test_a_head_that_is_not_the_architecture_s_own(tmp_path, head):
    classifier = TextClassifier.from_preset(BERT, num_classes=4, head=head, dropout=0.25)
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p")
    assert type(again.head) is type(classifier.head)
    assert again.dropout == 0.25
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))


def test_a_backbone_alone(make, tmp_path):
    backbone = make().backbone
    backbone.save_to_preset(tmp_path / "p")
    assert set(contents(tmp_path / "p")) == {"config.json", "metadata.json", "model.weights.h5", "modelry.json"}
    for one, other in zip(values(backbone), values(Backbone.from_preset(tmp_path / "p")), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_preprocessor(make, tmp_path):
    make(preprocessor=None).save_to_preset(tmp_path / "p")
    assert (
        not FILES
        - set(contents(tmp_path / "p"))
        - {
            "assets/tokenizer/vocabulary.txt",
            "preprocessor.json",
            "tokenizer.json",
        }
    )
    assert TextClassifier.from_preset(tmp_path / "p", preprocessor=None).num_classes == 2


def test_shards_and_back_leave_nothing_stale(make, tmp_path):
    classifier = make()
    size = 1500 / 2**30
    classifier.save_to_preset(tmp_path / "p", max_shard_size=size)
    names = set(contents(tmp_path / "p"))
    assert {"model.weights.json", "model_00000.weights.h5", "model_00001.weights.h5"} <= names
    assert "model.weights.h5" not in names
    again = TextClassifier.from_preset(tmp_path / "p")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))
    other = make(num_classes=3)
    other.save_to_preset(tmp_path / "p")
    assert set(contents(tmp_path / "p")) == FILES


def test_keras_hub_ids_only_where_keras_hub_computes_the_same(make, tmp_path):
    classifier = make()
    classifier.save_to_preset(tmp_path / "same")
    task = json.loads((tmp_path / "same" / "task.json").read_text())
    assert task["registered_name"] == "keras_hub>BertTextClassifier"
    assert task["config"]["backbone"]["registered_name"] == "keras_hub>BertBackbone"
    assert "activation" not in task["config"]["backbone"]["config"]
    assert task["config"]["preprocessor"]["config"]["tokenizer"]["config"]["vocabulary"] is None
    classifier.preprocessor.truncate = "longest_first"
    classifier.save_to_preset(tmp_path / "ours")
    task = json.loads((tmp_path / "ours" / "task.json").read_text())
    assert task["config"]["preprocessor"]["registered_name"] == "modelry_bert>BertTextClassifierPreprocessor"
    assert TextClassifier.from_preset(tmp_path / "ours").preprocessor.truncate == "longest_first"
    checkpoint = TextClassifier.from_preset(CHECKPOINT)
    checkpoint.save_to_preset(tmp_path / "gelu")
    config = json.loads((tmp_path / "gelu" / "config.json").read_text())
    assert config["registered_name"] == "modelry_bert>BertBackbone"


def test_the_user_s_own_files_survive(make, tmp_path):
    folder = tmp_path / "p"
    make().save_to_preset(folder)
    (folder / "README.md").write_text("mine")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("mine too")
    make(num_classes=5).save_to_preset(folder)
    assert (folder / "README.md").read_text() == "mine"
    assert (folder / "notes" / "a.txt").read_text() == "mine too"
    assert TextClassifier.from_preset(folder).num_classes == 5


def test_a_folder_of_something_else_is_left_alone(make, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(SaveError, match="holds files but no preset"):
        make().save_to_preset(tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"precious"}
    with pytest.raises(SaveError, match="is a file"):
        make().save_to_preset(tmp_path / "thesis.txt")
    with pytest.raises(InputError, match=r"private= is for presets that are published to a URI"):
        make().save_to_preset(tmp_path / "new", private=True)
    with pytest.raises(TypeError, match=r"no argument 'privat'\. Did you mean 'private'"):
        make().save_to_preset(tmp_path / "new", privat=True)


@pytest.mark.parametrize("place", ["write_manifest", "_swap"])
def test_a_failed_save_leaves_the_old_preset(make, tmp_path, monkeypatch, place):
    folder = tmp_path / "p"
    make().save_to_preset(folder)
    before = contents(folder)

    def fail(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_atomic if place == "_swap" else saving, place, fail)
    with pytest.raises(SaveError, match=r"No space left.*is unchanged"):
        make(num_classes=5).save_to_preset(folder)
    assert contents(folder) == before
    assert os.listdir(tmp_path) == ["p"]


def test_a_swap_that_fails_halfway_is_undone(make, tmp_path, monkeypatch):
    folder = tmp_path / "p"
    make().save_to_preset(folder)
    before = contents(folder)
    rename = os.rename
    calls = []

    def second_fails(source, target):
        calls.append(source)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(_atomic, "_exchange", lambda first, second: False)  # a system that cannot do it in one step
    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(SaveError, match="Input/output error"):
        make(num_classes=5).save_to_preset(folder)
    assert contents(folder) == before
    assert os.listdir(tmp_path) == ["p"]


def test_a_new_preset_is_as_readable_as_any_folder(make, tmp_path):
    (tmp_path / "plain").mkdir()
    make().save_to_preset(tmp_path / "p")
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_parents_are_created_and_links_followed(make, tmp_path):
    make().save_to_preset(tmp_path / "x" / "y")
    (tmp_path / "link").symlink_to(tmp_path / "x" / "y")
    make(num_classes=5).save_to_preset(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert TextClassifier.from_preset(tmp_path / "x" / "y").num_classes == 5


def test_what_nobody_else_could_load_is_not_saved(make, tmp_path):
    classifier = make(preprocessor=lambda texts: texts)
    with pytest.raises(SaveError, match=r"not a modelry\.Preprocessor"):
        classifier.save_to_preset(tmp_path / "p")

    class HomeMade(PooledHead):
        def pool(self, outputs, padding_mask):
            return outputs["pooled_output"]

    with pytest.raises(SaveError, match="HomeMade is not registered"):
        make(num_classes=None, head=HomeMade(2)).save_to_preset(tmp_path / "p")
    with isolated():
        registry.register("heads", "home_made", HomeMade)
        with pytest.raises(SaveError, match="HomeMade is not registered by any installed distribution"):
            make(num_classes=None, head=HomeMade(2)).save_to_preset(tmp_path / "p")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("head", [None, MeanPoolHead])
def test_keras_files(make, tmp_path, head):
    arguments = {} if head is None else {"head": head(2), "num_classes": None}
    classifier = make(labels=["bad", "good"], **arguments)
    classifier.fit(TEXTS, LABELS, epochs=1, verbose=0)
    classifier.save(tmp_path / "x.keras")
    again = keras.models.load_model(tmp_path / "x.keras")
    np.testing.assert_allclose(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0), atol=1e-6)
    assert (type(again), type(again.head), again.labels) == (type(classifier), type(classifier.head), ("bad", "good"))
    assert int(again.optimizer.iterations) == int(classifier.optimizer.iterations) == 1
    assert again.evaluate(TEXTS, LABELS, verbose=0)[0] > 0
    again.fit(TEXTS, LABELS, verbose=0)


def test_a_keras_file_in_a_new_process(make, tmp_path):
    classifier = make(labels=["bad", "good"])
    classifier.save(tmp_path / "x.keras")
    code = (
        "import modelry; modelry.models.BertTextClassifier; import keras; "
        f"print(keras.models.load_model({str(tmp_path / 'x.keras')!r}).labels)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "('bad', 'good')"


def test_the_generic_classifier(make, tmp_path):
    source = make()
    classifier = TextClassifier(source.backbone, preprocessor=source.preprocessor, labels=["x", "y", "z"])
    classifier.save_to_preset(tmp_path / "p")
    again = TextClassifier.from_preset(tmp_path / "p")
    assert (type(again), type(again.head), again.labels) == (TextClassifier, MeanPoolHead, ("x", "y", "z"))
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))


def test_weights_files_of_keras(make, tmp_path):
    classifier, other = make(compile=False), make(compile=False)
    classifier.compile()
    classifier.fit(TEXTS, LABELS, verbose=0)
    other.compile()
    other.optimizer.build(other.trainable_variables)
    classifier.save_weights(tmp_path / "x.weights.h5")
    other.load_weights(tmp_path / "x.weights.h5")
    np.testing.assert_array_equal(other.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))


def test_weights_files_of_keras_have_keras_hubs_layout(make, tmp_path):
    classifier = make()
    classifier.save_weights(tmp_path / "x.weights.h5")
    with h5py.File(tmp_path / "x.weights.h5") as file:
        names = [name for name, value in file["layers"].items() if "vars" in value and len(value["vars"])]
        assert names == ["dense"]
        np.testing.assert_array_equal(file["layers/dense/vars/0"], classifier.head.output_dense.kernel)
        assert "token_embedding" in str(file["layers/bert_backbone/layers/reversible_embedding/vars"].attrs["name"])
    assert classifier.get_layer("logits") is classifier.head.output_dense
    assert classifier.count_params() == classifier.backbone.count_params() + classifier.head.count_params()


def test_a_preset_replaced_on_disk_leaves_the_models_that_were_loaded_from_it_alone(make, tmp_path):
    """Their weights are a map of the old files, which live as long as the map."""
    make().save_to_preset(tmp_path / "preset")
    loaded = TextClassifier.from_preset(tmp_path / "preset")
    expected = [value.copy() for value in values(loaded)]
    scores = TextClassifier.from_preset(tmp_path / "preset").predict(TEXTS, verbose=0)
    other = make()
    for variable in other.weights:
        variable.assign(np.full(variable.shape, 0.5, variable.dtype))
    other.save_to_preset(tmp_path / "preset")
    np.testing.assert_array_equal(loaded.predict(TEXTS, verbose=0), scores)
    for value, before in zip(values(loaded), expected, strict=True):
        np.testing.assert_array_equal(value, before)
    assert np.any(TextClassifier.from_preset(tmp_path / "preset").predict(TEXTS, verbose=0) != scores)


def test_a_model_can_be_trained_and_saved_over_the_preset_it_was_loaded_from(make, tmp_path):
    make().save_to_preset(tmp_path / "preset")
    loaded = TextClassifier.from_preset(tmp_path / "preset")
    loaded.fit(TEXTS, LABELS, verbose=0)
    loaded.save_to_preset(tmp_path / "preset")
    again = TextClassifier.from_preset(tmp_path / "preset")
    for one, other in zip(values(loaded), values(again), strict=True):
        np.testing.assert_array_equal(one, other)

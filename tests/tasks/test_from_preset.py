"""Every override of `TextClassifier.from_preset`, and every way it can fail."""

import json

import keras
import numpy as np
import pytest

from modelry import Backbone, Head, TextClassifier, Tokenizer, isolated, register
from modelry.errors import (
    InputError,
    MissingPlugin,
    PresetError,
    PresetFormatError,
    PresetNotFound,
    UnknownArgument,
    UnknownComponent,
    WeightsError,
)
from modelry.models import BertTextClassifier
from modelry.presets.manifest import NAME
from modelry.tasks.text_classifier.heads import FirstTokenHead, MeanPoolHead

from .conftest import BERT, CHECKPOINT, TEXTS


class Sentiment(BertTextClassifier):
    pass


def kernel(classifier):
    return keras.ops.convert_to_numpy(classifier.head.output_dense.kernel)


def embeddings(classifier):
    return keras.ops.convert_to_numpy(classifier.backbone.token_embedding.embeddings)


@pytest.fixture(scope="module")
def loaded():
    return TextClassifier.from_preset(BERT)


def test_the_base_class_finds_the_preset_s_own(loaded):
    assert type(loaded) is BertTextClassifier
    assert type(BertTextClassifier.from_preset(str(BERT))) is BertTextClassifier


def test_a_subclass_changes_only_itself():
    class Mine(BertTextClassifier):
        pass

    assert type(Mine.from_preset(BERT)) is Mine
    assert type(TextClassifier.from_preset(BERT)) is BertTextClassifier


def test_a_classifier_for_another_architecture():
    class OtherBackbone(Backbone):
        pass

    class OtherClassifier(TextClassifier):
        backbone_cls = OtherBackbone

    with pytest.raises(PresetError, match=r"holds a BertBackbone, which is not a OtherBackbone\. Load it with"):
        OtherClassifier.from_preset(BERT)


def test_a_classifier_with_a_name_of_its_own(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values.update(registered_name="acme>Sentiment"))
    with isolated():
        register("tasks", "sentiment", Sentiment)
        assert type(TextClassifier.from_preset(preset)) is Sentiment
        assert type(BertTextClassifier.from_preset(preset)) is BertTextClassifier


def test_the_weights_of_one_kind_of_head_are_not_another_s(loaded):
    class Mean(BertTextClassifier):
        head_cls = MeanPoolHead

    class Other(BertTextClassifier):
        head_options = {"hidden_activation": "tanh"}  # noqa: RUF012 - as plugins write it

    class General(TextClassifier):
        pass

    for cls in (Mean, Other, General):
        with pytest.raises(InputError, match=rf"of a BertTextClassifier, and {cls.__name__} makes another.*num_"):
            cls.from_preset(BERT)
        fresh = cls.from_preset(BERT, num_classes=3)
        assert type(fresh.head) is cls.head_cls
        assert np.abs(kernel(fresh) - kernel(loaded)).max() > 0
        assert type(cls.from_preset(BERT, load_weights=False).head) is cls.head_cls


def test_a_class_that_nobody_registers_saves_its_own_kind_of_head(tmp_path):
    class Mean(BertTextClassifier):
        head_cls = MeanPoolHead

    saved = Mean.from_preset(BERT, num_classes=3)
    saved.save_to_preset(tmp_path / "p")
    assert json.loads((tmp_path / "p" / "task.json").read_text())["registered_name"].partition(">")[0] != "keras_hub"
    for cls in (Mean, TextClassifier):
        again = cls.from_preset(tmp_path / "p")
        assert type(again.head) is MeanPoolHead
        np.testing.assert_allclose(again.predict(TEXTS, verbose=0), saved.predict(TEXTS, verbose=0), atol=1e-6)


def test_num_classes_asks_for_a_fresh_head(loaded):
    fresh = TextClassifier.from_preset(BERT, num_classes=3)
    assert np.abs(kernel(fresh) - kernel(loaded)).max() > 0
    np.testing.assert_array_equal(embeddings(fresh), embeddings(loaded))
    assert TextClassifier.from_preset(BERT, num_classes=7).predict(TEXTS, verbose=0).shape == (8, 7)


def test_labels_name_the_saved_classes(loaded):
    named = TextClassifier.from_preset(BERT, labels=["x", "y", "z"])
    np.testing.assert_array_equal(kernel(named), kernel(loaded))
    assert {label for ((label, _),) in named.classify(TEXTS)} <= {"x", "y", "z"}


def test_labels_give_the_number_of_classes_of_a_fresh_head(copy_of):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").unlink()
    (preset / "task.weights.h5").unlink()
    classifier = TextClassifier.from_preset(preset, labels=["x", "y"])
    assert (classifier.num_classes, classifier.labels) == (2, ("x", "y"))
    with pytest.raises(InputError, match=r"has no classification head.*pass num_classes="):
        TextClassifier.from_preset(preset)


def test_saved_labels_go_with_the_saved_head():
    assert TextClassifier.from_preset(CHECKPOINT).labels[0] == "label_a"
    assert TextClassifier.from_preset(CHECKPOINT, num_classes=5).labels is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"labels": ["x", "y"]}, "names 2 classes, but the head of preset .* has 3.*num_classes=2 too"),
        ({"labels": ["x", "y"], "num_classes": 3}, "labels says 2 classes, but the head has 3"),
        ({"labels": ["x", "x", "y"]}, "names a class twice"),
        ({"labels": "xyz"}, "must be a list of names"),
        ({"num_classes": 0}, "at least 1"),
        ({"num_classes": 2.5}, "whole number"),
        ({"activation": "relu"}, "is not one of 'linear'"),
        ({"dropout": 1.5}, "below 1"),
        ({"sequence_length": 65}, "more than the 64 positions of BertBackbone"),
        ({"sequence_length": 10, "preprocessor": None}, "part of the preprocessor"),
        ({"preprocessor": 3}, "must be a Preprocessor"),
        ({"backbone": 3}, "needs a BertBackbone, not a int"),
        ({"head": "mean_pol", "num_classes": 2}, "mean_pool"),
        ({"head": int, "num_classes": 2}, "neither a ClassifierHead"),
    ],
)
def test_contradictions(overrides, message):
    with pytest.raises((InputError, UnknownComponent), match=message):
        TextClassifier.from_preset(BERT, **overrides)


def test_unknown_overrides_name_the_nearest():
    with pytest.raises(UnknownArgument, match=r"takes no argument 'num_class'\. Did you mean 'num_classes'\?"):
        TextClassifier.from_preset(BERT, num_class=2)
    with pytest.raises(TypeError):
        TextClassifier.from_preset(BERT, num_class=2)


def test_activation_keeps_the_weights(loaded):
    softmax = TextClassifier.from_preset(BERT, activation="softmax")
    np.testing.assert_allclose(softmax.predict(TEXTS, verbose=0).sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(kernel(softmax), kernel(loaded))


def test_the_other_overrides(loaded):
    classifier = TextClassifier.from_preset(
        BERT, dropout=0.4, dtype="bfloat16", sequence_length=16, name="mine", trainable=False, compile=False
    )
    assert (classifier.dropout, classifier.name, classifier.trainable) == (0.4, "mine", False)
    assert classifier.preprocessor.sequence_length == 16
    assert {variable.dtype for variable in classifier.weights} == {"bfloat16"}
    assert not classifier.compiled
    scores = classifier.predict(TEXTS, verbose=0).astype("float32")
    np.testing.assert_allclose(scores, loaded.predict(TEXTS, verbose=0), atol=0.1)
    assert loaded.compiled


def test_a_task_follows_the_global_dtype_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert TextClassifier.from_preset(BERT).backbone.dtype_policy.name == "mixed_bfloat16"
        assert TextClassifier.from_preset(BERT, dtype="float32").backbone.dtype_policy.name == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_without_weights(loaded):
    classifier = TextClassifier.from_preset(BERT, load_weights=False)
    assert np.abs(embeddings(classifier) - embeddings(loaded)).max() > 0
    assert classifier.predict(TEXTS, verbose=0).shape == (8, 3)


def test_another_backbone_and_preprocessor(loaded):
    classifier = TextClassifier.from_preset(BERT, backbone=loaded.backbone, preprocessor=loaded.preprocessor)
    assert classifier.backbone is loaded.backbone
    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), loaded.predict(TEXTS, verbose=0), atol=1e-6)


def test_without_preprocessor_the_model_takes_tensors(loaded):
    classifier = TextClassifier.from_preset(BERT, preprocessor=None)
    features = loaded.preprocessor(TEXTS)
    np.testing.assert_allclose(classifier.predict(features, verbose=0), loaded.predict(TEXTS, verbose=0), atol=1e-5)
    classifier.fit(features, np.zeros(len(TEXTS)), verbose=0)
    classifier.evaluate(features, np.zeros(len(TEXTS)), verbose=0)


def test_any_callable_preprocesses(loaded):
    classifier = TextClassifier.from_preset(BERT, preprocessor=lambda texts: loaded.preprocessor(texts))
    np.testing.assert_allclose(classifier.predict(TEXTS, verbose=0), loaded.predict(TEXTS, verbose=0), atol=1e-5)


@pytest.mark.parametrize(
    ("head", "cls"),
    [("mean_pool", MeanPoolHead), ("modelry:first_token", FirstTokenHead), (MeanPoolHead, MeanPoolHead)],
)
def test_any_head(head, cls):
    classifier = TextClassifier.from_preset(BERT, num_classes=4, head=head)
    assert type(classifier.head) is cls
    assert classifier.predict(TEXTS, verbose=0).shape == (8, 4)


def test_a_head_object():
    head = MeanPoolHead(4, activation="softmax")
    classifier = TextClassifier.from_preset(BERT, head=head)
    assert classifier.head is head
    assert isinstance(head, Head)
    assert classifier.activation == "softmax"


def test_only_the_parts():
    backbone = Backbone.from_preset(BERT, dropout=0.3)
    assert (type(backbone).__name__, backbone.dropout) == ("BertBackbone", 0.3)
    assert Tokenizer.from_preset(BERT, lowercase=False).lowercase is False
    with pytest.raises(UnknownArgument, match="Did you mean 'lowercase'"):
        Tokenizer.from_preset(BERT, lower_case=False)
    with pytest.raises(UnknownArgument, match="Did you mean 'num_layers'"):
        Backbone.from_preset(BERT, num_layer=1)


@pytest.mark.parametrize("change", [{"num_layers": 1}, {"num_layers": 3}, {"hidden_dim": 16}, {"vocabulary_size": 401}])
def test_weights_that_do_not_fit_the_backbone(change):
    with pytest.raises(WeightsError, match=r"model\.weights\.h5 of preset .* does not fit"):
        Backbone.from_preset(BERT, **change)


def test_a_head_of_another_shape_names_the_variable(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values["config"].update(num_classes=5))
    with pytest.raises(WeightsError, match=r"layers/dense/vars/0: expected \(32, 5\) float32, found \(32, 3\) float32"):
        TextClassifier.from_preset(preset)


@pytest.mark.parametrize("name", ["model.weights.h5", "task.weights.h5"])
def test_truncated_weights(copy_of, name):
    path = copy_of("keras_hub/bert") / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PresetFormatError, match=name.replace(".", r"\.")):
        TextClassifier.from_preset(path.parent)


def test_missing_weights(copy_of):
    preset = copy_of("keras_hub/bert")
    (preset / "model.weights.h5").unlink()
    with pytest.raises(PresetNotFound, match=r"model\.weights\.h5"):
        TextClassifier.from_preset(preset)
    assert TextClassifier.from_preset(preset, load_weights=False).num_classes == 3


def test_missing_vocabulary(copy_of):
    preset = copy_of("keras_hub/bert")
    (preset / "assets/tokenizer/vocabulary.txt").unlink()
    with pytest.raises(PresetNotFound, match=r"vocabulary\.txt"):
        TextClassifier.from_preset(preset)


def test_no_tokenizer(copy_of):
    preset = copy_of("transformers/bert")
    (preset / "tokenizer.json").unlink()
    with pytest.raises(PresetNotFound, match=r"has no tokenizer.*preprocessor=None"):
        TextClassifier.from_preset(preset)
    assert TextClassifier.from_preset(preset, preprocessor=None).preprocessor is None


def test_a_vocabulary_path_in_a_config_is_never_opened(copy_of, edit, tmp_path):
    preset = copy_of("keras_hub/bert")
    (tmp_path / "other.txt").write_text("secret\n")
    for file, parts in (
        ("tokenizer.json", ()),
        ("preprocessor.json", ("tokenizer",)),
        ("task.json", ("preprocessor", "tokenizer")),
    ):

        def point_elsewhere(values, parts=parts):
            for part in parts:
                values = values["config"][part]
            values["config"]["vocabulary"] = str(tmp_path / "other.txt")

        edit(preset / file, point_elsewhere)
    assert Tokenizer.from_preset(preset).vocabulary_size() == 400


def test_a_setting_from_the_future(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values["config"]["backbone"]["config"].update(sliding_window=8))
    with pytest.raises(PresetFormatError, match=r"sets sliding_window, which BertBackbone does not know"):
        TextClassifier.from_preset(preset)


def test_an_impossible_setting(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values["config"]["backbone"]["config"].update(num_heads=3))
    with pytest.raises(PresetFormatError, match=r"bad BertBackbone.*equal heads"):
        TextClassifier.from_preset(preset)


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ("acme-bert>=2,<3", r'needs acme-bert>=2,<3, which is not installed\. Run: pip install "acme-bert>=2,<3"'),
        ("modelry-bert>=99", r'which is installed in version .* Run: pip install "modelry-bert>=99"'),
    ],
)
def test_what_a_preset_requires(make, tmp_path, edit, requirement, message):
    make().save_to_preset(tmp_path / "p")
    edit(tmp_path / "p" / NAME, lambda values: values.update(requires=[requirement]))
    with pytest.raises(MissingPlugin, match=message):
        TextClassifier.from_preset(tmp_path / "p")


def test_a_malformed_requirement(make, tmp_path, edit):
    make().save_to_preset(tmp_path / "p")
    edit(tmp_path / "p" / NAME, lambda values: values.update(requires=["not a requirement!"]))
    with pytest.raises(PresetFormatError, match="which pip does not understand as a requirement"):
        TextClassifier.from_preset(tmp_path / "p")


def test_a_newer_manifest(make, tmp_path, edit):
    make().save_to_preset(tmp_path / "p")
    edit(tmp_path / "p" / NAME, lambda values: values.update(format_version=3))
    with pytest.raises(
        PresetFormatError, match=r"format version 3.*reads up to version 2.*pip install --upgrade modelry"
    ):
        TextClassifier.from_preset(tmp_path / "p")


def test_weights_of_another_size_than_the_manifest_says(make, tmp_path):
    make().save_to_preset(tmp_path / "p")
    with (tmp_path / "p" / "task.weights.h5").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(PresetFormatError, match=r"task\.weights\.h5 .* truncated or belongs to another preset"):
        TextClassifier.from_preset(tmp_path / "p")


def test_the_manifest_names_the_plugin_that_wins(make, tmp_path):
    make().save_to_preset(tmp_path / "p")
    components = json.loads((tmp_path / "p" / NAME).read_text())["components"]
    assert components["tasks"] == "modelry-bert:bert.text_classifier"
    assert components["backbones"] == "modelry-bert:bert"

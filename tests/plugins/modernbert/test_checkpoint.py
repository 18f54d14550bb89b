import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import InputError, PresetFormatError, SaveError
from modelry_modernbert import ModernBertBackbone

TEXTS = ["a gripping , funny film .", "x"]


def test_pooling_and_activation_of_the_head_are_read_and_written(copy_of, edit, tmp_path):
    preset = copy_of("transformers/modernbert")
    first = TextClassifier.from_preset(preset).predict(TEXTS, verbose=0)
    edit(preset / "config.json", lambda values: values.update(classifier_pooling="mean", classifier_activation="relu"))
    classifier = TextClassifier.from_preset(preset)
    assert type(classifier.head).__name__ == "MeanPoolHead"
    mean = classifier.predict(TEXTS, verbose=0)
    assert np.abs(mean - first).max() > 1e-3
    for folder, format_ in (("own", "modelry"), ("theirs", "transformers")):
        classifier.save_to_preset(tmp_path / folder, format=format_)
        again = TextClassifier.from_preset(tmp_path / folder)
        np.testing.assert_allclose(again.predict(TEXTS, verbose=0), mean, atol=1e-6)


def test_a_head_that_transformers_has_not_is_not_written_for_it(tmp_path, copy_of):
    classifier = TextClassifier.from_preset(copy_of("transformers/modernbert"), num_classes=2, head="mean_pool")
    with pytest.raises(SaveError, match=r"cannot compute the MeanPoolHead of this ModernBertTextClassifier"):
        classifier.save_to_preset(tmp_path / "saved", format="transformers")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer_types": ["sliding_attention", "full_attention"]}, "equal distances"),
        ({"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "scales its rotary positions"),
        ({"norm_bias": True}, "norm_bias=True"),
    ],
)
def test_what_cannot_be_computed_is_refused(copy_of, edit, change, message):
    preset = copy_of("transformers/modernbert")
    edit(preset / "config.json", lambda values: values.update(change))
    with pytest.raises(PresetFormatError, match=message):
        TextClassifier.from_preset(preset)


def test_keys_of_older_checkpoints(copy_of, edit):
    preset = copy_of("transformers/modernbert")
    before = TextClassifier.from_preset(preset).backbone.get_config()

    def as_older(values):
        del values["layer_types"], values["rope_parameters"]
        values.update(global_rope_theta=160_000.0, local_rope_theta=10_000.0)

    edit(preset / "config.json", as_older)
    after = TextClassifier.from_preset(preset).backbone.get_config()
    assert {**after, "name": before["name"]} == before


@pytest.mark.parametrize(("heads", "message"), [(3, "equal heads"), (8, "must be even")])
def test_impossible_heads(heads, message):
    with pytest.raises(InputError, match=message):
        ModernBertBackbone(vocabulary_size=9, num_layers=1, num_heads=heads, hidden_dim=8, intermediate_dim=8)

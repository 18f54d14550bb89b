"""What a checkpoint of transformers has no place for is not written."""

import json

import numpy as np
import pytest

from modelry import TextClassifier
from modelry.errors import SaveError
from modelry.models import BertBackbone, DistilBertBackbone, RobertaBackbone
from modelry_esm import ESMBackbone
from modelry_roberta import RobertaTextClassifier, RobertaTextClassifierPreprocessor, RobertaTokenizer

SIZES = {"vocabulary_size": 20, "num_layers": 1, "num_heads": 1, "hidden_dim": 4, "intermediate_dim": 4}
MERGES = ["Ġ f", "i l", "il m", "Ġf ilm"]
WORDS = ["a", "Ġ", "f", "i", "l", "m", "Ġf", "il", "ilm", "Ġfilm"]


@pytest.mark.parametrize(
    ("cls", "argument", "value", "message"),
    [
        (DistilBertBackbone, "layer_norm_epsilon", 1e-3, r"layer_norm_epsilon=0\.001; in transformers it is 1e-12"),
        (ESMBackbone, "use_bias", False, "use_bias=False; in transformers it is True"),
        (ESMBackbone, "activation", "relu", "activation='relu'; in transformers it is 'gelu'"),
        (BertBackbone, "activation", "leaky_relu", "activation='leaky_relu' is not what transformers computes"),
        (RobertaBackbone, "activation", "elu", "activation='elu' is not what transformers computes"),
    ],
)
def test_what_no_config_says_is_not_written(tmp_path, cls, argument, value, message):
    with pytest.raises(SaveError, match=message):
        cls(**SIZES, **{argument: value}).save_to_preset(tmp_path / "written", format="transformers")
    assert not (tmp_path / "written").exists()
    cls(**SIZES, **{argument: value}).save_to_preset(tmp_path / "written")


@pytest.mark.parametrize("with_head", [True, False])
def test_padding_from_which_transformers_would_count_positions(tmp_path, with_head):
    tokenizer = RobertaTokenizer(["<s>", "</s>", "<pad>", "<mask>", *WORDS], merges=MERGES)
    preprocessor = RobertaTextClassifierPreprocessor(tokenizer, sequence_length=16)
    backbone = RobertaBackbone(**SIZES)
    parts = {} if with_head else {"preprocessor": preprocessor}
    model = RobertaTextClassifier(backbone, 2, preprocessor=preprocessor) if with_head else backbone
    with pytest.raises(SaveError, match="pads with the token 2, and transformers finds positions in a Roberta model"):
        model.save_to_preset(tmp_path / "written", format="transformers", **parts)
    assert not (tmp_path / "written").exists()


def test_the_padding_of_other_models_is_the_tokenizers(copy_of, tmp_path):
    classifier = TextClassifier.from_preset(copy_of("transformers/bert"))
    classifier.save_to_preset(tmp_path / "written", format="transformers")
    written = json.loads((tmp_path / "written" / "config.json").read_text("utf-8"))
    assert written["pad_token_id"] == classifier.preprocessor.tokenizer.pad_token_id


def test_an_activation_is_read_as_what_it_is(copy_of, edit, tmp_path):
    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.update(hidden_act="gelu_fast"))
    classifier = TextClassifier.from_preset(preset)
    assert classifier.backbone.activation == "gelu_approximate"
    classifier.save_to_preset(tmp_path / "written", format="transformers")
    texts = ["a gripping , funny film ."]
    scores = [TextClassifier.from_preset(one).predict(texts, verbose=0) for one in (preset, tmp_path / "written")]
    np.testing.assert_allclose(*scores, atol=1e-6)


def test_the_head_is_that_of_the_architecture_not_that_of_the_class(copy_of, tmp_path):
    own = TextClassifier.from_preset(copy_of("transformers/bert"))
    classifier = TextClassifier(own.backbone, num_classes=2, preprocessor=own.preprocessor)
    with pytest.raises(
        SaveError, match="of a BertTextClassifier; it cannot compute the MeanPoolHead of this TextClassifier"
    ):
        classifier.save_to_preset(tmp_path / "written", format="transformers")
    assert not (tmp_path / "written").exists()


def test_numbers_are_written_as_transformers_wants_them(copy_of, tmp_path):
    preset = TextClassifier.from_preset(copy_of("transformers/esm"))
    backbone = ESMBackbone.from_config({**preset.backbone.get_config(), "max_wavelength": 100, "dropout": 0})
    backbone.save_to_preset(tmp_path / "written", format="transformers")
    written = json.loads((tmp_path / "written" / "config.json").read_text("utf-8"))
    assert [type(written[key]) for key in ("rope_theta", "hidden_dropout_prob", "hidden_size")] == [float, float, int]

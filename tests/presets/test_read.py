"""Reading Recipes: no Keras, no weights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import modelry
from modelry.errors import MissingPlugin, PresetError, PresetFormatError, PresetNotFound, UnknownComponent
from modelry.presets.components import load_class
from modelry.presets.read import read_recipe
from modelry.presets.recipe import InputParts
from modelry.presets.task_spec import default_name

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_keras_hub_layout():
    recipe = read_recipe(FIXTURES / "keras_hub" / "bert")
    assert recipe.format == "keras_hub"
    assert (recipe.backbone.name, recipe.architecture) == ("bert", "bert")
    assert recipe.backbone.config["vocabulary_size"] == 400
    assert recipe.backbone.config["dtype"] == "float32"
    assert recipe.inputs().tokenizer.config["lowercase"] is True
    assert recipe.inputs().preprocessor.config == {"sequence_length": 40, "truncate": "round_robin"}
    assert recipe.task.config["num_classes"] == 3
    assert (recipe.backbone_weights, recipe.task.weights) == ("model.weights.h5", "task.weights.h5")


def test_transformers_checkpoint():
    recipe = read_recipe(FIXTURES / "transformers" / "bert")
    assert recipe.format == "transformers"
    assert recipe.backbone.name == "modelry-bert:bert"
    assert recipe.backbone.config["activation"] == "gelu"
    assert recipe.task.facts["labels"] == ("label_a", "label_b", "label_c", "label_d", "label_e")
    assert recipe.inputs().preprocessor is None
    assert recipe.inputs().settings == {"sequence_length": 64, "truncate": "longest_first"}
    assert (recipe.task.name, recipe.task.part.name) == ("modelry:text_classifier", "modelry-bert:bert.text_classifier")
    assert default_name("preprocessors", recipe.backbone.name, recipe.task.name) == recipe.task.part.name


def test_a_converter_may_read_into_another_distributions_architecture(copy_of, edit):
    from modelry_bert.transformers import BertCheckpoint

    class OtherCheckpoint(BertCheckpoint):
        architecture = "modelry-bert:bert"

    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.update(model_type="other"))
    with modelry.isolated() as registry:
        registry.register("checkpoints", "other", OtherCheckpoint)
        recipe = read_recipe(preset)
    assert (recipe.backbone.name, recipe.inputs().tokenizer.name) == ("modelry-bert:bert", "modelry-bert:bert")
    assert recipe.task.part.name == "modelry-bert:bert.text_classifier"


@pytest.mark.parametrize("preset", ["keras_hub/bert", "transformers/bert"])
def test_reading_imports_no_keras(preset):
    code = (
        "import sys; from modelry.presets.read import read_recipe; "
        f"read_recipe({str(FIXTURES / preset)!r}); "
        "print(sorted({'keras', 'fsspec', 'huggingface_hub', 'kagglehub', 'jax'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_task_file_wins_over_the_files_beside_it(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "config.json", lambda values: values["config"].update(num_layers=7))
    edit(preset / "tokenizer.json", lambda values: values["config"].update(lowercase=False))
    recipe = read_recipe(preset)
    assert recipe.backbone.config["num_layers"] == 2
    assert recipe.inputs().tokenizer.config["lowercase"] is True


def test_a_backbone_alone(copy_of):
    preset = copy_of("keras_hub/bert")
    for name in ("task.json", "preprocessor.json", "tokenizer.json", "metadata.json", "task.weights.h5"):
        (preset / name).unlink()
    recipe = read_recipe(preset)
    assert (recipe.task, recipe.other_task, recipe.inputs()) == (None, None, InputParts())


@pytest.mark.parametrize("dtype", [None, "bfloat16", {"class_name": "DTypePolicy", "config": {"name": "bfloat16"}}])
def test_dtypes_as_keras_hub_versions_write_them(copy_of, edit, dtype):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").unlink()
    edit(preset / "config.json", lambda values: values["config"].update(dtype=dtype))
    assert read_recipe(preset).backbone.config["dtype"] == (None if dtype is None else "bfloat16")


@pytest.mark.parametrize(
    ("dtype", "message"),
    [("int4_from_float32", "is quantized"), (3, "not understood")],
)
def test_dtypes_that_cannot_be_read(copy_of, edit, dtype, message):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values["config"]["backbone"]["config"].update(dtype=dtype))
    with pytest.raises(PresetFormatError, match=message):
        read_recipe(preset)


def test_old_names_of_classes(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    edit(preset / "task.json", lambda values: values.update(registered_name="keras_nlp>BertClassifier"))
    edit(
        preset / "task.json",
        lambda values: values["config"]["preprocessor"].update(registered_name="keras_nlp>BertPreprocessor"),
    )
    recipe = read_recipe(preset)
    assert recipe.task.part.name == recipe.inputs().preprocessor.name == "bert.text_classifier"
    assert recipe.task.name == "text_classifier"


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "not readable JSON"),
        (b'{"registered_name": "keras_hub>Be', "not readable JSON"),
        (b"\xff\xfe{}", "not readable JSON"),
        (b"[1, 2]", "must hold a JSON object, but holds a list"),
        (b"{}", "has an unknown format"),
        (b'{"registered_name": 3, "config": {}}', "'registered_name' in config.json .* is 3; it must be a str"),
        (b'{"registered_name": "keras_hub>BertBackbone"}', "'config' in config.json .* is missing"),
        (b'{"registered_name": "keras_hub>Dense", "config": {}}', r"know these backbones of KerasHub's: …Backbone\."),
        (b'{"model_type": 5}', "must be a str"),
        (b'{"model_type": "bert"}', "'vocab_size' in config.json .* is missing"),
        (b'{"model_type": "bert", "is_decoder": true}', "decoder"),
        (b'{"model_type": "bert", "position_embedding_type": "relative_key"}', "_embedding_type='relative_key'"),
    ],
)
def test_a_damaged_config(tmp_path, contents, message):
    (tmp_path / "config.json").write_bytes(contents)
    with pytest.raises(PresetFormatError, match=message):
        read_recipe(tmp_path)


def test_a_folder_that_is_no_preset(tmp_path):
    with pytest.raises(PresetNotFound, match=r"has no config\.json"):
        read_recipe(tmp_path)


def test_an_architecture_without_a_plugin(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    with pytest.raises(UnknownComponent, match="wav2vec2"):
        read_recipe(tmp_path)


def test_a_missing_plugin_is_named_when_its_class_is_needed(copy_of, edit):
    preset = copy_of("keras_hub/bert")
    (preset / "task.json").unlink()
    edit(preset / "config.json", lambda values: values.update(registered_name="keras_hub>BartBackbone"))
    recipe = read_recipe(preset)
    with pytest.raises(MissingPlugin, match=r"needs the backbone 'bart'.*Install a plugin that does, with pip"):
        load_class(recipe, recipe.backbone, object)


def test_a_preset_that_names_another_architecture_did_not_mean_this_one(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "xlnet"}))
    with pytest.raises(MissingPlugin, match=r"'xlnet'.*Install a plugin") as caught:
        read_recipe(tmp_path)
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem_type": "ranking"}, "has the problem_type 'ranking', not one of single_label_classification"),
        ({"id2label": {"0": "a", "2": "b"}}, "must name the classes 0 to n-1"),
        ({"id2label": ["a"]}, "must be a dict"),
        ({"hidden_size": "big"}, "must be a int"),
    ],
)
def test_transformers_configs_that_cannot_be_read(copy_of, edit, change, message):
    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.update(change))
    with pytest.raises(PresetFormatError, match=message):
        read_recipe(preset)


def test_default_labels_of_transformers(copy_of, edit):
    preset = copy_of("transformers/bert")
    edit(preset / "config.json", lambda values: values.pop("id2label"))
    assert read_recipe(preset).task.facts["labels"] == ("LABEL_0", "LABEL_1")


def test_pickled_weights_are_refused(copy_of):
    preset = copy_of("transformers/bert")
    (preset / "model.safetensors").rename(preset / "pytorch_model.bin")
    with pytest.raises(PresetFormatError, match="pickle"):
        read_recipe(preset)
    (preset / "pytorch_model.bin").unlink()
    with pytest.raises(PresetNotFound, match="no weights"):
        read_recipe(preset)


def test_errors_are_of_one_tree():
    assert issubclass(PresetNotFound, (PresetError, FileNotFoundError))
    assert issubclass(PresetFormatError, ValueError)

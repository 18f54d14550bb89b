"""The contracts of tasks, of classifiers and of converters find each fault."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from modelry.testing import CheckpointContract, TextClassifierContract

from .conftest import failed

# The class with a fault → a claim that must fail, and what its message must say.
TASKS = {
    "IsMisnamed": ("test_its_name_ends_in_the_task", "is registered as 'ismisnamed', so from_preset does not"),
    "LosesLabels": ("test_labels_are_saved", "The labels ('class_0', 'class_1') are None after loading"),
    "LosesProblemType": (
        "test_its_problem_type_is_saved",
        "'multi_label' of a saved LosesProblemType is 'single",
    ),
    "SwallowsTaskArguments": ("test_unknown_arguments_are_refused", "(no_such_argument=1) is accepted"),
    "LearnsNothing": ("test_training_lowers_the_loss", "from 1.0000 to 1.0000"),
    "MixesScores": ("test_other_examples_do_not_matter", "gets another output alone than among 6"),
    "PredictsOtherwise": ("test_compiled_is_eager", "predict does not give the scores of a plain call"),
    "DoublesHalfPrecision": ("bfloat16", "of its size away from float32"),
    "AnswersAnything": ("test_wrong_inputs_are_refused", "predict accepts None"),
    "ForgetsAdapters": ("test_adapters_are_saved", "With adapters, outputs are others after loading"),
    "BreaksInInt8": ("test_int8_is_saved", "In int8, outputs are not finite"),
    "IgnoresBackbones": ("test_a_backbone_preset_gives_a_fresh_task", "is not that of the backbone's preset"),
    "LosesEmptyTexts": ("test_any_text_is_taken", "'' gets outputs that are not finite"),
    "MixesPairs": ("test_pairs_are_taken_as_declared", "Pair 0 gets other scores alone"),
    "SumsTheLoss": ("test_loss_does_not_depend_on_batches", "is not the mean of their losses one by one"),
    "TakesAnyLabel": ("test_labels_are_names", "An unknown label is accepted"),
    "HasALonelyHead": ("test_its_parts_are_registered", "No installed distribution registers LonelyHead"),
    "RenamesItself": ("restores_it or facts", "task.json differ after loading and saving again"),
    "YieldsToSubclasses": ("test_a_subclass_does_not_take_its_place", "gives a MyYieldsToSubclasses"),
    "HasTwoClasses": ("test_other_classes_get_a_fresh_head", "With num_classes=4, scores have the shape (6, 2)"),
    "IgnoresHeads": ("test_another_head_works", "With head='mean_pool', a GoodHead is loaded"),
    "LoadsAnything": ("refused and not (unknown or wrong_inputs)", "loading succeeds as if nothing were wrong"),
    "RemembersItsProcess": ("test_a_new_process_loads_it", "in a new process are others"),
}
CHECKPOINTS = {
    "RaisesKeyErrors": ("test_missing_keys_are_refused", "raises a bare KeyError: 'layer_norm_eps'"),
    "RaisesTypeErrors": ("test_wrong_types_are_refused", "raises a bare TypeError"),
    "SwapsWeights": ("test_golden_values", "are not transformers'"),
    "HasNoLogits": ("test_golden_values", "The checkpoint has a head, and there are no golden_logits"),
    "KeepsAccents": ("test_token_ids_are_those_of_its_tokenizer", "'naïve café"),
    "HasTwoSources": ("test_every_weight_has_one_source", "pooled_dense/bias"),
    "ReadsTheHeadTwice": ("test_every_weight_has_one_source", "logits/bias"),
    "TakesWhatIsThere": ("tensor_is_refused", "loading succeeds as if nothing were wrong"),
    "KeepsItsSize": ("test_another_size_is_refused", "loading succeeds as if nothing were wrong"),
}
FAULTS = {**TASKS, **CHECKPOINTS}


@pytest.fixture(scope="session")
def results(make_project: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """The results; for the classes with a fault, only of the claims that must find it."""
    if keras.backend.backend() == "jax":
        pytest.skip("takes minutes where programs are compiled, and what contracts find is the same on PyTorch")
    selected = " or ".join(f"{name} and ({claim})" for name, (claim, _) in FAULTS.items())
    sound = "(GoodClassifier or GoodCheckpoint) and not other_backends"
    found: dict[str, dict[str, dict[str, Any]]] = make_project().report("test_tasks.py", "-k", f"{sound} or {selected}")
    return found


@pytest.mark.parametrize("name", ["GoodClassifier", "GoodCheckpoint"])
def test_components_without_a_fault_pass(results, name):
    assert failed(results[name]) == {}
    assert len(results[name]) >= 10


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(results, name):
    _, message = FAULTS[name]
    found = failed(results[name])
    assert found.keys() == results[name].keys()
    assert any(message in detail for detail in found.values()), found


def test_every_claim_can_fail(results):
    """Each claim is broken by a component, except those that the core keeps for every converter."""
    broken = {claim for claims in results.values() for claim in failed(claims)}
    elsewhere = {"test_it_is_registered", "test_discovery_imports_no_keras", "test_other_backends_predict_the_same"}
    core = {"test_damaged_json_is_refused", "test_truncated_weights_are_refused"}
    written = {"test_saving_restores_it", "test_writing_restores_it"}  # by the first converter of an architecture
    for contract, kept in ((TextClassifierContract, set()), (CheckpointContract, core | written)):
        claims = {name for name in dir(contract) if name.startswith("test_")}
        assert claims - broken - elsewhere - kept == set(), contract.__name__

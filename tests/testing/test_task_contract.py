"""The contracts of classifiers and of converters find each fault."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from modelry.testing import CheckpointContract, TextClassifierContract

from .conftest import failed

# The class with a fault → a claim that must fail, and what its message must say.
TASKS = {
    "IsMisnamed": ("test_its_name_ends_in_the_task", "is registered as 'ismisnamed', so TextClassifier.from_preset"),
    "LosesLabels": ("test_labels_are_saved", "The labels ('class_0', 'class_1') are None after loading"),
    "LosesProblemType": (
        "test_its_problem_type_is_saved",
        "'multi_label' of a saved LosesProblemType is 'single",
    ),
    "SwallowsTaskArguments": ("test_unknown_arguments_are_refused", "(no_such_argument=1) is accepted"),
    "LearnsNothing": ("test_training_lowers_the_loss", "from 1.0000 to 1.0000"),
    "MixesScores": ("test_other_texts_do_not_matter", "is scored otherwise alone than among 6 texts"),
    "PredictsOtherwise": ("test_compiled_is_eager or bfloat16", "predict does not give what a plain call gives"),
    "LosesEmptyTexts": ("test_any_text_is_taken", "[''] gets scores that are not finite"),
    "MixesPairs": ("test_pairs_are_taken_as_declared", "Pair 0 is scored otherwise alone"),
    "SumsTheLoss": ("test_loss_does_not_depend_on_batches", "is not the mean of their losses one by one"),
    "TakesAnyLabel": ("test_labels_are_names", "A label that is no class is taken"),
    "HasALonelyHead": ("test_its_parts_are_registered", "No installed distribution registers LonelyHead"),
    "RenamesItself": ("test_saving_restores_it_to_the_byte", "task.json differ between"),
    "YieldsToSubclasses": ("test_a_subclass_does_not_take_its_place", "gives a MyYieldsToSubclasses"),
    "HasTwoClasses": ("test_other_classes_get_a_fresh_head", "With num_classes=4, scores have the shape (6, 2)"),
    "IgnoresHeads": ("test_another_head_works", "With head='mean_pool', a GoodHead is loaded"),
    "LoadsAnything": ("refused and not unknown", "loading succeeds as if nothing were wrong"),
    "RemembersItsProcess": ("test_a_new_process_loads_it", "in a new process are others"),
}
CHECKPOINTS = {
    "RaisesKeyErrors": ("test_missing_keys_are_refused", "raises a bare KeyError: 'layer_norm_eps'"),
    "RaisesTypeErrors": ("test_wrong_types_are_refused", "raises a bare TypeError"),
    "SwapsWeights": ("test_golden_values", "are not transformers'"),
    "HasNoLogits": ("test_golden_values", "The checkpoint has a head, and there are no golden_logits"),
    "HasTwoSources": ("test_every_weight_has_one_source", "pooled_dense/bias"),
    "ReadsTheHeadTwice": ("test_every_weight_has_one_source", "logits/bias"),
    "TakesWhatIsThere": ("tensor_is_refused", "loading succeeds as if nothing were wrong"),
    "KeepsItsSize": ("test_another_size_is_refused", "loading succeeds as if nothing were wrong"),
}
FAULTS = {**TASKS, **CHECKPOINTS}


@pytest.fixture(scope="session")
def results(make_project: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """What the contracts found; of the classes with a fault, only what they shall be caught by."""
    if keras.backend.backend() == "jax":
        pytest.skip("takes minutes where programs are compiled, and what contracts find is the same on PyTorch")
    selected = " or ".join(f"{name} and ({claim})" for name, (claim, _) in FAULTS.items())
    sound = "(GoodClassifier or GoodCheckpoint) and not other_backends"
    found: dict[str, dict[str, dict[str, Any]]] = make_project().report("test_tasks.py", "-k", f"{sound} or {selected}")
    return found


@pytest.mark.parametrize("name", ["GoodClassifier", "GoodCheckpoint"])
def test_what_has_no_fault_passes(results, name):
    assert failed(results[name]) == {}
    assert len(results[name]) >= 10


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(results, name):
    _, message = FAULTS[name]
    found = failed(results[name])
    assert found.keys() == results[name].keys()
    assert any(message in detail for detail in found.values()), found


def test_every_claim_can_fail(results):
    """No claim is there that no component could break, but for those that the core keeps whatever a converter does."""
    broken = {claim for claims in results.values() for claim in failed(claims)}
    elsewhere = {"test_it_is_registered", "test_discovery_imports_no_keras", "test_other_backends_score_the_same"}
    core = {"test_damaged_json_is_refused", "test_truncated_weights_are_refused"}
    written = {"test_saving_restores_it", "test_writing_restores_it"}  # by the first converter of an architecture
    for contract, kept in ((TextClassifierContract, set()), (CheckpointContract, core | written)):
        claims = {name for name in dir(contract) if name.startswith("test_")}
        assert claims - broken - elsewhere - kept == set(), contract.__name__

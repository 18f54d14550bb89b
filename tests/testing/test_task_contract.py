"""The contracts of classifiers and of converters find each fault."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from .conftest import failed

# The class with a fault → a claim that must fail, and what its message must say.
FAULTS = {
    "IsMisnamed": ("test_its_name_ends_in_the_task", "is registered as 'ismisnamed', so TextClassifier.from_preset"),
    "LosesLabels": ("test_labels_are_saved", "The labels ('class_0', 'class_1') are None after loading"),
    "LosesProblemType": (
        "test_its_problem_type_is_saved",
        "'multi_label' of a saved LosesProblemType is 'single",
    ),
    "SwallowsTaskArguments": ("test_unknown_arguments_are_refused", "(no_such_argument=1) is accepted"),
    "LearnsNothing": ("test_training_lowers_the_loss", "from 1.0000 to 1.0000"),
    "MixesScores": ("test_other_texts_do_not_matter", "is scored otherwise alone than among 6 texts"),
    "RaisesKeyErrors": ("test_missing_keys_are_refused", "raises a bare KeyError: 'layer_norm_eps'"),
    "SwapsWeights": ("test_golden_values", "are not transformers'"),
    "HasTwoSources": ("test_every_weight_has_one_source", "pooled_dense/bias"),
    "TakesWhatIsThere": ("test_an_unknown_tensor_is_refused", "loading succeeds as if nothing were wrong"),
}


@pytest.fixture(scope="session")
def results(make_project: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """What the contracts found; of the classes with a fault, only what they shall be caught by."""
    if keras.backend.backend() == "jax":
        pytest.skip("takes minutes where programs are compiled, and what contracts find is the same on PyTorch")
    selected = " or ".join(f"{name} and {claim}" for name, (claim, _) in FAULTS.items())
    sound = "(GoodClassifier or GoodCheckpoint) and not other_backends"
    found: dict[str, dict[str, dict[str, Any]]] = make_project().report("test_tasks.py", "-k", f"{sound} or {selected}")
    return found


@pytest.mark.parametrize("name", ["GoodClassifier", "GoodCheckpoint"])
def test_what_has_no_fault_passes(results, name):
    assert failed(results[name]) == {}
    assert len(results[name]) >= 10


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_named(results, name):
    claim, message = FAULTS[name]
    assert message in failed(results[name])[claim]

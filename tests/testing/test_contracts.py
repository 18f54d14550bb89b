"""Each contract finds each fault, and names it; components without a fault pass."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from modelry.testing import BackboneContract, HeadContract, PreprocessorContract, TokenizerContract

from .conftest import failed

PROCESSES = "new_process or other_backends or discovery or oversized"
PADDING = {"test_length_of_padding_does_not_matter", "test_content_of_padding_does_not_matter"}
DTYPES = {"test_bfloat16", "test_mixed_bfloat16"}
REFUSALS = {
    "test_truncated_weights_are_refused",
    "test_missing_weights_are_refused",
    "test_damaged_json_is_refused",
    "test_another_vocabulary_size_is_refused",
}
UNKNOWN = "test_unknown_arguments_are_refused"

# The class with a fault → the claims that must fail, and what one of the messages must say.
BACKBONES: dict[str, tuple[set[str], str]] = {
    "LosesArgument": ({"test_config_restores_it"}, "has no attribute 'epsilon'"),
    "KeepsAnotherValue": ({"test_config_restores_it"}, "keeps epsilon as 1e-06"),
    "KeepsAnotherList": ({"test_config_restores_it"}, "(widths=[6, 10]) keeps widths as [3, 5]"),
    "IsNotJson": ({"test_config_restores_it"}, "cannot be written as JSON"),
    "SwallowsArguments": ({UNKNOWN}, "(no_such_argument=1) is accepted"),
    "HasAnotherWidth": ({"test_outputs_are_what_heads_read"}, "sequence_output has the shape (3, 8, 8), not (3, 8, 4)"),
    "TakesFloats": ({"test_any_length_is_taken"}, "The input token_ids is ((None, None), 'float32')"),
    "IsNotDeterministic": ({"test_calling_it_twice_gives_the_same"}, "differs between two calls"),
    "ForgetsTheMask": (PADDING, "use padding_mask wherever tokens meet"),
    "LetsPaddingThrough": (PADDING - {"test_length_of_padding_does_not_matter"}, "where the padding mask is 0"),
    "MixesTexts": ({"test_other_texts_do_not_matter"}, "is another in a batch of 3 than alone"),
    "IgnoresThePolicy": ({"test_bfloat16"}, "extra/kernel is float32"),
    "CastsItsOutput": (DTYPES, "sequence_output is float32"),
    "IsNotTrained": ({"test_gradients_reach_every_weight"}, "No gradient reaches token_embedding/embeddings"),
    "SharesWrongly": (
        {"test_packed_texts_are_kept_apart_as_declared"},
        "declares supports_packing, but: Not equal to tolerance",
    ),
    "BreaksInTraining": ({"test_installed_tasks_work_on_it"}, "the loss is nan"),
    "KeepsAnotherActivation": ({"test_config_restores_it"}, "keeps hidden_activation as 'relu'"),
    "FallsBack": (REFUSALS, "loading succeeds as if nothing were wrong"),
    "AcceptsAnySize": ({"test_an_oversized_config_is_refused"}, "With vocabulary_size=1000000000 in its config"),
    "RaisesBareErrors": (REFUSALS, "raises a bare KeyError"),
    "GivesWayToSubclasses": ({"test_a_subclass_does_not_take_its_place"}, "loads as MyGivesWayToSubclasses"),
    "RemembersItsProcess": ({"test_a_new_process_loads_it"}, "sequence_output on"),
    "Unregistered": ({"test_it_is_registered"}, 'NAME = "acme_models:Unregistered"'),
}
HEADS: dict[str, tuple[set[str], str]] = {
    "HeadLosesArgument": ({"test_config_restores_it"}, "keeps width as 6"),
    "HeadIgnoresDropout": ({"test_dropout_is_active_in_training_alone"}, "two calls with training=True give the same"),
    "HeadAlwaysDrops": ({"test_dropout_is_active_in_training_alone"}, "scores outside training differ"),
    "HeadForgetsTheMask": (PADDING, "divide by its sum"),
    "HeadDividesByTheLength": ({"test_length_of_padding_does_not_matter"}, "mean over real tokens"),
    "HeadNeedsTheMask": ({"test_mask_may_be_missing_or_integer"}, "Without a padding_mask"),
    "HeadIgnoresActivation": ({"test_activation_is_applied"}, "are not the softmax of those"),
    "HeadIgnoresTheText": ({"test_scores_are_of_the_text"}, "Texts with other states get the same scores"),
    "HeadIgnoresHiddenDim": ({"test_a_hidden_layer_may_have_any_size"}, "With hidden_dim=1, no weight has that size"),
    "HeadHasTwoClasses": ({"test_every_class_gets_a_score"}, "scores have the shape (3, 3)"),
    "HeadIgnoresThePolicy": ({"test_bfloat16"}, "hidden/kernel is float32"),
    "HeadCastsItsScores": (DTYPES, "scores is float32"),
    "HeadIsNotTrained": ({"test_gradients_reach_every_weight"}, "hidden/kernel"),
    "HeadSwallowsArguments": ({UNKNOWN}, "(no_such_argument=1) is accepted"),
}
TOKENIZERS: dict[str, tuple[set[str], str]] = {
    "GivesOtherIds": ({"test_golden_ids"}, "'A film' gets the ids [1, 3], not [2, 3]"),
    "ExceedsItsVocabulary": ({"test_ids_are_below_the_vocabulary_size"}, "ids [99], with a vocabulary of 17"),
    "FailsOnEmptyTexts": ({"test_any_text_is_taken"}, "'' (0 characters) raises IndexError"),
    "RemembersTexts": ({"test_other_texts_do_not_matter"}, "among other texts than alone"),
    "LosesItsArgument": ({"test_config_restores_it"}, "keeps fold as True"),
    "WritesOtherAssets": ({"test_assets_are_the_same_to_the_byte"}, "writes ['merges.txt', 'vocabulary.json']"),
    "TakesAnyArgument": ({UNKNOWN}, "(no_such_argument=1) is accepted"),
    "HasInconsistentIds": ({"test_vocabulary_is_consistent"}, "Token 'film' has the id 4 and id 3"),
    "LosesSpaces": ({"test_texts_come_back"}, "decode to 'afilm'"),
    "HashesAnew": ({"test_a_new_process_gives_the_same_ids"}, "not with hash(), which Python seeds for each process"),
}
PREPROCESSORS: dict[str, tuple[set[str], str]] = {
    "LeavesRowsEmpty": ({"test_every_text_gets_a_row"}, "give an empty text one padding token"),
    "FixesItsLength": ({"test_sequence_length_can_be_set"}, "a long text gets 12 tokens"),
    "PadsOnTheLeft": ({"test_padding_only_fills_up"}, "pad on the right"),
    "MasksNothing": ({"test_padding_only_fills_up"}, "padding_mask does not match the lengths"),
    "IgnoresTheOrder": ({"test_rows_are_picked_by_index"}, "of rows [5, 0, 0]"),
    "DropsTheSecond": ({"test_pairs_keep_both_texts"}, "the same ids as for the first text alone"),
    "LosesItsTexts": ({"test_different_texts_get_different_rows"}, "All of 6 different texts get the ids"),
    "HasNoPadding": ({"test_padding_is_one_of_two"}, "padding is 'none'"),
    "KeepsTheAxis": ({"test_one_text_is_a_row_of_many"}, "token_ids of a str has the shape (1, 12)"),
    "TakesAnything": ({"test_values_that_are_not_texts_are_refused"}, "None among the texts is accepted"),
}


@pytest.fixture(scope="session")
def results(make_project: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """The results: class → claim → status and detail."""
    if keras.backend.backend() == "jax":
        pytest.skip("takes minutes where programs are compiled, and what contracts find is the same on PyTorch")
    selected = f"not ({PROCESSES}) or RemembersItsProcess and new_process or AcceptsAnySize and oversized or Hash"
    found: dict[str, dict[str, dict[str, Any]]] = make_project().report("test_acme.py", "-k", selected)
    return found


@pytest.mark.parametrize("name", ["Good", "GoodHead", "GoodTokenizer", "GoodHashing", "GoodPreprocessor"])
def test_components_without_a_fault_pass(results, name):
    assert failed(results[name]) == {}
    assert len(results[name]) >= 9


ALL = {**BACKBONES, **HEADS, **TOKENIZERS, **PREPROCESSORS}


@pytest.mark.parametrize("name", ALL)
def test_a_fault_is_found_and_named(results, name):
    claims, message = ALL[name]
    found = failed(results[name])
    assert claims <= found.keys()
    assert any(message in found[claim] for claim in claims), found
    assert all("\n  Rule: " in found[claim] and "\n  To do: " in found[claim] for claim in claims)


def test_every_claim_can_fail(results):
    """Each claim is broken by a component."""
    broken = {claim for claims in results.values() for claim in failed(claims)}
    elsewhere = {"test_discovery_imports_no_keras", "test_other_backends_compute_the_same", "test_compiled_is_eager"}
    for contract in (BackboneContract, HeadContract, TokenizerContract, PreprocessorContract):
        claims = {name for name in dir(contract) if name.startswith("test_")}
        assert claims - broken - elsewhere == set(), contract.__name__


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="compiles nothing")
def test_other_results_of_compiled_programs_are_found(make_project):
    results = make_project().report("test_acme.py", "-k", "compiled_is_eager and (IsNotDeterministic or Good)")
    assert failed(results["Good"]) == {}
    assert "test_compiled_is_eager" in failed(results["IsNotDeterministic"])

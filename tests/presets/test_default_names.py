"""Default components of an architecture for a task: they come from two distributions only."""

from __future__ import annotations

import pytest

from modelry.discovery.entry import Entry
from modelry.discovery.registry import registry
from modelry.discovery.scan import Scan
from modelry.errors import AmbiguousName, InputError
from modelry.presets.task_spec import default_name, default_names

BERT, TAGS, OTHER = "acme-bert", "acme-tags", "stranger"
BACKBONE, TASK = f"{BERT}:bert", f"{TAGS}:token_classifier"


@pytest.fixture
def default(monkeypatch):
    """Look up the default preprocessors where these names are registered: `default("acme-bert:bert.x", …)`."""
    with registry.isolated():

        def find(*names, kind="preprocessors", backbone=BACKBONE, task=TASK):
            entries = []
            for number, name in enumerate(names):
                distribution, _, short = name.partition(":")
                entries.append(Entry("preprocessors", short, f"module:Class{number}", distribution))
            found = Scan(tuple(entries), frozenset())
            monkeypatch.setattr("modelry.discovery.registry.scan", lambda: found)
            registry.refresh()
            return tuple(default_names(kind, backbone, task))

        yield find


def test_the_architecture_comes_first_then_the_task_for_it_then_the_task_for_any(default):
    names = [f"{BERT}:bert.token_classifier", f"{TAGS}:bert.token_classifier", f"{TAGS}:token_classifier"]
    for first in range(3):
        assert default(*reversed(names[first:])) == tuple(names[first:])
    assert default() == ()
    assert default_name("preprocessors", BACKBONE, TASK) == f"{BACKBONE}.token_classifier"


@pytest.mark.parametrize(
    "name",
    [
        f"{OTHER}:bert.token_classifier",
        f"{OTHER}:token_classifier",
        f"{BERT}:token_classifier",
        f"{BERT}:bert",
        f"{TAGS}:roberta.token_classifier",
        f"{TAGS}:bert.text_classifier",
    ],
)
def test_nothing_else_is_a_default(default, name):
    assert default(name) == ()


def test_a_stranger_does_not_make_a_default_ambiguous(default):
    names = (f"{OTHER}:bert.token_classifier", f"{TAGS}:bert.token_classifier")
    assert default(*names) == names[1:]


def test_a_preference_and_a_registration_by_a_call_change_no_default(default):
    assert default(f"{OTHER}:token_classifier", f"{TAGS}:token_classifier") == (f"{TAGS}:token_classifier",)
    registry.prefer("preprocessors", "token_classifier", OTHER)
    registry.register("preprocessors", "bert.token_classifier", int)
    registry.register("preprocessors", "token_classifier", int, replace=True)
    assert default_name("preprocessors", BACKBONE, TASK) == f"{TAGS}:token_classifier"


def test_a_backbone_registered_by_a_call_has_defaults_registered_by_a_call(default):
    assert default() == ()
    registry.register("preprocessors", "mine.token_classifier", int)
    assert default_name("preprocessors", "runtime:mine", TASK) == "runtime:mine.token_classifier"


def test_the_distribution_may_be_spelt_in_any_way(default):
    assert default(f"{TAGS}:token_classifier", task="Acme_Tags:token_classifier") == (f"{TAGS}:token_classifier",)


def test_a_name_twice_in_one_distribution_is_ambiguous(default):
    with pytest.raises(AmbiguousName, match="One distribution registers it twice"):
        default(f"{TAGS}:token_classifier", f"{TAGS}:token_classifier")


def test_one_distribution_may_bring_the_backbone_and_the_task_for_any_backbone(default):
    own = f"{TAGS}:token_classifier"
    assert default(own, backbone=f"{TAGS}:pixel") == (own,)


def test_a_short_name_means_the_backbone_that_is_registered(default):
    assert default(f"{TAGS}:bert.token_classifier", backbone="bert") == (f"{TAGS}:bert.token_classifier",)


def test_a_wrong_kind_is_refused(default):
    with pytest.raises(InputError, match=r"'preprocessor' is not a kind of component\. Did you mean 'preprocessors'\?"):
        default(kind="preprocessor")

"""Renames: chains of them, circles, and plugins that disagree."""

from __future__ import annotations

import sys
import types

import pytest

from modelry.discovery.entry import Entry
from modelry.discovery.hints import find_alias
from modelry.discovery.hooks import Hooks
from modelry.discovery.index import build_index
from modelry.discovery.policy import Policy
from modelry.discovery.scan import Scan
from modelry.errors import AmbiguousName
from modelry.plugin import hookimpl

HEADS = (Entry("heads", "new", "a:New", "acme"), Entry("heads", "newer", "b:New", "other"))


@pytest.fixture
def resolve(monkeypatch):
    """Resolve a head's name with the aliases that each distribution declares."""

    def find(name, **declared):
        entries = []
        for distribution, aliases in declared.items():
            module = types.ModuleType(f"hooks_of_{distribution}")
            answer = aliases if callable(aliases) else lambda answer=aliases: answer
            module.modelry_aliases = hookimpl(answer, specname="modelry_aliases")
            monkeypatch.setitem(sys.modules, module.__name__, module)
            entries += [Entry("plugin", name, module.__name__, distribution) for name in ("one", "same")]
        index = build_index(Scan((*HEADS, *entries), frozenset()), Policy())
        return find_alias(index, Hooks(entries), "heads", name)

    return find


@pytest.mark.parametrize(
    ("aliases", "found"),
    [
        ({("heads", "old"): "new"}, "acme:new"),
        ({("heads", "old"): "newer"}, "other:newer"),
        ({("heads", "old"): "other:newer"}, "other:newer"),
        ({("heads", "old"): "mid", ("heads", "mid"): "new"}, "acme:new"),
    ],
)
def test_an_old_name_leads_to_the_new_one(resolve, aliases, found):
    with pytest.warns(DeprecationWarning, match="The head 'old' is deprecated"):
        assert resolve("old", acme=aliases).qualified == found


@pytest.mark.parametrize(
    "aliases",
    [
        {("heads", "old"): "gone"},
        {("heads", "old"): "mid", ("heads", "mid"): "old"},
        {("tasks", "old"): "new"},
        {},
    ],
)
def test_an_alias_that_leads_nowhere_is_none(resolve, aliases):
    assert resolve("old", acme=aliases) is None


def test_two_plugins_may_agree(resolve):
    with pytest.warns(DeprecationWarning, match="called .new. now"):
        assert resolve("old", acme={("heads", "old"): "new"}, other={("heads", "old"): "new"}).qualified == "acme:new"


def test_two_plugins_that_disagree_make_the_old_name_ambiguous(resolve):
    message = r"'old' is an old name of more than one head\. Write '\w+:\w+' or '\w+:\w+'\."
    with pytest.raises(AmbiguousName, match=message):
        resolve("old", acme={("heads", "old"): "new"}, other={("heads", "old"): "newer"})


def test_what_is_no_table_of_aliases_is_a_failure_of_its_plugin(resolve):
    with pytest.warns(RuntimeWarning, match=r"acme \(hooks_of_acme\): modelry_aliases fails with TypeError: expected"):
        assert resolve("old", acme={("heads", "old"): 3}) is None


def test_a_hook_that_exits_is_a_failure_of_its_plugin(resolve):
    with pytest.warns(RuntimeWarning, match=r"modelry_aliases fails with SystemExit: 3"):
        assert resolve("old", acme=lambda: sys.exit(3)) is None


def test_an_interrupt_is_no_failure_of_a_plugin(resolve):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resolve("old", acme=interrupted)

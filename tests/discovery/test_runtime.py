"""Components registered by a call, in this process alone."""

from __future__ import annotations

import threading
import time
import types

import attrs
import pytest

from modelry.discovery.entry import Entry
from modelry.discovery.registry import Registry, isolated, register, registry
from modelry.discovery.scan import Scan
from modelry.errors import AmbiguousName, InputError, UnknownComponent

pytestmark = pytest.mark.usefixtures("fresh")


def _class(module: str, qualname: str = "Mine") -> type:
    return types.new_class(qualname, exec_body=lambda body: body.update(__module__=module, __qualname__=qualname))


@pytest.fixture
def acme(monkeypatch):
    """An installation of which the scan finds one backbone."""
    found = Scan((Entry("backbones", "bert", "acme_bert:AcmeBert", "acme-bert", "1.2"),), frozenset({"acme-bert"}))
    monkeypatch.setattr("modelry.discovery.registry.scan", lambda: found)


def test_a_decorator_registers_and_leaves_the_class_alone():
    cls = _class("notebook")
    assert register("heads", "mine")(cls) is cls
    assert register("heads", "yours", cls) is cls
    assert registry.load("heads", "mine") is cls
    assert registry.load("heads", "runtime:yours") is cls
    assert {"mine", "yours"} <= set(registry.names("heads"))
    entry = registry.find("heads", "mine")
    assert (entry.qualified, entry.target, entry.owner) == ("runtime:mine", "notebook:Mine", "runtime")
    assert registry.find_class("Mine").load() is cls
    assert registry.owner(cls).name == "mine"


def test_the_same_class_of_the_same_module_replaces_quietly():
    old, new = _class("lib"), _class("lib")
    register("heads", "mine", old)
    register("heads", "mine", new)
    assert registry.load("heads", "mine") is new


def test_a_notebook_replaces_quietly_what_was_registered_before():
    register("heads", "mine", _class("lib"))
    new = _class("__main__", "Other")
    register("heads", "mine", new)
    assert registry.load("heads", "mine") is new


def test_anything_else_must_say_that_it_replaces():
    old, new = _class("lib"), _class("lib", "Other")
    register("heads", "mine", old)
    message = r"The head 'mine' is already registered by runtime \(lib:Mine\)\. Take another name, or pass replace=True"
    with pytest.raises(AmbiguousName, match=message):
        register("heads", "mine", new)
    assert registry.load("heads", "mine") is old
    register("heads", "mine", new, replace=True)
    assert registry.load("heads", "mine") is new


@pytest.mark.usefixtures("acme")
def test_the_name_of_an_installed_plugin_is_taken_only_on_purpose():
    mine = _class("__main__")
    with pytest.raises(AmbiguousName, match=r"already registered by acme-bert 1\.2 \(acme_bert:AcmeBert\)"):
        register("backbones", "bert", mine)
    assert registry.find("backbones", "bert").distribution == "acme-bert"
    register("backbones", "bert", mine, replace=True)
    register("backbones", "bert", _class("__main__", "Again"))
    assert registry.load("backbones", "bert").__name__ == "Again"
    assert registry.find("backbones", "acme-bert:bert").distribution == "acme-bert"
    registry.prefer("backbones", "bert", "acme-bert")
    assert registry.find("backbones", "bert").distribution == "acme-bert"
    register("backbones", "bert", mine)
    assert registry.load("backbones", "bert") is mine


@pytest.mark.usefixtures("acme")
def test_a_plugin_may_register_its_own_class_once_more():
    cls = _class("acme_bert", "AcmeBert")
    register("backbones", "bert", cls)
    assert registry.load("backbones", "bert") is cls


def test_a_broken_re_export_owns_nothing(monkeypatch):
    entry = Entry("heads", "mine", "acme_bert.nowhere:Mine", "acme-bert", "1.2")
    monkeypatch.setattr("modelry.discovery.registry.scan", lambda: Scan((entry,), frozenset({"acme-bert"})))
    assert registry.owner(_class("acme_bert.models")) is None


def test_an_instance_can_be_registered_too():
    handler = attrs.make_class("Handler", ["x"])(1)
    register("storage", "vault", handler)
    assert registry.load("storage", "vault") is handler
    assert registry.find("storage", "vault").target.endswith(":Handler")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("backbone", "x", r"'backbone' is not a kind of component\. Did you mean 'backbones'\?"),
        ("plugin", "x", "'plugin' is not a kind of component"),
        ("heads", "acme:x", "'acme:x' cannot name a component"),
        ("heads", "", "'' cannot name a component"),
    ],
)
def test_a_kind_or_name_that_is_none_is_refused(kind, name, message):
    with pytest.raises(InputError, match=message):
        register(kind, name, int)


def test_questions_about_no_kind_are_refused():
    for question in (registry.names, registry.entries, lambda kind: registry.find(kind, "x")):
        with pytest.raises(InputError, match="not a kind of component"):
            question("back")


def test_isolated_hides_and_restores():
    register("heads", "outside", _class("lib"))
    with isolated() as inside:
        assert inside is registry
        with pytest.raises(UnknownComponent):
            registry.find("heads", "outside")
        register("heads", "inside", _class("lib"))
        registry.refresh()
        assert "inside" in registry.names("heads")
    assert "inside" not in registry.names("heads")
    assert registry.find("heads", "outside")


def test_isolated_restores_after_an_error():
    register("heads", "outside", _class("lib"))
    with pytest.raises(ZeroDivisionError), isolated():
        raise ZeroDivisionError
    assert registry.find("heads", "outside")


@pytest.mark.usefixtures("acme")
def test_preferring_what_a_distribution_does_not_have_is_an_error():
    with pytest.raises(
        UnknownComponent, match=r"comes from acme-cnn, which is not installed\. Run: pip install acme-cnn"
    ):
        registry.prefer("backbones", "bert", "acme-cnn")


def test_threads_lose_no_registration_and_scan_once(monkeypatch):
    scans = []
    monkeypatch.setattr(
        "modelry.discovery.registry.scan", lambda: scans.append(time.sleep(0.05)) or Scan((), frozenset())
    )
    shared, barrier, errors = Registry(), threading.Barrier(8), []

    def work(number):
        try:
            barrier.wait()
            assert shared.names("tasks") == ()
            for turn in range(60):
                shared.register("heads", f"h{number}.{turn}", _class("lib"))
                assert shared.find("heads", f"h{number}.{turn}")
                shared.names()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(shared.names("heads")) == 8 * 60
    assert len(scans) == 1


def test_threads_that_refresh_lose_no_registration(monkeypatch):
    monkeypatch.setattr("modelry.discovery.registry.scan", lambda: Scan((), frozenset()))
    shared, stop = Registry(), threading.Event()

    def refresh():
        while not stop.is_set():
            shared.refresh()

    refreshing = threading.Thread(target=refresh)
    refreshing.start()
    for turn in range(300):
        shared.register("heads", f"h{turn}", _class("lib"))
    stop.set()
    refreshing.join()
    assert len(shared.names("heads")) == 300

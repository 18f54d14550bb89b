"""Plugins are asked late, one by one, and none can silence another."""

from __future__ import annotations

BERT, OTHER, BROKEN = "acme-bert==1.2", "other.bert==0.1", "broken-hooks==0.3"


def test_presets_come_from_every_plugin_and_a_shared_name_is_qualified(run):
    output = run(
        """
        import modelry
        print(list(modelry.registry.presets()), list(modelry.registry.presets("roberta")))
        print(modelry.registry.presets()["acme_base"])
        """,
        BERT,
        OTHER,
    )
    assert output.splitlines() == [
        "['acme-bert:shared', 'acme_base', 'other-bert:shared'] ['other-bert:shared']",
        "BuiltinPreset(name='acme_base', reference='hf://acme/base', architecture='bert', parameters=7, "
        "description='The base model.', mirrors=())",
    ]


def test_one_plugin_alone_keeps_its_short_preset_names(run):
    assert run("import modelry; print(list(modelry.registry.presets()))", BERT) == "['acme_base', 'shared']"


def test_a_broken_hook_module_is_named_once_and_the_others_are_heard(run):
    output = run(
        """
        import warnings, modelry
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(list(modelry.registry.presets()))
            print(list(modelry.registry.presets()) and len(caught))
        for warning in caught:
            print(warning.category.__name__, warning.filename, warning.message)
        for failure in modelry.registry.failures():
            print(failure.entry.qualified, failure.doing, type(failure.error).__name__)
        """,
        BERT,
        BROKEN,
        OTHER,
    )
    begin = "RuntimeWarning <string> A modelry plugin is broken and skipped. broken-hooks 0.3"
    registers = "broken-hooks 0.3 registers a hook module"
    advice = "Try another version of it: pip install --upgrade broken-hooks"
    assert output.splitlines() == [
        "['acme-bert:shared', 'acme_base', 'from_typo', 'other-bert:shared']",
        "5",
        f"{begin} (broken_hooks_import): its hook module fails with BrokenPlugin: {registers} 'a', but importing "
        "'broken_hooks_import' fails with ModuleNotFoundError: No module named 'surely_not_there'. Install its "
        "dependency surely_not_there, or reinstall it: pip install --upgrade broken-hooks",
        f"{begin} (broken_hooks_exit): its hook module fails with BrokenPlugin: {registers} 'b', but importing "
        f"'broken_hooks_exit' fails with SystemExit: 3. {advice}",
        f"{begin} (broken_hooks_typo): its hook module fails with TypeError: modelry has no hook 'modelry_preset'. "
        "Did you mean 'modelry_presets'?",
        f"{begin} (broken_hooks_types): modelry_presets fails with TypeError: expected a BuiltinPreset, got 'bert'",
        f"{begin} (broken_hooks_raise): modelry_presets fails with RuntimeError: no more",
        "broken-hooks:a its hook module BrokenPlugin",
        "broken-hooks:b its hook module BrokenPlugin",
        "broken-hooks:d its hook module TypeError",
        "broken-hooks:e modelry_presets TypeError",
        "broken-hooks:c modelry_presets RuntimeError",
    ]


def test_an_alias_resolves_and_warns_at_the_line_that_uses_it(run):
    output = run(
        """
        import warnings, modelry
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            print(modelry.registry.load("backbones", "bert_v0").__name__)
            print(modelry.registry.find("backbones", "acme-bert:bert_v1").qualified)
        for warning in caught:
            print(warning.category.__name__, warning.filename, warning.lineno, warning.message)
        try:
            modelry.registry.find("backbones", "other-bert:bert_v0")
        except modelry.errors.UnknownComponent as error:
            print(error)
        """,
        BERT,
        OTHER,
    )
    assert output.splitlines() == [
        "AcmeBert",
        "acme-bert:bert",
        "DeprecationWarning <string> 5 The backbone 'bert_v0' is deprecated; it is called 'acme-bert:bert' now.",
        "DeprecationWarning <string> 6 The backbone 'acme-bert:bert_v1' is deprecated; it is called 'acme-bert:bert' "
        "now.",
        "other-bert registers no backbone 'bert_v0'. Did you mean 'other-bert:bert'? Another version of it may: "
        "pip install --upgrade other-bert",
    ]


def test_a_deprecation_is_shown_without_any_filter(run):
    output = run("import modelry\nmodelry.registry.find('backbones', 'bert_v1')", BERT, warnings="default")
    assert "<string>:2: DeprecationWarning: The backbone 'bert_v1' is deprecated; it is called 'bert' now." in output


def test_a_plugin_knows_what_to_install(run):
    output = run(
        """
        import sys, modelry
        assert "acme_bert.plugin" not in sys.modules
        for kind, name in (("backbones", "rnn"), ("heads", "rnn")):
            try:
                modelry.registry.find(kind, name)
            except modelry.errors.UnknownComponent as error:
                print(error)
        """,
        BERT,
    )
    assert output.splitlines() == [
        "No installed plugin registers a backbone 'rnn'. Run: pip install \"acme-rnn>=2\"",
        "No installed plugin registers a head 'rnn'. Installed: tiny.",
    ]


def test_whether_a_name_is_registered_is_asked_of_no_plugin(run):
    output = run(
        """
        import sys, modelry
        names = ("bert.text_classifier", "acme-bert:bert.text_classifier", "acme-bert:rnn.text_classifier")
        print([modelry.registry.has("tasks", name) for name in names])
        print("pluggy" in sys.modules, "acme_bert.plugin" in sys.modules)
        """,
        BERT,
    )
    assert output == "[True, True, False]\nFalse False"


def test_what_cannot_be_an_answer_is_a_failure_and_never_shown_as_a_command(run):
    output = run(
        """
        import modelry
        try:
            modelry.registry.find("backbones", "rnn")
        except modelry.errors.UnknownComponent as error:
            print(error)
        print([failure.doing for failure in modelry.registry.failures() if failure.entry.name == "e"])
        """,
        BROKEN,
        BERT,
        warnings="ignore",
    )
    assert output.splitlines() == [
        "No installed plugin registers a backbone 'rnn'. Run: pip install \"acme-rnn>=2\"",
        "['modelry_aliases', 'modelry_install_hint']",
    ]

"""What pip installed is found, by name, without being imported."""

from __future__ import annotations

import subprocess
import sys
import venv

BERT, BERT_13, OTHER, CNN = "acme-bert==1.2", "acme-bert==1.3", "other.bert==0.1", "acme-cnn==2.0"


def test_names_are_known_and_no_plugin_is_imported(run):
    output = run(
        """
        import sys, modelry
        names = modelry.registry.names()
        print(names["backbones"], names["heads"], names["tasks"], modelry.registry.names("tokenizers"))
        heavy = {"keras", "fsspec", "huggingface_hub", "kagglehub", "pluggy", "importlib.metadata", "torch", "jax"}
        print(sorted(name for name in sys.modules if name.startswith(("acme", "other")) or name in heavy))
        """,
        BERT,
        CNN,
    )
    assert output == "('bert', 'cnn') ('tiny',) ('bert.text_classifier',) ()\n[]"


def test_find_imports_nothing_and_load_imports_one_plugin(run):
    output = run(
        """
        import sys, modelry
        entry = modelry.registry.find("backbones", "bert")
        print(entry.qualified, entry.version, entry.target, "acme_bert" in sys.modules)
        print(modelry.registry.load("backbones", "Acme_BERT:bert"))
        print("acme_cnn" in sys.modules, "acme_bert.plugin" in sys.modules, "pluggy" in sys.modules)
        """,
        BERT,
        CNN,
    )
    assert output.splitlines() == [
        "acme-bert:bert 1.2 acme_bert.backbone:AcmeBert False",
        "<class 'acme_bert.backbone.AcmeBert'>",
        "False False False",
    ]


def test_two_owners_of_a_name_matter_only_when_it_is_used_and_there_is_a_way_out(run):
    output = run(
        """
        import modelry
        registry = modelry.registry
        print(registry.names("backbones"), registry.load("backbones", "cnn").__name__)
        try:
            registry.find("backbones", "bert")
        except modelry.errors.AmbiguousName as error:
            print(error)
        print(registry.load("backbones", "other-bert:bert").__name__)
        registry.prefer("backbones", "bert", "Acme.Bert")
        print(registry.load("backbones", "bert").__name__)
        registry.refresh()
        print(registry.load("backbones", "bert").__name__)
        """,
        BERT,
        OTHER,
        CNN,
    )
    assert output.splitlines() == [
        "('bert', 'cnn') Cnn",
        "The backbone 'bert' is registered by acme-bert 1.2 (acme_bert.backbone:AcmeBert) and other-bert 0.1 "
        "(other_bert:OtherBert). Write 'acme-bert:bert' or 'other-bert:bert', or choose once with "
        "modelry.registry.prefer('backbones', 'bert', 'acme-bert').",
        "OtherBert",
        "AcmeBert",
        "AcmeBert",
    ]


def test_the_first_of_two_installations_of_one_distribution_wins(run):
    code = """
        import modelry
        print([entry.owner for entry in modelry.registry.entries("backbones")])
        print(modelry.registry.find("backbones", "bert").version)
    """
    assert run(code, BERT, BERT_13) == "['acme-bert 1.2']\n1.2"
    assert run(code, BERT_13, BERT) == "['acme-bert 1.3']\n1.3"


def test_the_same_folder_twice_on_the_path_is_one_installation(run, site, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(site(BERT))
    code = 'import modelry; print(modelry.registry.find("backbones", "bert").version)'
    assert run(code, BERT, link, BERT) == "1.2"


def test_an_editable_installation_is_found(wheels, run, tmp_path):
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    (libraries,) = environment.glob("lib/python*/site-packages")
    (wheel,) = (wheels[BERT].parent / "editable").glob("acme_bert-1.2-*.whl")
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    assert not list(libraries.glob("acme_bert/"))
    code = """
        import modelry
        entry = modelry.registry.find("backbones", "bert")
        print(entry.owner, entry.load().__name__, modelry.registry.owner(entry.load()) == entry)
    """
    command = f"import subprocess; print(subprocess.run([{str(python)!r}, '-c', {code.replace(' ' * 8, '')!r}], "
    assert run(command + "text=True, capture_output=True).stdout)") == "acme-bert 1.2 AcmeBert True"


def test_what_pip_installs_while_the_process_runs_is_found_at_the_next_miss(run, pip_install, wheels, tmp_path):
    target = tmp_path / "site"
    target.mkdir()
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target)]
    output = run(
        f"""
        import subprocess, modelry
        registry = modelry.registry
        registry.register("heads", "mine", int)
        try:
            registry.find("backbones", "cnn")
        except modelry.errors.UnknownComponent:
            print("unknown")
        subprocess.run({[*command, str(wheels[CNN])]!r}, check=True, env={{}})
        print(registry.load("backbones", "cnn").__name__, modelry.models.Cnn.__name__, registry.load("heads", "mine"))
        """,
        target,
    )
    assert output == "unknown\nCnn Cnn <class 'int'>"


def test_a_folder_added_to_the_path_is_seen_and_a_changed_policy_too(run, site):
    output = run(
        f"""
        import os, sys, modelry
        registry = modelry.registry
        print(registry.names("backbones"))
        sys.path.append({str(site(CNN))!r})
        os.environ["MODELRY_PLUGINS"] = "-acme-cnn"
        try:
            registry.find("backbones", "cnn")
        except modelry.errors.UnknownComponent as error:
            print(error)
        del os.environ["MODELRY_PLUGINS"]
        print(registry.find("backbones", "cnn").owner)
        """
    )
    assert output.splitlines() == [
        "()",
        "The backbone 'cnn' comes from acme-cnn 2.0, which MODELRY_PLUGINS='-acme-cnn' keeps out. "
        "Change that variable to use it.",
        "acme-cnn 2.0",
    ]


def test_classes_are_reachable_by_their_name(run):
    output = run(
        """
        import modelry
        from modelry import models
        print([name for name in dir(models) if name[0].isupper()])
        print(models.AcmeClassifier, hasattr(models, "__path__"), hasattr(models, "_nothing"))
        for name in ("AcmeClasifier", "BertBackbone", "Cnn"):
            try:
                getattr(models, name)
            except AttributeError as error:
                print(error)
        print(hasattr(models, "Nothing"))
        """,
        BERT,
    )
    assert output.splitlines() == [
        "['AcmeBert', 'AcmeClassifier', 'Backbone', 'Head', 'Preprocessor', 'Task', 'TinyHead', 'Tokenizer']",
        "<class 'acme_bert.backbone.AcmeClassifier'> False False",
        "module 'modelry.models' has no attribute 'AcmeClasifier'. No installed plugin registers a class named "
        "'AcmeClasifier'. Did you mean 'AcmeClassifier'?",
        "module 'modelry.models' has no attribute 'BertBackbone'. No installed plugin registers a class named "
        "'BertBackbone'. Run: pip install modelry-bert",
        "module 'modelry.models' has no attribute 'Cnn'. No installed plugin registers a class named 'Cnn'.",
        "False",
    ]


def test_the_owner_of_a_class_is_found_also_through_a_re_export(run):
    output = run(
        """
        import modelry
        from acme_bert.backbone import AcmeBert, TinyHead, Unregistered
        registry = modelry.registry
        print(registry.owner(AcmeBert).qualified, registry.owner(TinyHead).qualified, registry.owner(Unregistered))

        class TinyHead(TinyHead):
            pass

        print(registry.owner(TinyHead))
        modelry.register("heads", "mine", TinyHead)
        print(registry.owner(TinyHead).qualified)
        """,
        BERT,
    )
    assert output.splitlines() == ["acme-bert:bert acme-bert:tiny None", "None", "runtime:mine"]

"""Mistakes in what is installed: entry points, and what modelry imports to find the plugin."""

from __future__ import annotations

from .fault import PROJECT, Edit, Fault

POINT = 'textcnn = "acme_textcnn.backbone:TextCnnBackbone"\n'
TOKENIZER = '[project.entry-points."modelry.tokenizers"]\ntextcnn = "acme_textcnn.text:CharacterTokenizer"\n'
TASK = '"textcnn.text_classifier" = "acme_textcnn.text_classifier:'
REGISTERED = ("test_it_is_registered",)
DISCOVERY = ("test_discovery_imports_no_keras",)
HOOKS = Edit(
    PROJECT,
    '[project.entry-points."modelry.tasks"]',
    '[project.entry-points."modelry.plugin"]\ntextcnn = "acme_textcnn.hooks"\n\n[project.entry-points."modelry.tasks"]',
)


def _change(name: str, old: str, new: str, suite: str, claims: tuple[str, ...], words: str) -> Fault:
    return Fault(name, (Edit(PROJECT, old, new),), suite, claims, words)


def _hooks(name: str, source: str, words: str, *more: Edit) -> Fault:
    return Fault(name, (HOOKS, Edit("acme_textcnn/hooks.py", "", source), *more), "Backbone", DISCOVERY, words)


FAULTS = (
    _hooks("Keras import at discovery", '"""Hooks."""\n\nimport keras\n', "hooks.py, line 3: import keras"),
    _hooks(
        "package imports Keras at discovery",
        '"""Hooks."""\n',
        "backbone.py, line 3: import keras",
        Edit(
            "acme_textcnn/__init__.py",
            "__getattr__, __dir__ = lazy_exports(__name__)",
            "from acme_textcnn.backbone import *\nfrom acme_textcnn.text import *\n"
            "from acme_textcnn.text_classifier import *",
        ),
    ),
    _hooks("hook module fails", '"""Hooks."""\n\nimport surely_not_there\n', "No module named 'surely_not_there'"),
    _change(
        "mis-spelt entry point",
        POINT,
        POINT.replace("TextCnnBackbone", "TextCNNBackbone"),
        "",
        (),
        "has no 'TextCnnBackbone', because no entry point of acme-textcnn 0.1.0 registers it. Did you mean",
    ),
    _change(
        "mis-spelt module",
        POINT,
        POINT.replace("backbone:", "backbones:"),
        "",
        (),
        "importing 'acme_textcnn.backbones:TextCnnBackbone' fails with ModuleNotFoundError",
    ),
    _change(
        "missing entry point",
        TOKENIZER,
        "",
        "",
        (),
        "has no 'CharacterTokenizer', because no entry point of acme-textcnn 0.1.0 registers it.",
    ),
    _change(
        "mis-spelt group",
        "modelry.preprocessors",
        "modelry.preprocessor",
        "",
        (),
        "this modelry has no entry-point group 'modelry.preprocessor' (Did you mean",
    ),
    _change(
        "wrong group",
        '"modelry.backbones"',
        '"modelry.heads"',
        "Backbone",
        REGISTERED,
        "TextCnnBackbone is registered in modelry.heads, but is one of the backbones",
    ),
    _change(
        "mis-spelt task",
        TASK,
        TASK.replace("classifier", "classifer", 1),
        "Classifier",
        ("test_its_name_ends_in_the_task",),
        "is registered as 'textcnn.text_classifer', so TextClassifier.from_preset does not find it",
    ),
)

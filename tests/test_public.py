"""The public API: its names, the types that type checkers see for them, its page, and the code that may use only it."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import modelry
import modelry.models
import modelry.storage
import modelry.tasks.text_classifier

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md"), ROOT / "README.md"]
SOURCES = [
    file
    for pattern in ("plugins/**/*.py", "registry/modelry/scaffold/templates/**/*.template", "tests/third_party/**/*.py")
    for file in ROOT.glob(pattern)
    if "acme_future" not in file.parts  # it is written for a modelry that does not exist yet
]
BLOCK = re.compile(r"```python\n(.*?)```\n", re.DOTALL)
IMPORT = re.compile(
    r"^[ ]*(?:from (modelry(?:\.\w+)*) import (\([^)]*\)|[^\n#]+)|import (modelry(?:\.\w+)*))", re.MULTILINE
)
OPEN = ("modelry", "modelry.models", "modelry.testing")  # these also have the classes of installed plugins

PUBLIC = {
    "modelry": [
        "Backbone",
        "Budget",
        "BytePairTokenizer",
        "Checkpoint",
        "Head",
        "Preprocessor",
        "PresetFiles",
        "SentencePieceTokenizer",
        "SplittingTokenizer",
        "Storage",
        "Task",
        "Tokenizer",
        "WordPieceTokenizer",
        "__version__",
        "errors",
        "isolated",
        "models",
        "register",
        "registry",
        "upload_preset",
    ],
    "modelry.backbones": [
        "Backbone",
        "SegmentedBackbone",
        "TransformerBackbone",
        "id_inputs",
    ],
    "modelry.checkpoints": [
        "ACTIVATIONS",
        "BERT_SETTINGS",
        "Checkpoint",
        "ENCODER_SIZES",
        "EncoderNames",
        "Field",
        "Flat",
        "HEAD_DROPOUT",
        "Layout",
        "Linear",
        "NUMBER",
        "Names",
        "REQUIRED",
        "Rows",
        "Same",
        "SourcedWeight",
        "check_fixed",
        "field",
        "parse_json",
        "read_fields",
        "read_json",
        "write_fields",
        "write_json",
    ],
    "modelry.data": [
        "ArrayPreprocessor",
        "DataSpec",
        "InputReader",
        "Inputs",
        "RowPreprocessor",
        "Targets",
        "TextReader",
        "TokenTargets",
        "TokenizedTexts",
        "WordReader",
        "as_batch",
        "as_predictions",
        "as_source",
        "as_text_columns",
        "first_tokens",
        "is_text_example",
        "to_array",
        "word_outputs",
        "word_spans",
    ],
    "modelry.errors": [
        "AmbiguousName",
        "BrokenPlugin",
        "ChecksumMismatch",
        "CorruptCache",
        "DeadlineExceeded",
        "IncompatiblePlugin",
        "InputError",
        "LockError",
        "MissingPlugin",
        "ModelryError",
        "PluginError",
        "PresetChanged",
        "PresetError",
        "PresetFormatError",
        "PresetNotFound",
        "PresetRefused",
        "SaveError",
        "SignatureError",
        "StorageError",
        "UnknownArgument",
        "UnknownComponent",
        "UnsafePresetError",
        "WeightsError",
    ],
    "modelry.layers": [
        "EncoderSublayers",
        "PositionEmbedding",
        "RotaryAttention",
        "RotaryEmbedding",
        "RotaryEncoder",
        "SelfAttention",
        "TokenAndPositionEmbedding",
        "TransformerEncoder",
        "activation",
        "attend",
        "attention_mask",
        "bert_initializer",
        "heads_dense",
        "own_initializer",
        "rotate",
        "split_heads",
        "transformer_layers",
    ],
    "modelry.models": [
        "Backbone",
        "Head",
        "Preprocessor",
        "Task",
        "Tokenizer",
    ],
    "modelry.plugin": [
        "API",
        "BuiltinPreset",
        "Command",
        "Fetched",
        "PresetLoaded",
        "Published",
        "hookimpl",
        "keras_hub_presets",
        "lazy_exports",
    ],
    "modelry.preprocessing": [
        "EncoderPreprocessor",
        "Preprocessor",
        "TextPreprocessor",
        "truncated_lengths",
    ],
    "modelry.storage": [
        "Budget",
        "ByteStream",
        "COMMON_OPTIONS",
        "COMMON_PUBLISHING_OPTIONS",
        "FolderFiles",
        "ForwardingFiles",
        "OpenOptions",
        "PRESET_MARKER",
        "PresetFiles",
        "Reference",
        "Release",
        "RemoteDestination",
        "RemoteFile",
        "RemoteSource",
        "RemoteStorage",
        "Snapshot",
        "Storage",
        "announce_fetched",
        "checked_name",
        "open_preset",
        "parse_reference",
        "redact",
    ],
    "modelry.tasks": [
        "ForeignTask",
        "Head",
        "Part",
        "Recipe",
        "SavedTask",
        "Task",
        "TaskSpec",
    ],
    "modelry.tasks.text_classifier": [
        "AttentionPoolHead",
        "ClassifierHead",
        "FirstTokenHead",
        "LastTokenHead",
        "MaxPoolHead",
        "MeanPoolHead",
        "PooledHead",
        "PooledOutputHead",
        "TextClassifier",
        "TextClassifierPreprocessor",
        "TextClassifierSpec",
    ],
    "modelry.testing": [
        "BackboneContract",
        "CheckpointContract",
        "PreprocessorContract",
        "StorageContract",
        "TaskContract",
        "TokenizerContract",
        "check_packing",
    ],
    "modelry.tokenizers": [
        "ACCENTS",
        "BytePairTokenizer",
        "Encoded",
        "EncoderSentencePieceTokenizer",
        "EncoderWordPieceTokenizer",
        "LOWERCASE",
        "NO_SPAN",
        "PRECOMPILED",
        "QUOTES",
        "SentencePieceTokenizer",
        "SpecialTokens",
        "SplittingTokenizer",
        "TokenId",
        "Tokenizer",
        "VocabularyTokenizer",
        "WORDS",
        "WordPieceTokenizer",
        "build_pipeline",
        "byte_pair_config",
        "check_texts",
        "plain_tokens",
        "sentence_piece_config",
        "token_setting",
        "tokenizer_class",
        "tokenizer_setting",
        "wordpiece_config",
        "write_tokenizer_json",
    ],
}


def targets_of(package: str) -> dict[str, str]:
    """Return the public names in a package's stub: name → "module:attribute", or the module alone."""
    stub = (ROOT / "registry" / package.replace(".", "/") / "__init__.pyi").read_text("utf-8")
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 1 and name.asname == name.name for node in imports for name in node.names)
    return {
        name.name: f"{package}.{node.module}:{name.name}" if node.module else f"{package}.{name.name}"
        for node in imports
        for name in node.names
    }


def output_of(code: str, **environment: str) -> str:
    """Return what Python prints for `code`, in a process of its own."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout


STUBS = (ROOT / "registry/modelry").rglob("__init__.pyi")
LAZY = sorted(".".join(stub.parent.relative_to(ROOT / "registry").parts) for stub in STUBS)


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package):
    module = importlib.import_module(package)
    names = module._BASES if package == "modelry.models" else module.__all__
    assert sorted(names) == PUBLIC[package]


def test_the_public_packages_are_lazy():
    assert sorted(PUBLIC) == sorted([*LAZY, "modelry.errors", "modelry.models", "modelry.plugin"])  # three modules


@pytest.mark.parametrize("package", LAZY)
def test_every_name_is_the_object_of_its_stub(package):
    module = importlib.import_module(package)
    targets = targets_of(package)
    assert sorted(targets) == sorted(module.__all__) == sorted(dir(module))
    for name, target in targets.items():
        source, _, attribute = target.partition(":")
        found = importlib.import_module(source)
        assert getattr(module, name) is (getattr(found, attribute) if attribute else found), name


def test_type_checkers_see_the_classes_of_installed_tasks_at_the_top():
    tree = ast.parse((ROOT / "registry/modelry/__init__.pyi").read_text("utf-8"))
    aliases = {node.targets[0].id: node.value.attr for node in tree.body if isinstance(node, ast.Assign)}
    assert aliases == {name: name for name in ("TextClassifier", "TextClassifierPreprocessor")}
    for name in aliases:
        assert getattr(modelry, name) is getattr(modelry.tasks.text_classifier, name)


def test_type_checkers_see_the_base_classes_among_the_models():
    tree = ast.parse(Path(modelry.models.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {name.asname: f"{node.module}:{name.name}" for node in block.body for name in node.names}
    assert seen == modelry.models._BASES
    assert all(getattr(modelry.models, name) is getattr(modelry, name) for name in seen)


@pytest.mark.parametrize("name", ["Budget", "PresetFiles", "Storage"])
def test_the_top_and_storage_have_the_same_classes(name):
    assert getattr(modelry, name) is getattr(modelry.storage, name)


def test_there_are_few_public_names_at_the_top():
    assert len(modelry.__all__) <= 30


@pytest.mark.parametrize("package", LAZY)
def test_no_name_is_also_a_submodule(package):
    # The import of the submodule would put the module in the place of the name.
    names = [name for name, target in targets_of(package).items() if ":" in target]
    assert [name for name in names if find_spec(f"{package}.{name}") is not None] == []


@pytest.mark.parametrize("package", LAZY)
def test_an_unknown_name_is_an_error(package):
    module = importlib.import_module(package)
    assert not hasattr(module, "nothing")
    with pytest.raises(AttributeError, match=rf"^module {package!r} has no attribute 'nothing'\.$"):
        module.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("package", "name", "near"),
    [
        ("modelry", "registri", "registry"),
        ("modelry", "Tokenzier", "Tokenizer"),
        ("modelry.storage", "Storrage", "Storage"),
        ("modelry.testing", "TextClasifierContract", "TextClassifierContract"),
    ],
)
def test_an_unknown_name_has_a_near_miss(package, name, near):
    message = re.escape(f"module {package!r} has no attribute {name!r}. Did you mean {near!r}?")
    with pytest.raises(AttributeError, match=message):
        getattr(importlib.import_module(package), name)


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        (
            "modelry.registry.names(), dir(modelry), dir(modelry.models), modelry.errors, modelry.register, "
            "modelry.isolated",
            "keras fsspec huggingface_hub kagglehub pluggy importlib.metadata numpy jax torch",
        ),
        (
            "import modelry.storage as s; s.Storage, s.open_preset",
            "keras fsspec huggingface_hub kagglehub stamina rich",
        ),
        ("import modelry.plugin; modelry.plugin.BuiltinPreset('a', 'b', 'c')", "keras"),
        (f"import {', '.join(LAZY)}", "keras numpy jax torch"),
        ("from modelry.tasks import TaskSpec", "keras jax torch"),
    ],
)
def test_nothing_heavy_is_imported(code, heavy):
    printed = output_of(
        f"import sys, modelry\n{code}\nprint([name for name in {heavy.split()} if name in sys.modules])"
    )
    assert printed.strip() == "[]"


def test_every_name_can_be_imported_at_once():
    assert output_of("import modelry; print(modelry.Task.__name__)", EAGER_IMPORT="1").strip() == "Task"


@pytest.mark.parametrize("file", [*SOURCES, *PAGES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_only_public_names_are_imported(file):
    text = file.read_text("utf-8")
    if file.suffix == ".md":
        text = "\n".join(BLOCK.findall(text))
    assert private_imports(text) == []


def private_imports(text: str) -> list[str]:
    """Return the imports from modelry that are not public."""
    private = []
    for package, names, module in IMPORT.findall(text):
        if module or package not in PUBLIC:
            private += [module or package] if (module or package) not in PUBLIC else []
            continue
        for name in re.findall(r"([\w${}]+)(?: as \w+)?", names.strip("()")):
            is_class = package in OPEN and (name[:1].isupper() or name.startswith("$"))
            private += [] if name in PUBLIC[package] or is_class else [f"{package}.{name}"]
    return private


def test_private_imports_are_found():
    text = """
import modelry.weights.load
from modelry.layers.transformer import attend
from modelry.layers import (
    attend,
    nothing,
)
    from modelry import Storage, resolve
from modelry import TextClassifier
"""
    assert private_imports(text) == [
        "modelry.weights.load",
        "modelry.layers.transformer",
        "modelry.layers.nothing",
        "modelry.resolve",
    ]


def test_the_page_of_the_api_lists_exactly_the_public_names():
    sections = re.split(r"^## (.+)$", (ROOT / "docs/api.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    listed = {
        package: re.findall(r"^- `(\w+)`: \S", text, re.MULTILINE)
        for package, text in zip(sections[::2], sections[1::2], strict=True)
    }
    assert listed == PUBLIC


def test_the_facade_has_a_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", modelry.__version__)

"""The public API: its names, the types that type checkers see for them, its page, and the code that may use only it."""

from __future__ import annotations

import ast
import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import modelry

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
        "kept_lengths",
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


def table_of(package: str) -> dict[str, str]:
    """Return the targets of a package's public names, where it is lazy."""
    module = importlib.import_module(package)
    return vars(module).get("_PUBLIC") or vars(module).get("_BASES") or {}


LAZY = [package for package in PUBLIC if table_of(package)]


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package):
    module = importlib.import_module(package)
    names = module._BASES if package == "modelry.models" else module.__all__
    assert sorted(names) == PUBLIC[package]


def test_every_lazy_package_is_public():
    files = (ROOT / "registry/modelry").rglob("__init__.py")
    found = {file.parent for file in files if "attach(__name__" in file.read_text("utf-8")}
    packages = {".".join(folder.relative_to(ROOT / "registry").parts) for folder in found}
    assert packages == {package for package in LAZY if package not in ("modelry", "modelry.models")}


@pytest.mark.parametrize("package", LAZY)
def test_every_name_is_the_object_of_its_table(package):
    module = importlib.import_module(package)
    for name, target in table_of(package).items():
        source, _, attribute = target.partition(":")
        found = importlib.import_module(source)
        assert getattr(module, name) is (getattr(found, attribute) if attribute else found), name


@pytest.mark.parametrize("package", [package for package in LAZY if package != "modelry"])  # see test_public.py
def test_type_checkers_see_what_the_table_says(package):
    tree = ast.parse(Path(importlib.import_module(package).__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {}
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            seen |= {name.asname: f"{node.module}:{name.name}" for name in node.names}
    assert seen == table_of(package)


@pytest.mark.parametrize("package", LAZY)
def test_no_name_is_also_a_submodule(package):
    # The import of the submodule would put the module in the place of the name.
    found = [name for name, target in table_of(package).items() if ":" in target and _is_module(f"{package}.{name}")]
    assert found == []


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package is a module
        return False


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

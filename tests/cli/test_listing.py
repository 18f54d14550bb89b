from __future__ import annotations

import json

import pytest

from modelry.cli.listing import short_count

BERT = "backbones\tbert\tmodelry_bert.backbone:BertBackbone\tmodelry-bert\t0.1.0\t"


def test_lines_when_piped(invoke):
    result = invoke("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert BERT in lines
    assert "storage\tfile\tmodelry.storage.open:LocalStorage\tmodelry\t0.1.0\t" in lines
    assert {line.split("\t")[0] for line in lines} == {
        "backbones", "checkpoints", "heads", "plugin", "preprocessors", "storage", "task_specs", "tasks", "tokenizers"
    }  # fmt: skip


def test_one_kind(invoke):
    assert BERT in invoke("list", "backbones").stdout.splitlines()
    assert {line.split("\t")[0] for line in invoke("list", "backbones").stdout.splitlines()} == {"backbones"}
    assert "plugin\tbert\tmodelry_bert.plugin\tmodelry-bert\t0.1.0\t" in invoke("list", "plugin").stdout.splitlines()


def test_json(invoke):
    entries = json.loads(invoke("list", "tokenizers", "--json").stdout)
    assert [entry for entry in entries if entry["distribution"] == "modelry-bert"] == [
        {
            "kind": "tokenizers",
            "name": "bert",
            "target": "modelry_bert.text:BertTokenizer",
            "distribution": "modelry-bert",
            "version": "0.1.0",
            "problem": None,
        }
    ]


def test_a_block_for_each_plugin_on_a_terminal(terminal, install):
    site = install("acme", {"modelry.heads": {"bad": "not a target", "good": "acme:Head"}})
    lines = [line.rstrip() for line in terminal("list", PYTHONPATH=str(site), COLUMNS="200").splitlines()]
    assert lines[0].split() == ["Plugin", "Version", "Kinds", "Names"]
    assert lines[1].split() == ["acme", "1.5", "heads", "good"]
    assert lines[2].split(maxsplit=1) == ["heads", "bad (broken: 'not a target' is not of the form 'module:Class')"]
    blocks = {line.split()[0]: number for number, line in enumerate(lines) if line[:1] != " "}
    assert {"acme", "modelry", "modelry-bert"} <= blocks.keys()
    own = [line.split() for line in lines[blocks["modelry-bert"] :][:2]]
    assert own[0] == ["modelry-bert", "0.1.0", "backbones,", "checkpoints,", "plugin,", "tokenizers", "bert"]
    assert own[1] == ["heads,", "preprocessors,", "tasks", "bert.text_classifier"]
    assert "attention_pool, first_token, last_token, max_pool, mean_pool, pooled_output" in lines[blocks["modelry"]]


def test_the_list_of_all_plugins_is_short(terminal):
    lines = terminal("list", COLUMNS="120").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120


def test_a_table_of_one_kind_on_a_terminal(terminal):
    lines = terminal("list", "heads").splitlines()
    assert lines[0].split() == ["Kind", "Name", "Target", "Distribution", "Version"]
    heads = [line.split() for line in lines if "Head" in line]
    assert heads == [
        ["heads", "attention_pool", "modelry.tasks.text_classifier.heads:AttentionPoolHead", "modelry", "0.1.0"],
        [
            "bert.text_classifier",
            "modelry_bert.text_classifier:BertClassificationHead",
            "modelry-bert",
            "0.1.0",
        ],  # no kind again
        ["first_token", "modelry.tasks.text_classifier.heads:FirstTokenHead", "modelry", "0.1.0"],
        ["last_token", "modelry.tasks.text_classifier.heads:LastTokenHead", "modelry", "0.1.0"],
        ["max_pool", "modelry.tasks.text_classifier.heads:MaxPoolHead", "modelry", "0.1.0"],
        ["mean_pool", "modelry.tasks.text_classifier.heads:MeanPoolHead", "modelry", "0.1.0"],
        ["pooled_output", "modelry.tasks.text_classifier.heads:PooledOutputHead", "modelry", "0.1.0"],
    ]


def test_a_broken_declaration_is_shown_as_such(invoke, install, terminal):
    site = install("acme", {"modelry.heads": {"bad": "not a target", "good": "acme:Head"}})
    lines = dict(line.split("\t", 2)[1:] for line in invoke("list", "heads").stdout.splitlines())
    assert lines["good"] == "acme:Head\tacme\t1.5\t"
    problem = lines["bad"].removeprefix("not a target\tacme\t1.5\t")
    assert problem == "'not a target' is not of the form 'module:Class'"
    problems = {entry["name"]: entry["problem"] for entry in json.loads(invoke("list", "heads", "--json").stdout)}
    assert (problems["good"], problems["bad"]) == (None, problem)
    shown = terminal("list", "heads", PYTHONPATH=str(site))
    assert f"broken: {problem}" in " ".join(shown.split())


@pytest.mark.parametrize(("kind", "guess"), [("backbons", "backbones"), ("preset", "presets"), ("BERT", None)])
def test_a_wrong_kind(invoke, kind, guess):
    result = invoke("list", kind)
    assert result.exit_code == 2
    message = " ".join(result.stderr.replace("│", " ").split())
    assert f"'{kind}' is not one." in message
    assert ("Did you mean" in message) is (guess is not None)
    assert guess is None or f"Did you mean '{guess}'?" in message
    assert "There are backbones, tokenizers," in message


def test_presets(invoke):
    lines = invoke("list", "presets").stdout.splitlines()
    assert lines == sorted(lines)
    assert "bert_base_en\tbert\t108310272\tkaggle://keras/bert/keras/bert_base_en/3\t" in lines
    (own,) = (line.split("\t") for line in lines if line.startswith("bert_micro_sst2\t"))
    assert own[3] == "package://modelry-bert/modelry_bert/presets/bert_micro_sst2"
    assert own[4].startswith("Tells negative from positive")


def test_presets_as_json(invoke):
    presets = {preset["name"]: preset for preset in json.loads(invoke("list", "presets", "--json").stdout)}
    assert presets["bert_base_en"] == {
        "name": "bert_base_en",
        "architecture": "bert",
        "parameters": 108_310_272,
        "reference": "kaggle://keras/bert/keras/bert_base_en/3",
        "description": "",
    }


def test_presets_on_a_terminal(terminal):
    lines = [" ".join(line.split()) for line in terminal("list", "presets").splitlines()]
    assert lines[0] == "Name Architecture Parameters Where"
    assert "bert_base_en bert 108 M kaggle://keras/bert/keras/bert_base_en/3" in lines
    assert any(line.startswith("Tells negative from positive") for line in lines)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0"),
        (999, "999"),
        (1_000, "1.0 k"),
        (4_385_920, "4.4 M"),
        (9_960_000, "10 M"),
        (109_482_240, "109 M"),
        (2_506_172_416, "2.5 B"),
        (1_200_000_000_000, "1,200 B"),
    ],
)
def test_numbers_of_parameters(number, text):
    assert short_count(number) == text

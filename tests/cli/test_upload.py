from __future__ import annotations

from pathlib import Path

import pytest

import modelry_bert

PRESET = Path(modelry_bert.__file__).parent / "presets" / "bert_micro_sst2"


def test_a_preset_is_published_and_its_reference_printed(invoke, memory):
    result = invoke("upload", str(PRESET), "memory://p")
    assert (result.exit_code, result.stdout) == (0, "memory://p\n"), result.stderr
    assert memory.cat("/p/config.json") == (PRESET / "config.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("memory://p", "--metric", "accuracy"), "--metric takes a name and a number"),
        (("memory://p", "--private"), "cannot be published with private="),
        (("https://host/p",), "Nothing can be published to 'https://host/p'"),
    ],
)
def test_what_cannot_be_done_is_said(invoke, memory, arguments, message):
    result = invoke("upload", str(PRESET), *arguments)
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())
    assert memory.store == {}

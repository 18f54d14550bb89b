"""The suites of an author whose classifiers and converters have faults; run by tests/testing/test_task_contract.py."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import acme_checkpoints
import acme_models
import acme_tasks
import acme_text
import pytest

from modelry import TextClassifier
from modelry.testing import CheckpointContract, TextClassifierContract

WORDS = ["a", "film", "good", "bad", "dull", "plot", "the", "was", "and", "not", "very", "long", "short", "one", "two"]
CHECKPOINT = Path(os.environ["ACME_CHECKPOINT"])


def create(cls):
    tokenizer = acme_text.GoodTokenizer(["[PAD]", "[UNK]", *WORDS])
    backbone = acme_models.Good(tokenizer.vocabulary_size(), hidden_dim=4)
    return cls(backbone, 2, preprocessor=acme_text.GoodPreprocessor(tokenizer, sequence_length=16))


class Converter(CheckpointContract):
    @pytest.fixture
    def golden_logits(self):
        golden = json.loads((CHECKPOINT / "golden.json").read_text("utf-8"))
        return {golden["texts"][0]: golden["logits"][0]}


def checkpoint(cls):
    def copy(self, tmp_path):
        folder = Path(shutil.copytree(CHECKPOINT, tmp_path / "checkpoint"))
        config = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "model_type": cls.__name__.lower()}), "utf-8")
        return folder

    return {"checkpoint": pytest.fixture(copy)}


class TestHasNoLogits(CheckpointContract):
    """Its author knows states alone, which say nothing of the head."""

    checkpoint = checkpoint(acme_checkpoints.GoodCheckpoint)["checkpoint"]

    @pytest.fixture
    def golden_states(self):
        return {"film": [[0.0]]}


for name, found in [*vars(acme_tasks).items(), *vars(acme_checkpoints).items()]:
    if isinstance(found, type) and found.__module__ in ("acme_tasks", "acme_checkpoints"):
        if issubclass(found, TextClassifier):
            fixtures = {"task": pytest.fixture(lambda self, cls=found: create(cls))}
            globals()[f"Test{name}"] = type(
                f"Test{name}", (TextClassifierContract,), {"__module__": __name__, **fixtures}
            )
        else:
            globals()[f"Test{name}"] = type(f"Test{name}", (Converter,), {"__module__": __name__, **checkpoint(found)})

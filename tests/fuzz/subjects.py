"""What is tried: an input made of a number, and what modelry does with it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol

import attrs
import keras

from modelry import Preprocessor, TextClassifier
from modelry.storage.lock import read_lock
from modelry.weights.load import load_weights
from modelry.weights.stores import open_store

from .byte_mutations import mutate_bytes
from .json_mutations import mutate_json, mutate_safetensors
from .seeds import LOCKS, PRESETS, TENSORS, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen
class Input:
    """Files that were changed.

    Attributes:
        folder: Where they belong, among the seeds.
        files: Their names and what is in them.
    """

    folder: str
    files: dict[str, bytes]


class Subject(Protocol):
    """Something to be tried."""

    def make(self, seed: int, number: int, seeds: Path) -> Input:
        """Return an input, always the same for the same seed and number."""

    def attempt(self, made: Input, folder: Path) -> None:
        """Do with what lies in a folder what a user would; raises what modelry raises."""

    def warm_up(self, seeds: Path) -> None:
        """Do it with what was not changed, so that what is imported then is counted for no input."""


class Configs:
    """JSON files of presets, and locks: read, checked, and a tokenizer and a preprocessor made of them."""

    def make(self, seed: int, number: int, seeds: Path) -> Input:
        """Change one or two files."""
        draw = Random(f"configs {seed} {number}")
        if draw.random() < 0.05:
            name = draw.choice(LOCKS)
            return Input("locks", {name: mutate_json(draw, (seeds / "locks" / name).read_bytes())})
        folder = draw.choice(tuple(PRESETS))
        names = draw.sample(PRESETS[folder], draw.choice((1, 1, 1, 2)))
        return Input(folder, {name: mutate_json(draw, (seeds / folder / name).read_bytes()) for name in names})

    def attempt(self, made: Input, folder: Path) -> None:
        """Read what lies in a folder."""
        if "modelry.lock" in made.files:
            read_lock(folder / "modelry.lock")
        else:
            Preprocessor.from_preset(str(folder))

    def warm_up(self, seeds: Path) -> None:
        """Read every preset."""
        for name in PRESETS:
            self.attempt(Input(name, {}), seeds / name)


class Models(Configs):
    """The same inputs, and a model made of those that a preprocessor could be made of."""

    def attempt(self, made: Input, folder: Path) -> None:
        """Read what lies in a folder, and build its model without weights."""
        super().attempt(made, folder)
        if made.folder != "locks":
            TextClassifier.from_preset(str(folder), load_weights=False)


class Weights:
    """Files of weights: opened, held against a model's variables, and read into them if they fit."""

    def __init__(self) -> None:
        self._variables = {
            name: keras.Variable(values, dtype=values.dtype.name, trainable=False) for name, values in TENSORS.items()
        }

    def make(self, seed: int, number: int, seeds: Path) -> Input:
        """Change one or two files."""
        draw = Random(f"weights {seed} {number}")
        folder = draw.choice(tuple(WEIGHTS))
        name = draw.choice(WEIGHTS[folder])
        content = (seeds / folder / name).read_bytes()
        if name.endswith(".json"):
            return Input(folder, {name: mutate_json(draw, content)})
        change = mutate_safetensors if name.endswith(".safetensors") else mutate_bytes
        return Input(folder, {name: change(draw, content)})

    def attempt(self, made: Input, folder: Path) -> None:
        """Load the weights in a folder."""
        load_weights(self._variables, open_store(folder / WEIGHTS[made.folder][0]), where=made.folder)

    def warm_up(self, seeds: Path) -> None:
        """Load every kind of weights."""
        for name in WEIGHTS:
            self.attempt(Input(name, {}), seeds / name)


SUBJECTS: dict[str, type[Subject]] = {"configs": Configs, "models": Models, "weights": Weights}

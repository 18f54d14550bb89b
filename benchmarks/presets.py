"""The models with random weights that everything is measured on, made once and kept.

transformers makes each of them and saves it in its own way; modelry reads that and saves the same weights in KerasHub's
layout, for KerasHub and itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from texts import VOCABULARY_SIZE, write_vocabulary

if TYPE_CHECKING:
    from workers import Pythons


@attrs.frozen
class Size:
    """The sizes of a BERT; the vocabulary, 512 positions and two classes are always the same.

    Attributes:
        layers: The number of layers (L).
        hidden: The size of a hidden state (E).
        heads: The number of attention heads.
        peers: Whether other libraries read it too.
        options: Options of `save_to_preset`.
    """

    layers: int
    hidden: int
    heads: int
    peers: bool = True
    options: dict[str, Any] = attrs.field(factory=dict)

    @property
    def intermediate(self) -> int:
        """The inner size of the feed-forward networks."""
        return 4 * self.hidden

    def useful_flops(self, lengths: list[int]) -> int:
        """Return the floating-point operations that texts of these lengths need, without any padding.

        Two for each weight of the encoder's matrices (4E² + 2E·4E a layer) and token, and 4·n²·E a layer for the
        attention of a text of n tokens. Embeddings, norms and the head are not counted.
        """
        weights = self.layers * (4 * self.hidden**2 + 2 * self.hidden * self.intermediate)
        attention = self.layers * 4 * self.hidden
        return sum(2 * weights * length + attention * length**2 for length in lengths)


SIZES = {
    "base": Size(12, 768, 12),
    "small": Size(4, 512, 8),
    "tiny": Size(2, 128, 2),
    "large": Size(27, 1024, 16, peers=False, options={"max_shard_size": None}),  # 1.5 GB
    "large-sharded": Size(27, 1024, 16, peers=False, options={"max_shard_size": 0.25}),
}


@attrs.frozen
class Presets:
    """Presets in a folder, made when they are first asked for."""

    folder: Path
    pythons: Pythons

    def path(self, name: str, library: str = "keras_hub") -> str:
        """Return the folder of a preset in the layout of KerasHub or of transformers."""
        done = self.folder / name / "done"
        if not done.exists():
            shutil.rmtree(self.folder / name, ignore_errors=True)
            self._make(name, SIZES[name])
            done.touch()
        return str(self.folder / name / library)

    def for_side(self, name: str, side: str) -> str:
        """Return the folder of a preset for one of the sides."""
        return self.path(name, "transformers" if side == "transformers" else "keras_hub")

    def weight_bytes(self, name: str) -> int:
        """Return the size of a preset's weight files."""
        return sum(file.stat().st_size for file in Path(self.path(name)).glob("*.weights.h5"))

    def _make(self, name: str, size: Size) -> None:
        print(f"making the preset {name} …", flush=True)
        folder = self.folder / name
        folder.mkdir(parents=True)
        vocabulary, checkpoint = folder / "vocab.txt", folder / "transformers"
        write_vocabulary(vocabulary)
        sizes = {
            "vocab_size": VOCABULARY_SIZE,
            "num_hidden_layers": size.layers,
            "hidden_size": size.hidden,
            "num_attention_heads": size.heads,
            "intermediate_size": size.intermediate,
        }
        with self.pythons.start("transformers") as worker:
            worker.ask("make", preset=str(checkpoint), vocabulary=str(vocabulary), **sizes)
        with self.pythons.start("modelry-jax") as worker:
            worker.ask("convert", checkpoint=str(checkpoint), preset=str(folder / "keras_hub"), **size.options)
        if not size.peers:
            shutil.rmtree(checkpoint)

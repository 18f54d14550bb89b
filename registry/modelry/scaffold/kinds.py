"""The kinds of plugin that can be begun."""

from __future__ import annotations

import attrs

PRESETS = "presets"
"""What a plugin registers that has no component of its own."""


@attrs.frozen
class Kind:
    """A kind of plugin.

    Attributes:
        name: What the user writes.
        summary: What it is, for the question which one.
        description: The sentence that describes a new package of this kind.
        registers: The kind of component that it registers, or `PRESETS`.
        separators: What may stand between the words of the component's name; the first one does by default.
        needs_bert: Whether it needs modelry-bert: `"dependency"`, `"test"` for its tests alone, or `""`.
        needs: What else it needs besides modelry.
    """

    name: str
    summary: str
    description: str
    registers: str
    separators: str = "_"
    needs_bert: str = ""
    needs: tuple[str, ...] = ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "architecture",
            "a model of your own: backbone, tokenizer, preprocessor and classifier",
            "A text encoder for modelry, with its tokenizer and classifier.",
            "backbones",
            needs=("keras>=3.15.1",),
        ),
        Kind(
            "head",
            "a classification head that fits any backbone",
            "A classification head for modelry that fits any backbone.",
            "heads",
            needs_bert="test",
            needs=("keras>=3.15.1",),
        ),
        Kind(
            "storage",
            "a URI scheme, for presets that lie in a store of yours",
            "A URI scheme for modelry: presets from a store of one's own.",
            "storage",
            separators="-",
            needs_bert="test",
            needs=("fsspec>=2026.9.0", "platformdirs>=4.0"),
        ),
        Kind(
            "checkpoint",
            "a reader of transformers checkpoints of one model_type",
            "Reads transformers checkpoints of one model_type into modelry.",
            "checkpoints",
            separators="-_",
            needs_bert="dependency",
            needs=("attrs>=24.2",),
        ),
        Kind(
            "presets",
            "a trained model in a wheel, loaded by its name",
            "A trained text classifier for modelry, loaded by its name.",
            PRESETS,
            needs_bert="dependency",
        ),
    )
}

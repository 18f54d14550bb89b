"""Adapters: presets with weights trained on top of another preset, which they name; and the rules for what they name.

`config.json` of an adapter; head, labels and files are described as in every preset, in `task.json` and `modelry.json`:

```json
{
    "adapter": "lora",
    "rank": 8,
    "alpha": 8,
    "layers": ["layers/transformer_encoder/_self_attention_layer/query_dense"],
    "base": "bert_micro_sst2",
    "base_files": {"model.weights.h5": "…"},
    "sequence_length": 512
}
```
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.registry import registry
from modelry.errors import PresetFormatError, UnsafePresetError
from modelry.presets import keras_hub
from modelry.presets.manifest import read_manifest
from modelry.presets.recipe import Adapter, Recipe
from modelry.storage.integrity import MANIFEST, read_checksums, sha256_of
from modelry.strict_json import check_keys, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelry.storage.files import PresetFiles
    from modelry.storage.options import OpenOptions
    from modelry.storage.paths import Preset

MARKER = "adapter"
"""The key of `config.json` that makes a preset an adapter."""

KIND = "lora"
WEIGHTS = "adapter.safetensors"

_KEYS = (MARKER, "rank", "alpha", "layers", "base", "base_files", "sequence_length")


def read(files: PresetFiles, config: Mapping[str, Any]) -> Adapter:
    """Read an adapter; nothing is opened that it names.

    Raises:
        PresetFormatError: It is damaged, or of a kind that is not known.
    """
    where = f"config.json of preset {files.reference!r}"
    check_keys(config, _KEYS, where)
    kind = field(config, MARKER, str, where)
    if kind != KIND:
        raise PresetFormatError(f"{where} is an adapter of the kind {kind!r:.200}, and only {KIND!r} is known.")
    manifest = read_manifest(files)
    if manifest is None or manifest.weights.get("task") != WEIGHTS:
        raise PresetFormatError(f"Adapter {files.reference!r} has no {MANIFEST} that lists {WEIGHTS}. Save it again.")
    layers, base_files = field(config, "layers", list, where), field(config, "base_files", dict, where)
    length = field(config, "sequence_length", int, where, None)
    rank, alpha = field(config, "rank", int, where), float(field(config, "alpha", (int, float), where))
    if rank < 1 or not math.isfinite(alpha) or (length is not None and length < 1):
        raise PresetFormatError(f"{where} has rank={rank}, alpha={alpha}, sequence_length={length}; all are positive.")
    if not all(isinstance(text, str) for text in (*layers, *base_files.values())):
        raise PresetFormatError(f"'layers' and 'base_files' in {where} must hold texts only.")
    return Adapter(
        files=files,
        rank=rank,
        alpha=alpha,
        layers=tuple(layers),
        base=field(config, "base", str, where),
        base_files=base_files,
        sequence_length=length,
        task=keras_hub.read_task(files, manifest),
        requires=manifest.requires,
        versions=manifest.versions,
    )


def check_no_adapter(config: Mapping[str, Any], files: PresetFiles) -> None:
    """Check that the base of an adapter is not an adapter itself.

    Raises:
        PresetFormatError: It is.
    """
    if MARKER in config:
        raise PresetFormatError(
            f"The base of the adapter, {files.reference!r}, is an adapter itself, and chains are not followed. Load "
            "it, call merge_lora() and save_to_preset(), and pass base= with that folder."
        )


def completed(adapter: Adapter, base: Recipe) -> Recipe:
    """Return the Recipe of the adapter's task on the base's backbone and inputs."""
    return attrs.evolve(
        base,
        task=adapter.task,
        requires=tuple(dict.fromkeys((*base.requires, *adapter.requires))),
        adapter=adapter,
    )


def digests(files: PresetFiles, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 sum of each file, as the preset or its store tells it, or else as it is."""
    listed = read_checksums(files.path(MANIFEST), files.reference) if MANIFEST in files else {}
    found = {}
    for name in names:
        told = files.expected(name)
        known = listed[name][1] if name in listed else None if told is None else told.sha256
        found[name] = known or sha256_of(files.path(name))
    return found


def check_base(adapter: Adapter, base: PresetFiles) -> None:
    """Check that a preset has the weights that the adapter was trained on.

    Raises:
        PresetFormatError: It has others.
    """
    there = [name for name in adapter.base_files if name in base]
    if digests(base, there) != adapter.base_files:
        raise PresetFormatError(
            f"Adapter {adapter.files.reference!r} was trained on other weights than preset {base.reference!r} has "
            f"({', '.join(adapter.base_files)}). Pass base= with the preset, and the version, that it was trained on."
        )


HUBS = ("hf", "kaggle", "package")
"""Schemes with one place per reference, independent of the writer."""

# The look behind keeps a search from restarting at every character of a long word.
_PLACE = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)")


def checked_base(base: str, adapter: str) -> str:
    """Return the base that an adapter names, if it may be opened.

    That is a name that an installed plugin knows, what lies on a hub, and what lies in the same store as the adapter:
    a folder beside folders, the same host or bucket.

    Args:
        base: What the adapter says.
        adapter: The adapter's own reference.

    Raises:
        UnsafePresetError: It may not.
    """
    if base in registry.presets():
        return base
    if "::" not in base and (_place(base)[0] in HUBS or _place(base) == _place(adapter)):
        return base
    raise UnsafePresetError(
        f"Adapter {adapter!r} wants {base!r:.200} as its base. An adapter may name a built-in preset, one on a hub, or "
        "one in its own store, and nothing else, so that nobody else decides what is read here. If you trust it, pass "
        "base= with that reference."
    )


def options_for_base(options: OpenOptions, base: Preset, adapter: str) -> OpenOptions:
    """Return how to open a base: as its adapter, but what belongs to a store is shown to that store alone.

    Args:
        options: How the adapter was opened.
        base: The base.
        adapter: The adapter's own reference.
    """
    kept = options if _is_same_store(base, adapter) else attrs.evolve(options, token=None, storage_options=None)
    return attrs.evolve(kept, revision=None)


def _is_same_store(base: Preset, adapter: str) -> bool:
    if not isinstance(base, str) or "::" in base or "::" in adapter:
        return False
    scheme, authority = _place(base)
    return _place(adapter) == (scheme, authority) or (scheme in HUBS and _place(adapter)[0] == scheme)


def _place(reference: str) -> tuple[str, str]:
    """Return scheme and host or bucket, of a reference or of what messages call it; a folder has neither."""
    found = _PLACE.search(reference)
    if found is None or found["scheme"].lower() == "file":
        return "file", ""
    return found["scheme"].lower(), found["authority"]

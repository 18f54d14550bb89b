"""What determines the results of classifying a file, so that those of different work are never mixed."""

from __future__ import annotations

import hashlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from modelry._backend import backend
from modelry.cli.facts import weights_of
from modelry.presets import adapter
from modelry.presets.components import find_entry
from modelry.presets.keras_hub import ASSETS
from modelry.storage.budget import Budget
from modelry.weights.stores import bring_weights, weight_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.presets.recipe import Recipe

_READ = (".json", ".txt", ".spm", ".model")  # configs and vocabularies
_WEIGHTS = (".h5", ".safetensors")


def work_of(recipe: Recipe, options: dict[str, Any]) -> dict[str, Any]:
    """Return everything but the rows that the results depend on, by names that a message can show.

    Args:
        recipe: The preset.
        options: What the user asked for, by the names of the options.
    """
    return {"fingerprint of the preset": _fingerprint(recipe), **options, **_versions(recipe)}


def _fingerprint(recipe: Recipe) -> str:
    """Return a hash of the files that loading reads, those of an adapter too; where they lie does not matter."""
    found = hashlib.sha256()
    read = [(recipe.files, weights_of(recipe))]
    if recipe.adapter is not None:
        read.append((recipe.adapter.files, (adapter.WEIGHTS,)))
    for files, weights in read:
        there = [name for name in weights if name in files]
        bring_weights(files, there, Budget())
        loaded = {file for name in there for file in weight_files(files, name)}
        for name in sorted(files.names()):
            content = name in loaded or name.endswith(_READ) or name.startswith(ASSETS)
            if content or name.endswith(_WEIGHTS):
                found.update(f"{name}\0{files.size(name)}\0".encode())
            if content:
                with files.path(name).open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


def _versions(recipe: Recipe) -> dict[str, str | None]:
    return {name: _version(name) for name in sorted(set(_distributions(recipe)))}


def _distributions(recipe: Recipe) -> Iterator[str]:
    yield from ("modelry", "keras", "tokenizers", backend())
    yield find_entry(recipe, recipe.backbone).distribution
    for text in recipe.requires:
        yield Requirement(text).name


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # registered by the program itself
        return None

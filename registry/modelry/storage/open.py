"""From what the user wrote to a readable preset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from modelry.discovery.default import registry
from modelry.errors import PresetNotFound, StorageError, UnknownComponent, did_you_mean
from modelry.storage.handler import Storage
from modelry.storage.options import OpenOptions
from modelry.storage.redact import redact
from modelry.storage.reference import Reference, parse

if TYPE_CHECKING:
    from modelry.storage.files import PresetFiles


def open_preset(preset: str | os.PathLike[str], options: OpenOptions | None = None) -> PresetFiles:
    """Open a preset by built-in name, folder or URI.

    A built-in name wins over a folder of the same name in the current directory, as in KerasHub; write `./name` for
    the folder.

    Args:
        preset: A built-in name, a folder, or a URI.
        options: How to open it.

    Raises:
        PresetNotFound: There is nothing where the reference points.
        PresetRefused: A policy that is installed here does not allow it.
        StorageError: The reference is malformed, or nothing installed handles its scheme.
        InputError: An option is given that the reference's handler cannot honour.
    """
    reference = resolve_name(parse(preset))
    registry.hooks.check_fetch(_uri(reference), registry.policy)
    return handler_of(reference).open_with(reference, options or OpenOptions())


def handler_of(reference: Reference) -> Storage:
    """Return the handler of a reference's scheme.

    Raises:
        StorageError: Nothing installed handles it.
    """
    try:
        handler: object = registry.load("storage", reference.scheme)
    except UnknownComponent as error:
        raise StorageError(
            f"Nothing here opens {reference.scheme}:// references, as {reference.text!r} is. "
            f"Install a storage plugin for them, or download the preset and pass its folder. {error}"
        ) from error
    if not (isinstance(handler, type) and issubclass(handler, Storage)):
        raise StorageError(f"The plugin for {reference.scheme}:// registers {handler!r}, which is no Storage class.")
    return handler()


def _uri(reference: Reference) -> str:
    """Return the one spelling of a reference, which policies are asked about."""
    if reference.scheme == "file":
        return Path(reference.path).resolve().as_uri()
    return redact(f"{reference.scheme}://{reference.path}")


def resolve_name(reference: Reference) -> Reference:
    """Replace a built-in name by the reference it stands for.

    Raises:
        PresetNotFound: It is neither a built-in name nor a folder.
    """
    if reference.scheme != "file" or any(mark in reference.text for mark in "/\\.~"):
        return reference
    presets = registry.presets()
    builtin = presets.get(reference.text)
    if builtin is None and not os.path.exists(reference.path):
        raise PresetNotFound(
            f"{reference.text!r} is neither a built-in preset nor a folder here."
            f"{did_you_mean(reference.text, presets)} `modelry list presets` shows the built-in names."
        )
    if builtin is None:
        return reference
    target = parse(builtin.reference)
    return Reference(f"{reference.text} ({target.text})", target.scheme, target.path)

"""Opening and publishing: from a reference to the handler of its scheme."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import stat
import time
from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

import attrs

from modelry.discovery.hook_values import Published
from modelry.discovery.pip import install_advice
from modelry.discovery.registry import registry
from modelry.discovery.warn import warn_user
from modelry.errors import (
    InputError,
    LockError,
    ModelryError,
    PresetChanged,
    PresetNotFound,
    StorageError,
    UnknownComponent,
    did_you_mean,
)
from modelry.storage.files import FolderFiles
from modelry.storage.handler import PRESET_MARKER, Storage, refuse_publishing
from modelry.storage.lock import read_lock
from modelry.storage.options import COMMON_OPTIONS, OpenOptions
from modelry.storage.paths import (
    Reference,
    check_names,
    checked_name,
    is_file,
    is_folder,
    parse_reference,
    redact,
    storage_errors,
)
from modelry.storage.views import MirroredFiles, SignedFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelry.storage.files import PresetFiles
    from modelry.storage.handler import Release
    from modelry.storage.paths import Preset

T = TypeVar("T")


class _FolderStorage(Storage):
    """Opens folders of this machine; options for networks and caches have no effect."""

    works_offline: ClassVar[bool] = True

    def open_with(self, reference: Reference, options: OpenOptions) -> PresetFiles:
        """Return a view of the folder; raises what `Storage.open_with` does."""
        options.allow_only(COMMON_OPTIONS, reference)
        return self.open(reference)


class LocalStorage(_FolderStorage):
    """Opens a folder."""

    def open(self, reference: Reference) -> FolderFiles:
        """Return a view of the folder; raises what `Storage.open` does."""
        folder = Path(reference.path)
        with storage_errors(f"{reference.text!r:.300} cannot be opened"):
            try:
                mode = folder.stat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                raise PresetNotFound(
                    f"There is no folder {str(folder.absolute())!r} (from {reference.text!r})."
                ) from None
        if not stat.S_ISDIR(mode):
            raise StorageError(f"{reference.text!r} is a file. A preset is a folder: pass {str(folder.parent)!r}?")
        return FolderFiles(folder, reference.text)


class PackageStorage(_FolderStorage):
    """Opens a folder of an installed distribution, without importing the distribution."""

    def open(self, reference: Reference) -> FolderFiles:
        """Return a view of the folder; raises what `Storage.open` does."""
        name, _, path = reference.path.partition("/")
        path = path.rstrip("/")
        if not name or not path:
            raise StorageError(f"{reference.text!r} is incomplete: write package://distribution/path/to/preset.")
        try:
            distribution = importlib.metadata.distribution(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            raise PresetNotFound(
                f"{reference.text!r} needs the distribution {name!r}, which is not installed. {install_advice(name)}"
            ) from None
        for root in _roots(distribution, top=path.partition("/")[0]):
            folder = root / checked_name(path)
            with storage_errors(f"{reference.text!r} cannot be opened"):
                found = is_folder(folder)
            if found:
                return FolderFiles(folder, reference.text, trusted=True)
        raise PresetNotFound(f"The installed distribution {name!r} {distribution.version} has no folder {path!r}.")


def _roots(distribution: importlib.metadata.Distribution, top: str) -> list[Path]:
    """Return the folders that the distribution's paths may be relative to."""
    roots = [Path(str(distribution.locate_file("")))]
    # An editable install records no files of its own; its packages lie where the import system finds them.
    spec = importlib.util.find_spec(top) if _is_editable(distribution) and top.isidentifier() else None
    if spec is not None:
        roots += [Path(location).parent for location in spec.submodule_search_locations or ()]
    return roots


def _is_editable(distribution: importlib.metadata.Distribution) -> bool:
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:  # no installer's work; what follows looks for the folder where wheels have it
        return False
    return isinstance(origin, dict) and bool((origin.get("dir_info") or {}).get("editable"))


def open_preset(preset: Preset, options: OpenOptions | None = None) -> PresetFiles:
    """Open a preset by built-in name, folder or URI, or by a list of such that name places with the same files.

    A path is a folder, and never a built-in name: what has a separator, begins with `.` or `~`, or is a `Path`.
    Anything else that is a built-in name stands for that, as in KerasHub, also where a folder has the same name here;
    if that folder is a preset, a warning says so. Write `./name` for the folder.

    Args:
        preset: A built-in name, a folder, or a URI; or several, tried in this order.
        options: How to open it.

    Raises:
        PresetNotFound: There is nothing where the reference points.
        PresetRefused: A policy that is installed here does not allow it.
        StorageError: The reference is malformed, or nothing installed handles its scheme, or not while offline.
        LockError: There is a lock file, and the preset is not in it or not what it says.
        SignatureError: A public key is given, and the preset is not signed with it.
        InputError: An option is given that the reference's handler cannot honour.
    """
    options = options or OpenOptions()
    references = _places(preset, options)
    if len(references) == 1:
        return _open(references[0], options)
    return MirroredFiles({reference.text: partial(_open, reference, options) for reference in references})


_opened: ContextVar[list[PresetFiles] | None] = ContextVar("opened", default=None)


def read_one_version(read: Callable[[], T]) -> T:
    """Return the result of a function that opens presets, each of which stayed the same while it was read.

    If one was replaced in the meantime, the function is called again, once. A call inside another leaves that to the
    outer one.

    Raises:
        PresetChanged: A preset was replaced both times.
        ModelryError: Whatever the function raises.
    """
    if _opened.get() is not None:
        return read()
    result, error, changed = _attempt(read)
    if changed is not None:
        result = None  # a model, which need not stay in memory beside the next
        result, error, changed = _attempt(read)
    if changed is not None:
        raise PresetChanged(
            f"Preset {changed.reference!r} was replaced while it was read, twice in a row. Nothing of it is used, "
            "since it could be a mixture of two versions. Try again when it is no longer being written."
        ) from error
    if error is not None:
        raise error
    return cast("T", result)


def _attempt(read: Callable[[], T]) -> tuple[T | None, ModelryError | None, PresetFiles | None]:
    """Call a function; return its result or its error, and the view of a preset that changed meanwhile, if one did."""
    views: list[PresetFiles] = []
    token = _opened.set(views)
    result = error = None
    try:
        result = read()
    except ModelryError as found:  # perhaps because files of two versions do not fit each other
        error = found
    finally:
        _opened.reset(token)
    return result, error, next((view for view in views if view.has_changed()), None)


def _recorded(files: PresetFiles) -> PresetFiles:
    """Return a view, having recorded it for `read_one_version`."""
    views = _opened.get()
    if views is not None:
        views.append(files)
    return files


def _places(preset: Preset, options: OpenOptions) -> list[Reference]:
    """Return the places of a preset; options that belong to one store are never shown to another."""
    given = [name for name in ("revision", "token", "storage_options") if getattr(options, name) is not None]
    if isinstance(preset, str) or not isinstance(preset, Sequence):
        first, *mirrors = _resolve(parse_reference(preset))
        alone = given or options.lock_file is not None  # which has locked the first
        return [first] if alone else [first, *mirrors]
    if not preset:
        raise InputError("An empty list names no preset. Pass at least one reference.")
    if given:
        raise InputError(
            f"{given[0]}= belongs to one store, and several places are given. Pass a single reference, or let the "
            "stores' own tools and environment variables tell it."
        )
    return list({place.text: place for one in preset for place in _resolve(parse_reference(one))}.values())


def _open(reference: Reference, options: OpenOptions) -> PresetFiles:
    if options.public_key is None:
        return _open_unsigned(reference, options)
    key = Path(os.path.expanduser(options.public_key))
    with storage_errors(f"The public key {str(key)!r} cannot be read"):
        if not is_file(key):
            raise InputError(f"There is no public key {str(key)!r}. Pass the file of one.")
    return _recorded(SignedFiles(_open_unsigned(reference, attrs.evolve(options, public_key=None)), key))


def _open_unsigned(reference: Reference, options: OpenOptions) -> PresetFiles:
    path = options.lock_file
    handler = _allowed_handler(reference, options)
    if path is None:
        return _recorded(handler.open_with(reference, attrs.evolve(options, lock=None)))
    locked = read_lock(path).find(reference)
    if options.revision not in (None, locked.revision):
        raise LockError(
            f"{reference.text!r} is in the lock file {str(path)!r} at version {locked.revision!r}, and revision="
            f"{options.revision!r} is given as well. Leave it out, or lock the reference with that revision in it."
        )
    return _recorded(handler.open_locked(reference, attrs.evolve(options, lock=None, revision=None), locked))


def open_unlocked(preset: str | os.PathLike[str], options: OpenOptions | None = None) -> PresetFiles:
    """Open a preset as `open_preset` does, whatever a lock file says and without mirrors; for making a lock file."""
    options = options or OpenOptions()
    reference = resolve_name(parse_reference(preset))
    return _recorded(_allowed_handler(reference, options).open_with(reference, attrs.evolve(options, lock=None)))


def _allowed_handler(reference: Reference, options: OpenOptions) -> Storage:
    registry.hooks.check_fetch(_uri(reference), registry.policy)
    handler = handler_of(reference)
    if options.is_offline and not handler.works_offline:
        raise StorageError(
            f"{reference.text!r} is not opened while offline: {type(handler).__name__}, which opens "
            f"{reference.scheme}:// references, does not say that it stays off the network then. Pass offline=False, "
            "or unset MODELRY_OFFLINE; a plugin's author says so with works_offline = True."
        )
    return handler


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
        raise StorageError(
            f"The plugin for {reference.scheme}:// registers {handler!r}, which is not a Storage subclass."
        )
    return handler()


def _uri(reference: Reference) -> str:
    """Return the one spelling of a reference, which policies are asked about."""
    if reference.scheme == "file":
        with storage_errors(f"{reference.text!r} cannot be opened"):
            return Path(os.path.realpath(reference.path)).as_uri()
    return redact(f"{reference.scheme}://{reference.path}")


def resolve_name(reference: Reference) -> Reference:
    """Replace a built-in name with its reference.

    Raises:
        PresetNotFound: It is neither a built-in name nor a folder.
    """
    return _resolve(reference)[0]


def _resolve(reference: Reference) -> tuple[Reference, ...]:
    """Return the places of a built-in name, or the reference itself."""
    if not reference.may_be_a_name:
        return (reference,)
    presets = registry.presets()
    builtin = presets.get(reference.text)
    if builtin is None and not os.path.exists(reference.path):
        raise PresetNotFound(
            f"{reference.text!r} is neither a built-in preset nor a folder here."
            f"{did_you_mean(reference.text, presets)} `modelry list presets` shows the built-in names."
        )
    if builtin is None:
        return (reference,)
    if os.path.isfile(os.path.join(reference.path, "config.json")):
        warn_user(
            f"{reference.text!r} is a built-in preset, and there is a folder of that name here with a preset in it. "
            f"The built-in one is used; write './{reference.text}' for the folder.",
            UserWarning,
        )
    targets = map(parse_reference, (builtin.reference, *builtin.mirrors))
    return tuple(Reference(f"{reference.text} ({one.text})", one.scheme, one.path) for one in targets)


def publish(reference: Reference, release: Release, options: OpenOptions) -> str:
    """Publish a preset where a reference points.

    Returns:
        The reference that opens it, pinned to what was published where the store has versions.

    Raises:
        UnsafePresetError: A file has a name that could do harm elsewhere.
        StorageError: The reference is malformed, its store cannot be published to or reached, or refuses.
        InputError: Something is said that the store has no use for.
    """
    if reference.scheme == "file":
        refuse_publishing(reference, "it is a folder of this machine, which save_to_preset writes")
    handler = handler_of(reference)
    if options.is_offline:
        raise StorageError(
            f"Nothing is published to {reference.text!r} while offline. Pass offline=False, or unset MODELRY_OFFLINE."
        )
    check_names(release.files, reference.text)
    if PRESET_MARKER not in release.files:
        raise StorageError(f"The files for {reference.text!r} are not a preset: they lack {PRESET_MARKER}.")
    start = time.perf_counter()
    published = handler.publish(reference, release, options)
    seconds = time.perf_counter() - start
    if registry.hooks.has_observers:
        sizes = release.sizes()
        registry.hooks.announce(Published(published, tuple(sizes), sum(sizes.values()), seconds))
    return published

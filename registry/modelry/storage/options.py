"""Options for opening a preset, and its limits on time, memory and files."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from modelry.arguments import one_of
from modelry.errors import InputError, UnsafePresetError
from modelry.storage.paths import HIDDEN, redact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from modelry.storage.paths import Reference

FREE_EXPANSION = 8 * 2**20
"""Bytes up to which a compressed file may expand at any ratio: that much does no harm."""


def _memory_of_this_machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system tells
        return 64 * 2**30


def _check_positive(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{field.name} of a Budget must be a whole number, at least 1, not {value!r}.")


@attrs.frozen(kw_only=True)
class Budget:
    """The most that loading a preset may take.

    ```python
    TextClassifier.from_preset("hf://stranger/model", budget=Budget(parameters=200_000_000, bytes=2**30))
    ```

    Attributes:
        files: Files that a remote preset or an archive may list.
        bytes: Bytes that the weights to be read may have together, in files; the same holds for every other file.
        ratio: Bytes that a file in an archive may become for each of its bytes there; 8 MiB are free.
        tensors: Variables that the model, and tensors that a file of weights, may have.
        parameters: Numbers that the model's variables may hold together.
        layers: Layers and operations that the model may be made of, each counted as often as it is called.
        memory: Bytes that these may take in memory; by default all that this machine has.
    """

    files: int = attrs.field(default=10_000, validator=_check_positive)
    bytes: int = attrs.field(default=64 * 2**30, validator=_check_positive)
    ratio: int = attrs.field(default=200, validator=_check_positive)
    tensors: int = attrs.field(default=50_000, validator=_check_positive)
    parameters: int = attrs.field(default=20 * 10**9, validator=_check_positive)
    layers: int = attrs.field(default=5_000, validator=_check_positive)
    memory: int = attrs.field(factory=_memory_of_this_machine, validator=_check_positive)

    def check(self, name: str, wanted: int, what: str) -> None:
        """Check that no more is wanted than one attribute allows.

        Args:
            name: The attribute.
            wanted: How much of it.
            what: What wants it, for messages.

        Raises:
            UnsafePresetError: More is.
        """
        allowed = getattr(self, name)
        if wanted > allowed:
            raise UnsafePresetError(
                f"{what} wants {wanted:,} {_UNITS[name]}, and its budget is {allowed:,}. If that is what it should "
                f"take, pass budget=modelry.Budget({name}={wanted}); otherwise do not use this preset."
            )


_UNITS = {
    "files": "files",
    "bytes": "bytes",
    "ratio": "bytes for each byte in the archive",
    "tensors": "tensors",
    "parameters": "parameters",
    "layers": "layers",
    "memory": "bytes of memory",
}


@attrs.define
class Tally:
    """Adds up tensors and layers one by one, and stops at the first that is over the budget.

    Attributes:
        budget: The budget.
        what: What has them, as messages have it.
    """

    budget: Budget
    what: str
    tensors: int = 0
    parameters: int = 0
    memory: int = 0
    layers: int = 0

    def add(self, shape: Sequence[int], itemsize: int) -> None:
        """Add a tensor of a shape, with so many bytes for each number.

        Raises:
            UnsafePresetError: That is more than the budget has.
        """
        count = math.prod(shape)
        self.tensors += 1
        self.parameters += count
        self.memory += count * itemsize
        for name in ("tensors", "parameters", "memory"):
            self.budget.check(name, getattr(self, name), self.what)

    def add_layer(self) -> None:
        """Add a layer, an operation, or a call of either.

        Raises:
            UnsafePresetError: There are more than the budget has.
        """
        self.layers += 1
        self.budget.check("layers", self.layers, self.what)


OFFLINE = "MODELRY_OFFLINE"
"""The environment variable that keeps modelry off the network."""

LOCK = "MODELRY_LOCK"
"""The environment variable that names the lock file that every preset must match."""

Verify = Literal["fast", "full"]

COMMON_OPTIONS = ("cache_dir", "deadline", "offline", "verify")
"""The options that modelry itself honours for every store."""

COMMON_PUBLISHING_OPTIONS = ("deadline", "offline")
"""The same options for publishing."""

DEADLINE: Final = 900.0
"""Default for the seconds that a store may take for any answer, all tries included."""
SLOWEST: Final = 2**18
"""Bytes per second; by default a large file may take the time that it needs at this speed."""

_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@attrs.frozen
class OpenOptions:
    """Options for opening a preset; `None` stands for the default.

    Attributes:
        revision: Which version of the preset: a branch, a tag, a commit or a number, as the store has them.
        token: The credential for the store; never printed.
        cache_dir: The folder to keep fetched files in, instead of those that `MODELRY_CACHE` names.
        offline: Whether to use only what was fetched before; `None` for what `MODELRY_OFFLINE` says.
        storage_options: Arguments for the store's client, such as an endpoint or credentials; never printed.
        verify: `"full"` hashes every cached file each time it is opened, `"fast"` large ones only when they are fetched
            or seem changed.
        deadline: Seconds that the store may take for the listing, and for each file that is fetched or published, all
            tries included; `None` for 15 minutes, and for a file one second more for each 256 KiB.
        lock: The lock file that the preset must match; `None` for the one that `MODELRY_LOCK` names, if any.
        budget: The most that the preset may take of this machine; `None` for the defaults of `Budget`.
        public_key: The file of the key with which the preset must be signed.
    """

    revision: str | None = None
    token: str | None = attrs.field(default=None, repr=False)
    cache_dir: str | os.PathLike[str] | None = None
    offline: bool | None = None
    storage_options: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    verify: Verify | None = None
    deadline: float | None = None
    lock: str | os.PathLike[str] | None = None
    budget: Budget | None = None
    public_key: str | os.PathLike[str] | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("revision", "token"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                shown = HIDDEN if name == "token" else repr(value)
                raise InputError(f"{name} must be a text that is not empty, not {shown} ({type(value).__name__}).")
        if self.offline is not None and not isinstance(self.offline, bool):
            raise InputError(f"offline must be True or False, not {self.offline!r}.")
        if self.cache_dir is not None and not isinstance(self.cache_dir, (str, os.PathLike)):
            raise InputError(f"cache_dir must be the path of a folder, not {self.cache_dir!r}.")
        if self.storage_options is not None and not isinstance(self.storage_options, Mapping):
            raise InputError(f"storage_options must be a dict, not a {type(self.storage_options).__name__}.")
        if self.budget is not None and not isinstance(self.budget, Budget):
            raise InputError(f"budget must be a modelry.Budget, not {self.budget!r}.")
        for name, what in (("lock", "a lock file"), ("public_key", "a public key")):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, (str, os.PathLike)) or not os.fspath(value)):
                raise InputError(f"{name} must be the path of {what}, not {value!r}.")
        if self.deadline is not None and not _is_time(self.deadline):
            raise InputError(f"deadline must be a positive number of seconds, not {self.deadline!r}.")
        if self.verify is not None:
            one_of("verify", self.verify, ("fast", "full"))

    @property
    def is_offline(self) -> bool:
        """True if the network must not be used: by `offline`, or else by `MODELRY_OFFLINE`.

        Raises:
            InputError: `MODELRY_OFFLINE` is neither yes nor no.
        """
        if self.offline is not None:
            return self.offline
        value = os.environ.get(OFFLINE, "").strip().lower()
        if value not in _YES + _NO:
            raise InputError(f"{OFFLINE}={value!r} is neither yes nor no. Set it to 1 or 0, or unset it.")
        return value in _YES

    @property
    def lock_file(self) -> Path | None:
        """The lock file: by `lock`, or else by `MODELRY_LOCK`; `None` if neither names one."""
        named = os.fspath(self.lock) if self.lock is not None else os.environ.get(LOCK, "")
        return Path(os.path.expanduser(named)) if named.strip() else None

    @property
    def limits(self) -> Budget:
        """The budget of the preset: `budget`, or else the defaults."""
        return self.budget or Budget()

    def seconds_for(self, size: int | None) -> float:
        """Return how many seconds the store may take: `deadline`, or else what so many bytes have by default."""
        return self.deadline or DEADLINE + (size or 0) / SLOWEST

    def allow_only(self, names: Collection[str], reference: Reference, action: str = "opened") -> None:
        """Check that only options are given that the handler of `reference` can honour.

        A budget can be given for every reference: modelry itself sees to it.

        Args:
            names: Those it can.
            reference: What is opened, or published to.
            action: What messages say cannot be done: `"opened"` or `"published"`.

        Raises:
            InputError: One is.
        """
        for name in OPTIONS:
            if getattr(self, name) is not None and name not in (*names, "budget"):
                able = f"only {', '.join(f'{one}=' for one in sorted(names))}" if names else "no options"
                raise InputError(
                    f"{reference.text!r} cannot be {action} with {name}=: the handler of {reference.scheme}:// "
                    f"references takes {able}. Leave it out."
                )

    def scrub(self, text: str) -> str:
        """Return `text` without any secret: neither those in URIs, nor `token`, nor values of `storage_options`."""
        secrets = [*_texts(self.storage_options), *([self.token] if self.token else [])]
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return redact(text)


OPTIONS = tuple(field.name for field in attrs.fields(OpenOptions))
"""The names of all options, which are keyword arguments of every `from_preset`."""


def take_options(arguments: Mapping[str, Any]) -> tuple[OpenOptions, dict[str, Any]]:
    """Return the options among the keyword arguments of a `from_preset`, and the other arguments.

    Raises:
        InputError: The value of one is not of the right kind.
    """
    given = {name: value for name, value in arguments.items() if name in OPTIONS}
    return OpenOptions(**given), {name: value for name, value in arguments.items() if name not in OPTIONS}


def _is_time(value: Any) -> bool:
    """Return whether a value is a number of seconds that can be waited."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= threading.TIMEOUT_MAX


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts inside a value that are long enough for a secret, and to differ from words in a message."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, bytes):
        yield from _texts(value.decode(errors="replace"))
    elif isinstance(value, str) and len(value) >= 4 and "://" not in value:
        yield value

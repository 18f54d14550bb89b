"""A lock of plugins: the version and the content of every distribution that contributes.

```json
{
  "distributions": {
    "acme-cnn": {"sha256": "…", "version": "2.0"}
  },
  "format_version": 1
}
```

The SHA-256 is that of `record.Record.digest`; it is null where an installation does not tell what its files must be.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import attrs

from modelry._atomic import write_text
from modelry.discovery.contributor import contributor
from modelry.discovery.pip import pip_reinstall
from modelry.discovery.record import Record, read_record
from modelry.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelry.discovery.distributions import Distribution

FORMAT_VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")


@attrs.frozen
class LockedPlugin:
    """What a distribution was when it was locked.

    Attributes:
        version: Its version.
        sha256: The digest of its RECORD; None where there was nothing to go by.
    """

    version: str
    sha256: str | None


@attrs.frozen
class InstalledPlugin:
    """What a distribution is now.

    Attributes:
        version: Its version.
        record: Its files; None where nothing tells what they must be.
        unchecked: Why nothing does, such as `is an editable install of /src/acme`.
    """

    version: str
    record: Record | None
    unchecked: str = ""


def look_at(distribution: Distribution) -> InstalledPlugin:
    """Return what can be said of the files of a distribution."""
    about = contributor(distribution, ())
    record = read_record(distribution)
    if about.source is not None:
        return InstalledPlugin(about.version, None, f"is an editable install of {about.source}")
    return InstalledPlugin(about.version, record, "" if record else "was installed without a RECORD")


def lock_of(name: str, plugin: InstalledPlugin) -> LockedPlugin:
    """Return the lock of a distribution.

    Raises:
        PluginError: Its files are not those of its RECORD.
    """
    if plugin.record is None:
        return LockedPlugin(plugin.version, None)
    problems = list(plugin.record.problems())
    if problems:
        raise PluginError(
            f"{name} {plugin.version} is not locked, because it is not as it was installed: {'; '.join(problems)}. "
            f"Run: {pip_reinstall(f'{name}=={plugin.version}')}"
        )
    return LockedPlugin(plugin.version, plugin.record.digest)


def write_plugin_lock(path: Path, plugins: Mapping[str, LockedPlugin]) -> None:
    """Write a lock, the same text for the same plugins; raises PluginError where that is not possible."""
    values = {
        "format_version": FORMAT_VERSION,
        "distributions": {name: attrs.asdict(plugin) for name, plugin in plugins.items()},
    }
    try:
        write_text(path, json.dumps(values, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise PluginError(f"The lock of plugins {str(path)!r} cannot be written: {error}.") from error


def read_plugin_lock(path: Path) -> dict[str, LockedPlugin]:
    """Read a lock.

    Raises:
        PluginError: There is none, or it cannot be used.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unusable(path, str(error)) from error
    if not isinstance(values, dict) or values.keys() != {"format_version", "distributions"}:
        raise _unusable(path, "it must be an object with format_version and distributions")
    if values["format_version"] != FORMAT_VERSION:
        raise _unusable(path, f"it has format version {values['format_version']!r}, not {FORMAT_VERSION}")
    if not isinstance(values["distributions"], dict):
        raise _unusable(path, "distributions is no object")
    return {name: _locked(path, name, plugin) for name, plugin in values["distributions"].items()}


def _locked(path: Path, name: str, values: Any) -> LockedPlugin:
    if not isinstance(values, dict) or values.keys() != {"version", "sha256"}:
        raise _unusable(path, f"{name!r} must have version and sha256")
    version, sha256 = values["version"], values["sha256"]
    if not isinstance(version, str):
        raise _unusable(path, f"the version of {name!r} is {version!r}, no text")
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise _unusable(path, f"the sha256 of {name!r} is {sha256!r}, neither 64 hexadecimal digits nor null")
    return LockedPlugin(version, sha256)


def _unusable(path: Path, problem: str) -> PluginError:
    return PluginError(
        f"The lock of plugins {str(path)!r} cannot be used: {problem}. Restore it, or make it anew with "
        f"`modelry plugins --lock {shlex.quote(str(path))}`."
    )

"""Where a case builds its presets: with baits outside of them that nobody may touch."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).parents[1] / "fixtures"


@attrs.frozen
class Attempt:
    """One preset that is loaded.

    Attributes:
        preset: What is passed to `from_preset`.
        refused: What the error says, a regular expression; `None` if the preset loads and does nothing else.
        error: The error, or a base of it.
        options: Keyword arguments of `from_preset`.
        texts: What is tokenized once it is loaded.
        env: Environment variables.
        addresses: Hosts and ports that may be connected to.
        never: What no message and no file of the cache may hold.
        name: What tells this attempt from the others of its case.
    """

    preset: str | list[str] = attrs.field(converter=lambda preset: preset if isinstance(preset, list) else str(preset))
    refused: str | None = None
    error: str = "UnsafePresetError"
    options: dict[str, Any] = attrs.field(factory=dict)
    texts: list[str] = attrs.field(factory=lambda: ["a film"])
    env: dict[str, str] = attrs.field(factory=dict)
    addresses: list[tuple[str, int]] = attrs.field(factory=list)
    never: str | None = None
    name: str = ""


@attrs.frozen
class Lab:
    """The folders of one case.

    Attributes:
        inside: What may be read.
        outside: What may be neither read nor changed.
        own: A preset in modelry's format, to be copied.
    """

    inside: Path
    outside: Path
    own: Path

    @property
    def secret(self) -> Path:
        """A file that no preset may read: a whole vocabulary, so that reading it would not fail."""
        return self.outside / "secret.txt"

    @property
    def pwned(self) -> Path:
        """A file that is there only if a preset ran something."""
        return self.outside / "pwned"

    def hub(self, name: str = "preset") -> Path:
        """Copy a preset that KerasHub wrote."""
        return Path(shutil.copytree(FIXTURES / "keras_hub" / "bert", self.inside / name))

    def foreign(self, name: str = "preset") -> Path:
        """Copy a checkpoint that transformers wrote."""
        return Path(shutil.copytree(FIXTURES / "transformers" / "bert", self.inside / name))

    def manifested(self, name: str = "preset") -> Path:
        """Copy a preset that modelry wrote."""
        return Path(shutil.copytree(self.own, self.inside / name))

    def adapter(self, base: str, name: str = "preset") -> Path:
        """Return an adapter that names a base, and is right in all else up to where its weights are read."""
        preset = self.manifested(name)
        (preset / "adapter.safetensors").write_bytes(b"nobody gets here")
        config = {"adapter": "lora", "rank": 1, "alpha": 1, "layers": [], "base": base, "base_files": {}}
        (preset / "config.json").write_text(json.dumps(config))
        files = [path for path in preset.rglob("*") if path.is_file() and path.name != "modelry.json"]
        listed = {
            path.relative_to(preset).as_posix(): {
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        }
        edit(
            preset / "modelry.json", lambda values: values.update(weights={"task": "adapter.safetensors"}, files=listed)
        )
        return preset

    def nested(self, value: Any, name: str = "preset") -> Path:
        """Return a preset whose backbone has a value for its activation, and no task."""
        preset = self.hub(name)
        (preset / "task.json").unlink()
        edit(preset / "config.json", lambda config: config["config"].update(activation=value))
        return preset


def cases_in(names: dict[str, Any]) -> dict[str, Callable[[Lab], Iterator[Attempt]]]:
    """Return the cases among a module's names: functions called `m01` to `m60`."""
    return {name: case for name, case in names.items() if re.fullmatch(r"m\d\d", name)}


def edit(path: Path, change: Any) -> None:
    """Change a JSON file in place."""
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))

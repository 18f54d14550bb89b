"""Where other people's code runs on what a preset says: Keras, a plugin's constructor, a converter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from modelry.errors import InputError, ModelryError, PresetFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any


@contextlib.contextmanager
def blamed_on(what: str, overrides: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Turn whatever is raised inside, and is no error of modelry's, into one that blames the preset.

    Such code is called with values of any kind and size, and nobody lists what it raises then.

    Args:
        what: What is wrong then, such as `"Preset './p' has a bad BertBackbone"`.
        overrides: What the caller has said instead of the preset. An `InputError` is the caller's where there is any,
            and the preset's otherwise.

    Raises:
        PresetFormatError: Something was raised; it is the cause.
    """
    try:
        yield
    except InputError as error:
        if overrides:
            raise
        raise PresetFormatError(f"{what}: {error}") from error
    except ModelryError:
        raise
    except Exception as error:
        problem = str(error) if isinstance(error, (TypeError, ValueError)) else f"{type(error).__name__}: {error}"
        beside = f" (or is used with bad arguments: {', '.join(sorted(overrides))})" if overrides else ""
        raise PresetFormatError(f"{what}{beside}: {problem}") from error

"""What a user reads when a preset is refused."""

from __future__ import annotations

import pytest

from modelry.errors import StorageError
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions


def message_of(reference, expected=StorageError, *, tokens, **options):
    """Return the message, and check that neither it nor what led to it holds one of the tokens."""
    with pytest.raises(expected) as caught:
        open_preset(reference, OpenOptions(**options)).path("config.json")
    error, texts = caught.value, []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert not [token for token in tokens if any(token in text for text in texts)]
    return texts[0]

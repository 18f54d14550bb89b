"""Training where a head does not read all that its backbone offers."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def pooled_output_may_be_unread() -> Iterator[None]:
    """Keep Keras from warning that nothing trains the layer of the pooled output, which most heads do not read."""
    with warnings.catch_warnings():
        unread = r"Gradients do not exist for variables \['pooled_dense/kernel', 'pooled_dense/bias'\]"
        warnings.filterwarnings("ignore", unread)
        yield

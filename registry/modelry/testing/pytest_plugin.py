"""The pytest plugin: `--modelry-report`, known exceptions, and the fixture `isolated_registry`.

pytest loads it wherever modelry is installed, so it imports next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelry.discovery.registry import Registry


@pytest.fixture
def isolated_registry() -> Iterator[Registry]:
    """modelry's registry as in a new process; what the test registers is forgotten after it."""
    from modelry import isolated

    with isolated() as registry:
        yield registry

"""Fixtures around the fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fakes import StepCounter, WordHashes, make_model, make_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


@pytest.fixture
def counter() -> StepCounter:
    return StepCounter()


@pytest.fixture
def packer() -> WordHashes:
    return WordHashes()


@pytest.fixture
def new_packer() -> Callable[..., WordHashes]:
    return WordHashes


@pytest.fixture
def new_model() -> Callable[..., keras.Model]:
    return make_model


@pytest.fixture
def new_texts() -> Callable[..., list[str]]:
    return make_texts

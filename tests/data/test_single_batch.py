from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry.data.packing import single_batch
from modelry.data.rows import ArrayPreprocessor, RowPreprocessor
from modelry.errors import InputError

from .fakes import inputs_of

if TYPE_CHECKING:
    from collections.abc import Callable


def encode(preprocessor: Any, columns: Any, supports_packing: bool = False) -> Any:
    inputs = inputs_of(preprocessor, *columns)
    return single_batch(preprocessor, inputs, supports_packing).features(preprocessor, inputs)


def test_a_batch_is_padded_to_the_bucket_of_its_longest_text(packer: Any) -> None:
    assert encode(packer, (["a", "a b"],))["token_ids"].shape == (2, 16)
    assert encode(packer, (["a", "a " * 16],))["token_ids"].shape == (2, 32)
    assert encode(packer, (["a", "a " * 500],))["token_ids"].shape == (2, 64)


def test_fixed_padding_ignores_the_lengths(new_packer: Callable[..., Any]) -> None:
    assert encode(new_packer(100, "fixed"), (["a"],))["token_ids"].shape == (1, 100)


def test_pairs_reach_the_preprocessor_as_two_columns(packer: Any) -> None:
    features = encode(packer, (["a b"], ["c"]))

    assert features["segment_ids"][0, :5].tolist() == [0, 0, 0, 1, 0]
    assert features["padding_mask"][0].sum() == 4


def test_a_callable_gets_a_list_or_two_lists() -> None:
    seen: list[Any] = []

    def record(x: Any) -> Any:
        seen.append(x)
        return np.zeros((1, 1))

    encode(record, (["ab"],))
    encode(record, (["ab"], ["c"]))

    assert seen == [["ab"], (["ab"], ["c"])]


def test_tensors_of_a_callable_become_arrays() -> None:
    def sizes(texts: Any) -> Any:
        return {"size": keras.ops.convert_to_tensor([[len(text)] for text in texts])}

    features = encode(sizes, (["ab", "c"],))

    assert isinstance(features["size"], np.ndarray)
    assert features["size"].tolist() == [[2], [1]]


def test_a_callable_must_keep_the_rows() -> None:
    with pytest.raises(InputError, match=r"shape \(3, 1\) for 2 texts"):
        encode(lambda x: np.zeros((3, 1)), (["a", "b"],))
    with pytest.raises(InputError, match=r"shape \(\)"):
        encode(lambda x: np.float32(1), (["a"],))


def test_three_kinds_of_preprocessors_are_distinguished(packer: Any) -> None:
    assert isinstance(packer, RowPreprocessor)
    assert not isinstance(packer, ArrayPreprocessor)
    assert not isinstance(len, RowPreprocessor | ArrayPreprocessor)


def test_texts_share_rows_where_the_model_takes_that(packer: Any, new_packer: Callable[..., Any]) -> None:
    texts = (["a"] * 40,)

    assert encode(packer, texts, supports_packing=True)["token_ids"].shape == (2, 64)
    assert encode(packer, texts, supports_packing=True)["_document_starts"].shape == (40,)
    assert encode(new_packer(64, "fixed"), texts, supports_packing=True)["token_ids"].shape == (40, 64)
    assert set(encode(lambda x: {"size": np.zeros((40, 1))}, texts, supports_packing=True)) == {"size"}

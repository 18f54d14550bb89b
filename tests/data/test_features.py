from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from modelry.data.features import as_packer, encode
from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


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

    encode(as_packer(record), (["ab"],))
    encode(as_packer(record), (["ab"], ["c"]))

    assert seen == [["ab"], (["ab"], ["c"])]


def test_tensors_of_a_callable_become_arrays() -> None:
    def sizes(texts: Any) -> Any:
        return {"size": keras.ops.convert_to_tensor([[len(text)] for text in texts])}

    features = encode(as_packer(sizes), (["ab", "c"],))

    assert isinstance(features["size"], np.ndarray)
    assert features["size"].tolist() == [[2], [1]]


def test_a_callable_must_keep_the_rows() -> None:
    with pytest.raises(InputError, match=r"shape \(3, 1\) for 2 texts"):
        encode(as_packer(lambda x: np.zeros((3, 1))), (["a", "b"],))
    with pytest.raises(InputError, match=r"shape \(\)"):
        encode(as_packer(lambda x: np.float32(1)), (["a"],))


def test_a_preprocessor_stays_and_a_callable_is_wrapped(packer: Any) -> None:
    assert as_packer(packer) is packer
    assert as_packer(len).padding == "fixed"


def test_texts_share_rows_where_the_model_takes_that(packer: Any, new_packer: Callable[..., Any]) -> None:
    texts = (["a"] * 40,)

    assert encode(packer, texts, shares_rows=True)["token_ids"].shape == (2, 64)
    assert encode(packer, texts, shares_rows=True)["_text_starts"].shape == (40,)
    assert encode(new_packer(64, "fixed"), texts, shares_rows=True)["token_ids"].shape == (40, 64)
    assert set(encode(as_packer(lambda x: {"size": np.zeros((40, 1))}), texts, shares_rows=True)) == {"size"}

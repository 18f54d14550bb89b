from __future__ import annotations

import numpy as np

from modelry.data.rows import RowPreprocessor, TokenizedTexts


def test_a_pack_knows_its_rows_and_their_lengths() -> None:
    rows = (np.array([1, 2, 3], np.int32), np.array([1], np.int32))

    packed = TokenizedTexts(rows, rows)

    assert len(packed) == 2
    assert packed.lengths.dtype == np.int64
    assert packed.lengths.tolist() == [3, 1]


def test_no_rows_have_no_lengths() -> None:
    assert TokenizedTexts((), ()).lengths.tolist() == []


def test_a_packer_is_told_from_a_callable(packer: object) -> None:
    assert isinstance(packer, RowPreprocessor)
    assert not isinstance(len, RowPreprocessor)

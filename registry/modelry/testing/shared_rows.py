"""What holds for every backbone that declares `shares_rows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelry.testing.comparing import as_numpy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.backbones.backbone import Backbone


def check_shares_rows(backbone: Backbone, texts: Sequence[Mapping[str, Any]], atol: float = 1e-5) -> None:
    """Check that a backbone computes the same for texts that share a row as for each text alone.

    The texts are put behind one another in two rows, the second in reverse order, each with some padding at its end.

    Args:
        backbone: A backbone with `shares_rows`.
        texts: For each text its inputs without padding, by name; lists of equal length.
        atol: How far states may be apart.

    Raises:
        AssertionError: They are further apart, not finite, or the backbone does not say that texts can share rows.
    """
    assert backbone.shares_rows, f"{type(backbone).__name__}.shares_rows is False"
    length = 3 + sum(len(text["token_ids"]) for text in texts)
    inputs = {name: np.zeros((2, length), "int32") for name in backbone.input}
    positions, text_ids = np.zeros((2, length), "int32"), np.zeros((2, length), "int32")
    places = []  # of each text in each row
    for row, order in enumerate((range(len(texts)), range(len(texts))[::-1])):
        start = 0
        for number, index in enumerate(order, start=1):
            size = len(texts[index]["token_ids"])
            here = slice(start, start + size)
            for name, array in inputs.items():
                array[row, here] = texts[index][name]
            positions[row, here] = np.arange(size)
            text_ids[row, here] = number
            places.append((index, row, here))
            start += size
    states = backbone.encode(**inputs, positions=positions, text_ids=text_ids)
    assert tuple(states.shape) == (2, length, backbone.hidden_dim)
    assert np.isfinite(as_numpy(states)).all()
    for index, row, here in places:
        alone = backbone({name: np.asarray([texts[index][name]], "int32") for name in backbone.input})
        outputs = backbone.outputs_of(states[row : row + 1, here])
        assert set(outputs) == set(alone), "outputs_of returns other outputs than the backbone"
        for name, output in outputs.items():
            np.testing.assert_allclose(
                as_numpy(output),
                as_numpy(alone[name]),
                atol=atol,
                rtol=0,
                err_msg=f"{name} of text {index} in row {row}",
            )

"""Sequence packing: the claim of every backbone that several texts can share a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.testing.comparing import as_numpy, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelry.backbones.backbone import Backbone


def supports_packing(backbone: Backbone) -> bool:
    """Return whether a backbone declares that several texts can share a row."""
    return backbone.supports_packing


def check_packing(backbone: Backbone, texts: Sequence[Mapping[str, Any]], atol: float = 1e-5) -> None:
    """Check that a backbone computes the same for texts packed into a row as for each text alone.

    All texts are packed into each of two rows, in the second one in reverse order, with some padding at the end.

    Args:
        backbone: A backbone that declares packing.
        texts: The inputs of each text by name, lists of equal length without padding.
        atol: The greatest absolute difference of two outputs.

    Raises:
        AssertionError: Outputs differ by more or are not finite, or the backbone does not declare packing.
    """
    assert supports_packing(backbone), f"{type(backbone).__name__} does not declare that texts can share rows"
    length = 3 + sum(len(text["token_ids"]) for text in texts)
    inputs = {name: np.zeros((2, length), "int32") for name in backbone.input}
    positions, documents = np.zeros((2, length), "int32"), np.zeros((2, length), "int32")
    spans = []  # of each text in each row
    for row, order in enumerate((range(len(texts)), range(len(texts))[::-1])):
        start = 0
        for number, index in enumerate(order, start=1):
            size = len(texts[index]["token_ids"])
            span = slice(start, start + size)
            for name, array in inputs.items():
                array[row, span] = texts[index][name]
            positions[row, span] = np.arange(size)
            documents[row, span] = number
            spans.append((index, row, span))
            start += size
    states = _encode(backbone, {**inputs, "positions": positions, "document_ids": documents})
    assert tuple(states.shape) == (2, length, backbone.hidden_dim)
    assert np.isfinite(as_numpy(states)).all()
    alone = [run(backbone, {name: np.asarray([text[name]], "int32") for name in backbone.input}) for text in texts]
    for index, row, span in spans:
        outputs = backbone.outputs_of(states[row : row + 1, span])
        assert set(outputs) == set(alone[index]), "outputs_of returns other outputs than the backbone"
        for name, output in outputs.items():
            message = f"{name} of text {index} in row {row}"
            np.testing.assert_allclose(as_numpy(output), alone[index][name], atol=atol, rtol=0, err_msg=message)


def _encode(backbone: Backbone, inputs: dict[str, Any]) -> Any:
    """Return the states of packed rows, `(batch, length, hidden_dim)`; on JAX compiled as a whole, which is faster."""
    if keras.backend.backend() != "jax":
        return backbone.encode(**inputs)
    import jax

    return jax.jit(lambda arrays: backbone.encode(**arrays))(inputs)

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from .dtype_policies import _PolicyLike

_Tensor: TypeAlias = Any
_Reduction: TypeAlias = Literal["sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none"] | None

class Loss:
    name: str
    reduction: _Reduction
    def __init__(
        self, name: str | None = None, reduction: _Reduction = "sum_over_batch_size", dtype: _PolicyLike = None
    ) -> None: ...
    @property
    def dtype(self) -> str: ...
    def __call__(self, y_true: _Tensor, y_pred: _Tensor, sample_weight: _Tensor | None = None) -> _Tensor: ...
    def call(self, y_true: _Tensor, y_pred: _Tensor) -> _Tensor: ...
    def get_config(self) -> dict[str, Any]: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self: ...

class MeanSquaredError(Loss):
    def __init__(
        self,
        reduction: _Reduction = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: _PolicyLike = None,
    ) -> None: ...

class BinaryCrossentropy(Loss):
    from_logits: bool
    label_smoothing: float
    axis: int
    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: _Reduction = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: _PolicyLike = None,
    ) -> None: ...

class SparseCategoricalCrossentropy(Loss):
    from_logits: bool
    ignore_class: int | None
    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: _Reduction = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: _PolicyLike = None,
    ) -> None: ...

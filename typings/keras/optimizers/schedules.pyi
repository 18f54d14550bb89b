from collections.abc import Mapping
from typing import Any, Self, TypeAlias

_Tensor: TypeAlias = Any

class LearningRateSchedule:
    def __call__(self, step: _Tensor) -> _Tensor: ...
    def get_config(self) -> dict[str, Any]: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self: ...

class CosineDecay(LearningRateSchedule):
    initial_learning_rate: float
    decay_steps: int
    alpha: float
    name: str
    warmup_steps: int
    warmup_target: float | None
    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None: ...

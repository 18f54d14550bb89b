from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TypeAlias

from keras import Variable

from . import schedules as schedules

_Tensor: TypeAlias = Any
_LearningRate: TypeAlias = float | schedules.LearningRateSchedule | Callable[[], float] | Variable

class Optimizer:
    name: str
    built: bool
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    def __init__(
        self,
        learning_rate: _LearningRate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None: ...
    @property
    def iterations(self) -> Variable: ...
    @property
    def variables(self) -> list[Variable]: ...
    @property
    def learning_rate(self) -> Any: ...  # a variable, or what a schedule or a function says for now
    @learning_rate.setter
    def learning_rate(self, learning_rate: _LearningRate) -> None: ...
    def build(self, variables: list[Variable]) -> None: ...
    def apply(self, grads: Sequence[_Tensor], trainable_variables: Sequence[Variable] | None = None) -> None: ...
    def apply_gradients(self, grads_and_vars: Iterable[tuple[_Tensor, Variable]]) -> _Tensor: ...
    def update_step(self, gradient: _Tensor, variable: Variable, learning_rate: _Tensor) -> None: ...
    def assign(self, variable: Variable, value: _Tensor) -> None: ...
    def assign_add(self, variable: Variable, value: _Tensor) -> None: ...
    def assign_sub(self, variable: Variable, value: _Tensor) -> None: ...
    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None: ...
    def scale_loss(self, loss: _Tensor) -> _Tensor: ...
    def set_weights(self, weights: Sequence[_Tensor]) -> None: ...
    def get_config(self) -> dict[str, Any]: ...
    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self: ...

class Adam(Optimizer):
    beta_1: float
    beta_2: float
    epsilon: float
    amsgrad: bool
    def __init__(
        self,
        learning_rate: _LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None: ...

class AdamW(Adam):
    def __init__(
        self,
        learning_rate: _LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None: ...

class SGD(Optimizer):
    momentum: float
    nesterov: bool
    def __init__(
        self,
        learning_rate: _LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None: ...

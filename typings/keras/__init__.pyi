# Types of what this project uses of Keras 3, which ships none. Tensors belong to a backend, so they are `Any`.
# tests/test_types.py compares these files with the installed Keras.
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np

from . import activations as activations
from . import backend as backend
from . import callbacks as callbacks
from . import config as config
from . import distribution as distribution
from . import dtype_policies as dtype_policies
from . import initializers as initializers
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import ops as ops
from . import optimizers as optimizers
from . import saving as saving
from . import tree as tree
from . import utils as utils
from .layers import Layer as Layer
from .losses import Loss as Loss
from .metrics import Metric as Metric
from .optimizers import Optimizer as Optimizer

_Tensor: TypeAlias = Any
_Shape: TypeAlias = Sequence[int | None]
_Tensors: TypeAlias = Any  # a tensor, or tensors in lists, tuples and dicts
_LossLike: TypeAlias = str | Loss | Callable[..., _Tensor]
_MetricLike: TypeAlias = str | Metric | Callable[..., _Tensor]
_Callbacks: TypeAlias = callbacks.Callback | Sequence[callbacks.Callback] | None
_Verbose: TypeAlias = Literal["auto", 0, 1, 2] | bool

__version__: str

class Variable:
    def __init__(
        self,
        initializer: _Tensor | Callable[..., _Tensor],
        shape: Sequence[int] | None = None,
        dtype: str | None = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
        layout: Any = None,
        **kwargs: Any,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def value(self) -> _Tensor: ...
    @property
    def dtype(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def trainable(self) -> bool: ...
    @trainable.setter
    def trainable(self, value: bool) -> None: ...
    def assign(self, value: _Tensor) -> _Tensor: ...
    def assign_add(self, value: _Tensor) -> _Tensor: ...
    def assign_sub(self, value: _Tensor) -> _Tensor: ...
    def numpy(self) -> np.ndarray[Any, Any]: ...
    def __getitem__(self, idx: Any) -> _Tensor: ...
    def __array__(self, dtype: Any = None) -> np.ndarray[Any, Any]: ...
    def __neg__(self) -> _Tensor: ...
    def __add__(self, other: _Tensor) -> _Tensor: ...
    def __radd__(self, other: _Tensor) -> _Tensor: ...
    def __sub__(self, other: _Tensor) -> _Tensor: ...
    def __rsub__(self, other: _Tensor) -> _Tensor: ...
    def __mul__(self, other: _Tensor) -> _Tensor: ...
    def __rmul__(self, other: _Tensor) -> _Tensor: ...
    def __truediv__(self, other: _Tensor) -> _Tensor: ...
    def __rtruediv__(self, other: _Tensor) -> _Tensor: ...
    def __matmul__(self, other: _Tensor) -> _Tensor: ...
    def __rmatmul__(self, other: _Tensor) -> _Tensor: ...
    # Private, for modelry.weights.build.
    _value: _Tensor | None
    _initializer: Any
    def _initialize(self, value: _Tensor) -> None: ...
    def _deferred_initialize(self) -> None: ...

class KerasTensor:
    name: str
    def __init__(
        self,
        shape: _Shape,
        dtype: str = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...
    @property
    def shape(self) -> tuple[int | None, ...]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def ndim(self) -> int: ...
    def __getitem__(self, key: Any) -> KerasTensor: ...
    def __neg__(self) -> KerasTensor: ...
    def __add__(self, other: _Tensor) -> KerasTensor: ...
    def __radd__(self, other: _Tensor) -> KerasTensor: ...
    def __sub__(self, other: _Tensor) -> KerasTensor: ...
    def __rsub__(self, other: _Tensor) -> KerasTensor: ...
    def __mul__(self, other: _Tensor) -> KerasTensor: ...
    def __rmul__(self, other: _Tensor) -> KerasTensor: ...
    def __truediv__(self, other: _Tensor) -> KerasTensor: ...
    def __rtruediv__(self, other: _Tensor) -> KerasTensor: ...
    def __matmul__(self, other: _Tensor) -> KerasTensor: ...
    def __rmatmul__(self, other: _Tensor) -> KerasTensor: ...

def Input(
    shape: _Shape | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: _Shape | None = None,
    name: str | None = None,
    tensor: _Tensor | None = None,
    optional: bool = False,
) -> KerasTensor: ...

class StatelessScope:
    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, _Tensor]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *args: object) -> None: ...
    def get_current_value(self, variable: Variable) -> _Tensor | None: ...

class Function:
    name: str
    def __init__(self, inputs: _Tensors, outputs: _Tensors, name: str | None = None) -> None: ...
    @property
    def inputs(self) -> list[KerasTensor]: ...
    @property
    def outputs(self) -> list[KerasTensor]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> _Tensors: ...

class Model(Layer):
    # Given inputs and outputs, the model is functional; only such a one has `inputs`, `outputs`, `input` and `output`.
    @overload
    def __init__(
        self, inputs: _Tensors, outputs: _Tensors, name: str | None = None, *, trainable: bool = True
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: dtype_policies._PolicyLike = None,
        autocast: bool = True,
        name: str | None = None,
    ) -> None: ...
    @property
    def inputs(self) -> list[KerasTensor]: ...
    @property
    def outputs(self) -> list[KerasTensor]: ...
    compiled: bool
    optimizer: Optimizer  # once the model is compiled
    loss: Any
    steps_per_execution: int
    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool
    train_function: Callable[..., Any] | None
    test_function: Callable[..., Any] | None
    predict_function: Callable[..., Any] | None
    history: callbacks.History  # of the last `fit`
    @property
    def layers(self) -> list[Layer]: ...
    @property
    def metrics_names(self) -> list[str]: ...
    @property
    def jit_compile(self) -> bool: ...
    @jit_compile.setter
    def jit_compile(self, value: bool | str) -> None: ...
    @property
    def run_eagerly(self) -> bool: ...
    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None: ...
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer: ...
    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[..., object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None: ...
    def compile(
        self,
        optimizer: str | Optimizer | dict[str, Any] | None = "rmsprop",
        loss: _LossLike | Sequence[_LossLike | None] | Mapping[str, _LossLike | None] | None = None,
        loss_weights: Sequence[float] | Mapping[str, float] | float | None = None,
        metrics: Sequence[_MetricLike | Sequence[_MetricLike]] | Mapping[str, Any] | None = None,
        weighted_metrics: Sequence[_MetricLike | Sequence[_MetricLike]] | Mapping[str, Any] | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | Literal["auto"] = "auto",
        auto_scale_loss: bool = True,
    ) -> None: ...
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: _Verbose = "auto",
        callbacks: _Callbacks = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> callbacks.History: ...
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: _Verbose = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: _Callbacks = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any: ...
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: _Verbose = "auto",
        steps: int | None = None,
        callbacks: _Callbacks = None,
    ) -> Any: ...
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any: ...
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any: ...
    def predict_on_batch(self, x: Any) -> Any: ...
    def make_train_function(self, force: bool = False) -> Callable[..., Any] | None: ...
    def make_test_function(self, force: bool = False) -> Callable[..., Any] | None: ...
    def make_predict_function(self, force: bool = False) -> Callable[..., Any] | None: ...
    # Backends hand the steps different arguments.
    def train_step(self, *args: Any, **kwargs: Any) -> Any: ...
    def test_step(self, *args: Any, **kwargs: Any) -> Any: ...
    def predict_step(self, *args: Any, **kwargs: Any) -> Any: ...
    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> _Tensor | None: ...
    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]: ...
    def get_metrics_result(self) -> dict[str, Any]: ...
    def reset_metrics(self) -> None: ...
    def quantize(
        self,
        mode: str | None = None,
        config: Any = None,
        filters: str | Sequence[str] | Callable[[Layer], bool] | None = None,
        **kwargs: Any,
    ) -> None: ...
    def save(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None: ...
    def save_weights(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, max_shard_size: float | None = None
    ) -> None: ...
    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False, **kwargs: Any) -> None: ...
    def get_compile_config(self) -> dict[str, Any] | None: ...
    def compile_from_config(self, config: Mapping[str, Any]) -> None: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self: ...
    # Private, of functional models.
    _nodes_by_depth: dict[int, list[Any]]

class Sequential(Model):
    def __init__(
        self, layers: Iterable[Layer] | None = None, trainable: bool = True, name: str | None = None
    ) -> None: ...
    def add(self, layer: Layer, rebuild: bool = True) -> None: ...
    def pop(self, rebuild: bool = True) -> Layer: ...

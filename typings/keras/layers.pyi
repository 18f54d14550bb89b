from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Self, TypeAlias, TypedDict, Unpack

import numpy as np

from . import Variable
from .dtype_policies import DTypePolicy, _PolicyLike
from .initializers import _InitializerLike
from .metrics import Metric

_Tensor: TypeAlias = Any
_Activation: TypeAlias = str | Callable[[_Tensor], _Tensor] | dict[str, Any] | None

class _LayerArguments(TypedDict, total=False):
    trainable: bool
    dtype: _PolicyLike
    autocast: bool
    name: str | None

class Layer:
    name: str
    built: bool
    autocast: bool
    supports_jit: bool
    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: _PolicyLike = None,
        autocast: bool = True,
        name: str | None = None,
    ) -> None: ...
    @property
    def path(self) -> str | Any: ...  # `None` before the layer is built
    @property
    def trainable(self) -> bool: ...
    @trainable.setter
    def trainable(self, value: bool) -> None: ...
    @property
    def dtype_policy(self) -> DTypePolicy: ...
    @dtype_policy.setter
    def dtype_policy(self, value: _PolicyLike) -> None: ...
    @property
    def dtype(self) -> str: ...
    @property
    def compute_dtype(self) -> str: ...
    @property
    def variable_dtype(self) -> str: ...
    @property
    def input_dtype(self) -> str: ...
    @property
    def quantization_mode(self) -> str | None: ...
    @property
    def supports_masking(self) -> bool: ...
    @supports_masking.setter
    def supports_masking(self, value: bool) -> None: ...
    @property
    def variables(self) -> list[Variable]: ...
    @property
    def trainable_variables(self) -> list[Variable]: ...
    @property
    def non_trainable_variables(self) -> list[Variable]: ...
    @property
    def weights(self) -> list[Variable]: ...
    @property
    def trainable_weights(self) -> list[Variable]: ...
    @property
    def non_trainable_weights(self) -> list[Variable]: ...
    @property
    def metrics(self) -> list[Metric]: ...
    @property
    def losses(self) -> list[_Tensor]: ...
    @property
    def input(self) -> Any: ...
    @property
    def output(self) -> Any: ...
    def add_weight(
        self,
        *,
        shape: Sequence[int] | None = None,
        initializer: _InitializerLike = None,
        dtype: str | None = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable: ...
    def add_loss(self, loss: _Tensor) -> None: ...
    # A subclass says what it takes; `build` and the shape methods get the shapes of these under their names.
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def call(self, *args: Any, **kwargs: Any) -> Any: ...
    def build(self, *args: Any, **kwargs: Any) -> None: ...
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any: ...
    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any: ...
    def compute_mask(self, *args: Any, **kwargs: Any) -> Any: ...
    def stateless_call(
        self,
        trainable_variables: Sequence[_Tensor],
        non_trainable_variables: Sequence[_Tensor],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any: ...
    def count_params(self) -> int: ...
    def get_weights(self) -> list[np.ndarray[Any, Any]]: ...
    def set_weights(self, weights: Sequence[_Tensor]) -> None: ...
    def save_own_variables(self, store: MutableMapping[str, Any]) -> None: ...
    def load_own_variables(self, store: Mapping[str, Any]) -> None: ...
    def get_build_config(self) -> dict[str, Any] | None: ...
    def build_from_config(self, config: Mapping[str, Any]) -> None: ...
    def get_config(self) -> dict[str, Any]: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self: ...
    # Private, for modelry.weights.build.
    _dtype_policy: DTypePolicy
    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Layer]: ...
    def _untrack_variable(self, variable: Variable) -> None: ...

class _MatrixLayer(Layer):
    lora_enabled: bool
    lora_rank: int | Any  # `None` without an adapter
    lora_alpha: float | Any
    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: _InitializerLike = "he_uniform",
        b_initializer: _InitializerLike = "zeros",
    ) -> None: ...
    # `Layer` has this to raise an error, and `Model` with other arguments.
    def quantize(self, mode: str | None = None, type_check: bool = True, config: Any = None) -> None: ...

class Dense(_MatrixLayer):
    units: int
    activation: Callable[[_Tensor], _Tensor]
    use_bias: bool
    bias: Variable | None
    def __init__(
        self,
        units: int,
        activation: _Activation = None,
        use_bias: bool = True,
        kernel_initializer: _InitializerLike = "glorot_uniform",
        bias_initializer: _InitializerLike = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...
    @property
    def kernel(self) -> Variable | Any: ...  # a tensor where LoRA or quantization keeps another variable

class EinsumDense(_MatrixLayer):
    equation: str
    activation: Callable[[_Tensor], _Tensor]
    bias: Variable | None
    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: _Activation = None,
        bias_axes: str | None = None,
        kernel_initializer: _InitializerLike = "glorot_uniform",
        bias_initializer: _InitializerLike = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...
    @property
    def kernel(self) -> Variable | Any: ...

class Embedding(_MatrixLayer):
    input_dim: int
    output_dim: int
    mask_zero: bool
    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: _InitializerLike = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...
    @property
    def embeddings(self) -> Variable | Any: ...

class ReversibleEmbedding(Embedding):
    tie_weights: bool
    reverse_embeddings: Variable
    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: _InitializerLike = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: str | None = None,
        logit_soft_cap: float | None = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...

class LayerNormalization(Layer):
    axis: int | list[int]
    epsilon: float
    gamma: Variable | None
    beta: Variable | None
    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: _InitializerLike = "zeros",
        gamma_initializer: _InitializerLike = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...

class RMSNormalization(Layer):
    axis: int | Sequence[int]
    epsilon: float
    scale: Variable
    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Unpack[_LayerArguments]
    ) -> None: ...

class InputLayer(Layer):
    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: _PolicyLike = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: _Tensor = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...

class Dropout(Layer):
    rate: float
    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...

class Identity(Layer):
    def __init__(self, **kwargs: Unpack[_LayerArguments]) -> None: ...

class Lambda(Layer):
    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Unpack[_LayerArguments],
    ) -> None: ...
    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        safe_mode: bool | None = None,
    ) -> Self: ...

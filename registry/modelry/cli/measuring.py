"""Measurements of a preset on this machine: time, memory, and the share of the processor's peak."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.data import RowPreprocessor
from modelry.discovery.registry import registry
from modelry.errors import InputError, PresetError
from modelry.presets.read import read_recipe
from modelry.presets.task_spec import default_names, task_specs
from modelry.tasks.base.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelry.presets.recipe import Recipe
    from modelry.tokenizers.tokenizer import Tokenizer

SHORT, MIXED = (4, 32), (8, 230)  # tokens of a generated text, at least and at most
GEMMS = (256, 512, 1024, 2048, 4096, 8192)  # rows and columns of the matrices that find the peak, small ones first
PATIENCE = 0.5  # seconds that a product may take; the next larger one takes eight times as long
LONG_ENOUGH = 0.01  # seconds of products, for the time until a device answers not to count


def measure(
    preset: str,
    texts: Sequence[str] | None,
    count: int,
    batch_size: int,
    dtype: str | None,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Load a preset, predict with it, and return what that took.

    Args:
        preset: A built-in name, a folder, or a URI.
        texts: What to predict; `None` to generate short texts and texts of mixed lengths from the vocabulary.
        count: How many texts to generate.
        batch_size: Texts per batch.
        dtype: The dtype policy; `None` for Keras' global one.
        tell: Called with what is being measured.

    Returns:
        What was measured, by name. The `tokens` of inputs are `None` where they are not rows of tokens; their
        `share_of_peak` then too, and for a backbone without matrices that tokens are multiplied with.

    Raises:
        InputError: Texts are to be generated, and the tokenizer cannot turn ids into texts; or the task has other
            inputs than texts, and does not say what they look like.
        PresetError: The preset is missing or damaged, or no installed task can run on it.
    """
    cls, overrides = _task_class(read_recipe(preset))
    overrides |= {} if dtype is None else {"dtype": dtype}
    tell(f"Loading {preset}")
    load, task = _timed(lambda: cls.from_preset(preset, compile=False, **overrides))
    found: dict[str, Any] = {
        "preset": preset,
        "backend": keras.backend.backend(),
        "device": _device(),
        "dtype": task.backbone.dtype_policy.name,
        "parameters": task.count_params(),
        "noun": task.noun,
        "load_seconds": load,
        "load_peak_bytes": peak_memory(),
    }
    kinds = _generated(task, count) if texts is None else {"given": _checked(task, texts)}
    tell("Predicting for the first time")
    single = task.sample_inputs(next(iter(kinds.values()))[:1])
    first, _ = _timed(lambda: task.predict(single, verbose=0))
    found |= {"first_prediction_seconds": load + first, "predict_peak_bytes": peak_memory()}
    tell("Multiplying matrices")
    found["gemm_flops"] = peak = _gemm_flops(task.backbone.dtype_policy.compute_dtype)
    found["throughput"] = {}
    for kind, some in kinds.items():
        tell(f"Predicting {len(some):,} {task.noun}s ({kind})")
        x = task.sample_inputs(some)
        task.predict(x, batch_size=batch_size, verbose=0)  # compiles what it takes
        seconds, _ = _timed(functools.partial(task.predict, x, batch_size=batch_size, verbose=0))
        tokens = _tokens(task, x)
        flops = 2 * matmul_parameters(task.backbone) * (tokens or 0) / seconds
        found["throughput"][kind] = {
            "texts": len(some),
            "tokens": tokens,
            "texts_per_second": len(some) / seconds,
            "share_of_peak": flops / peak if flops else None,
        }
    return found | {"peak_bytes": peak_memory()}


def _task_class(recipe: Recipe) -> tuple[type[Task], dict[str, Any]]:
    """Return the class that loads a preset, and the arguments that an untrained task needs.

    A preset with a backbone alone gets a fresh task: it costs as much as a trained one.
    """
    if recipe.task is not None:
        return Task, {}
    for entry, spec in task_specs():
        if spec.fresh and any(True for _ in default_names("preprocessors", recipe.backbone.name, entry.qualified)):
            cls: Any = registry.load("tasks", entry.qualified)
            return cls, dict(spec.fresh)
    raise PresetError(
        f"Preset {recipe.files.reference!r} holds no task, and no installed task can be measured on its backbone. "
        "Train a task on it, save that, and measure the saved preset."
    )


def matmul_parameters(backbone: keras.Model) -> int:
    """The parameters that each token is multiplied with: those of all kernels, as often as their layer is called.

    A layer whose output has no axis of tokens, `(batch, features)`, stands after a pooling, and is not counted.
    """
    calls = [node for nodes in backbone._nodes_by_depth.values() for node in nodes]
    per_token = [call.operation for call in calls if any(len(output.shape) > 2 for output in call.outputs)]
    return sum(
        int(np.prod(variable.shape))
        for layer in per_token
        for variable in getattr(layer, "weights", ())
        if variable.name == "kernel"
    )


def peak_memory() -> int | None:
    """The most memory that this process has had at once, in bytes; `None` on Windows."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
        # Linux's `getrusage` counts what the process was forked from too, which may have been larger.
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def _device() -> str:
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return ", ".join(keras.distribution.list_devices()) or "cpu"


def _checked(task: Task, texts: Sequence[str]) -> list[str]:
    if getattr(task.preprocessor, "tokenizer", None) is None:
        raise InputError(f"--input has texts, but a {type(task).__name__} takes {task.noun}s. Leave it out.")
    return list(texts)


def _generated(task: Task, count: int) -> dict[str, list[str]]:
    tokenizer: Tokenizer | None = getattr(task.preprocessor, "tokenizer", None)
    if tokenizer is None:  # the task makes inputs of its own
        return {"sample": [""] * count}
    longest = task.preprocessor.sequence_length - 2  # a token at the start and one at the end
    generator = np.random.default_rng(0)

    def texts(shortest: int, most: int) -> list[str]:
        lengths = generator.integers(shortest, max(shortest + 1, min(most, longest)), count)
        rows = [generator.integers(0, tokenizer.vocabulary_size(), length) for length in lengths]
        try:
            return [text or "." for text in tokenizer.detokenize(rows)]
        except NotImplementedError as error:
            raise InputError(f"No texts can be generated: {error} Pass texts of your own with --input FILE.") from None

    return {"short": texts(*SHORT), "mixed": texts(*MIXED)}


def _tokens(task: Task, x: Any) -> int | None:
    if not isinstance(task.preprocessor, RowPreprocessor):
        return None
    return int(np.sum(task.preprocessor.tokenize(task.reader.columns(x)).lengths))


def _gemm_flops(dtype: str) -> float:
    """The best rate of a few multiplications of square matrices, in operations per second."""
    best = 0.0
    for size in GEMMS:
        matrix = keras.ops.full((size, size), 1 / size, dtype)  # its square is the same again

        def multiply(times: int, matrix: Any = matrix) -> None:
            product = matrix
            for _ in range(times):
                product = keras.ops.matmul(product, matrix)
            float(keras.ops.convert_to_numpy(keras.ops.cast(product[0, 0], "float32")))  # waits until it is done

        multiply(1)
        times = max(1, round(LONG_ENOUGH / _timed(functools.partial(multiply, 1))[0]))
        seconds = min(_timed(functools.partial(multiply, times))[0] for _ in range(5)) / times
        best = max(best, 2 * size**3 / seconds)
        # In a dtype that the processor lacks, PyTorch is a thousand times slower: the next would take minutes.
        if seconds > PATIENCE / 8:
            break
    return best

"""`modelry convert`: a preset in another format, checked by loading it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelry._progress import progress
from modelry.cli.output import write_line
from modelry.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What both are run on: short and long, of several scripts, and without a word.
TEXTS = ("A good film.", "Es war einmal …", "電影很好看", "naïve café 🎬", " ", "word " * 300)
SMALLEST_VOCABULARY = 8  # tokens of a model without a tokenizer, which does not say how many it has
TOLERANCE = 1e-5  # of outputs, in float32


def convert(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A built-in name, folder or URI.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="The folder or URI to write.")],
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="modelry, which is KerasHub's layout, or transformers.")
    ] = "modelry",
    max_shard_size: Annotated[
        float | None, typer.Option(metavar="GIB", help="The largest file of the backbone's weights.")
    ] = 10,
) -> None:
    """Write a preset in another format, then load what was written and compare what both compute.

    A preset without a task is converted as a backbone. Weights are written in float32, or in eight bits
    where they are so.
    """
    from modelry.storage.open import read_one_version

    with progress(f"Loading {source}") as tell:
        model, preprocessor = read_one_version(lambda: _load(source))
        parts = {} if hasattr(model, "preprocessor") else {"preprocessor": preprocessor}
        tell(f"Writing {target}")
        model.save_to_preset(target, format=format_, max_shard_size=max_shard_size, **parts)
        tell(f"Loading {target}, to compare")
        difference = _difference((model, preprocessor), read_one_version(lambda: _load(target)))
    if not difference <= TOLERANCE:
        raise SaveError(
            f"{target!r} was written, but computes something else than {source!r}: outputs differ by {difference:.2g}, "
            f"and {TOLERANCE} is allowed. Do not use it; report this with the name of the preset."
        )
    write_line(f"{target}: outputs differ by at most {difference:.1g}")


def _load(preset: str) -> tuple[Any, Any]:
    """Return the task, or else the backbone, of a preset; and its preprocessor, if it has one: all of one version.

    Floats are float32; what is quantized stays so.
    """
    from modelry.backbones.backbone import Backbone
    from modelry.preprocessing.preprocessor import Preprocessor
    from modelry.presets.read import read_recipe
    from modelry.tasks.base.task import Task

    recipe = read_recipe(preset)
    inputs = recipe.inputs()
    lacks_inputs = inputs.tokenizer is None and inputs.preprocessor is None
    none: dict[str, Any] = {"preprocessor": None} if lacks_inputs else {}
    dtype: dict[str, Any] = {} if recipe.quantized else {"dtype": "float32"}
    if recipe.task is not None:
        task = Task.from_preset(preset, compile=False, **dtype, **none)
        return task, task.preprocessor
    return Backbone.from_preset(preset, **dtype), None if none else Preprocessor.from_preset(preset)


def _difference(source: tuple[Any, Any], target: tuple[Any, Any]) -> float:
    """Return the greatest difference between the outputs of two models, for sample inputs."""
    import numpy as np

    first, second = (_outputs(model, preprocessor) for model, preprocessor in (source, target))
    # Formats differ in where an activation of the outputs stands: the task knows what is comparable.
    first, second = (
        model.comparable(outputs, other) if hasattr(model, "comparable") else outputs
        for outputs, model, other in ((first, source[0], target[0]), (second, target[0], source[0]))
    )
    pairs = zip(_arrays(first), _arrays(second), strict=True)
    return max(float(np.abs(one - other).max()) for one, other in pairs)


def _arrays(outputs: Any) -> Iterator[Any]:
    """Yield the arrays of a model's outputs: one, or several in a dict or a sequence."""
    if isinstance(outputs, (dict, list, tuple)):
        for part in outputs.values() if isinstance(outputs, dict) else outputs:
            yield from _arrays(part)
    else:
        yield outputs


def _outputs(model: Any, preprocessor: Any) -> Any:
    from modelry.data import DataSpec, Targets, TextReader, as_batch
    from modelry.preprocessing import TextPreprocessor

    if hasattr(model, "preprocessor") and preprocessor is not None:
        return model.predict_on_batch(model.sample_inputs(list(TEXTS)))  # (examples, …)
    if isinstance(preprocessor, TextPreprocessor):
        spec = DataSpec(preprocessor, Targets(), TextReader())
        inputs = as_batch(list(TEXTS), None, None, spec, predicting=True)[0]  # no longer than the texts
    else:
        inputs = {name: _sample_array(name, tensor) for name, tensor in model.input.items()}
    outputs = model.predict_on_batch(inputs)
    if not isinstance(outputs, dict):
        return outputs  # (examples, …)
    states = outputs.get("sequence_output")  # (texts, length, hidden_dim)
    if states is None:
        return outputs
    return states * inputs["padding_mask"][..., None] if "padding_mask" in inputs else states


def _sample_array(name: str, tensor: Any) -> Any:
    """Return two examples for an input of a model."""
    import numpy as np

    shape = (2, *(12 if size is None else size for size in tensor.shape[1:]))
    if name.endswith("mask"):
        return np.ones(shape, tensor.dtype)
    numbers = np.arange(np.prod(shape)).reshape(shape)
    if "segment" in name:
        numbers = numbers * 0
    return (numbers % SMALLEST_VOCABULARY).astype(tensor.dtype)

"""Run in a process of its own: load a preset, compute with it, and say what that took.

`python -m modelry.testing.loading_probe KIND PRESET INPUTS OUTPUTS`: KIND is `backbones` or `tasks`, INPUTS an `.npz`
of arrays or a `.json` of texts, and OUTPUTS the `.npz` to write.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np


def probe(kind: str, preset: str, inputs: str, outputs: str) -> dict[str, Any]:
    """Load, compute, write the results, and return what was measured."""
    start = time.perf_counter()
    import keras  # the time to import it is no plugin's fault, but that to import the plugin counts

    from modelry import Backbone, TextClassifier
    from modelry.tasks.base.measuring import peak_memory

    imported = time.perf_counter()
    results: dict[str, np.ndarray[Any, Any]]
    if kind == "backbones":
        model: Any = Backbone.from_preset(preset)
        loaded = time.perf_counter()
        with np.load(inputs) as arrays:
            found = model(dict(arrays), training=False)
        results = {name: keras.ops.convert_to_numpy(output) for name, output in found.items()}
    else:
        model = TextClassifier.from_preset(preset)
        loaded = time.perf_counter()
        with open(inputs, encoding="utf-8") as file:
            results = {"scores": model.predict(json.load(file), verbose=0)}
    np.savez(outputs, **{name: np.asarray(array, "float32") for name, array in results.items()})  # type: ignore[arg-type]
    peak = peak_memory()
    return {
        "class": type(model).__name__,
        "backend": keras.backend.backend(),
        "import_seconds": round(imported - start, 3),
        "load_seconds": round(loaded - imported, 3),
        "peak_megabytes": None if peak is None else round(peak / 2**20),
        "parameters": model.count_params(),
    }


if __name__ == "__main__":
    measured = probe(*sys.argv[1:])
    sys.stdout.write("\n" + json.dumps(measured) + "\n")

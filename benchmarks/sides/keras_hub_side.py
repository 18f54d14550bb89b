"""KerasHub's side: the jobs as a user of KerasHub would write them, on JAX."""

from __future__ import annotations

from typing import Any

import keras_hub
import numpy as np
from wire import Answer, read_texts, serve, timed

MODELS: dict[str, Any] = {}


def load(name: str, preset: str, sequence_length: int | None = None) -> None:
    models = keras_hub.models
    options = {}
    if sequence_length is not None:
        length = {"sequence_length": sequence_length}
        options["preprocessor"] = models.TextClassifierPreprocessor.from_preset(preset, **length)
    MODELS[name] = models.TextClassifier.from_preset(preset, **options)


def predict(name: str, texts: str, count: int) -> Answer:
    chosen = read_texts(texts)[:count]
    return {"seconds": timed(lambda: MODELS[name].predict(chosen, verbose=0))}


def scores(name: str, texts: str, count: int) -> Answer:
    return {"scores": MODELS[name].predict(read_texts(texts)[:count], verbose=0).tolist()}


def ids(name: str, texts: str, count: int) -> Answer:
    packed = MODELS[name].preprocessor(read_texts(texts)[:count])
    rows = zip(np.asarray(packed["token_ids"]), np.asarray(packed["padding_mask"]).astype(bool), strict=True)
    return {"ids": [row[mask].tolist() for row, mask in rows]}


def fit(name: str, texts: str, labels: list[int]) -> Answer:
    chosen, y = read_texts(texts)[: len(labels)], np.array(labels)
    return {"seconds": timed(lambda: MODELS[name].fit(chosen, y, batch_size=32, epochs=1, verbose=0))}


def tokenise(name: str, texts: str, count: int) -> Answer:
    chosen = read_texts(texts)[:count]
    return {"seconds": timed(lambda: MODELS[name].preprocessor(chosen))}


if __name__ == "__main__":
    actions = (load, predict, scores, ids, fit, tokenise)
    serve({action.__name__: action for action in actions}, ("keras-hub", "keras", "jax", "tensorflow"))

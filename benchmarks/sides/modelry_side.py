"""modelry's side: the jobs as a user of modelry would write them. `KERAS_BACKEND` says on which backend."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wire import Answer, read_texts, serve, timed

from modelry import TextClassifier  # before Keras, whose backend modelry chooses

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS: dict[str, Any] = {}


def load(name: str, preset: str, **options: Any) -> None:
    MODELS[name] = TextClassifier.from_preset(preset, **options)


def predict(name: str, texts: str, count: int) -> Answer:
    chosen = read_texts(texts)[:count]
    return {"seconds": timed(lambda: MODELS[name].predict(chosen, verbose=0))}


def scores(name: str, texts: str, count: int) -> Answer:
    return {"scores": MODELS[name].predict(read_texts(texts)[:count], verbose=0).astype("float32").tolist()}


def ids(name: str, texts: str, count: int) -> Answer:
    packed = MODELS[name].preprocessor.tokenize((read_texts(texts)[:count],))
    return {"ids": [row.tolist() for row in packed.token_ids]}


def fit(name: str, texts: str, labels: list[int]) -> Answer:
    chosen = read_texts(texts)[: len(labels)]
    return {"seconds": timed(lambda: MODELS[name].fit(chosen, labels, batch_size=32, epochs=1, verbose=0))}


def tokenise(name: str, texts: str, count: int) -> Answer:
    chosen = read_texts(texts)[:count]
    return {"seconds": timed(lambda: MODELS[name].preprocessor.tokenize((chosen,)))}


def gemm(shapes: list[list[int]]) -> Answer:
    """Return the best float32 rate of this backend in matrix products `(m, k) @ (k, n)`, in FLOP/s."""
    random, products = _backend()
    best = 0.0
    for m, k, n in shapes:
        a, b = random(m, k), random(k, n)
        repeats = max(1, int(1e11 / (2 * m * k * n)))
        for product in products(a, b):
            product()  # compiles
            for _ in range(3):
                seconds = timed(partial(_repeat, product, repeats))
                best = max(best, 2 * m * k * n * repeats / seconds)
    return {"flops": best}


def find(kind: str, component: str) -> Answer:
    """Return how long a look at what is installed takes, the first one or a later one, on the clock and of the CPU."""
    from modelry import registry

    start, cpu_start = time.perf_counter(), time.process_time()
    registry.find(kind, component)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "entries": len(registry.entries(kind))}


def convert(checkpoint: str, preset: str, **options: Any) -> None:
    """Write a checkpoint of transformers as a preset that KerasHub reads too."""
    from modelry.models import BertTextClassifierPreprocessor, BertTokenizer

    classifier = TextClassifier.from_preset(checkpoint)
    # KerasHub's BERT has this one activation, which transformers calls by another name, and this way to clean texts.
    classifier.backbone.activation = "gelu_approximate"
    tokenizer = BertTokenizer(Path(checkpoint, "vocab.txt"), lowercase=True, strip_accents=True)
    classifier.preprocessor = BertTextClassifierPreprocessor(tokenizer, sequence_length=512)
    classifier.save_to_preset(preset, **options)


def _repeat(work: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        work()


def _backend() -> Any:
    """Return a maker of random matrices, and a function from two matrices to every way to multiply them."""
    if os.environ["KERAS_BACKEND"] == "torch":
        import torch

        return torch.randn, _torch_products
    import jax

    compiled = jax.jit(lambda a, b: a @ b)
    key = jax.random.key(0)
    return (
        lambda *shape: jax.random.normal(key, shape),
        lambda a, b: [lambda: compiled(a, b).block_until_ready()],
    )


def _torch_products(a: Any, b: Any) -> list[Callable[[], Any]]:
    """Return PyTorch's plain product, and oneDNN's with a rearranged weight where this build has the operators."""
    import torch

    products: list[Callable[[], Any]] = [partial(torch.matmul, a, b)]
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(b.t().contiguous(), a.shape[0])
        product = partial(torch.ops.mkldnn._linear_pointwise, a, packed, None, "none", [], "")
        product()
    except (AttributeError, RuntimeError, NotImplementedError):
        return products
    return [*products, product]


if __name__ == "__main__":
    actions: tuple[Callable[..., Any], ...] = (load, predict, scores, ids, fit, tokenise, gemm, find, convert)
    backend = {"jax": ("jax",), "torch": ("torch",)}[os.environ["KERAS_BACKEND"]]
    serve({action.__name__: action for action in actions}, ("modelry", "keras", "tokenizers", *backend))

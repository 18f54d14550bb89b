"""transformers' side, on PyTorch: its pipeline, and the loops that a careful user writes instead."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from wire import Answer, read_texts, serve, timed

BATCH = 32
MODELS: dict[str, Any] = {}


def load(name: str, preset: str, dtype: str = "float32") -> None:
    tokenizer = AutoTokenizer.from_pretrained(preset)
    model = AutoModelForSequenceClassification.from_pretrained(preset, dtype=getattr(torch, dtype)).eval()
    MODELS[name] = (model, tokenizer)


def predict(name: str, texts: str, count: int) -> Answer:
    chosen = read_texts(texts)[:count]
    model, tokenizer = MODELS[name]
    return {"seconds": timed(lambda: sorted_loop(model, tokenizer, chosen))}


def predict_pipeline(name: str, texts: str, count: int) -> Answer:
    from transformers import pipeline  # imports much that loading a model does not need

    chosen = read_texts(texts)[:count]
    model, tokenizer = MODELS[name]
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, batch_size=BATCH)
    return {"seconds": timed(lambda: classify(chosen))}


def scores(name: str, texts: str, count: int) -> Answer:
    model, tokenizer = MODELS[name]
    return {"scores": sorted_loop(model, tokenizer, read_texts(texts)[:count]).float().tolist()}


def ids(name: str, texts: str, count: int) -> Answer:
    return {"ids": MODELS[name][1](read_texts(texts)[:count])["input_ids"]}


def fit(name: str, texts: str, labels: list[int]) -> Answer:
    chosen = read_texts(texts)[: len(labels)]
    model, tokenizer = MODELS[name]
    return {"seconds": timed(lambda: train_one_epoch(model, tokenizer, chosen, labels))}


def tokenise(name: str, texts: str, count: int) -> Answer:
    chosen, tokenizer = read_texts(texts)[:count], MODELS[name][1]
    return {"seconds": timed(lambda: tokenizer(chosen)["input_ids"])}


def sorted_loop(model: Any, tokenizer: Any, texts: list[str]) -> torch.Tensor:
    """Return the logits of texts, those of similar length batched together, each batch as long as its longest."""
    rows = tokenizer(texts, truncation=True)["input_ids"]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    logits = torch.empty(len(rows), model.config.num_labels, dtype=model.dtype)
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = tokenizer.pad({"input_ids": [rows[place] for place in places]}, return_tensors="pt")
            logits[places] = model(**batch).logits
    return logits


def train_one_epoch(model: Any, tokenizer: Any, texts: list[str], labels: list[int]) -> None:
    """Train on texts in a random order, each batch as long as its longest text."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-5)
    rows = tokenizer(texts, truncation=True)["input_ids"]
    order = random.sample(range(len(rows)), len(rows))
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        batch = tokenizer.pad({"input_ids": [rows[place] for place in places]}, return_tensors="pt")
        loss = model(**batch, labels=torch.tensor([labels[place] for place in places])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def make(preset: str, vocabulary: str, **sizes: Any) -> None:
    """Save a classifier with random weights, so large that scores differ visibly from text to text."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(0)
    # The activation is KerasHub's, in the fastest of transformers' versions of it.
    config = BertConfig(hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-12, initializer_range=0.05, **sizes)
    model = BertForSequenceClassification(config)
    with torch.no_grad():  # biases and norms too, which start as constants
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.05 * torch.randn_like(parameter))
    model.save_pretrained(preset)
    tokens = Path(vocabulary).read_text("utf-8").splitlines()
    BertTokenizer(vocab={token: id_ for id_, token in enumerate(tokens)}).save_pretrained(preset)
    shutil.copy(vocabulary, Path(preset, "vocab.txt"))


if __name__ == "__main__":
    actions = (load, predict, predict_pipeline, scores, ids, fit, tokenise, make)
    serve({action.__name__: action for action in actions}, ("transformers", "tokenizers", "torch"))

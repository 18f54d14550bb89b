"""The transformers side of the comparison: `python transformers_side.py JOBS OUT`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers
from jobs import Arrays, Job, ragged, serve


def save(job: Job) -> Arrays:
    """Save a checkpoint in one of the ways users do."""
    case, folder = job["case"], Path(job["preset"])
    folder.mkdir(parents=True)
    torch.manual_seed(case["seed"])
    sizes = case["backbone"]
    config = transformers.BertConfig(
        vocab_size=len(case["vocabulary"]) + len(job.get("added", [])),
        num_hidden_layers=sizes["num_layers"],
        num_attention_heads=sizes["num_heads"],
        hidden_size=sizes["hidden_dim"],
        intermediate_size=sizes["intermediate_dim"],
        max_position_embeddings=sizes["max_sequence_length"],
        type_vocab_size=sizes["num_segments"],
        initializer_range=0.2,
        id2label=dict(enumerate(case["labels"])) if job.get("labels", True) else None,
        **job.get("config", {}),
    )
    model = getattr(transformers, job["model"])(config).eval()
    with torch.no_grad():  # biases and norms too, which start as constants
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.to(getattr(torch, job.get("dtype", "float32")))
    model.save_pretrained(folder, max_shard_size=job.get("max_shard_size", "10GB"))
    options = {"do_lower_case": case["tokenizer"]["lowercase"], **job.get("tokenizer", {})}
    vocabulary = {token: id_ for id_, token in enumerate(case["vocabulary"])}
    tokenizer = transformers.BertTokenizer(vocab=vocabulary, **options)
    tokenizer.add_special_tokens({"additional_special_tokens": job.get("added", [])})
    tokenizer.save_pretrained(folder)
    if job["files"] != "tokenizer.json":
        (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in case["vocabulary"]), "utf-8")
        (folder / "tokenizer.json").unlink()
    if job["files"] == "vocab.txt":
        (folder / "tokenizer_config.json").unlink()
    return score(job)


def score(job: Job) -> Arrays:
    """Load a checkpoint and run it, cutting long texts as modelry is told to."""
    case = job["case"]
    tokenizer = transformers.BertTokenizer.from_pretrained(job["preset"])
    model = getattr(transformers, job["model"]).from_pretrained(job["preset"], dtype=torch.float32).eval()
    labels = model.config.id2label
    found = {"labels": np.array([labels[index] for index in sorted(labels)])}
    for prefix, texts in (("", (case["firsts"],)), ("pair_", (case["firsts"], case["seconds"]))):
        length = case["preprocessor"]["sequence_length"]
        batch = tokenizer(
            *texts, max_length=length, truncation="longest_first", padding="max_length", return_tensors="pt"
        )
        found[f"{prefix}token_ids"] = batch["input_ids"].numpy()
        found[f"{prefix}segment_ids"] = batch["token_type_ids"].numpy()
        found[f"{prefix}padding_mask"] = batch["attention_mask"].bool().numpy()
        with torch.no_grad():
            outputs = model(**batch, output_hidden_states=True)
        real = batch["attention_mask"][..., None]
        found[f"{prefix}sequence_output"] = (outputs.hidden_states[-1] * real).numpy()
        for name in ("logits", "pooler_output"):
            if name in outputs and not job["model"].endswith("MaskedLM"):
                found[f"{prefix}{name}"] = outputs[name].numpy()
    return found


def tokenize(job: Job) -> Arrays:
    """Tokenize texts and put the ids together again."""
    options = job["transformers"]
    vocabulary = {token: id_ for id_, token in enumerate(job["vocabulary"])}
    tokenizer = transformers.BertTokenizer(vocab=vocabulary, **options)
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in job["texts"]]
    ids = [row or [vocabulary["[PAD]"]] for row in ids]
    return {**ragged("ids", ids), "texts": np.array(tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False))}


if __name__ == "__main__":
    WORK = {"save": save, "score": score, "tokenize": tokenize}
    serve(lambda job: WORK[job["do"]](job), *sys.argv[1:3])

"""The transformers side of the comparison: `python transformers_side.py JOBS OUT`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import tokenizers
import torch
import transformers
from jobs import Arrays, Job, ragged, serve
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors


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


def zoo_save(job: Job) -> Arrays:
    """Save a classifier of any architecture."""
    case, folder = job["case"], Path(job["preset"])
    folder.mkdir(parents=True)
    torch.manual_seed(case["seed"])
    prefix = case["transformers"]["prefix"]
    tokenizer = zoo_tokenizer(case, folder)
    tokenizer.save_pretrained(folder)
    config = getattr(transformers, f"{prefix}Config")(
        vocab_size=len(tokenizer),
        initializer_range=0.2,
        id2label=dict(enumerate(case["labels"])),
        **case["transformers"]["config"],
    )
    model = getattr(transformers, f"{prefix}ForSequenceClassification")(config).eval()
    with torch.no_grad():  # biases and norms too, which start as constants
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return zoo_load(job)


def zoo_tokenizer(case: Job, folder: Path) -> Any:
    """Return a tokenizer of transformers' class for the architecture."""
    settings, prefix = case["tokenizer"], case["transformers"]["prefix"]
    cls = getattr(transformers, f"{prefix}Tokenizer", None)
    pieces = case["transformers"]["pieces"]
    if pieces is not None:
        return cls(vocab=[tuple(piece) for piece in pieces])
    if prefix == "Esm":
        (folder / "vocab.txt").write_text("\n".join(settings["vocabulary"]), "utf-8")
        return cls(str(folder / "vocab.txt"))
    if "merges" in settings:
        merges = [tuple(pair.split(" ")) for pair in settings["merges"]]
        return (cls or modernbert_tokenizer)(vocab=settings["vocabulary"], merges=merges)
    vocabulary = {token: id_ for id_, token in enumerate(settings["vocabulary"])}
    return cls(vocab=vocabulary, do_lower_case=settings["lowercase"])


def modernbert_tokenizer(vocab: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    """Return ModernBERT's tokenizer, which has no class of its own."""
    rust = tokenizers.Tokenizer(models.BPE(vocab, merges))
    rust.normalizer = normalizers.NFC()
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    rust.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0",
        special_tokens=[(token, vocab[token]) for token in ("[CLS]", "[SEP]")],
    )
    roles = {f"{role}_token": f"[{role.upper()}]" for role in ("unk", "cls", "sep", "pad", "mask")}
    inputs = ["input_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=rust, model_input_names=inputs, **roles)


def zoo_load(job: Job) -> Arrays:
    """Load a classifier of any architecture and run it as its users do."""
    case = job["case"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(job["preset"])
    model = transformers.AutoModelForSequenceClassification.from_pretrained(job["preset"], dtype=torch.float32).eval()
    found, length = {}, case["preprocessor"]["sequence_length"]
    columns = {"": (case["firsts"],), "pair_": (case["firsts"], case["seconds"])}
    for prefix in ("", "pair_") if case["pairs"] else ("",):
        batch = tokenizer(
            *columns[prefix], max_length=length, truncation="longest_first", padding="max_length", return_tensors="pt"
        )
        with torch.no_grad():
            found[f"{prefix}logits"] = model(**batch).logits.numpy()
        found[f"{prefix}token_ids"] = batch["input_ids"].numpy()
    return {**found, "labels": np.array([model.config.id2label[index] for index in range(len(case["labels"]))])}


def tokenize(job: Job) -> Arrays:
    """Tokenize texts and put the ids together again."""
    options = job["transformers"]
    vocabulary = {token: id_ for id_, token in enumerate(job["vocabulary"])}
    tokenizer = transformers.BertTokenizer(vocab=vocabulary, **options)
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in job["texts"]]
    ids = [row or [vocabulary["[PAD]"]] for row in ids]
    return {**ragged("ids", ids), "texts": np.array(tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False))}


if __name__ == "__main__":
    WORK = {"save": save, "score": score, "tokenize": tokenize, "zoo_save": zoo_save, "zoo_load": zoo_load}
    serve(lambda job: WORK[job["do"]](job), *sys.argv[1:3])

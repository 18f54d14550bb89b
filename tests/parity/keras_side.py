"""One side of the comparison, for two libraries: `python keras_side.py keras_hub|modelry JOBS OUT`.

That the same code drives both is part of the comparison.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

hub = importlib.import_module(sys.argv[1])  # before Keras, whose backend modelry may choose

import keras
import numpy as np
from idioms import IDIOMS
from jobs import Arrays, Job, ragged, serve

FEATURES = ("token_ids", "segment_ids", "padding_mask")


def classifier_of(case: Job, dtype: str | None = None, **options: Any) -> Any:
    """Return a classifier with weights so large that logits differ visibly from text to text."""
    keras.utils.set_random_seed(case["seed"])
    tokenizer = hub.models.BertTokenizer(vocabulary=case["vocabulary"], **case["tokenizer"], **options.pop("text", {}))
    packing = {**case["preprocessor"], **options.pop("packing", {})}
    preprocessor = hub.models.BertTextClassifierPreprocessor(tokenizer, **packing)
    sizes = {**case["backbone"], **options.pop("sizes", {})}
    backbone = hub.models.BertBackbone(vocabulary_size=tokenizer.vocabulary_size(), **sizes, dtype=dtype)
    classifier = hub.models.BertTextClassifier(backbone, preprocessor=preprocessor, **case["head"], **options)
    rng = np.random.default_rng(case["seed"])
    for weight in classifier.weights:
        if "seed" not in weight.path:
            weight.assign(rng.normal(1.0 if "gamma" in weight.path else 0.0, 0.2, weight.shape).astype("float32"))
    return classifier


def save(job: Job) -> Arrays:
    """Save a preset in one of the ways users do."""
    case, how = job["case"], job["how"]
    classifier = classifier_of(case, dtype="bfloat16" if how == "bfloat16" else None, **job.get("options", {}))
    if how == "trained":
        classifier.fit(case["firsts"], np.array(case["y"]), batch_size=16, verbose=0)
    if how == "parts":
        classifier.backbone.save_to_preset(job["preset"])
        classifier.preprocessor.tokenizer.save_to_preset(job["preset"])
    elif how == "preprocessor":
        classifier.backbone.save_to_preset(job["preset"])
        classifier.preprocessor.save_to_preset(job["preset"])
    else:
        size = max(weight.value.nbytes for weight in classifier.backbone.weights)
        shards = {"max_shard_size": 1.5 * size / 2**30} if how == "sharded" else {}
        classifier.save_to_preset(job["preset"], **shards)
    if "weights" in job:
        classifier.save_weights(job["weights"])
    return {} if how == "bfloat16" else scores(classifier, case)


def score(job: Job) -> Arrays:
    """Load a preset and run it."""
    classifier = hub.models.TextClassifier.from_preset(job["preset"], **job.get("overrides", {}))
    if "weights" in job:
        rng = np.random.default_rng(0)
        for weight in classifier.weights:
            if "seed" not in weight.path:
                weight.assign(rng.normal(size=weight.shape))
        classifier.load_weights(job["weights"])
    labels = [str(label) for label in getattr(classifier, "labels", None) or ()]
    return {**scores(classifier, job["case"]), "class": type(classifier).__name__, "labels": labels}


def parts(job: Job) -> Arrays:
    """Load backbone, tokenizer and preprocessor by themselves, each through its base class and through its own."""
    found: dict[str, Any] = {}
    case, models = job["case"], hub.models
    length = {"sequence_length": case["preprocessor"]["sequence_length"]}
    for which, cls in (("own", models.BertTextClassifierPreprocessor), ("base", models.TextClassifierPreprocessor)):
        features = features_of(cls.from_preset(job["preset"], **length), case)
        found |= {f"{which}_{name}": values for name, values in features.items()}
    inputs = {name: features[f"pair_{name}"] for name in FEATURES}
    for which, cls in (("own", models.BertBackbone), ("base", models.Backbone)):
        outputs = cls.from_preset(job["preset"], dtype="float32")(inputs)
        states = keras.ops.convert_to_numpy(outputs["sequence_output"])
        found[f"{which}_pair_sequence_output"] = states * inputs["padding_mask"][..., None]
        found[f"{which}_pair_pooler_output"] = keras.ops.convert_to_numpy(outputs["pooled_output"])
    for which, cls in (("own", models.BertTokenizer), ("base", models.Tokenizer)):
        found |= ragged(f"{which}_ids", rows_of(cls.from_preset(job["preset"])(case["firsts"])))
    return found


def tokenize(job: Job) -> Arrays:
    """Tokenize texts and put the ids together again."""
    tokenizer = hub.models.BertTokenizer(vocabulary=job["vocabulary"], **job["options"])
    texts = job["texts"]
    # Where KerasHub does not split, it takes a list for the words of one text, so texts go one at a time.
    split = job["options"].get("split", True)
    ids = rows_of(tokenizer(texts) if split else [tokenizer(one) for one in texts])
    ids = [row or [tokenizer.token_to_id("[PAD]")] for row in ids]
    return {**ragged("ids", ids), "texts": np.array([str(one) for one in tokenizer.detokenize(ids)])}


def idiom(job: Job) -> Arrays:
    """Run code as KerasHub's users write it."""
    found: Arrays = IDIOMS[job["idiom"]](job["preset"])
    return found


def zoo_save(job: Job) -> Arrays:
    """Save a classifier of any architecture, with weights so large that its logits differ visibly."""
    case, models = job["case"], hub.models
    keras.utils.set_random_seed(case["seed"])
    settings = dict(case["tokenizer"])
    if "proto" in settings:
        settings["proto"] = settings["proto"].encode("latin-1")
    tokenizer = getattr(models, f"{case['prefix']}Tokenizer")(**settings)
    name = f"{case['prefix']}{case['task']}"
    preprocessor = getattr(models, f"{name}Preprocessor")(tokenizer, **case["preprocessor"])
    sizes = {"vocabulary_size": tokenizer.vocabulary_size(), **case["backbone"]}
    backbone = getattr(models, f"{case['prefix']}Backbone")(**sizes)
    classifier = getattr(models, name)(backbone, num_classes=case["num_classes"], preprocessor=preprocessor)
    rng = np.random.default_rng(case["seed"])
    for weight in classifier.weights:
        if "seed" not in weight.path:
            centre = 1.0 if weight.path.endswith(("gamma", "scale")) else 0.0
            weight.assign(rng.normal(centre, 0.2, weight.shape).astype("float32"))
    classifier.save_to_preset(job["preset"])
    return zoo_scores(classifier, case)


def zoo_load(job: Job) -> Arrays:
    """Load a classifier of any architecture, run it, and save it again for the peer."""
    classifier = hub.models.TextClassifier.from_preset(job["preset"], **job.get("overrides", {}))
    if "again" in job:
        classifier.save_to_preset(job["again"], **({"format": job["format"]} if "format" in job else {}))
    return zoo_scores(classifier, job["case"])


def zoo_scores(classifier: Any, case: Job) -> Arrays:
    """Return token ids and logits of single texts and, where the architecture takes them, of pairs."""
    found = {}
    columns = {"": case["firsts"], "pair_": (case["firsts"], case["seconds"])}
    for prefix in ("", "pair_") if case["pairs"] else ("",):
        features = zoo_features(classifier.preprocessor, columns[prefix], case)
        found[f"{prefix}token_ids"] = keras.ops.convert_to_numpy(features["token_ids"]).astype("int64")
        if not case["masks"]:
            found[f"{prefix}logits"] = unpadded_logits(classifier, features)
        elif hub.__name__ == "keras_hub":  # from texts, tf.data would tokenize, which does not always give these ids
            found[f"{prefix}logits"] = packed_logits(classifier, features)
        else:
            found[f"{prefix}logits"] = classifier.predict(columns[prefix], verbose=0)
    return found


def zoo_features(preprocessor: Any, columns: Any, case: Job) -> Any:
    """Return packed texts. The labels tell KerasHub that a tuple means a pair."""
    y = np.zeros(len(case["firsts"]), "int32")
    if hub.__name__ != "keras_hub" or "merges" not in case["tokenizer"]:
        return preprocessor(columns, y)[0]
    import tensorflow as tf  # KerasHub merges byte pairs within words, as models were trained, in tf.data alone

    [(features, _)] = tf.data.Dataset.from_tensors((columns, y)).map(preprocessor)
    return features


def packed_logits(classifier: Any, features: Any) -> Any:
    """Return the logits of texts that are packed already."""
    preprocessor, classifier.preprocessor = classifier.preprocessor, None
    logits = classifier.predict(features, verbose=0)
    classifier.preprocessor = preprocessor
    return logits


def unpadded_logits(classifier: Any, features: Any) -> Any:
    """Return the logits of each row without its padding, which some of KerasHub's backbones do not mask on JAX."""
    rows = {name: keras.ops.convert_to_numpy(values) for name, values in features.items()}
    lengths = (rows["token_ids"] != classifier.preprocessor.tokenizer.pad_token_id).sum(axis=1)
    logits = np.zeros((len(lengths), classifier.num_classes), "float32")
    for length in np.unique(lengths):
        alike = lengths == length
        inputs = {name: values[alike, :length] for name, values in rows.items()}
        logits[alike] = keras.ops.convert_to_numpy(classifier(inputs, training=False))
    return logits


def rows_of(ids: Any) -> list[list[int]]:
    """Return what a tokenizer returned as lists."""
    return [[int(id_) for id_ in row] for row in ids]


def features_of(preprocessor: Any, case: Job) -> dict[str, Any]:
    """Return the packed inputs of single texts and of pairs. The labels tell KerasHub that a tuple means a pair."""
    firsts, seconds, y = case["firsts"], case["seconds"], np.array(case["y"])
    single, _ = preprocessor(firsts, y)
    pair, _ = preprocessor((firsts, seconds), y)
    to_numpy = keras.ops.convert_to_numpy
    return {
        **{name: to_numpy(single[name]) for name in FEATURES},
        **{f"pair_{name}": to_numpy(pair[name]) for name in FEATURES},
    }


def scores(classifier: Any, case: Job) -> Arrays:
    """Return the packed inputs, the scores from them, and the scores from texts."""
    features = features_of(classifier.preprocessor, case)
    found = {"text_logits": classifier.predict(case["firsts"], verbose=0)}
    found["pair_text_logits"] = classifier.predict((case["firsts"], case["seconds"]), verbose=0)
    for prefix in ("", "pair_"):
        found[f"{prefix}logits"] = packed_logits(classifier, {name: features[prefix + name] for name in FEATURES})
    return {**features, **found}


if __name__ == "__main__":
    WORK = {"save": save, "score": score, "parts": parts, "tokenize": tokenize, "idiom": idiom}
    WORK |= {"zoo_save": zoo_save, "zoo_load": zoo_load}
    serve(lambda job: WORK[job["do"]](job), *sys.argv[2:4])

"""Code as KerasHub's users write it; `keras_side.py` runs it with either library.

Not here, because modelry cannot do it: a preprocessor inside `tf.data.Dataset.map`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

hub = importlib.import_module(sys.argv[1])  # before Keras, whose backend modelry may choose

import keras
import numpy as np

if TYPE_CHECKING:
    from jobs import Arrays

TEXTS = ["What an amazing movie!", "A total waste of my time.", "it 's not bad , it 's just boring", "x"]
LABELS = [1, 0, 0, 1]


def quick_start(preset: str) -> Arrays:
    """Fresh head, fit on lists, predict."""
    classifier = hub.models.TextClassifier.from_preset(preset, num_classes=2, activation="softmax")
    history = classifier.fit(x=TEXTS, y=LABELS, batch_size=2, epochs=2, verbose=0).history
    scores = classifier.predict(["What an amazing movie!", "A total waste of my time."], verbose=0)
    return {"sums": scores.sum(axis=-1).round(4), "epochs": len(history["loss"]), "keys": sorted(history)}


def saved_head(preset: str) -> Arrays:
    """The head that was saved, and a prediction for one list."""
    classifier = hub.models.BertTextClassifier.from_preset(preset)
    evaluated = classifier.evaluate(TEXTS, np.array(LABELS), verbose=0)
    return {"scores": classifier.predict(TEXTS, verbose=0), "evaluated": evaluated}


def recompiled(preset: str) -> Arrays:
    """Another optimizer, another loss, a frozen backbone."""
    classifier = hub.models.BertTextClassifier.from_preset(preset, num_classes=2)
    classifier.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(5e-5),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=True,
    )
    classifier.backbone.trainable = False
    before = [weight.numpy() for weight in classifier.backbone.weights]
    history = classifier.fit(TEXTS, LABELS, batch_size=2, verbose=0).history
    same = all((old == new.numpy()).all() for old, new in zip(before, classifier.backbone.weights, strict=True))
    return {"trainable": len(classifier.trainable_variables), "backbone_unchanged": same, "keys": sorted(history)}


def preprocess_first(preset: str) -> Arrays:
    """Preprocessing apart from training."""
    preprocessor = hub.models.TextClassifierPreprocessor.from_preset(preset, sequence_length=16)
    classifier = hub.models.TextClassifier.from_preset(preset, preprocessor=None, num_classes=2, dtype="bfloat16")
    x, y = preprocessor(TEXTS, np.array(LABELS))
    classifier.fit(x, y, batch_size=2, verbose=0)
    single = preprocessor(TEXTS[0])
    return {
        "ids": keras.ops.convert_to_numpy(x["token_ids"]),
        "labels": keras.ops.convert_to_numpy(y),
        "single": keras.ops.convert_to_numpy(single["token_ids"]),
        "dtype": str(classifier.backbone.dtype_policy.compute_dtype),
        "scores": classifier.predict(x, verbose=0).shape,
    }


def functional(preset: str) -> Arrays:
    """A model of one's own on top of a backbone."""
    backbone = hub.models.BertBackbone.from_preset(preset)
    tokenizer = hub.models.BertTokenizer.from_preset(preset)
    preprocessor = hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=16)
    inputs = backbone.input
    pooled = backbone(inputs)["pooled_output"]
    outputs = keras.layers.Dense(2, kernel_initializer="ones", name="mine")(keras.layers.Dropout(0.1)(pooled))
    model = keras.Model(inputs, outputs)
    features = preprocessor(TEXTS)
    sequence = backbone.predict(features, verbose=0)["sequence_output"]
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    scores = model.predict(features, verbose=0)
    model.fit(features, np.array(LABELS), verbose=0)
    embedding = keras.Model(backbone.input, backbone.output["sequence_output"][:, 0])(features)
    first = keras.ops.convert_to_numpy(embedding)
    return {"scores": scores, "sequence": sequence, "first": first, "inputs": sorted(inputs)}


def from_scratch(preset: str) -> Arrays:
    """Everything from its parts, with keyword arguments, then `.keras` and back."""
    words = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "The", "quick", "brown", "fox", "jumped", "##s", "."]
    tokenizer = hub.models.BertTokenizer(vocabulary=words)
    preprocessor = hub.models.BertTextClassifierPreprocessor(tokenizer=tokenizer, sequence_length=12)
    backbone = hub.models.BertBackbone(
        vocabulary_size=len(words),
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=12,
    )
    classifier = hub.models.BertTextClassifier(backbone=backbone, preprocessor=preprocessor, num_classes=4)
    texts = ["The quick brown fox jumped.", "The foxs jumped"]
    classifier.fit(x=texts, y=[0, 3], batch_size=2, verbose=0)
    return {
        "ids": tokenizer("The quick brown fox jumped."),
        "text": tokenizer.detokenize(tokenizer("The quick foxs jumped.")),
        "texts": tokenizer.detokenize(tokenizer(texts)),
        "vocabulary": tokenizer.get_vocabulary(),
        "tokens": [tokenizer.id_to_token(5), str(tokenizer.token_to_id("fox")), str(tokenizer.vocabulary_size())],
        "special": [tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id, tokenizer.mask_token_id],
        "more": [tokenizer.start_token_id, tokenizer.end_token_id],
        "classes": [classifier.num_classes, backbone.hidden_dim, backbone.num_layers, backbone.count_params()],
        "length": preprocessor.sequence_length,
    }


def presets(preset: str) -> Arrays:
    """The names of the built-in presets of BERT."""
    return {"names": sorted(hub.models.BertTextClassifier.presets.keys() - {"bert_micro_sst2"})}


def random_weights(preset: str) -> Arrays:
    """The architecture of a preset without its weights."""
    backbone = hub.models.Backbone.from_preset(preset, load_weights=False)
    classifier = hub.models.TextClassifier.from_preset(preset, num_classes=2, load_weights=False, dropout=0.2)
    return {"parameters": backbone.count_params(), "more": classifier.count_params(), "dropout": classifier.dropout}


def saved_again(preset: str) -> Arrays:
    """Fine-tune, save, load."""
    classifier = hub.models.TextClassifier.from_preset(preset, num_classes=3)
    classifier.fit(TEXTS, np.array([0, 1, 2, 0]), verbose=0)
    classifier.save_to_preset(f"{preset}-saved-with-{sys.argv[1]}")
    again = hub.models.TextClassifier.from_preset(f"{preset}-saved-with-{sys.argv[1]}")
    gap = np.abs(again.predict(TEXTS, verbose=0) - classifier.predict(TEXTS, verbose=0)).max()
    return {"same": bool(gap < 1e-5), "classes": again.num_classes}


def parts_one_by_one(preset: str) -> Arrays:
    """A preset that is written part by part."""
    folder = f"{preset}-parts-of-{sys.argv[1]}"
    hub.models.Backbone.from_preset(preset).save_to_preset(folder)
    hub.models.Tokenizer.from_preset(preset).save_to_preset(folder)
    tokenizer = hub.models.Tokenizer.from_preset(folder)
    hub.models.TextClassifierPreprocessor.from_preset(preset, sequence_length=16).save_to_preset(folder)
    preprocessor = hub.models.TextClassifierPreprocessor.from_preset(folder)
    ids = keras.ops.convert_to_numpy(preprocessor(TEXTS)["token_ids"])
    return {"vocabulary": tokenizer.get_vocabulary(), "ids": ids, "length": preprocessor.sequence_length}


def adapters(preset: str) -> Arrays:
    """Low-rank adapters beside a frozen backbone; KerasHub trains the biases of their layers too."""
    classifier = hub.models.TextClassifier.from_preset(preset)
    before = classifier.predict(TEXTS, verbose=0)
    classifier.backbone.enable_lora(rank=2)
    same = bool(np.abs(classifier.predict(TEXTS, verbose=0) - before).max() < 1e-5)
    classifier.compile(optimizer=keras.optimizers.Adam(1e-2), loss="auto")
    classifier.fit(TEXTS, np.array(LABELS), verbose=0)
    names = sorted(variable.name for variable in classifier.trainable_variables if "lora" in variable.name)
    moved = bool(np.abs(classifier.predict(TEXTS, verbose=0) - before).max() > 1e-4)
    return {"names": names, "same": same, "moved": moved}


def weights_of_the_head(preset: str) -> Arrays:
    """The head's weights in a file of their own."""
    classifier = hub.models.TextClassifier.from_preset(preset)
    file = f"{preset}-head-of-{sys.argv[1]}.weights.h5"
    classifier.save_task_weights(file)
    fresh = hub.models.TextClassifier.from_preset(preset, num_classes=classifier.num_classes)
    fresh.load_task_weights(file)
    return {"scores": fresh.predict(TEXTS, verbose=0), "has": fresh.has_task_weights()}


IDIOMS: dict[str, Any] = {
    work.__name__: work
    for work in (
        *(quick_start, saved_head, recompiled, preprocess_first, functional, from_scratch),
        *(presets, random_weights, saved_again, parts_one_by_one, adapters, weights_of_the_head),
    )
}

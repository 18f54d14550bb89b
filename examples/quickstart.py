"""Tour of modelry: list what is installed, classify, fine-tune, save and load.

Run it with `python -m nox -s quickstart`, or with `python examples/quickstart.py` if `modelry[jax,bert]` is installed.
It reads `messages.csv` from its own folder, needs no network, and takes less than a minute.
"""

import csv
import random
import sys
import tempfile
import textwrap
from pathlib import Path

import modelry  # before Keras: it chooses a backend that is installed
from modelry import TextClassifier

import keras

PRESET = "bert_micro_sst2"  # a small sentiment classifier that ships inside modelry-bert


def main(folder: Path) -> None:
    print("Installed plugins and the names they register:")
    entries = modelry.registry.entries()
    for owner in dict.fromkeys(entry.owner for entry in entries):
        names = ", ".join(dict.fromkeys(entry.name for entry in entries if entry.owner == owner))
        print(f"  {owner:<26} {textwrap.shorten(names, 88, placeholder=' …')}")

    print(f"\nSentiment of three sentences, by the preset {PRESET!r}:")
    sentiment = TextClassifier.from_preset(PRESET)
    show(sentiment, ["What an amazing movie!", "A total waste of my time.", "I would watch it again tomorrow."])

    # A new head for other classes, on the same encoder; then both are trained on 64 messages.
    texts, labels = read_messages()
    keras.utils.set_random_seed(0)
    router = TextClassifier.from_preset(PRESET, num_classes=3, head="mean_pool")
    router.optimizer.learning_rate = 1e-3  # the default, 5e-5, suits encoders a hundred times as large
    print("\nFine-tuning on 64 messages, to route them to billing, technical or shipping:")
    router.fit(
        texts[:64],
        labels[:64],
        batch_size=8,
        epochs=20,
        validation_data=(texts[64:], labels[64:]),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
        verbose=0,
    )

    questions = ["Why did you charge me twice?", "The app will not start.", "Where is my parcel?"]
    print("\nDestinations of three new messages:")
    show(router, questions)

    router.save_to_preset(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    print(f"\nSaved to {folder}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")

    restored = TextClassifier.from_preset(folder)
    if restored.classify(questions) != router.classify(questions):
        sys.exit("The restored classifier gives different answers; that is a bug.")
    print("Loaded again: the same answers, to the last bit.")


def report(epoch: int, logs: dict[str, float]) -> None:
    """Print one line for every fifth epoch."""
    if (epoch + 1) % 5 == 0:
        print(f"  epoch {epoch + 1:>2}: " + ", ".join(f"{name} {value:.3f}" for name, value in sorted(logs.items())))


def read_messages() -> tuple[list[str], list[str]]:
    """Return the messages and their labels, shuffled in the same way every time."""
    with (Path(__file__).parent / "messages.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    random.Random(0).shuffle(rows)
    texts, labels = zip(*rows, strict=True)
    return list(texts), list(labels)


def show(classifier: TextClassifier, texts: list[str]) -> None:
    """Print each text with its most probable label."""
    for text, [(label, probability)] in zip(texts, classifier.classify(texts), strict=True):
        print(f"  {text:<36} {label} ({probability:.0%})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary) / "router")

"""The whole tour in one file: see what is installed, classify, fine-tune, save, load.

Run it with `python -m nox -s quickstart`, or with `python examples/quickstart.py` where `modelry[jax,bert]` is
installed. It reads `messages.csv` beside it, needs no network, and takes well under a minute.
"""

import csv
import random
import sys
import tempfile
from pathlib import Path

import modelry  # before Keras: it chooses a backend that is installed
from modelry import TextClassifier

import keras

PRESET = "bert_micro_sst2"  # a small sentiment classifier that ships inside modelry-bert


def main(folder: Path) -> None:
    print("Installed:")
    for entry in modelry.registry.entries():
        print(f"  {entry.kind:<14} {entry.name:<22} from {entry.owner}")

    print(f"\nThe sentiment of three sentences, by the preset {PRESET!r}:")
    sentiment = TextClassifier.from_preset(PRESET)
    show(sentiment, ["What an amazing movie!", "A total waste of my time.", "I would watch it again tomorrow."])

    # A new head for other classes, on the same encoder; then both are trained on 64 messages.
    texts, labels = read_messages()
    keras.utils.set_random_seed(0)
    router = TextClassifier.from_preset(PRESET, num_classes=3, head="mean_pool")
    router.optimizer.learning_rate = 1e-3  # the default, 5e-5, suits encoders a hundred times as large
    print("\nFine-tuning it to route messages to billing, technical or shipping:")
    router.fit(texts[:64], labels[:64], batch_size=8, epochs=20, validation_data=(texts[64:], labels[64:]))

    questions = ["Why did you charge me twice?", "The app will not start.", "Where is my parcel?"]
    print("\nWhere three new messages go:")
    show(router, questions)

    router.save_to_preset(folder)
    print(f"\nSaved to {folder}:")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"  {path.relative_to(folder)!s:<32} {path.stat().st_size:>10,} bytes")

    restored = TextClassifier.from_preset(folder)
    print("\nLoaded again, the same messages go to:")
    show(restored, questions)
    if restored.classify(questions) != router.classify(questions):
        sys.exit("The restored classifier answers differently; that is a bug.")
    print("\nThe same answers, to the last bit.")


def read_messages() -> tuple[list[str], list[str]]:
    """Return the messages and their labels, shuffled in the same way every time."""
    with (Path(__file__).parent / "messages.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    random.Random(0).shuffle(rows)
    texts, labels = zip(*rows, strict=True)
    return list(texts), list(labels)


def show(classifier: TextClassifier, texts: list[str]) -> None:
    for text, [(label, probability)] in zip(texts, classifier.classify(texts), strict=True):
        print(f"  {text:<36} {label} ({probability:.0%})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary) / "router")

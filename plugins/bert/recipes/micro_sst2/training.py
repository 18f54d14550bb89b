"""Training steps that teacher and student share."""

from __future__ import annotations

import math

import keras


def schedule(
    peak: float, epochs: int, texts: int, batch_size: int, warmup: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a learning rate that rises for a part `warmup` of all steps, then falls along a cosine almost to zero."""
    steps = epochs * math.ceil(texts / batch_size)
    rising = round(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, alpha=0.02, warmup_target=peak, warmup_steps=rising
    )

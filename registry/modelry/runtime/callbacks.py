"""Callbacks that connect Keras' loops with a data source, and show its progress."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from modelry.weights.build import GENERATOR_STATE

if TYPE_CHECKING:
    from modelry.data.adapter import Source
    from modelry.data.predictions import Predictions


def joined(callbacks: Any, *own: keras.callbacks.Callback) -> list[Any]:
    """Return the user's callbacks, in any form that Keras takes, together with `own`.

    A `CallbackList` becomes a list of its members: Keras then tells all of them of the model and of the loop, where it
    takes a list that somebody else made for finished, and it keeps their history and their progress bar.
    """
    if type(callbacks) is keras.callbacks.CallbackList:
        callbacks = callbacks.callbacks
    return [*keras.tree.flatten(callbacks if callbacks is not None else []), *own]


class EpochNumbers(keras.callbacks.Callback):
    """Makes an epoch of training depend on the seed and its number alone, so that training can be resumed.

    The source draws the batches that it would have drawn, and random generators are set to a place of the epoch's own:
    Keras does not save where they were. On PyTorch that includes the global one, which Keras' dropout takes. The seed
    is drawn from NumPy's global state for each run, and so follows from `keras.utils.set_random_seed`.

    Args:
        source: The data that is trained on.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._seed = np.random.randint(2**31)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Prepare source and generators for an epoch."""
        self._source.begin_epoch(epoch)
        if keras.backend.backend() == "torch":
            import torch

            torch.manual_seed(int(self._place(epoch, 0).generate_state(1, "uint64")[0]))
        generators = (variable for variable in self.model.variables if variable.name == GENERATOR_STATE)
        for which, variable in enumerate(generators, start=1):
            first, second = self._place(epoch, which).generate_state(2)
            # On PyTorch they have 31 bits. The second one counts the draws, and needs room above it.
            variable.assign(np.array([first >> 1, second >> 2], "uint32"))

    def _place(self, epoch: int, which: int) -> np.random.SeedSequence:
        """Return where a generator begins that no other generator, epoch or run begins near to."""
        return np.random.SeedSequence((self._seed, epoch, which))


class PredictionProgress(keras.callbacks.Callback):
    """Shows a progress bar of examples, where Keras' own counts batches, and ends the loop after the last batch.

    Keras warns that data "ran out" if it has to find the end of a source of unknown length by itself.

    Args:
        source: The examples that are predicted.
        verbose: 0 for nothing, 1 for a bar, 2 for a line at the end.
    """

    def __init__(self, source: Predictions, verbose: int) -> None:
        super().__init__()
        self._source = source
        self._verbose = verbose
        self._outputs: Any = None
        self._done = 0

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self._bar = keras.utils.Progbar(
            self._source.num_examples,
            verbose=self._verbose,
            unit_name=self._source.noun,
            stateful_metrics=[f"{self._source.noun}s/s"],
        )
        self._started = time.perf_counter()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Show what is finished: the batch before this one, which a device may still be at work on."""
        self._show()
        self._outputs, self._done = (logs or {}).get("outputs"), self._source.examples_done
        if self._source.last_batch is not None and batch >= self._source.last_batch:
            self.model.stop_predicting = True

    def on_predict_end(self, logs: Any = None) -> None:
        """Show the last batch."""
        self._show(last=True)

    def _show(self, last: bool = False) -> None:
        if not self._verbose or not self._done:
            return
        for output in keras.tree.flatten(self._outputs):
            keras.ops.convert_to_numpy(output)  # waits for it
        rate = self._done / (time.perf_counter() - self._started)
        if last and self._bar.target is None:  # known by now, and Keras prints no last line without it
            self._bar.target = self._done
        self._bar.update(self._done, [(f"{self._source.noun}s/s", round(rate, 1))], finalize=last)


def progress_callbacks(source: Predictions, verbose: Any, callbacks: Any) -> list[Any]:
    """Return the user's callbacks together with a progress bar of texts; `verbose` is that of `predict`."""
    return joined(callbacks, PredictionProgress(source, 1 if verbose == "auto" else int(verbose)))

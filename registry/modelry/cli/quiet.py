"""Silence for the libraries underneath, whose messages are rarely about the command of the user."""

from __future__ import annotations

import logging
import os
import sys
import warnings

_SETTINGS = {
    "GRPC_VERBOSITY": "ERROR",
    "TF_CPP_MIN_LOG_LEVEL": "2",  # XLA's C++ logs too, whichever backend brought it
    "TOKENIZERS_PARALLELISM": "true",  # unset, it makes `tokenizers` warn in forked workers
}


def quiet() -> None:
    """Silence warnings and log messages below errors, unless the user configured them.

    `app` reports broken plugins itself.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # For all loggers: some libraries set the levels of theirs when they are imported.
    logging.disable(logging.WARNING)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")

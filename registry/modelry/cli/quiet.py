"""Silence for what the libraries underneath say on their own: it is rarely about the user's command."""

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
    """Keep warnings and log messages below errors off the terminal, except where the user set them up.

    Broken plugins, which modelry reports as warnings, are reported by `app` in its own words.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # For all loggers: some of these libraries set the levels of theirs when they are imported.
    logging.disable(logging.WARNING)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")

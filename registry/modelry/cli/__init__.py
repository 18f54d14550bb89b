"""The `modelry` command: one module per command, put together in `app`.

Nothing here imports Keras before a model must run, so that every other answer is instant.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that `sys.argv` holds; the entry point of `modelry`."""
    from modelry.cli.app import app
    from modelry.cli.quiet import quiet

    if "--debug" not in sys.argv:
        quiet()
    app(prog_name="modelry")

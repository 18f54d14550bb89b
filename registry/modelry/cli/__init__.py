"""The `modelry` command: one module per command, assembled in `app`.

Nothing here imports Keras before a model must run, so every other command answers at once.
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

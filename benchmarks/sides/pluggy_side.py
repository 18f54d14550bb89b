"""pluggy's side: every plugin imported and registered at once, as programs with pluggy do. It comes with modelry."""

from __future__ import annotations

import time

import pluggy
from wire import Answer, serve


def load_all(group: str) -> Answer:
    """Import and register what is installed; return the CPU time, and how many plugins there are."""
    start = time.process_time()
    plugins = pluggy.PluginManager("modelry")
    count = plugins.load_setuptools_entrypoints(group)
    return {"cpu_seconds": time.process_time() - start, "count": count}


if __name__ == "__main__":
    serve({"load_all": load_all}, ("pluggy",))

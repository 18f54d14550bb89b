"""Run in a process of its own: create a tokenizer and encode texts.

`python -m modelry.testing.tokenizer_probe JOB ASSETS`: JOB is a JSON file with `target`, `config` and `texts`, ASSETS
the folder that `save_assets` wrote.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from modelry._lazy import resolve


def probe(job: str, assets: str) -> dict[str, Any]:
    """Return the ids of the texts."""
    values = json.loads(Path(job).read_text("utf-8"))
    cls: Any = resolve(values["target"])
    paths = {name: Path(assets) / file for name, file in cls.assets.items()}
    tokenizer = cls(**values["config"], **paths)
    return {"ids": [[int(one) for one in row] for row in tokenizer.encode(values["texts"])]}


if __name__ == "__main__":
    encoded = probe(*sys.argv[1:])
    sys.stdout.write("\n" + json.dumps(encoded) + "\n")

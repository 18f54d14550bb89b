"""A kit of tests for plugin authors: subclass a contract, write its fixtures, and pytest checks what modelry relies on.

```python
import pytest
from acme_cnn import AcmeBackbone
from modelry.testing import BackboneContract


class TestAcmeBackbone(BackboneContract):
    @pytest.fixture
    def backbone(self):
        return AcmeBackbone(vocabulary_size=50, hidden_dim=8)
```

It also has the contracts of the installed tasks, such as those for a classifier and its head.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.testing.backbone_contract import BackboneContract as BackboneContract
    from modelry.testing.checkpoint_contract import CheckpointContract as CheckpointContract
    from modelry.testing.packing import check_packing as check_packing
    from modelry.testing.preprocessor_contract import PreprocessorContract as PreprocessorContract
    from modelry.testing.storage_contract import StorageContract as StorageContract
    from modelry.testing.task_contract import TaskContract as TaskContract
    from modelry.testing.tokenizer_contract import TokenizerContract as TokenizerContract

_PUBLIC = {
    "BackboneContract": "modelry.testing.backbone_contract:BackboneContract",
    "CheckpointContract": "modelry.testing.checkpoint_contract:CheckpointContract",
    "PreprocessorContract": "modelry.testing.preprocessor_contract:PreprocessorContract",
    "StorageContract": "modelry.testing.storage_contract:StorageContract",
    "TaskContract": "modelry.testing.task_contract:TaskContract",
    "TokenizerContract": "modelry.testing.tokenizer_contract:TokenizerContract",
    "check_packing": "modelry.testing.packing:check_packing",
}

__all__ = list(_PUBLIC)


def _of_tasks() -> dict[str, str]:
    """Return the names that the modules of the installed tasks' contracts export."""
    from modelry.testing.installed_contract import task_contracts

    found = {}
    for contract in task_contracts():
        module = importlib.import_module(contract.__module__)
        for name in getattr(module, "__all__", [contract.__name__]):
            found[name] = f"{module.__name__}:{name}"
    return found


__getattr__, __dir__ = attach(__name__, _PUBLIC, installed=_of_tasks)

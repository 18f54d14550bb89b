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
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import resolve

if TYPE_CHECKING:
    from modelry.tasks.text_classifier.testing import TextClassifierContract as TextClassifierContract
    from modelry.tasks.text_classifier.testing_heads import HeadContract as HeadContract
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
    "HeadContract": "modelry.tasks.text_classifier.testing_heads:HeadContract",
    "PreprocessorContract": "modelry.testing.preprocessor_contract:PreprocessorContract",
    "StorageContract": "modelry.testing.storage_contract:StorageContract",
    "TaskContract": "modelry.testing.task_contract:TaskContract",
    "TextClassifierContract": "modelry.tasks.text_classifier.testing:TextClassifierContract",
    "TokenizerContract": "modelry.testing.tokenizer_contract:TokenizerContract",
    "check_packing": "modelry.testing.packing:check_packing",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        from modelry.errors import did_you_mean

        raise AttributeError(f"module 'modelry.testing' has no attribute {name!r}.{did_you_mean(name, _PUBLIC)}")
    value = globals()[name] = resolve(_PUBLIC[name])
    return value


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_PUBLIC})

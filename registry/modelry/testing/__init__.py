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

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__, installed="modelry.testing.installed_contract:exports")

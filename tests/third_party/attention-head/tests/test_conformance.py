"""The contract of every head, run on this one."""

import pytest
from modelry.testing import HeadContract

from attention_head.head import AttentionHead


class TestAttentionHead(HeadContract):
    @pytest.fixture
    def head(self):
        return AttentionHead(num_classes=3, units=8)

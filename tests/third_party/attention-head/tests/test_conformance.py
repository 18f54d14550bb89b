"""What modelry asks of every head, asked of this one."""

import pytest
from attention_head.head import AttentionHead

from modelry.testing import HeadContract


class TestAttentionHead(HeadContract):
    @pytest.fixture
    def head(self):
        return AttentionHead(num_classes=3, units=8)

"""Buckets of distances."""

from __future__ import annotations

import numpy as np
import pytest

from modelry.errors import InputError
from modelry_deberta_v3 import DebertaV3Backbone
from modelry_deberta_v3.disentangled_attention import RelativeEmbedding, distance_buckets


def test_near_distances_have_buckets_of_their_own_and_far_ones_share():
    assert distance_buckets(8, 24).tolist() == [0, 1, 2, 3, 4, 5, 5, 5, *[6] * 5, *[7] * 11]


def test_buckets_of_the_pretrained_models():
    buckets = distance_buckets(256, 512)
    assert buckets[[0, 127, 128, 129, 131, 200, 511]].tolist() == [0, 127, 128, 129, 131, 169, 255]


def test_a_row_gets_no_more_vectors_than_it_needs():
    layer = RelativeEmbedding(4, 8, 24)
    vectors, buckets = layer(np.zeros((1, 3, 4), "float32"))
    assert tuple(vectors.shape) == (1, 5, 4)
    assert np.asarray(buckets).tolist() == [[2, 1, 0], [3, 2, 1], [4, 3, 2]]


def test_one_bucket_is_refused():
    with pytest.raises(InputError, match="bucket_size"):
        DebertaV3Backbone(10, 1, 1, 4, 4, bucket_size=1)


def test_distances_without_end_are_refused():
    with pytest.raises(InputError, match="max_sequence_length must be at most 1,048,576, not 10,000,000,000"):
        DebertaV3Backbone(10, 1, 1, 4, 4, max_sequence_length=10**10)

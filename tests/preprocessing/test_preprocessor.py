"""The generic preprocessor, and texts with the spans of their tokens."""

import numpy as np
import pytest

from modelry import Preprocessor, WordPieceTokenizer
from modelry.errors import InputError
from modelry.preprocessing.text_preprocessor import EncoderPreprocessor

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "good", "film", "##s"]


class Points(Preprocessor):
    """Scales points of the plane: no texts and no tokenizer."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def columns(self, x):
        points = np.asarray(x, "float32")
        for row, point in enumerate(points):
            if point.shape != (2,):
                raise InputError(f"Row {row} of x has the shape {point.shape}, not (2,).")
        return (points,)

    def is_example(self, x):
        return np.ndim(x) == 1

    def arrays(self, columns):
        return {"points": columns[0] * self.scale}


class Encoder(EncoderPreprocessor):
    tokenizer_cls = WordPieceTokenizer
    start_token = "[CLS]"
    end_token = "[SEP]"
    separator = ("[SEP]",)
    segment_ids = True


@pytest.fixture
def encoder():
    return Encoder(WordPieceTokenizer(VOCABULARY, lowercase=True), sequence_length=8)


def test_a_preprocessor_needs_no_tokenizer():
    points = Points(scale=2.0)
    assert points([[1, 2], [3, 4]])["points"].tolist() == [[2, 4], [6, 8]]
    assert points([1, 2])["points"].tolist() == [2, 4]
    features, y, weight = points([[1, 2]], y=[1], sample_weight=[0.5])
    assert (features["points"].tolist(), y, weight) == ([[2, 4]], [1], [0.5])
    assert points.components() == {}
    assert points.tokenizer_cls is None
    assert Points.from_config(points.get_config()).scale == 2.0
    with pytest.raises(InputError, match=r"Row 0 of x has the shape \(3,\)"):
        points([[1, 2, 3]])


def test_it_is_saved_under_its_own_class():
    written = Points(scale=2.0).serialized()
    assert (written["class_name"], written["config"]) == ("Points", {"scale": 2.0})


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ("a", True),
        (b"a", True),
        (["a"], False),
        (("a", "b"), None),  # a pair, or two texts
        ((["a"], ["b"]), False),
        ({"text": "a", "text_pair": "b"}, True),
        ({"text": ["a"], "text_pair": ["b"]}, False),
        (np.array("a"), True),
        (np.array(["a"]), False),
        ((np.array("a"), np.array("b")), True),
    ],
)
def test_single_texts_and_batches(encoder, x, expected):
    assert encoder.is_example(x) is expected


def test_a_single_text_or_pair_has_no_axis_of_examples(encoder):
    batch = encoder(["a film"])
    for name, array in encoder("a film").items():
        assert array.tolist() == batch[name][0].tolist()
    pair, pairs = encoder({"text": "a", "text_pair": "film"}), encoder((["a"], ["film"]))
    for name, array in pair.items():
        assert array.tolist() == pairs[name][0].tolist()


def test_arrays_pad_to_the_sequence_length(encoder):
    arrays = encoder.arrays((["a film", "a"],))
    assert arrays["token_ids"].tolist() == [[2, 4, 6, 3, 0, 0, 0, 0], [2, 4, 3, 0, 0, 0, 0, 0]]
    assert arrays["padding_mask"].sum(axis=1).tolist() == [4, 3]


def test_without_offsets_there_are_none(encoder):
    assert encoder.tokenize((["a film"],)).offsets is None


def test_offsets_of_texts_are_cut_with_them(encoder):
    tokenized = encoder.tokenize((["A Films", "a good a good a good", ""],), offsets=True)
    assert [row.tolist() for row in tokenized.token_ids] == [[2, 4, 6, 7, 3], [2, 4, 5, 4, 5, 4, 5, 3], [2, 3]]
    none = [-1, -1]
    assert [row.tolist() for row in tokenized.offsets] == [
        [none, [0, 1], [2, 6], [6, 7], none],
        [none, [0, 1], [2, 6], [7, 8], [9, 13], [14, 15], [16, 20], none],
        [none, none],
    ]
    assert all(row.dtype == np.int32 for row in tokenized.offsets)


def test_offsets_of_pairs_are_those_in_each_text(encoder):
    tokenized = encoder.tokenize((["a good film"], ["films good a"]), offsets=True)
    none = [-1, -1]
    assert tokenized.token_ids[0].tolist() == [2, 4, 5, 6, 3, 6, 7, 3]
    assert tokenized.offsets[0].tolist() == [none, [0, 1], [2, 6], [7, 11], none, [0, 4], [4, 5], none]
    assert tokenized.segment_ids[0].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]


def test_offsets_change_no_ids(encoder):
    columns = (["a good film a good film", "x"], ["films", "a good good good good"])
    plain, spanned = encoder.tokenize(columns), encoder.tokenize(columns, offsets=True)
    for name in ("token_ids", "segment_ids"):
        assert [row.tolist() for row in getattr(plain, name)] == [row.tolist() for row in getattr(spanned, name)]

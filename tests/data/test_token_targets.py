"""One label per word: read, laid out like the tokens, and predicted per token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import torch

from modelry.data.batches import as_batch, as_source, split_validation
from modelry.data.buckets import Batch
from modelry.data.columns import TextReader
from modelry.data.packing import plan_predictions, single_batch
from modelry.data.predictions import as_predictions
from modelry.data.rows import Inputs, TokenizedTexts, first_tokens, tokenized, word_outputs, word_spans
from modelry.data.spec import DataSpec, read_examples
from modelry.data.targets import IGNORED, Targets, TokenTargets
from modelry.errors import InputError

from .fakes import VOCABULARY, Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = ["Ada wrote", "  in London ", "no", "Charles Babbage of Devon built engines"]
LABELS: list[list[Any]] = [[1, 0], [0, 2], [0], [1, 1, 0, 2, 0, 0]]
NAMES = ("O", "PER", "LOC")


def token_spec(packing: bool = False, sequence_length: int = 64, **targets: Any) -> DataSpec:
    return DataSpec(
        Pieces(sequence_length), TokenTargets(**targets), TextReader(), packing, outputs="token", offsets=True
    )


def examples_of(y: Any, texts: list[str] = TEXTS, weight: Any = None, class_weight: Any = None, **targets: Any) -> Any:
    return read_examples(token_spec(**targets), (texts,), y, weight, class_weight)


def test_words_are_separated_by_white_space() -> None:
    assert word_spans(" a  bcd\n e").tolist() == [[1, 2], [4, 7], [9, 10]]
    assert word_spans("  ").shape == (0, 2)
    assert word_spans("é ü").tolist() == [[0, 1], [2, 3]]


def test_the_first_token_of_a_word_is_the_one_that_begins_in_it() -> None:
    offsets = np.array([[-1, -1], [0, 2], [2, 4], [4, 6], [6, 8], [-1, -1]])

    assert first_tokens(offsets, np.array([[0, 4], [5, 8]])).tolist() == [1, 3]  # the space belongs to the second word
    assert first_tokens(offsets, np.array([[0, 4], [5, 8], [9, 12]])).tolist() == [1, 3, -1]  # cut off
    assert first_tokens(np.array([[0, 1], [1, 2], [2, 5]]), np.array([[0, 1], [2, 5]])).tolist() == [0, 2]  # a space
    assert first_tokens(np.array([[0, 3], [3, 3], [4, 5]]), np.array([[0, 3], [4, 5]])).tolist() == [0, 2]  # empty
    assert first_tokens(offsets, np.zeros((0, 2), int)).tolist() == []


def test_the_first_token_of_each_word_has_its_label() -> None:
    examples = examples_of(LABELS)

    # Pieces of two characters, between two special tokens: Ad a wr ot e | in Lo nd on | no | …
    assert [values.tolist() for values in examples.values[:3]] == [
        [-1, 1, -1, 0, -1, -1, -1],
        [-1, 0, 2, -1, -1, -1],
        [-1, 0, -1],
    ]
    assert [weights.tolist() for weights in examples.weights[:3]] == [
        [0, 1, 0, 1, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 0],
    ]


@pytest.mark.parametrize(
    "y",
    [
        [["PER", "O"], ["O", "LOC"], ["O"], ["PER", "PER", "O", "LOC", "O", "O"]],
        [np.array(row) for row in LABELS],
        [torch.tensor(row) for row in LABELS],
        np.array([np.array(row) for row in LABELS], object),
    ],
)
def test_labels_of_any_kind(y: Any) -> None:
    found = examples_of(y, names=NAMES)
    for values, expected in zip(found.values, examples_of(LABELS).values, strict=True):
        assert values.tolist() == expected.tolist()


def test_a_word_without_a_label_has_no_weight() -> None:
    examples = examples_of([[1, IGNORED]], ["Ada wrote"])

    assert examples.weights[0].tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_words_that_are_cut_off_lose_their_labels() -> None:
    spec = token_spec(sequence_length=5)

    examples = read_examples(spec, (TEXTS,), LABELS)

    assert [len(values) for values in examples.values] == [5, 5, 3, 5]
    assert examples.values[0].tolist() == [-1, 1, -1, 0, -1]


@pytest.mark.parametrize("packing", [False, True])
def test_labels_lie_where_the_tokens_of_their_words_are(packing: bool) -> None:
    spec = token_spec(packing)
    examples = read_examples(spec, (TEXTS,), LABELS, [1.0, 2.0, 3.0, 4.0])

    features, y, weight = examples.batch(spec, single_batch(spec.preprocessor, examples.inputs, packing))

    assert y.shape == weight.shape == features["token_ids"].shape
    assert (y.dtype, weight.dtype) == (np.int32, np.float32)
    assert ((weight > 0) <= (features["padding_mask"] > 0)).all()
    found = sorted(
        (Pieces.id_of(word[:2]), label, float(number + 1))
        for number, (text, labels) in enumerate(zip(TEXTS, LABELS, strict=True))
        for word, label in zip(text.split(), labels, strict=True)
    )
    at = weight > 0
    assert sorted(zip(features["token_ids"][at], y[at], weight[at], strict=True)) == found


def test_several_documents_in_a_row_keep_their_labels_apart() -> None:
    inputs = tokenized(Pieces(), Inputs((TEXTS,)), offsets=True)
    (batch,) = plan_predictions(inputs.rows.lengths, 4, 64)  # type: ignore[union-attr]
    assert batch.num_rows < len(TEXTS)
    marks = [np.full(length, 10 + text) for text, length in enumerate(inputs.rows.lengths)]  # type: ignore[union-attr]

    laid_out = batch.scatter(marks, -1)

    ids = batch.features(Pieces(), inputs)["document_ids"]
    assert laid_out.shape == ids.shape == (batch.num_rows, 64)
    assert ((laid_out < 0) == (ids == 0)).all()
    for text, start, length in zip(batch.indices, batch.token_starts, inputs.rows.lengths[batch.indices], strict=True):  # type: ignore[union-attr]
        assert set(laid_out.ravel()[start : start + length].tolist()) == {10 + text}


def test_values_of_several_numbers_per_token_are_laid_out_too() -> None:
    batch = Batch(np.array([1, 0]), 3)

    found = batch.scatter([np.ones((2, 4), np.float32), np.full((3, 4), 2, np.float32)], 0)

    assert found.shape == (2, 3, 4)
    assert found[..., 0].tolist() == [[2, 2, 2], [1, 1, 0]]


def test_class_weights_are_weights_of_tokens() -> None:
    examples = examples_of(LABELS, weight=[1, 1, 1, 2.0], class_weight={"PER": 3.0, 2: 5.0}, names=NAMES)

    assert examples.weights[0].tolist() == [0, 3, 0, 1, 0, 0, 0]
    assert examples.weights[3][examples.weights[3] > 0].tolist() == [6, 6, 2, 10, 2, 2]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (LABELS[:2], "x has 4 texts, but y has 2 labels"),
        ([[1], *LABELS[1:]], "Row 0 of y is 1 labels, but the text has 2 words"),
        ([1, 0, 0, 1], "Row 0 of y is of type int: 1, but the text has 2 words"),
        ([*LABELS[:2], ["PERS"], LABELS[3]], r"Row 2 of y has 'PERS'.*Did you mean 'PER'\?.*'O', 'PER', 'LOC'"),
        ([*LABELS[:2], [3], LABELS[3]], "Row 2 of y has the label 3, but the 3 classes are numbered from 0"),
        ([*LABELS[:2], [-1], LABELS[3]], "Row 2 of y has the label -1"),
        ([*LABELS[:2], [0.5], LABELS[3]], "Row 2 of y has a label of type float: 0.5"),
        ([*LABELS[:2], [None], LABELS[3]], "Row 2 of y has a label missing"),
        ([*LABELS[:2], [float("nan")], LABELS[3]], "Row 2 of y has a label missing"),
        (tuple(LABELS), "y is a tuple, which means columns"),
        (None, "y is missing"),
        ("O", "single label"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        examples_of(y, names=NAMES)


def test_names_need_classes_with_names() -> None:
    with pytest.raises(InputError, match="labels of this task have none"):
        examples_of([["O"]], ["no"])


def test_pairs_have_no_labels_per_word() -> None:
    with pytest.raises(InputError, match="single texts"):
        TokenTargets().read([[0]], Inputs((["a"], ["b"])))


def test_a_class_weight_for_no_class_is_refused() -> None:
    with pytest.raises(InputError, match=r"'PERS'.*Did you mean 'PER'\?"):
        TokenTargets(NAMES).check_class_weight({"PERS": 1.0})


def test_names_are_learned_from_the_labels_and_forgotten_again() -> None:
    learned: list[Any] = []
    undo = TokenTargets((), learned.append).adopt([["PER", "O"], ["O", "LOC"]])
    assert learned == [("LOC", "O", "PER")]
    undo()
    assert learned[1:] == [None]

    for targets, y in ((TokenTargets(NAMES, learned.append), [["X"]]), (TokenTargets((), learned.append), LABELS)):
        targets.adopt(y)()
    assert len(learned) == 2


def test_a_preprocessor_without_tokens_or_offsets_is_refused(packer: Any) -> None:
    for preprocessor, message in ((len, "must have tokenize and pad"), (NoOffsets(), "returned no offsets")):
        spec = DataSpec(preprocessor, TokenTargets(), TextReader(), outputs="token", offsets=True)
        with pytest.raises(InputError, match=message):
            as_source(TEXTS, LABELS, None, spec)
    with pytest.raises(InputError, match="must have tokenize and pad"):
        next(as_predictions(TEXTS, DataSpec(len, TokenTargets(), TextReader(), outputs="token")).batches())


class NoOffsets(Pieces):
    """Takes the argument, and does not obey it."""

    def tokenize(self, columns: Any, offsets: bool = False) -> Any:
        return super().tokenize(columns)


STREAMS = {
    "batches": lambda: iter([(TEXTS[:2], LABELS[:2]), (TEXTS[2:], LABELS[2:])]),
    "examples": lambda: zip(TEXTS, LABELS, strict=True),
    "weighted examples": lambda: zip(TEXTS, LABELS, [1.0] * 4, strict=True),
    "arrays": lambda: zip(TEXTS, map(np.array, LABELS), strict=True),
    "loader": lambda: torch.utils.data.DataLoader(
        list(zip(TEXTS, LABELS, strict=True)),  # type: ignore[arg-type]
        batch_size=2,
        collate_fn=lambda items: tuple(map(list, zip(*items, strict=True))),
    ),
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("packing", [False, True])
def test_streams_of_labels_per_word(kind: str, packing: bool) -> None:
    source = as_source(STREAMS[kind](), None, None, token_spec(packing), batch_size=2)

    labels = [int(label) for _, y, weight in source.batches() for label in y[weight > 0]]

    assert sorted(labels) == sorted(label for row in LABELS for label in row)


def test_lists_that_torch_turned_into_columns_are_refused() -> None:
    """Its default_collate makes of [[1, 0], [0, 2]] the columns (1, 0) and (0, 2), which look like labels too."""
    loader = torch.utils.data.DataLoader([("a b", [1, 0]), ("c d", [0, 2])], batch_size=2)  # type: ignore[arg-type]

    with pytest.raises(InputError, match="DataLoader makes columns"):
        list(as_source(loader, None, None, token_spec()).batches())


def test_labels_of_a_stream_are_not_read_to_predict_unless_they_are_no_labels() -> None:
    spec = token_spec(names=NAMES)
    assert as_predictions(iter([(["a b"], [[7, 8, 9]])]), spec).peek(1)
    assert as_predictions(iter([(["a b"], [["O", "PER"]])]), spec).peek(1)
    with pytest.raises(InputError, match=r"'c d'.*always \(x, y\)"):
        as_predictions(iter([(["a b"], ["c d"])]), spec).peek(1)


def test_labels_are_held_out_with_their_texts() -> None:
    spec = token_spec()
    kept, held_out = split_validation(TEXTS, LABELS, None, 0.25, spec)
    assert held_out is not None
    assert (kept[1], held_out[1]) == (LABELS[:3], LABELS[3:])
    for part in (kept, held_out):
        assert as_source(*part, spec).num_batches == 1
    with pytest.raises(InputError, match="4 texts, but y has 3 entries"):
        split_validation(TEXTS, LABELS[:3], None, 0.25, spec)


def test_some_steps_are_the_first_examples() -> None:
    ((_, y, weight),) = as_source(TEXTS, LABELS, None, token_spec(), batch_size=2, steps=1).batches()
    assert sorted(y[weight > 0].tolist()) == [0, 0, 1, 2]
    with pytest.raises(InputError, match="4 texts, but y has 5 entries"):
        as_source(TEXTS, [*LABELS, [0]], None, token_spec(), batch_size=2, steps=1)


def test_one_batch_of_labels_per_word() -> None:
    features, y, weight = as_batch(TEXTS, LABELS, None, token_spec(packing=True))
    assert y.shape == weight.shape == features["token_ids"].shape == (4, 32)  # padded: one text per row


def tagger() -> keras.Model:
    """A model with an output per token that depends on the token alone."""
    inputs = {
        name: keras.Input((None,), dtype="int32", name=name) for name in ("token_ids", "segment_ids", "padding_mask")
    }
    states = keras.layers.Embedding(VOCABULARY, 16)(inputs["token_ids"])
    model = keras.Model(inputs, keras.layers.Dense(3)(states))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 0.05
    return model


def test_a_tagger_learns_from_every_epoch_and_from_a_stream() -> None:
    keras.utils.set_random_seed(0)
    model, spec = tagger(), token_spec()
    texts, labels = TEXTS * 8, LABELS * 8

    first = model.evaluate(as_source(texts, labels, None, spec), verbose=0)
    model.fit(as_source(texts, labels, None, spec, batch_size=8, shuffle=True), epochs=6, verbose=0)
    middle = model.evaluate(as_source(texts, labels, None, spec), verbose=0)
    model.fit(as_source(Again(texts, labels), None, None, spec, batch_size=8), epochs=6, verbose=0)

    assert model.evaluate(as_source(texts, labels, None, spec), verbose=0) < middle < first / 2


class Again:
    """Yields the same examples each time."""

    def __init__(self, texts: list[str], labels: list[list[int]]) -> None:
        self.pairs = list(zip(texts, labels, strict=True))

    def __iter__(self) -> Iterator[Any]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


@pytest.mark.parametrize("packing", [False, True])
def test_every_epoch_has_every_label_once_and_can_be_resumed(packing: bool) -> None:
    texts = [" ".join(["ab"] * count) for count in range(1, 30)]
    labels = [[count] * count for count in range(1, 30)]

    def source() -> Any:
        keras.utils.set_random_seed(2)
        return as_source(texts, labels, None, token_spec(packing), batch_size=4, shuffle=True)

    def epochs(made: Any, *numbers: int) -> list[list[list[int]]]:
        found = []
        for number in numbers:
            made.begin_epoch(number)
            found.append([sorted(y[weight > 0].tolist()) for _, y, weight in made.batches()])
        return found

    first = epochs(source(), 0, 1, 2)

    for epoch in first:
        assert sorted(label for batch in epoch for label in batch) == sorted(label for row in labels for label in row)
    assert first[0] != first[1]
    assert epochs(source(), 2) == first[2:]


def numbered(rows: Any) -> np.ndarray:
    """An output per token that tells it: its id and its place in the text, of a packed batch too."""
    places = rows.get("positions", np.broadcast_to(np.arange(rows["token_ids"].shape[1]), rows["token_ids"].shape))
    return np.stack([rows["token_ids"], places], axis=-1).reshape(-1, 2)


def expected(spec: DataSpec, texts: list[str]) -> list[list[list[int]]]:
    ids = spec.preprocessor.tokenize((texts,)).token_ids  # type: ignore[union-attr]
    return [[[int(one), place] for place, one in enumerate(row)] for row in ids]


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 40])
@pytest.mark.parametrize("window", [3, 8192])
def test_outputs_per_token_come_back_for_each_text(packing: bool, count: int, window: int) -> None:
    spec = token_spec(packing)
    rng = np.random.default_rng(count)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 99, rng.integers(0, 20))) for _ in range(count)]
    for x in (texts, iter(texts)):
        source = as_predictions(x, spec, batch_size=4, window=window)
        outputs = np.concatenate([numbered(features) for (features,) in source.batches()])

        assert [one.tolist() for one in source.restore(outputs)] == expected(spec, texts)
        both = source.restore({"one": outputs, "two": outputs[:, 0]})
        assert [one.tolist() for one in both["two"]] == [[i for i, _ in row] for row in expected(spec, texts)]


@pytest.mark.parametrize("packing", [False, True])
def test_the_task_finishes_outputs_with_the_texts_and_their_offsets(packing: bool) -> None:
    spec = token_spec(packing)
    texts = TEXTS * 3

    def words(outputs: Any, inputs: Inputs) -> list[list[int]]:
        assert list(inputs.columns[0]) == texts
        assert inputs.rows is not None and inputs.rows.offsets is not None  # noqa: PT018
        return [
            one[first_tokens(offsets, word_spans(text)), 0].tolist()
            for one, offsets, text in zip(outputs, inputs.rows.offsets, inputs.columns[0], strict=True)
        ]

    for x in (texts, iter(texts)):
        source = as_predictions(x, spec, batch_size=2, window=5)
        outputs = np.concatenate([numbered(features) for (features,) in source.batches()])

        found = source.restore(outputs, words)  # type: ignore[arg-type]

        assert found == [[Pieces.id_of(word[:2]) for word in text.split()] for text in texts]


def test_outputs_per_word_are_those_of_first_tokens_and_nan_where_a_word_was_cut_off() -> None:
    offsets = (np.array([[-1, -1], [0, 2], [3, 4], [-1, -1]]), np.array([[-1, -1]]))
    ids = tuple(np.zeros(len(spans), np.int32) for spans in offsets)
    inputs = Inputs((["ab c def", ""],), TokenizedTexts(ids, ids, offsets))
    outputs = [np.arange(8, dtype=np.float32).reshape(4, 2), np.zeros((1, 2), np.float32)]

    first, second = word_outputs(outputs, inputs)

    assert first.dtype == np.float32
    assert first[:2].tolist() == [[2, 3], [4, 5]]
    assert np.isnan(first[2]).all()
    assert second.shape == (0, 2)
    assert np.isnan(word_outputs([np.arange(4), np.arange(1)], inputs)[0][2])
    half = [np.arange(4).astype("bfloat16"), np.arange(1).astype("bfloat16")]  # not promoted by NumPy
    words = word_outputs(half, inputs)[0]
    assert words.dtype == half[0].dtype
    assert np.isnan(words[2])


@pytest.mark.parametrize("packing", [False, True])
def test_windows_of_outputs_per_token(packing: bool) -> None:
    spec = token_spec(packing)
    texts = TEXTS * 5
    source = as_predictions(iter(texts), spec, batch_size=4, window=6)

    found, seen = [], []
    for part in source.each():
        outputs = np.concatenate([numbered(features) for (features,) in part.batches()])
        found += part.restore(outputs, lambda outputs, inputs: seen.extend(inputs.columns[0]) or outputs)  # type: ignore[union-attr]

    assert [one.tolist() for one in found] == expected(spec, texts)
    assert seen == texts


def test_a_loop_that_stops_early_returns_whole_texts() -> None:
    spec = token_spec(packing=True)
    texts = TEXTS * 20
    source = as_predictions(texts, spec, batch_size=1)
    batches = source.batches()
    outputs = numbered(next(batches)[0])

    given: list[Any] = []
    found = source.restore(outputs, lambda outputs, inputs: given.append(inputs) or outputs)

    assert 0 < len(found) < len(texts)
    assert [one.tolist() for one in found] == expected(spec, list(given[0].columns[0]))


def test_keras_predicts_tokens_of_batches_of_any_length() -> None:
    """The task's predict function flattens the outputs, so that Keras can concatenate them."""
    spec = token_spec()
    model = tagger()
    flat = keras.Model(model.input, keras.layers.Lambda(lambda x: keras.ops.reshape(x, (-1, 3)))(model.output))
    source = as_predictions(TEXTS, spec, batch_size=1)

    with pytest.warns(UserWarning, match="ran out of data"):
        found = source.restore(flat.predict(source, verbose=0))

    for text, one in zip(TEXTS, found, strict=True):
        alone = tokenized(spec.preprocessor, Inputs(([text],)))
        features = Batch(np.array([0]), len(one)).features(spec.preprocessor, alone)
        assert np.allclose(one, keras.ops.convert_to_numpy(model(features))[0], atol=1e-6)


def test_shapes_of_labels_per_token_are_open_on_tensorflow() -> None:
    pytest.importorskip("tensorflow", reason="builds a tf.data.Dataset")
    dataset = as_source(TEXTS, LABELS, None, token_spec(), batch_size=2).get_tf_dataset()

    assert [spec.shape.as_list() for spec in dataset.element_spec[1:]] == [[None, None]] * 2
    assert len(list(dataset)) == 2


class NextToken(Targets):
    """Labels that follow from the tokens alone, as those of a language model."""

    required = False
    per_token = True

    def read(self, y: Any, inputs: Inputs) -> Any:
        return [np.append(ids[1:], 0).astype(np.int32) for ids in inputs.rows.token_ids]  # type: ignore[union-attr]

    def collate(self, values: Any, weights: Any, batch: Any) -> Any:
        return batch.scatter(values, 0), batch.scatter([np.ones(len(row), np.float32) for row in values], 0)


@pytest.mark.parametrize("packing", [False, True])
def test_labels_may_follow_from_the_tokens(packing: bool) -> None:
    spec = DataSpec(Pieces(), NextToken(), TextReader(), packing, outputs="token")
    for x in (TEXTS, iter([TEXTS])):
        ((features, y, weight),) = as_source(x, None, None, spec).batches()
        ids = features["token_ids"]
        inside = (weight[:, 1:] > 0) & (y[:, :-1] > 0)
        assert (y[:, :-1][inside] == ids[:, 1:][inside]).all()
        assert inside.sum() == sum(len(row) - 1 for row in spec.preprocessor.tokenize((TEXTS,)).token_ids)  # type: ignore[union-attr]

"""Inputs without tokens, and tasks without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import torch

from modelry.data.batches import as_batch, as_source, split_validation
from modelry.data.columns import TextReader
from modelry.data.predictions import as_predictions
from modelry.data.rows import Columns, Inputs
from modelry.data.spec import DataSpec
from modelry.data.targets import Targets
from modelry.errors import InputError

from .fakes import Pieces, spec_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Images:
    """Reads images of any even size, and averages their quarters; records the sizes of its batches."""

    noun = "image"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def columns(self, x: Any) -> Columns:
        images = np.asarray(x, np.float32)
        if images.ndim != 4:
            raise InputError(f"x has the shape {images.shape}. Pass images, (n, height, width, channels).")
        return (images,)

    def is_example(self, x: Any) -> bool | None:
        return len(x.shape) == 3

    def arrays(self, columns: Columns) -> dict[str, np.ndarray]:
        (images,) = columns
        self.sizes.append(len(images))
        return {"images": np.asarray(images) / 255.0}


@pytest.fixture
def images() -> np.ndarray:
    """Images whose first pixel is their number."""
    made = np.random.default_rng(0).integers(0, 255, (23, 4, 4, 3)).astype(np.float32)
    made[:, 0, 0, 0] = np.arange(23)
    return made


@pytest.fixture
def reader() -> Images:
    return Images()


@pytest.fixture
def spec(reader: Images) -> DataSpec:
    return spec_of(reader, reader=reader, num_classes=2)


def numbers(batch: Any) -> list[int]:
    return np.rint(batch[0]["images"][:, 0, 0, 0] * 255).astype(int).tolist()


def test_batches_are_slices_computed_one_by_one(images: Any, spec: DataSpec, reader: Images) -> None:
    source = as_source(images, np.arange(23) % 2, None, spec, batch_size=10)
    assert reader.sizes == []  # nothing is computed before it is needed

    batches = list(source.batches())

    assert [numbers(batch) for batch in batches] == [list(range(10)), list(range(10, 20)), [20, 21, 22]]
    assert [batch[1].tolist() for batch in batches] == [[i % 2 for i in numbers(batch)] for batch in batches]
    assert reader.sizes == [10, 10, 3]
    assert source.num_batches == 3


def test_images_are_shuffled_with_their_labels_and_training_is_resumed(images: Any, spec: DataSpec) -> None:
    def source() -> Any:
        keras.utils.set_random_seed(4)
        return as_source(images, np.arange(23) % 2, np.arange(23), spec, batch_size=10, shuffle=True)

    made, epochs = source(), []
    for epoch in range(3):
        made.begin_epoch(epoch)
        batches = list(made.batches())
        for batch in batches:
            assert batch[1].tolist() == [i % 2 for i in numbers(batch)]
            assert batch[2].tolist() == numbers(batch)
        epochs.append([i for batch in batches for i in numbers(batch)])
    assert all(sorted(epoch) == list(range(23)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    resumed = source()
    resumed.begin_epoch(2)
    assert [i for batch in resumed.batches() for i in numbers(batch)] == epochs[2]


@pytest.mark.parametrize("window", [4, 8192])
def test_images_are_predicted_in_order(images: Any, spec: DataSpec, reader: Images, window: int) -> None:
    for x in (images, iter(images), iter([images[:9], images[9:]])):
        reader.sizes.clear()
        source = as_predictions(x, spec, batch_size=4, window=window)
        outputs = np.concatenate([np.array(numbers(batch)) for batch in source.batches()])
        assert source.restore(outputs).tolist() == list(range(23))
        assert max(reader.sizes) == 4
        assert source.examples_done == 23


def test_predictions_of_images_window_by_window(images: Any, spec: DataSpec) -> None:
    source = as_predictions(iter(images), spec, batch_size=4, window=8)

    parts = [part.restore(np.concatenate([np.array(numbers(one)) for one in part.batches()])) for part in source.each()]

    assert np.concatenate(parts).tolist() == list(range(23))


def test_few_images_of_a_stream_are_in_memory_at_a_time(images: Any, spec: DataSpec) -> None:
    read: list[int] = []

    def stream() -> Iterator[Any]:
        for number in range(200):
            read.append(number)
            yield images[number % 23]

    batches = as_predictions(stream(), spec, batch_size=2).batches()
    next(batches)

    assert len(read) <= 2 * 8 * 2  # the window in use, and the next one


def test_the_hook_of_a_task_gets_no_inputs_that_nobody_asked_to_keep(images: Any, reader: Images) -> None:
    for offsets in (False, True):
        spec = DataSpec(Pieces(), Targets(), TextReader(), offsets=offsets)
        source = as_predictions(["a", "b c"], spec)
        outputs = np.concatenate([features["padding_mask"].sum(axis=1) for (features,) in source.batches()])
        lengths, inputs = source.restore(outputs, lambda outputs, inputs: (outputs, inputs))
        assert lengths.tolist() == [3, 4]
        assert (None if inputs is None else list(inputs.columns[0])) == (["a", "b c"] if offsets else None)


STREAMS = {
    "examples": lambda images, y: zip(images, y, strict=True),
    "batches": lambda images, y: iter([(images[:10], y[:10]), (images[10:], y[10:])]),
    "loader": lambda images, y: torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(images), torch.tensor(y)), batch_size=10
    ),
    "unbatched loader": lambda images, y: torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(images), torch.tensor(y)), batch_size=None
    ),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_of_images(kind: str, images: Any, spec: DataSpec) -> None:
    y = np.arange(23) % 2

    batches = list(as_source(STREAMS[kind](images, y), None, None, spec, batch_size=10).batches())

    assert [i for batch in batches for i in numbers(batch)] == list(range(23))
    assert np.concatenate([batch[1] for batch in batches]).tolist() == y.tolist()


def test_images_of_a_tf_dataset(images: Any, spec: DataSpec) -> None:
    tf = pytest.importorskip("tensorflow", reason="reads a tf.data.Dataset")
    dataset = tf.data.Dataset.from_tensor_slices((images, np.arange(23) % 2))
    for stream in (dataset, dataset.batch(10)):
        source = as_source(stream, None, None, spec, batch_size=10)
        assert source.num_batches == 3
        assert [i for batch in source.batches() for i in numbers(batch)] == list(range(23))


def test_images_are_held_out_and_read_once(images: Any, spec: DataSpec) -> None:
    y = list(range(23))
    kept, held_out = split_validation(images, y, None, 0.25, spec)
    assert held_out is not None
    targets = spec_of(spec.preprocessor, reader=spec.reader, targets=Targets())
    for part, count in ((kept, 17), (held_out, 6)):
        ((features, labels),) = as_source(*part, targets).batches()
        assert features["images"].shape == (count, 4, 4, 3)
        assert labels.tolist() == numbers((features,))


def test_messages_name_what_an_example_is(images: Any, reader: Images) -> None:
    spec = DataSpec(reader, Targets(), reader)
    for act, message in (
        (lambda: as_source(images, [0], None, spec), "x has 23 images, but y has 1 labels. Pass one label per image"),
        (lambda: as_source(images, None, None, spec), "one label per image"),
        (lambda: as_source(images, [0] * 23, [1], spec), "there are 23 images. Pass one weight per image"),
        (lambda: as_source(images[:0], [], None, spec), "Pass at least one image"),
        (lambda: split_validation(images[:1], [0], None, 0.5, spec), "of 1 images leaves nothing"),
        (lambda: as_source(images, [0] * 23, None, spec, class_weight={0: 1.0}), "class_weight is for classes"),
        (lambda: as_source(iter(images), None, None, spec, class_weight={0: 1.0}), "class_weight is for classes"),
    ):
        with pytest.raises(InputError, match=message):
            act()


@pytest.mark.parametrize(
    ("y", "dtype", "message"),
    [
        ([1, 2], "int64", None),
        ([[0.5, 1], [2, 3]], "float32", None),
        (torch.tensor([1.5, 2.5]), "float32", None),
        (np.array([1, 2], object), "float32", None),
        ([1, None], None, "Row 1 of y is missing"),
        (["a", "b"], None, "Row 0 of y is of type str"),
        ([1.0, np.inf], None, "not finite"),
        ([[1, 2], [3]], None, "not rectangular"),
        (3, None, "single label"),
    ],
)
def test_targets_are_numbers_by_default(y: Any, dtype: str | None, message: str | None) -> None:
    inputs = Inputs((["a", "b"],), None, "text")
    if message is None:
        assert Targets().read(y, inputs).dtype == dtype
    else:
        with pytest.raises(InputError, match=message):
            Targets().read(y, inputs)


def test_a_row_of_a_stream_is_an_example_if_x_does_not_tell_and_its_label_does() -> None:
    class Words(TextReader):
        """Texts as lists of words; a list of strings may be one, or a batch of texts."""

        def columns(self, x: Any) -> Any:
            return ([" ".join(words) for words in x],)

        def is_example(self, x: Any) -> bool | None:
            return None

    spec = DataSpec(Pieces(), Targets(), Words())
    stream = [(["a", "b"], 1), (["c"], 2), (["d", "e", "f"], 3)]
    batches = list(as_source(iter(stream), None, None, spec, batch_size=2).batches())

    assert [batch[1].tolist() for batch in batches] == [[1, 2], [3]]
    assert [int(batch[0]["padding_mask"].sum()) for batch in batches] == [2 + 2 + 3, 2 + 3]
    with pytest.raises(InputError, match="does not tell whether this is one text or a batch"):
        next(as_source(iter([(["a", "b"], [1, 2])]), None, None, spec).batches())


class Matcher:
    """Two texts at a time, as two inputs of fixed length: no rows of tokens."""

    noun = "pair"

    def columns(self, x: Any) -> Columns:
        queries, documents = (x["query"], x["document"]) if isinstance(x, dict) else x
        return list(queries), list(documents)

    def is_example(self, x: Any) -> bool | None:
        return isinstance(x["query"] if isinstance(x, dict) else x[0], str)

    def arrays(self, columns: Columns) -> dict[str, np.ndarray]:
        return {
            name: np.array([[len(text), text.count("a")] for text in column], np.float32)
            for name, column in zip(("query", "document"), columns, strict=True)
        }


class NoLabels(Targets):
    required = False


QUERIES, DOCUMENTS = ["a", "bb", "aaa", "d", "e"], ["aa", "b", "a", "dd", "eee"]


def matching(noun: str = "pair") -> DataSpec:
    return DataSpec(Matcher(), NoLabels(), Matcher())


@pytest.mark.parametrize(
    "x",
    [
        lambda: (QUERIES, DOCUMENTS),
        lambda: {"query": QUERIES, "document": DOCUMENTS},
        lambda: iter([((QUERIES, DOCUMENTS),)]),
        lambda: iter(
            [{"query": QUERIES[:2], "document": DOCUMENTS[:2]}, {"query": QUERIES[2:], "document": DOCUMENTS[2:]}]
        ),
        lambda: ({"query": q, "document": d} for q, d in zip(QUERIES, DOCUMENTS, strict=True)),
        lambda: (((q, d),) for q, d in zip(QUERIES, DOCUMENTS, strict=True)),
    ],
)
def test_a_task_without_labels_has_features_alone(x: Any) -> None:
    batches = list(as_source(x(), None, None, matching(), batch_size=3).batches())

    assert all(len(batch) == 1 for batch in batches)
    assert np.concatenate([batch[0]["document"][:, 0] for batch in batches]).tolist() == [2, 1, 1, 2, 3]
    outputs = [features["query"][:, 0] for (features,) in as_predictions(x(), matching(), batch_size=3).batches()]
    source = as_predictions(x(), matching(), batch_size=3)
    list(source.batches())
    assert source.restore(np.concatenate(outputs)).tolist() == [1, 2, 3, 1, 1]


def test_a_model_with_a_loss_of_its_own_trains_without_labels() -> None:
    class TwoTowers(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.tower = keras.layers.Dense(2, use_bias=False)

        def call(self, inputs: Any) -> Any:
            return {name: self.tower(value) for name, value in inputs.items()}

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
            assert y is None
            return keras.ops.mean((y_pred["query"] - y_pred["document"]) ** 2)

    model = TwoTowers()
    model.compile(keras.optimizers.Adam(0.1))
    x, spec = (QUERIES * 8, DOCUMENTS * 8), matching()
    kept, held_out = split_validation(x, None, None, 0.25, spec)
    assert held_out is not None

    history = model.fit(
        as_source(*kept, spec, shuffle=True, batch_size=8),
        validation_data=as_source(*held_out, spec),
        epochs=5,
        verbose=0,
    ).history

    assert history["loss"][-1] < history["loss"][0]
    assert len(history["val_loss"]) == 5
    features, y, weight = as_batch(x, None, None, spec)
    assert (len(features["query"]), y, weight) == (40, None, None)


def test_labels_of_a_task_without_any_are_refused() -> None:
    spec = matching()
    for act in (
        lambda: as_source((QUERIES, DOCUMENTS), [0] * 5, None, spec),
        lambda: next(as_source(iter([((QUERIES, DOCUMENTS), [0] * 5)]), None, None, spec).batches()),
        lambda: as_predictions(iter([((QUERIES, DOCUMENTS), [0] * 5)]), spec).peek(1),
        lambda: as_batch((QUERIES, DOCUMENTS), [0] * 5, None, spec),
    ):
        with pytest.raises(InputError, match="this task has no labels"):
            act()
    with pytest.raises(InputError, match="sample_weight and class_weight need labels"):
        as_source((QUERIES, DOCUMENTS), None, [1] * 5, spec)


def test_two_images_per_example_are_two_columns(images: Any) -> None:
    class Pairs(Images):
        noun = "pair"

        def columns(self, x: Any) -> Columns:
            return tuple(np.asarray(part, np.float32) for part in x)

        def is_example(self, x: Any) -> bool | None:
            return len(x[0].shape) == 3

        def arrays(self, columns: Columns) -> dict[str, np.ndarray]:
            return {"images": np.asarray(columns[0]) / 255.0, "others": np.asarray(columns[1])}

    pairs = Pairs()
    spec = DataSpec(pairs, Targets(), pairs)
    y = np.arange(23)

    def examples() -> Iterator[Any]:
        return zip(zip(images, images[::-1], strict=True), y, strict=True)

    loader = torch.utils.data.DataLoader(list(examples()), batch_size=10)  # type: ignore[arg-type]
    for stream in (examples(), loader):
        batches = list(as_source(stream, None, None, spec, batch_size=10).batches())
        assert [i for batch in batches for i in numbers(batch)] == list(range(23))
        assert np.concatenate([batch[0]["others"][:, 0, 0, 0] for batch in batches]).tolist() == list(range(23))[::-1]

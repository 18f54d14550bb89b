import threading

import keras
import numpy as np
import pytest
from keras.src.backend.common.global_state import get_global_attribute
from keras.src.backend.common.stateless_scope import in_stateless_scope

from modelry.errors import WeightsError
from modelry.weights.build import GENERATOR_STATE, initialize, is_placed, place, uninitialized
from modelry.weights.save import values

from .zoo import numbers, small_model


class Recording(keras.initializers.Initializer):
    """Counts how often Keras asks for values."""

    def __init__(self):
        self.calls = 0

    def __call__(self, shape, dtype=None):
        self.calls += 1
        return keras.ops.full(shape, 7.0, dtype)


def waiting():
    return get_global_attribute("uninitialized_variables") or []


def weights(model):
    return [variable for variable in model.variables if variable.name != GENERATOR_STATE]


def test_a_functional_model_builds_without_values():
    with uninitialized() as created:
        model = small_model()
    assert weights(model)
    assert not any(map(is_placed, weights(model)))
    assert {id(variable) for variable in created} == {id(variable) for variable in model.variables}
    assert [variable.shape for variable in model.variables] == [variable.shape for variable in small_model().variables]


def test_no_initializer_runs_not_even_to_infer_shapes():
    recording = Recording()

    class Plain(keras.layers.Layer):  # Keras infers its output's shape by calling it
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 5), initializer=recording)

        def call(self, x):
            return keras.ops.matmul(x, self.kernel)

    def build():
        x = keras.Input((3,))
        return keras.Model(x, Plain()(keras.layers.Dense(3, kernel_initializer=recording)(x)))

    with uninitialized():
        model = build()
    assert recording.calls == 0
    assert model.output_shape == (None, 5)
    initialize(model.variables)
    assert recording.calls == 2
    assert np.all(numbers(model.weights[0]) == 7)
    build()
    assert recording.calls > 2  # so the count counts


def test_random_generators_start_as_keras_starts_them_without_being_asked(monkeypatch):
    def generators():
        keras.utils.set_random_seed(5)
        return [keras.random.SeedGenerator(seed) for seed in (0, 11, 2**31 - 1, None)]

    expected = [values(generator.state) for generator in generators()]
    asked = []
    with uninitialized() as created:
        ours = generators()
        for variable in created:
            monkeypatch.setattr(variable, "_deferred_initialize", lambda: asked.append("a generator"))
    assert asked == []
    for generator, state in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(values(generator.state), state, strict=True)


def test_a_generator_with_another_initializer_asks_it():
    def initializer(shape, dtype):
        return keras.ops.full(shape, 3, dtype)

    with uninitialized():
        state = keras.Variable(initializer, (2,), "uint32", trainable=False, name=GENERATOR_STATE)
    np.testing.assert_array_equal(values(state), [3, 3])


def test_random_generators_are_ready_afterwards():
    with uninitialized():
        layer = keras.layers.Dropout(0.5, seed=11)
        layer.build((2, 3))
    state = layer.seed_generator.state
    assert is_placed(state)
    assert numbers(state).tolist() == [11, 0]
    first, second = (
        np.asarray(keras.ops.stop_gradient(layer(np.ones((9, 9), "float32"), training=True))) for _ in "ab"
    )
    assert not np.array_equal(first, second)


def test_reading_too_early_is_an_error_not_a_random_number():
    with uninitialized():
        layer = keras.layers.Dense(2, name="too_early")
        layer.build((None, 3))
    with pytest.raises(WeightsError, match="too_early/kernel has no value yet"):
        layer(np.ones((1, 3), "float32"))
    with pytest.raises(WeightsError, match="no value yet"):
        values(layer.kernel)


def test_keras_never_initialises_our_variables_later():
    with uninitialized():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    place(layer.kernel, np.ones((3, 2), "float32"))
    # Each of these leaves a scope at whose end Keras initialises what waits.
    keras.Model(x := keras.Input((3,)), keras.layers.Dense(4)(x))
    with keras.StatelessScope():
        pass
    assert np.all(numbers(layer.kernel) == 1)
    assert not is_placed(layer.bias)
    assert waiting() == []


def test_what_waited_before_still_waits():
    with keras.StatelessScope():
        before = keras.Variable("ones", (2,))
        with uninitialized() as created:
            inside = keras.Variable("ones", (2,))
            dropout = keras.layers.Dropout(0.5, seed=3)
        between = keras.Variable("ones", (2,))
        assert [id(variable) for variable in created] == [id(inside), id(dropout.seed_generator.state)]
    assert is_placed(before)
    assert is_placed(between)
    assert is_placed(dropout.seed_generator.state)
    assert not is_placed(inside)
    assert waiting() == []


def test_nested_blocks_are_one():
    with uninitialized() as outer:
        first = keras.Variable("ones", (2,))
        with uninitialized() as inner:
            second = keras.Variable("ones", (2,))
            dropout = keras.layers.Dropout(0.5)
        third = keras.Variable("ones", (2,))
        assert not is_placed(dropout.seed_generator.state)
    state = dropout.seed_generator.state
    assert list(map(id, inner)) == [id(second), id(state)]
    assert list(map(id, outer)) == [id(first), id(second), id(state), id(third)]
    assert [is_placed(variable) for variable in outer] == [False, False, True, False]
    assert is_placed(keras.Variable("ones", (2,)))


@pytest.mark.parametrize("depth", [1, 2])
def test_an_exception_restores_everything(depth):
    def fail(depth):
        with uninitialized():
            keras.Variable("ones", (2,))
            if depth > 1:
                fail(depth - 1)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail(depth)
    assert not in_stateless_scope()
    assert waiting() == []
    assert is_placed(keras.Variable("ones", (2,)))


def test_other_threads_are_not_affected():
    found = []
    with uninitialized():
        thread = threading.Thread(target=lambda: found.append(is_placed(keras.Variable("ones", (2,)))))
        thread.start()
        thread.join()
    assert found == [True]


def test_a_model_may_be_extended_before_it_has_values():
    with uninitialized():
        model = small_model()
    with uninitialized() as created:
        extended = keras.Model(model.input, keras.layers.Dense(2)(model.output))
    initialize(created)
    assert is_placed(extended.layers[-1].kernel)
    assert not is_placed(model.weights[0])
    initialize(model.variables)
    assert np.asarray(keras.ops.stop_gradient(extended(np.ones((1, 3), "int32")))).shape == (1, 2)


def variable_without_value(shape, dtype="float32", **options):
    with uninitialized():
        return keras.Variable("zeros", shape, dtype, **options)


@pytest.mark.parametrize("stored", ["float32", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize("wanted", ["float32", "float16", "bfloat16"])
def test_placing_converts(stored, wanted):
    variable = variable_without_value((3, 2), wanted)
    array = np.linspace(-2, 2, 6).reshape(3, 2).astype(np.dtype(stored))
    expected = array.astype(np.dtype(wanted))
    place(variable, array)
    assert variable.dtype == wanted
    assert numbers(variable).dtype == expected.dtype
    assert values(variable).dtype == expected.dtype
    assert np.array_equal(numbers(variable), expected)
    assert np.array_equal(values(variable), expected)


@pytest.mark.parametrize(("dtype", "array"), [("int8", [[-3, 4]]), ("bool", [[True, False]]), ("int32", [[-70000, 1]])])
def test_placing_other_numbers(dtype, array):
    variable = variable_without_value((1, 2), dtype, trainable=False)
    place(variable, np.array(array, dtype))
    assert numbers(variable).tolist() == array


@pytest.mark.parametrize("shape", [(), (0, 3), (1,)])
def test_placing_odd_shapes(shape):
    variable = variable_without_value(shape)
    place(variable, np.full(shape, 3.0, "float32"))
    assert numbers(variable).shape == shape
    assert np.all(numbers(variable) == 3)


@pytest.mark.parametrize("spoil", [
    lambda array: array.T.copy().T,
    lambda array: np.frombuffer(b"x" + array.tobytes(), "float32", offset=1).reshape(array.shape),
    lambda array: (array.setflags(write=False), array)[1],
], ids=["strided", "unaligned", "read-only"])  # fmt: skip
def test_placing_awkward_memory(spoil):
    array = np.arange(6, dtype="float32").reshape(2, 3)
    variable = variable_without_value((2, 3))
    place(variable, spoil(array.copy()))
    assert np.array_equal(numbers(variable), array)
    variable.assign(variable.value * 2)
    assert np.array_equal(numbers(variable), array * 2)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="tensorflow copies")
def test_placing_adopts_the_memory_where_the_backend_can():
    memory = np.zeros(4096 + 64, "uint8")
    start = -memory.ctypes.data % 64
    array = memory[start : start + 4096].view("float32")
    variable = variable_without_value((1024,))
    place(variable, array)
    assert values(variable).ctypes.data == array.ctypes.data


def test_placing_again_overwrites_in_place():
    variable = keras.Variable("zeros", (2,))
    held = variable.value  # torch's optimizers hold on to it
    place(variable, np.array([1, 2], "float32"))
    assert numbers(variable).tolist() == [1, 2]
    if keras.backend.backend() == "torch":
        assert held is variable.value


def test_a_placed_variable_trains_only_if_it_may():
    trainable, frozen = variable_without_value((2,)), variable_without_value((2,), trainable=False)
    for variable in (trainable, frozen):
        place(variable, np.ones(2, "float32"))
    if keras.backend.backend() == "torch":
        assert (trainable.value.requires_grad, frozen.value.requires_grad) == (True, False)
    assert (trainable.trainable, frozen.trainable) == (True, False)

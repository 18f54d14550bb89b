"""Mistakes in the encoder."""

from __future__ import annotations

from .fault import BACKBONE, Edit, Fault

CONFIG = ("test_config_restores_it",)
UNKNOWN = ("test_unknown_arguments_are_refused",)
PADDING = ("test_length_of_padding_does_not_matter", "test_content_of_padding_does_not_matter")
OUTPUTS = ("test_outputs_are_what_heads_read",)
BFLOAT16 = ("test_bfloat16",)

EMBEDDED = "x = self.token_embedding(token_ids)  #"
HIDDEN = "        self.hidden_dim = filters * len(self.widths)\n"
NORM = 'self.norm = keras.layers.LayerNormalization(epsilon=epsilon, dtype=dtype, name="norm")'
INIT = "    def __init__("
REGISTERING = """    def __init_subclass__(cls, **options):
        from modelry import registry

        super().__init_subclass__(**options)
        registry.register("backbones", "textcnn", cls)

"""
NOISE = """class Noise(keras.layers.Layer):
    def call(self, x):
        return x + 0.1 * keras.random.normal(ops.shape(x), dtype=x.dtype)
"""
END = "            dtype=dtype,\n            **kwargs,\n        )\n"


def _change(name: str, old: str, new: str, claims: tuple[str, ...], words: str) -> Fault:
    return Fault(name, (Edit(BACKBONE, old, new),), "Backbone", claims, words)


def _normed(kept: str, norm: str) -> tuple[Edit, ...]:
    """Return the edits that give the encoder an argument `epsilon` for a norm of its embeddings."""
    return (
        Edit(BACKBONE, "widths=(3, 5, 7), dtype", "widths=(3, 5, 7), epsilon=1e-3, dtype"),
        Edit(BACKBONE, HIDDEN, f"{HIDDEN}        {kept}\n        {norm}\n"),
        Edit(BACKBONE, EMBEDDED, "x = self.norm(self.token_embedding(token_ids))  #"),
    )


FAULTS = (
    _change("forgotten mask", "convolution(x * mask)", "convolution(x)", PADDING, "use padding_mask wherever tokens"),
    _change(
        "padding is pooled",
        "        x = x * mask\n",
        "",
        PADDING,
        "pooled_output of text 0 (5 tokens) is another",
    ),
    _change("argument is not kept", "        self.filters = filters\n", "", CONFIG, "has no attribute 'filters'"),
    _change(
        "lost config key",
        END,
        END + '\n    def get_config(self):\n        config = super().get_config()\n        del config["widths"]\n'
        "        return config\n",
        CONFIG,
        "get_config() of TextCnnBackbone lacks 'widths'",
    ),
    Fault(
        "wrong epsilon in config", _normed("self.epsilon = 1e-6", NORM), "Backbone", CONFIG, "keeps epsilon as 1e-06"
    ),
    _change(
        "a list's default in place of what is passed",
        "self.widths = list(widths)",
        "self.widths = [3, 5, 7]",
        CONFIG,
        "keeps widths as [3, 5, 7]",
    ),
    _change("config is no JSON", "self.widths = list(widths)", "self.widths = {*widths}", CONFIG, "written as JSON"),
    _change(
        "constant in place of an argument",
        "keras.layers.Conv1D(filters,",
        "keras.layers.Conv1D(64,",
        OUTPUTS,
        "has the shape (3, 192), not (3, 12)",
    ),
    _change("misnamed output", '"sequence_output": x', '"sequence": x', OUTPUTS, "has no sequence_output"),
    Fault(
        "non-deterministic call",
        (
            Edit(BACKBONE, "class TextCnnBackbone(", f"{NOISE}\n\nclass TextCnnBackbone("),
            Edit(BACKBONE, EMBEDDED, "x = Noise(dtype=dtype)(self.token_embedding(token_ids))  #"),
        ),
        "Backbone",
        ("test_calling_it_twice_gives_the_same",),
        "differs between two calls with training=False",
    ),
    _change(
        "texts are mixed",
        "            outputs=",
        "            outputs={name: one - ops.mean(one, axis=0, keepdims=True) for name, one in ("
        '{"sequence_output": x, "pooled_output": ops.max(x, axis=1)}).items()} or ',
        ("test_other_texts_do_not_matter",),
        "of a text is another in a batch of 3 than alone",
    ),
    _change(
        "layer ignores the dtype",
        'embedding_dim, dtype=dtype, name="token_embedding"',
        'embedding_dim, dtype="float32", name="token_embedding"',
        BFLOAT16,
        "token_embedding/embeddings is float32",
    ),
    _change(
        "output is cast",
        '"sequence_output": x,',
        '"sequence_output": ops.cast(x, "float32"),',
        (*BFLOAT16, "test_mixed_bfloat16"),
        "sequence_output is float32",
    ),
    _change(
        "gradients stop",
        EMBEDDED,
        "x = ops.stop_gradient(self.token_embedding(token_ids))  #",
        ("test_gradients_reach_every_weight",),
        "No gradient reaches token_embedding/embeddings",
    ),
    _change(
        "float inputs",
        'dtype="int32", name="token_ids"',
        'dtype="float32", name="token_ids"',
        ("test_any_length_is_taken",),
        "The input token_ids is ((None, None), 'float32')",
    ),
    _change(
        "fixed length",
        'token_ids = keras.Input((None,), dtype="int32"',
        'token_ids = keras.Input((8,), dtype="int32"',
        ("test_any_length_is_taken",),
        "The input token_ids is ((None, 8), 'int32')",
    ),
    _change("arguments are swallowed", END, END.replace("            **kwargs,\n", ""), UNKNOWN, "is accepted"),
    _change(
        "nobody can derive from it",
        INIT,
        REGISTERING + INIT,
        ("test_a_subclass_does_not_take_its_place",),
        "A class that derives from TextCnnBackbone cannot be defined: AmbiguousName: The backbone 'textcnn' is already",
    ),
    _change(
        "root of zero in the gradient",
        '"pooled_output": ops.max(x, axis=1)',
        '"pooled_output": ops.sqrt(ops.max(x - x, axis=1))',
        ("test_gradients_reach_every_weight",),
        "is not finite",
    ),
)

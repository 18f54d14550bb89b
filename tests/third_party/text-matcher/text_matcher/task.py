"""The task: a vector for each text of a pair."""

import keras
from keras import ops
from modelry.data import Targets
from modelry.tasks import Task

from text_matcher.preprocessor import TextMatcherPreprocessor


class NoTargets(Targets):
    """No labels: the pairs themselves say what belongs together."""

    required = False


class TextMatcher(Task):
    """Puts queries near the answers that belong to them.

    Args:
        backbone: The backbone, which both towers share.
        preprocessor: Turns pairs into the rows of both towers.
        size: The size of a vector (D).
        compile: Whether to compile with the defaults.
        **kwargs: `name`, `trainable`.
    """

    task = "text_matcher"
    preprocessor_cls = TextMatcherPreprocessor
    learning_rate = 1e-3
    resets = ("size",)

    def __init__(self, backbone, preprocessor=None, size=32, compile=True, **kwargs):
        projection = keras.layers.Dense(size, dtype=backbone.dtype_policy, name="projection")
        inputs, vectors = {}, []
        for tower in ("query", "answer"):
            ids = keras.Input((None,), dtype="int32", name=f"{tower}_ids")  # (B, T)
            mask = keras.Input((None,), dtype="int32", name=f"{tower}_mask")  # (B, T)
            inputs |= {f"{tower}_ids": ids, f"{tower}_mask": mask}
            rows = {"token_ids": ids, "padding_mask": mask, "segment_ids": ops.zeros_like(ids)}
            states = backbone({name: rows[name] for name in backbone.input})["sequence_output"]  # (B, T, E)
            weights = ops.cast(mask, states.dtype)[:, :, None]  # (B, T, 1)
            pooled = ops.sum(states * weights, axis=1) / ops.sum(weights, axis=1)  # (B, E)
            vectors.append(ops.normalize(projection(pooled)))  # (B, D)
        super().__init__(
            backbone=backbone,
            preprocessor=preprocessor,
            inputs=inputs,
            outputs=ops.stack(vectors, axis=1),  # (B, 2, D)
            **kwargs,
        )
        self.size = size
        if compile:
            self.compile()

    def sample_inputs(self, texts):
        """Pair each text with itself."""
        return list(texts), list(texts)

    def targets(self):
        """Return that there are no labels."""
        return NoTargets()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the cross-entropy of finding each query's answer among all answers of the batch."""
        similarity = 20 * ops.matmul(y_pred[:, 0], ops.transpose(y_pred[:, 1]))  # (B, B)
        own = ops.arange(ops.shape(similarity)[0])  # (B,)
        return ops.mean(keras.losses.sparse_categorical_crossentropy(own, similarity, from_logits=True))

    def similarity(self, pairs):
        """Return the cosine of query and answer of each pair, `(n,)`."""
        vectors = self.predict(pairs, verbose=0)
        return (vectors[:, 0] * vectors[:, 1]).sum(-1)

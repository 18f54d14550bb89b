"""Mistakes in the classifier, and in a head of the plugin's own."""

from __future__ import annotations

from .fault import BACKBONE, PROJECT, TASK, TESTS, Edit, Fault

HEAD = '''"""A head."""

import keras
from keras import ops
from modelry.tasks.text_classifier import ClassifierHead


class MeanHead(ClassifierHead):
    """Classifies by the mean of the states."""

    def __init__(self, num_classes, activation=None, dropout=0.1, **kwargs):
        super().__init__(num_classes, activation, dropout, **kwargs)
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="drop")
        self.scores = keras.layers.Dense(
            num_classes, activation=self.activation, dtype=self.dtype_policy, name="scores"
        )

    def call(self, outputs, padding_mask=None, training=None):
        """Return scores."""
        states = outputs["sequence_output"]
        mask = ops.ones_like(states[:, :, 0]) if padding_mask is None else padding_mask
        real = ops.cast(ops.not_equal(mask, 0), states.dtype)[:, :, None]
        mean = ops.sum(states * real, axis=1) / ops.sum(real, axis=1)
        return self.scores(self.drop(mean, training=training))
'''
IN_PROJECT = Edit(
    PROJECT,
    '[project.entry-points."modelry.tasks"]',
    '[project.entry-points."modelry.heads"]\nacme_mean = "acme_textcnn.head:MeanHead"\n\n'
    '[project.entry-points."modelry.tasks"]',
)
IN_TESTS = (
    Edit(TESTS, "import BackboneContract,", "import BackboneContract, HeadContract,"),
    Edit(
        TESTS,
        "class TestClassifier(",
        "class TestHead(HeadContract):\n    @pytest.fixture\n    def head(self):\n"
        "        from acme_textcnn.head import MeanHead\n\n        return MeanHead(3)\n\n\nclass TestClassifier(",
    ),
)
IN_TASK = (
    Edit(TASK, "import PooledOutputHead, TextClassifier", "import TextClassifier"),
    Edit(TASK, "from acme_textcnn.text", "from acme_textcnn.head import MeanHead\nfrom acme_textcnn.text"),
    Edit(TASK, "head_cls = PooledOutputHead", "head_cls = MeanHead"),
)
PADDING = ("test_length_of_padding_does_not_matter", "test_content_of_padding_does_not_matter")
DROPOUT = ("test_dropout_is_active_in_training_alone",)


def own_head(source: str = HEAD) -> tuple[Edit, ...]:
    """Return the edits that give the plugin a head of its own, with tests."""
    return (Edit("acme_textcnn/head.py", "", source), IN_PROJECT, *IN_TESTS, *IN_TASK)


def _head(name: str, old: str, new: str, claims: tuple[str, ...], words: str) -> Fault:
    if HEAD.count(old) != 1:
        raise ValueError(f"{old!r} does not stand in the head exactly once; correct the fault {name!r}.")
    return Fault(name, own_head(HEAD.replace(old, new)), "Head", claims, words)


FAULTS = (
    _head(
        "head ignores dropout",
        "self.drop(mean, training=training)",
        "mean",
        DROPOUT,
        "two calls with training=True give the same scores",
    ),
    _head(
        "head always drops",
        "self.drop(mean, training=training)",
        "self.drop(mean, training=True)",
        DROPOUT,
        "scores outside training differ from those with dropout=0",
    ),
    _head(
        "head forgets the mask",
        "ops.sum(states * real, axis=1) / ops.sum(real, axis=1)",
        "ops.mean(states, axis=1)",
        PADDING,
        "by padding_mask before a sum, divide by its sum",
    ),
    _head(
        "head ignores the activation",
        "activation=self.activation, ",
        "",
        ("test_activation_is_applied",),
        "With activation='softmax', scores are not the softmax",
    ),
    _head(
        "head has two classes",
        "            num_classes, activation",
        "            2, activation",
        ("test_every_class_gets_a_score",),
        "With num_classes=3, scores have the shape (3, 2)",
    ),
    Fault(
        "head is not registered",
        tuple(edit for edit in own_head() if edit is not IN_PROJECT),
        "Classifier",
        ("test_its_parts_are_registered",),
        "No installed distribution registers MeanHead, one of the heads",
    ),
    Fault(
        "head reads what the backbone lacks",
        (Edit(BACKBONE, ', "pooled_output": ops.max(x, axis=1)', ""),),
        "Classifier",
        ("test_any_text_is_taken",),
        "PooledOutputHead reads a backbone's pooled_output, and this one has only sequence_output",
    ),
    Fault(
        "labels are lost",
        (
            Edit(
                TASK,
                "    learning_rate = 2e-3\n",
                "    learning_rate = 2e-3\n\n    def __init__(self, backbone, num_classes=None, labels=None, **more):\n"
                "        super().__init__(backbone, num_classes or len(labels), **more)\n",
            ),
        ),
        "Classifier",
        ("test_labels_are_saved",),
        "are None after loading",
    ),
)

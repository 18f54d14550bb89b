"""Claims about converters of transformers checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import tokenizers

from modelry.backbones.backbone import Backbone
from modelry.backbones.checkpoint_writer import checkpoint_of
from modelry.checkpoints.checkpoint import Checkpoint
from modelry.discovery.registry import registry
from modelry.errors import InputError, ModelryError, UnknownComponent
from modelry.preprocessing.text_preprocessor import TextPreprocessor
from modelry.presets.read import read_recipe
from modelry.testing.comparing import as_numpy, expect_close, run
from modelry.testing.contract import expect, fail
from modelry.testing.examples import ENGLISH, STRANGE
from modelry.testing.installed_contract import InstalledContract
from modelry.testing.presets import edit_json, expect_refusal, truncate

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import numpy.typing as npt

WEIGHTS = "model.safetensors"


class CheckpointContract(InstalledContract):
    """Claims about a converter. Write `checkpoint` and `golden_logits`, or `golden_states` where there is no head."""

    kind: ClassVar[str] = "checkpoints"
    subject: ClassVar[str] = "checkpoint"
    needs: ClassVar[Mapping[str, str]] = {
        "checkpoint": "the folder of a small checkpoint that transformers' save_pretrained wrote"
    }

    @pytest.fixture
    def golden_logits(self) -> Mapping[str | tuple[str, str], npt.ArrayLike]:
        """The outputs of transformers' model with its head, for a few texts and pairs `(first, second)`."""
        return {}

    @pytest.fixture
    def golden_states(self) -> Mapping[str, npt.ArrayLike]:
        """The last hidden states that transformers computes for a few texts, `(tokens, hidden_dim)`."""
        return {}

    @pytest.fixture
    def component(self, checkpoint: str | os.PathLike[str]) -> Checkpoint:
        """The converter that is registered for the checkpoint's `model_type`."""
        model_type = _config(checkpoint).get("model_type")
        try:
            found = registry.load("checkpoints", str(model_type))
        except UnknownComponent as error:
            fail(
                f"Nothing reads checkpoints of model_type {model_type!r}: {error}",
                "a converter is registered under the model_type of config.json.",
                f'add to pyproject.toml: [project.entry-points."modelry.checkpoints"] {model_type} = "module:Class", '
                "then run: pip install -e .",
            )
        rule, to_do = "a converter is a modelry.Checkpoint.", "derive from modelry.Checkpoint."
        expect(isinstance(found, type) and issubclass(found, Checkpoint), f"{found!r} is not one.", rule, to_do)
        created: Checkpoint = found()  # type: ignore[operator]
        return created

    @pytest.fixture
    def copy(self, checkpoint: str | os.PathLike[str], tmp_path: Path) -> Path:
        """A copy of the checkpoint, to be damaged."""
        return Path(shutil.copytree(checkpoint, tmp_path / "copy"))

    def test_golden_values(
        self,
        checkpoint: str | os.PathLike[str],
        golden_logits: Mapping[str | tuple[str, str], npt.ArrayLike],
        golden_states: Mapping[str, npt.ArrayLike],
    ) -> None:
        """It computes the same as transformers."""
        rule = "a converted checkpoint computes the same as the original."
        to_do = "compare epsilon, activation, masks and the layout of each weight with transformers' code."
        if not golden_logits and not golden_states:
            fail(
                "There are neither golden_logits nor golden_states.",
                "values of transformers show whether weights are in their places.",
                "compute a few with transformers, and give one of the two fixtures: texts → arrays.",
            )
        task_cls = _task_class(checkpoint)
        if task_cls is not None and not golden_logits:
            fail(
                "The checkpoint has a head, and there are no golden_logits.",
                "values of transformers show whether the head's weights are in their places, too.",
                "compute a few logits with transformers, and give the fixture golden_logits: texts → arrays.",
            )
        if golden_logits:
            task = task_cls.from_preset(checkpoint)
            for text, expected in golden_logits.items():
                x = [text] if isinstance(text, str) else ([text[0]], [text[1]])
                logits = task.predict(x, verbose=0)[0]
                expect_close(logits, expected, f"The logits of {text!r:.60} are not transformers'", rule, to_do)
        if golden_states:
            backbone, preprocessor = Backbone.from_preset(checkpoint), TextPreprocessor.from_preset(checkpoint)
            for text, expected in golden_states.items():
                packed = preprocessor.tokenize(([text],))
                batch = preprocessor.pad(packed, [0], int(packed.lengths[0]))
                states = run(backbone, batch)["sequence_output"][0]
                expect_close(states, expected, f"The states of {text!r:.60} are not transformers'", rule, to_do)

    def test_token_ids_are_those_of_its_tokenizer(self, checkpoint: str | os.PathLike[str]) -> None:
        """Texts with accents, pairs and long texts get the token ids that its tokenizer.json gives."""
        path = Path(checkpoint) / "tokenizer.json"
        if not path.is_file():
            pytest.skip("the checkpoint has no tokenizer.json")
        preprocessor = TextPreprocessor.from_preset(checkpoint)
        original = tokenizers.Tokenizer.from_str(path.read_text("utf-8"))
        original.no_padding()
        original.enable_truncation(preprocessor.sequence_length, strategy="longest_first")
        texts = [*ENGLISH, *STRANGE]
        columns: list[tuple[list[str], ...]] = [(texts,), (texts, texts[::-1])]
        for column in columns:
            try:
                rows = preprocessor.tokenize(column).token_ids
            except (InputError, NotImplementedError):  # it takes no pairs
                continue
            for text, row in zip(zip(*column, strict=True), rows, strict=True):
                found, expected = np.asarray(row).tolist(), original.encode(*text).ids
                what = f"{text!r:.80} gets the ids {found[:20]}, not {expected[:20]}."
                rule = "a converted checkpoint gives texts and pairs the ids that tokenizer.json gives them."
                to_do = "compare normalising (accents, case), special tokens between two texts, and truncation."
                expect(found == expected, what, rule, to_do)

    def test_every_weight_has_one_source(self, checkpoint: str | os.PathLike[str], component: Checkpoint) -> None:
        """It says for each weight of the backbone and of the head, once, where the checkpoint stores it."""
        task_cls = _task_class(checkpoint)
        if task_cls is not None:
            task = task_cls.from_preset(checkpoint)
            weights = [*task.backbone.weights, *task.head.weights]
            yielded = [*component.backbone_weights(task.backbone), *component.head_weights(task.head)]
        else:
            backbone = Backbone.from_preset(checkpoint)
            weights, yielded = backbone.weights, list(component.backbone_weights(backbone))
        sources = [id(source.variable) for source in yielded]
        wrong = [weight.path for weight in weights if sources.count(id(weight)) != 1]
        rule = "backbone_weights and head_weights yield each weight of the backbone, or of the head, exactly once."
        expect(
            not wrong, f"{', '.join(wrong)} has no source, or several.", rule, "yield SourcedWeight(variable, names)."
        )

    def test_saving_restores_it(self, checkpoint: str | os.PathLike[str], tmp_path: Path) -> None:
        """Saved as a preset and loaded again, it has the same weights."""
        backbone = Backbone.from_preset(checkpoint)
        backbone.save_to_preset(tmp_path / "preset")
        loaded = Backbone.from_preset(tmp_path / "preset")
        rule = "a converted checkpoint is a preset like any other."
        for one, other in zip(backbone.weights, loaded.weights, strict=True):
            same = np.array_equal(as_numpy(one.value), as_numpy(other.value))
            expect(same, f"{one.path} is another after saving and loading.", rule, "run the BackboneContract.")

    def test_writing_restores_it(
        self, checkpoint: str | os.PathLike[str], component: Checkpoint, tmp_path: Path
    ) -> None:
        """Written for transformers and read again, it has the same weights, labels and token ids."""
        task_cls = _task_class(checkpoint)
        model_cls: Any = task_cls or Backbone
        model = model_cls.from_preset(checkpoint)
        model.save_to_preset(tmp_path / "written", format="transformers")
        loaded = model_cls.from_preset(tmp_path / "written")
        rule = "a checkpoint that is read and written is the same."
        backbone = model.backbone if task_cls is not None else model
        never = {id(source.variable) for source in component.backbone_weights(backbone) if not source.names}
        for one, other in zip(model.weights, loaded.weights, strict=True):
            same = id(one) in never or np.array_equal(as_numpy(one.value), as_numpy(other.value))
            expect(same, f"{one.path} is another after writing and reading.", rule, "check the write of each layout.")
        before, after = _config(checkpoint), _config(tmp_path / "written")
        # A converter into another distribution's backbone reads only: that distribution's own one writes.
        writes = type(checkpoint_of(backbone)) is type(component)
        for key in ("model_type", "architectures", "id2label") if writes else ("id2label",):
            to_do = f"check model_type, class_prefix and written_config of {type(self).__name__}'s converter."
            expect(before.get(key) == after.get(key), f"{key} is {after.get(key)!r} after writing.", rule, to_do)
        if task_cls is not None:
            rows = [one.preprocessor.tokenize((STRANGE,)).token_ids for one in (model, loaded)]
            same = all(np.array_equal(one, other) for one, other in zip(*rows, strict=True))
            expect(same, "Texts have other token ids after writing and reading.", rule, "check save_for_transformers.")

    def test_missing_keys_are_refused(self, copy: Path) -> None:
        """A config.json without one of its keys is read with the key's default, or raises a ModelryError."""
        config = _config(copy)
        for name in config:
            (copy / "config.json").write_text(json.dumps({key: config[key] for key in config if key != name}), "utf-8")
            self._expect_no_bare_error(copy, f"config.json without {name!r}")

    def test_wrong_types_are_refused(self, copy: Path) -> None:
        """A config.json with a value of another type is read, or raises a ModelryError."""
        config = _config(copy)
        for name in config:
            (copy / "config.json").write_text(json.dumps({**config, name: {"no": ["such"]}}), "utf-8")
            self._expect_no_bare_error(copy, f"an object as {name!r} in config.json")

    def test_damaged_json_is_refused(self, copy: Path) -> None:
        """A damaged config.json raises an error that names the file."""
        truncate(copy / "config.json")
        expect_refusal(Backbone.from_preset, copy, "config.json cut in half", "config.json")

    def test_truncated_weights_are_refused(self, copy: Path) -> None:
        """Weights that are cut off raise an error that names the file."""
        truncate(copy / self._weights(copy))
        expect_refusal(Backbone.from_preset, copy, f"{WEIGHTS} cut in half", WEIGHTS)

    def test_a_missing_tensor_is_refused(self, copy: Path, component: Checkpoint) -> None:
        """A checkpoint without one of the tensors that it must have raises an error that names it."""
        from safetensors.numpy import load_file, save_file

        tensors = load_file(copy / self._weights(copy))
        backbone = Backbone.from_preset(copy)
        sources = [source.names for source in component.backbone_weights(backbone)]
        name = next(name for names in sources for name in names if name in tensors)
        save_file({key: value for key, value in tensors.items() if key != name}, copy / WEIGHTS)
        expect_refusal(Backbone.from_preset, copy, f"no tensor {name}", name, *sources[0])

    def test_an_unknown_tensor_is_refused(self, copy: Path) -> None:
        """A tensor that no weight takes raises an error that names it, because something may be missing."""
        from safetensors.numpy import load_file, save_file

        tensors = load_file(copy / self._weights(copy))
        prefix = max(tensors, key=lambda name: name.count(".")).rpartition(".")[0]
        save_file({**tensors, f"{prefix}.no_such_tensor": np.zeros(3, "float32")}, copy / WEIGHTS)
        expect_refusal(Backbone.from_preset, copy, f"a tensor {prefix}.no_such_tensor", "no_such_tensor")

    def test_another_size_is_refused(self, copy: Path) -> None:
        """Weights of another size than config.json says raise an error that names the file."""
        config = _config(copy)
        if not isinstance(config.get("vocab_size"), int):
            pytest.skip("config.json has no vocab_size")
        edit_json(copy / "config.json", lambda values: values.update(vocab_size=10_007))
        damage = "vocab_size=10007 in config.json, but not in the weights"
        expect_refusal(Backbone.from_preset, copy, damage, WEIGHTS, "config.json")

    def _expect_no_bare_error(self, folder: Path, damage: str) -> None:
        __tracebackhide__ = True
        try:
            read_recipe(folder).inputs()
            return
        except ModelryError as error:
            # An error that a converter did not raise itself wraps the one that it let pass, which explains nothing.
            bare: BaseException | None = error.__cause__
        except Exception as error:
            bare = error
        if bare is not None and not isinstance(bare, ModelryError):
            fail(
                f"With {damage}, reading the checkpoint raises a bare {type(bare).__name__}: {bare}",
                "a checkpoint that cannot be used raises a ModelryError with the reason.",
                "read values with modelry.strict_json.field, which names key, file and preset.",
            )

    def _weights(self, folder: Path) -> str:
        if not (folder / WEIGHTS).is_file():
            pytest.skip(f"the checkpoint has no {WEIGHTS}; this test cannot change shards")
        return WEIGHTS


def _task_class(folder: str | os.PathLike[str]) -> Any:
    """Return the class that loads a checkpoint with a head; `None` if the checkpoint has only a backbone."""
    part = read_recipe(folder).task
    return None if part is None else registry.load("tasks", part.short_name.rpartition(".")[2])


def _config(folder: str | os.PathLike[str]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((Path(folder) / "config.json").read_text("utf-8"))
    return values

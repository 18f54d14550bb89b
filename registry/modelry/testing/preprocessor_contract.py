"""Claims about text preprocessors."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from modelry.errors import InputError
from modelry.testing.configs import expect_arguments_kept, expect_json, expect_restored, expect_unknown_refused
from modelry.testing.contract import expect, fail
from modelry.testing.examples import STRANGE, expect_different, texts_for
from modelry.testing.installed_contract import InstalledContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelry.data.rows import TokenizedTexts
    from modelry.preprocessing.text_preprocessor import TextPreprocessor


class PreprocessorContract(InstalledContract):
    """Claims about a preprocessor. Write the fixture `preprocessor`, and `texts` if it takes unusual ones."""

    kind: ClassVar[str] = "preprocessors"
    subject: ClassVar[str] = "preprocessor"
    needs: ClassVar[Mapping[str, str]] = {
        "preprocessor": "an instance of your preprocessor, with a sequence_length below 100"
    }

    @pytest.fixture
    def texts(self, preprocessor: TextPreprocessor) -> Sequence[str]:
        """Some texts of different lengths that it takes."""
        return texts_for(preprocessor)

    def test_config_restores_it(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """Its config creates an equal preprocessor."""
        expect_arguments_kept(preprocessor, without=("tokenizer",))
        config = preprocessor.get_config()
        expect_json({name: value for name, value in config.items() if name != "tokenizer"}, type(preprocessor))
        restored = type(preprocessor).from_config(config)
        expect_restored(preprocessor, restored)
        one, other = preprocessor(list(texts)), restored(list(texts))
        rule = "from_config(get_config()) gives an equal preprocessor."
        for name, array in one.items():
            what = f"{name} is another with a preprocessor created from the config."
            expect(np.array_equal(array, other.get(name)), what, rule, "keep every argument unchanged.")

    def test_unknown_arguments_are_refused(self, preprocessor: TextPreprocessor) -> None:
        """An argument that it does not take raises an error."""
        expect_unknown_refused(type(preprocessor), preprocessor.get_config(), type(preprocessor))

    def test_every_text_gets_a_row(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """Each text, even an empty or very long one, gets a row of 1 to sequence_length tokens."""
        every = [*texts, *STRANGE]
        packed = preprocessor.tokenize((every,))
        rule = "tokenize gives each text from 1 to sequence_length tokens, in order, as integers."
        expect(len(packed) == len(every), f"{len(every)} texts get {len(packed)} rows.", rule, "keep empty texts too.")
        for text, ids, segments in zip(every, packed.token_ids, packed.segment_ids, strict=True):
            found = np.asarray(ids)
            fits = found.ndim == 1 and 1 <= len(found) <= preprocessor.sequence_length
            what = f"{text!r:.60} gets {found.shape} tokens; sequence_length is {preprocessor.sequence_length}."
            expect(
                fits,
                what,
                rule,
                "cut at sequence_length, special tokens included; give an empty text one padding token.",
            )
            what = f"{text!r:.60} gets {found.dtype} ids and {len(segments)} segment ids for {len(found)} tokens."
            expect(found.dtype.kind == "i" and len(segments) == len(found), what, rule, "np.array(ids, 'int32')")

    def test_different_texts_get_different_rows(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """The content of a text reaches its row."""
        expect_different(texts, 2)
        rows = [np.asarray(ids).tolist() for ids in preprocessor.tokenize((list(texts),)).token_ids]
        what = f"All of {len(set(texts))} different texts get the ids {rows[0]}."
        expect(
            any(row != rows[0] for row in rows),
            what,
            "a row has its text's tokens.",
            "return the ids of tokenizer.encode.",
        )

    def test_sequence_length_can_be_set(self, preprocessor: TextPreprocessor) -> None:
        """sequence_length can be set at any time, and long texts are cut there."""
        rule = "rows have at most the sequence_length that is set now."
        to_do = "read self.sequence_length in tokenize, not in __init__."
        with _length(preprocessor, 5):
            found = preprocessor.tokenize((["a good film " * 50],)).lengths[0]
            expect(found <= 5, f"With sequence_length = 5, a long text gets {found} tokens.", rule, to_do)
            shape = preprocessor(["a good film " * 50])["token_ids"].shape
            expect(shape == (1, 5), f"With sequence_length = 5, arrays have the shape {shape}.", rule, to_do)

    def test_padding_only_fills_up(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """Arrays of another length differ by padding only, and the mask says what is padding."""
        packed = preprocessor.tokenize((list(texts),))
        rows, longest = range(len(packed)), int(max(packed.lengths))
        short, long = (preprocessor.pad(packed, rows, length) for length in (longest, longest + 4))
        rule = "pad gives integer or boolean arrays, (rows, length), that differ by padding at the end only."
        for name, array in long.items():
            shape = (len(packed), longest + 4)
            what = f"{name} is {array.dtype} of shape {array.shape}, not of {shape}."
            expect(array.shape == shape and array.dtype.kind in "biu", what, rule, "fill arrays of that shape.")
            what = f"{name} is another for length {longest + 4} than for {longest}, before the padding."
            expect(np.array_equal(array[:, :longest], short[name]), what, rule, "pad on the right.")
        self._expect_mask(packed, long)

    def test_rows_are_picked_by_index(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """Pad takes any rows in any order, and a text's row does not depend on other texts."""
        packed = preprocessor.tokenize((list(texts),))
        length = int(max(packed.lengths))
        everything = preprocessor.pad(packed, range(len(packed)), length)
        rule = "batches are rows in any order, each as it would be alone."
        order = np.array([len(texts) - 1, 0, 0])
        picked = preprocessor.pad(packed, order, length)
        alone = preprocessor.pad(preprocessor.tokenize(([texts[0]],)), [0], length)
        for name, array in everything.items():
            what = f"{name} of rows {order.tolist()} is not that of these rows among all."
            expect(
                np.array_equal(picked[name], array[order]), what, rule, "index packed.token_ids with each of the rows."
            )
            what = f"{name} of the first text is another among other texts than alone."
            expect(np.array_equal(alone[name][0], array[0]), what, rule, "look at one text at a time.")

    def test_one_text_is_a_row_of_many(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """Calling it with a str gives what calling it with a list gives, without the first axis."""
        one, many = preprocessor(texts[0]), preprocessor([texts[0]])
        rule = "a single text gives arrays of shape (sequence_length,)."
        for name, array in many.items():
            what = f"{name} of a str has the shape {np.shape(one.get(name))}; that of a list of it, {array.shape}."
            expect(np.array_equal(one.get(name), array[0]), what, rule, "do not override __call__.")

    def test_values_that_are_not_texts_are_refused(self, preprocessor: TextPreprocessor) -> None:
        """None among the texts raises an InputError."""
        try:
            preprocessor(["fine", None])
        except InputError:
            return
        except Exception as error:
            fail(
                f"None among the texts raises {error!r}.", "wrong data raises InputError.", "do not override __call__."
            )
        fail("None among the texts is accepted.", "wrong data raises InputError.", "do not override __call__.")

    def test_pairs_keep_both_texts(self, preprocessor: TextPreprocessor, texts: Sequence[str]) -> None:
        """If it takes sentence pairs, a row holds both texts in order, also when both are long."""
        expect_different(texts, 2)
        first, second = max(texts, key=len), sorted(set(texts), key=len)[-2]
        try:
            pair = preprocessor.tokenize(([first], [second]))
        except (InputError, NotImplementedError) as error:
            pytest.skip(f"{type(preprocessor).__name__} takes no sentence pairs: {error}")
        rule = "a row of a pair holds tokens of both texts, in order, and no more than sequence_length."
        to_do = "share the length between the two, or raise InputError if the architecture takes no pairs."
        for columns, what in (
            (([first],), "as for the first text alone"),
            (([second],), "as for the second text alone"),
            (([second], [first]), "whichever text is first"),
        ):
            same = np.array_equal(pair.token_ids[0], preprocessor.tokenize(columns).token_ids[0])
            expect(not same, f"A pair gets the same ids {what}.", rule, to_do)
        long = preprocessor.tokenize((["a good film " * 99], ["a bad film " * 99]))
        what = f"Two long texts get {long.lengths[0]} tokens; sequence_length is {preprocessor.sequence_length}."
        expect(long.lengths[0] <= preprocessor.sequence_length, what, rule, to_do)
        if "segment_ids" in preprocessor([first]):
            found = sorted(set(np.asarray(long.segment_ids[0]).tolist()))
            expect(found == [0, 1], f"The segment ids of a long pair are {found}, not 0 and 1.", rule, to_do)

    def test_padding_is_one_of_two(self, preprocessor: TextPreprocessor) -> None:
        """`padding` is "bucket" where batches may be padded to their own lengths, or "fixed"."""
        found = getattr(preprocessor, "padding", None)
        rule = 'padding is "bucket", or "fixed" for architectures with outputs that depend on padding.'
        expect(found in ("bucket", "fixed"), f"padding is {found!r}.", rule, "take it as an argument and keep it.")

    def _expect_mask(self, packed: TokenizedTexts, features: dict[str, np.ndarray[Any, Any]]) -> None:
        __tracebackhide__ = True
        if "padding_mask" in features:
            real = np.arange(features["padding_mask"].shape[1]) < packed.lengths[:, None]
            right = np.array_equal(features["padding_mask"].astype(bool), real)
            rule = "padding_mask is nonzero for a text's tokens, 0 after them."
            expect(right, "padding_mask does not match the lengths of the rows.", rule, "mask[row, :len(ids)] = True")
        for row, ids in enumerate(packed.token_ids):
            same = np.array_equal(features["token_ids"][row, : len(ids)], ids)
            rule = "pad copies the packed ids to the beginning of each row."
            expect(
                same, f"token_ids of row {row} do not begin with its packed ids.", rule, "array[row, :len(ids)] = ids"
            )


@contextlib.contextmanager
def _length(preprocessor: TextPreprocessor, length: int) -> Iterator[None]:
    before = preprocessor.sequence_length
    preprocessor.sequence_length = length
    try:
        yield
    finally:
        preprocessor.sequence_length = before

"""Claims about tokenizers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from modelry.testing.configs import expect_arguments_kept, expect_json, expect_restored, expect_unknown_refused
from modelry.testing.contract import expect, fail
from modelry.testing.examples import STRANGE
from modelry.testing.installed_contract import InstalledContract
from modelry.testing.presets import differences
from modelry.testing.processes import run_probe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelry.tokenizers.tokenizer import Tokenizer

WORDS = "keep every argument as an attribute, and compute everything else from these."


class TokenizerContract(InstalledContract):
    """Claims about a tokenizer. Write the fixtures `tokenizer` and `golden`."""

    kind: ClassVar[str] = "tokenizers"
    subject: ClassVar[str] = "tokenizer"
    needs: ClassVar[Mapping[str, str]] = {
        "tokenizer": "an instance of your tokenizer, with a small vocabulary",
        "golden": "a dict from texts to the ids they must get, found by hand or with another program",
    }

    def test_golden_ids(self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]]) -> None:
        """Texts get their known ids."""
        to_do = "write down a few texts with their ids."
        expect(any(map(len, golden.values())), "golden has no ids.", "some texts' ids are known.", to_do)
        to_do = "write down the ids of a text such as 'café', even if some of its tokens are unknown."
        accents = any(not text.isascii() for text in golden)
        expect(accents, "golden has only ASCII texts.", "the ids of accents are known, too.", to_do)
        rule = "ids are those with which the model was trained."
        for text, ids in golden.items():
            found = tokenizer.encode([text])[0]
            what = f"{text!r} gets the ids {list(found)}, not {list(ids)}."
            expect(list(found) == list(ids), what, rule, "compare the steps: normalising, splitting, looking up.")

    def test_ids_are_below_the_vocabulary_size(self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]]) -> None:
        """Ids are integers from 0 to vocabulary_size() - 1, for any text."""
        size = tokenizer.vocabulary_size()
        rule = "encode returns a list of integers for each text, 0 to vocabulary_size() - 1."
        for text in (*golden, *STRANGE):
            rows = tokenizer.encode([text])
            expect(len(rows) == 1, f"One text gets {len(rows)} rows of ids.", rule, "return one list for each text.")
            wrong = [
                one for one in rows[0] if isinstance(one, bool) or not hasattr(one, "__index__") or not 0 <= one < size
            ]
            what = f"{text!r:.60} gets the ids {wrong[:5]}, with a vocabulary of {size}."
            expect(not wrong, what, rule, "map unknown tokens to one id of the vocabulary.")

    def test_any_text_is_taken(self, tokenizer: Tokenizer) -> None:
        """Empty texts, emoji, control characters, rare scripts and very long texts get ids."""
        for text in STRANGE:
            try:
                tokenizer.encode([text])
            except Exception as error:
                what = f"{text!r:.60} ({len(text)} characters) raises {type(error).__name__}: {error}"
                fail(
                    what,
                    "every str that UTF-8 can hold gets a list of ids, maybe empty.",
                    "map the unknown to one token.",
                )

    def test_other_texts_do_not_matter(self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]]) -> None:
        """Many texts together, and in several threads, get the ids that each gets alone."""
        texts = [*golden, *STRANGE] * 3
        alone = [list(tokenizer.encode([text])[0]) for text in texts]
        with ThreadPoolExecutor(4) as pool:
            for found in ([tokenizer.encode(texts)], pool.map(tokenizer.encode, [texts] * 8)):
                for rows in found:
                    wrong = [text for text, row, ids in zip(texts, rows, alone, strict=True) if list(row) != ids]
                    what = f"{wrong[:1]!r:.60} gets other ids among other texts than alone."
                    rule = "a text's ids depend on this text only; predict encodes in a thread."
                    expect(not wrong, what, rule, "keep no state between texts or calls.")

    def test_config_restores_it(
        self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]], tmp_path: Path
    ) -> None:
        """Its config and its assets create an equal tokenizer."""
        expect_arguments_kept(tokenizer, without=tokenizer.assets)
        config = tokenizer.get_config()
        expect_json({name: value for name, value in config.items() if name not in tokenizer.assets}, type(tokenizer))
        restored = type(tokenizer).from_config(config)
        expect_restored(tokenizer, restored)
        self._expect_equal(tokenizer, restored, golden, "from its config")
        loaded = self._from_assets(tokenizer, tmp_path)
        self._expect_equal(tokenizer, loaded, golden, "from its assets")

    def test_assets_are_the_same_to_the_byte(self, tokenizer: Tokenizer, tmp_path: Path) -> None:
        """A tokenizer that is loaded from its assets writes the same assets."""
        if not tokenizer.assets:
            pytest.skip(f"{type(tokenizer).__name__} has no assets")
        loaded = self._from_assets(tokenizer, tmp_path / "one")
        (tmp_path / "other").mkdir()
        loaded.save_assets(tmp_path / "other")
        files = sorted(path.name for path in (tmp_path / "one").iterdir())
        expect(
            files == sorted(tokenizer.assets.values()),
            f"save_assets writes {files}, but assets names {sorted(tokenizer.assets.values())}.",
            "assets names every file that save_assets writes, and no other.",
            "name the file after the argument that takes its path: assets = {'vocabulary': 'vocabulary.txt'}.",
        )
        other = differences(tmp_path / "one", tmp_path / "other")
        rule = "save, load and save again give the same files."
        expect(
            not other,
            f"{', '.join(other)} differ after loading.",
            rule,
            "write everything that was read, in a fixed order.",
        )

    def test_unknown_arguments_are_refused(self, tokenizer: Tokenizer) -> None:
        """An argument that it does not take raises an error."""
        expect_unknown_refused(type(tokenizer), tokenizer.get_config(), type(tokenizer))

    def test_vocabulary_is_consistent(self, tokenizer: Tokenizer) -> None:
        """Tokens and ids lead to each other."""
        try:
            vocabulary = tokenizer.get_vocabulary()
        except NotImplementedError:
            pytest.skip(f"{type(tokenizer).__name__} has no vocabulary")
        rule = (
            "get_vocabulary lists vocabulary_size() different tokens by id; token_to_id and id_to_token agree with it."
        )
        to_do = "derive from modelry.SplittingTokenizer, which does this, or make the four methods agree."
        found = (len(vocabulary), len(set(vocabulary)), tokenizer.vocabulary_size())
        what = "The vocabulary has {} tokens, {} of them different, and vocabulary_size() is {}.".format(*found)
        expect(len(set(found)) == 1, what, rule, to_do)
        for id_, token in enumerate(vocabulary):
            there, back = tokenizer.token_to_id(token), tokenizer.id_to_token(id_)
            what = f"Token {token!r} has the id {there} and id {id_} is the token {back!r}."
            expect((there, back) == (id_, token), what, rule, to_do)

    def test_texts_come_back(self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]]) -> None:
        """Texts that decode returns have the same ids again."""
        known = [list(ids) for ids in golden.values() if len(ids) and self._oov(tokenizer) not in ids]
        try:
            texts = tokenizer.decode(known)
        except NotImplementedError:
            pytest.skip(f"{type(tokenizer).__name__} does not turn ids into texts")
        if not known:
            pytest.skip("every golden text has unknown tokens, which do not come back")
        rule = "decode gives a text for each row of ids, with the same ids unless some were unknown."
        for ids, text, again in zip(known, texts, tokenizer.encode(texts), strict=True):
            what = f"The ids {ids} decode to {text!r}, which has the ids {list(again)}."
            expect(
                list(again) == ids,
                what,
                rule,
                "join tokens so that the text is split again at the same places.",
            )

    def test_a_new_process_gives_the_same_ids(
        self, tokenizer: Tokenizer, golden: Mapping[str, Sequence[int]], tmp_path: Path
    ) -> None:
        """Another Python process gives the same ids."""
        self._from_assets(tokenizer, tmp_path / "assets")
        cls, texts = type(tokenizer), [*golden, *STRANGE]
        arguments = (f"{cls.__module__}:{cls.__qualname__}", self._plain_config(tokenizer), str(tmp_path / "assets"))
        found = run_probe("tokenize", *arguments, texts, what=f"Creating a {cls.__name__} in a new process")["ids"]
        for text, row, ids in zip(texts, found, tokenizer.encode(texts), strict=True):
            what = f"{text!r:.60} has the ids {row[:20]} in a new process, and {list(ids)[:20]} here."
            to_do = "hash with zlib.crc32, not with hash(), which Python seeds for each process; sort sets."
            expect(row == list(ids), what, "ids are the same in every process.", to_do)

    def _oov(self, tokenizer: Tokenizer) -> int | None:
        token = getattr(tokenizer, "oov_token", None)
        return None if token is None else tokenizer.token_to_id(token)

    def _plain_config(self, tokenizer: Tokenizer) -> dict[str, Any]:
        return {name: value for name, value in tokenizer.get_config().items() if name not in tokenizer.assets}

    def _from_assets(self, tokenizer: Tokenizer, folder: Path) -> Tokenizer:
        """Write the assets, and create a tokenizer from them as loading a preset does."""
        folder.mkdir(exist_ok=True)
        tokenizer.save_assets(folder)
        paths = {name: folder / file for name, file in tokenizer.assets.items()}
        return type(tokenizer)(**self._plain_config(tokenizer), **paths)

    def _expect_equal(self, one: Tokenizer, other: Tokenizer, golden: Mapping[str, Sequence[int]], how: str) -> None:
        __tracebackhide__ = True
        rule = "a tokenizer created from another's config or assets gives the same ids."
        for text in (*golden, *STRANGE):
            expected, found = list(one.encode([text])[0]), list(other.encode([text])[0])
            what = f"{text!r:.60} has the ids {expected[:20]}, and {found[:20]} with a tokenizer created {how}."
            expect(found == expected, what, rule, WORDS)

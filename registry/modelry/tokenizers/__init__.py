"""Tokenizers: from texts to token ids, and the files that their vocabularies are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.tokenizers.byte_pair import BytePairTokenizer as BytePairTokenizer
    from modelry.tokenizers.sentence_piece import EncoderSentencePieceTokenizer as EncoderSentencePieceTokenizer
    from modelry.tokenizers.sentence_piece import SentencePieceTokenizer as SentencePieceTokenizer
    from modelry.tokenizers.special_tokens import SpecialTokens as SpecialTokens
    from modelry.tokenizers.tokenizer import TokenId as TokenId
    from modelry.tokenizers.tokenizer import Tokenizer as Tokenizer
    from modelry.tokenizers.tokenizer import check_texts as check_texts
    from modelry.tokenizers.transformers_files import byte_pair_config as byte_pair_config
    from modelry.tokenizers.transformers_files import sentence_piece_config as sentence_piece_config
    from modelry.tokenizers.transformers_files import wordpiece_config as wordpiece_config
    from modelry.tokenizers.vocabulary import SplittingTokenizer as SplittingTokenizer
    from modelry.tokenizers.vocabulary import VocabularyTokenizer as VocabularyTokenizer
    from modelry.tokenizers.wordpiece import EncoderWordPieceTokenizer as EncoderWordPieceTokenizer
    from modelry.tokenizers.wordpiece import WordPieceTokenizer as WordPieceTokenizer

_PUBLIC = {
    "BytePairTokenizer": "modelry.tokenizers.byte_pair:BytePairTokenizer",
    "EncoderSentencePieceTokenizer": "modelry.tokenizers.sentence_piece:EncoderSentencePieceTokenizer",
    "EncoderWordPieceTokenizer": "modelry.tokenizers.wordpiece:EncoderWordPieceTokenizer",
    "SentencePieceTokenizer": "modelry.tokenizers.sentence_piece:SentencePieceTokenizer",
    "SpecialTokens": "modelry.tokenizers.special_tokens:SpecialTokens",
    "SplittingTokenizer": "modelry.tokenizers.vocabulary:SplittingTokenizer",
    "TokenId": "modelry.tokenizers.tokenizer:TokenId",
    "Tokenizer": "modelry.tokenizers.tokenizer:Tokenizer",
    "VocabularyTokenizer": "modelry.tokenizers.vocabulary:VocabularyTokenizer",
    "WordPieceTokenizer": "modelry.tokenizers.wordpiece:WordPieceTokenizer",
    "byte_pair_config": "modelry.tokenizers.transformers_files:byte_pair_config",
    "check_texts": "modelry.tokenizers.tokenizer:check_texts",
    "sentence_piece_config": "modelry.tokenizers.transformers_files:sentence_piece_config",
    "wordpiece_config": "modelry.tokenizers.transformers_files:wordpiece_config",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)

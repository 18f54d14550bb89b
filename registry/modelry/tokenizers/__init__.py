"""Tokenizers: texts to token ids and back, and the tokenizer files of transformers. Never imports TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.presets.tokenizer_settings import token_setting as token_setting
    from modelry.presets.tokenizer_settings import tokenizer_class as tokenizer_class
    from modelry.presets.tokenizer_settings import tokenizer_setting as tokenizer_setting
    from modelry.tokenizers.byte_pair import BytePairTokenizer as BytePairTokenizer
    from modelry.tokenizers.sentence_piece import EncoderSentencePieceTokenizer as EncoderSentencePieceTokenizer
    from modelry.tokenizers.sentence_piece import SentencePieceTokenizer as SentencePieceTokenizer
    from modelry.tokenizers.sentence_piece_model import ACCENTS as ACCENTS
    from modelry.tokenizers.sentence_piece_model import LOWERCASE as LOWERCASE
    from modelry.tokenizers.sentence_piece_model import PRECOMPILED as PRECOMPILED
    from modelry.tokenizers.sentence_piece_model import QUOTES as QUOTES
    from modelry.tokenizers.sentence_piece_model import WORDS as WORDS
    from modelry.tokenizers.splitting_tokenizer import SplittingTokenizer as SplittingTokenizer
    from modelry.tokenizers.tokenizer import NO_SPAN as NO_SPAN
    from modelry.tokenizers.tokenizer import Encoded as Encoded
    from modelry.tokenizers.tokenizer import TokenId as TokenId
    from modelry.tokenizers.tokenizer import Tokenizer as Tokenizer
    from modelry.tokenizers.tokenizer import VocabularyTokenizer as VocabularyTokenizer
    from modelry.tokenizers.tokenizer import check_texts as check_texts
    from modelry.tokenizers.tokenizer_json import SpecialTokens as SpecialTokens
    from modelry.tokenizers.tokenizer_json import build_pipeline as build_pipeline
    from modelry.tokenizers.tokenizer_json import plain_tokens as plain_tokens
    from modelry.tokenizers.tokenizer_json import write_tokenizer_json as write_tokenizer_json
    from modelry.tokenizers.transformers_files import byte_pair_config as byte_pair_config
    from modelry.tokenizers.transformers_files import sentence_piece_config as sentence_piece_config
    from modelry.tokenizers.transformers_files import wordpiece_config as wordpiece_config
    from modelry.tokenizers.wordpiece import EncoderWordPieceTokenizer as EncoderWordPieceTokenizer
    from modelry.tokenizers.wordpiece import WordPieceTokenizer as WordPieceTokenizer

_PUBLIC = {
    "ACCENTS": "modelry.tokenizers.sentence_piece_model:ACCENTS",
    "BytePairTokenizer": "modelry.tokenizers.byte_pair:BytePairTokenizer",
    "Encoded": "modelry.tokenizers.tokenizer:Encoded",
    "EncoderSentencePieceTokenizer": "modelry.tokenizers.sentence_piece:EncoderSentencePieceTokenizer",
    "EncoderWordPieceTokenizer": "modelry.tokenizers.wordpiece:EncoderWordPieceTokenizer",
    "LOWERCASE": "modelry.tokenizers.sentence_piece_model:LOWERCASE",
    "NO_SPAN": "modelry.tokenizers.tokenizer:NO_SPAN",
    "PRECOMPILED": "modelry.tokenizers.sentence_piece_model:PRECOMPILED",
    "QUOTES": "modelry.tokenizers.sentence_piece_model:QUOTES",
    "SentencePieceTokenizer": "modelry.tokenizers.sentence_piece:SentencePieceTokenizer",
    "SpecialTokens": "modelry.tokenizers.tokenizer_json:SpecialTokens",
    "SplittingTokenizer": "modelry.tokenizers.splitting_tokenizer:SplittingTokenizer",
    "TokenId": "modelry.tokenizers.tokenizer:TokenId",
    "Tokenizer": "modelry.tokenizers.tokenizer:Tokenizer",
    "VocabularyTokenizer": "modelry.tokenizers.tokenizer:VocabularyTokenizer",
    "WORDS": "modelry.tokenizers.sentence_piece_model:WORDS",
    "WordPieceTokenizer": "modelry.tokenizers.wordpiece:WordPieceTokenizer",
    "build_pipeline": "modelry.tokenizers.tokenizer_json:build_pipeline",
    "byte_pair_config": "modelry.tokenizers.transformers_files:byte_pair_config",
    "check_texts": "modelry.tokenizers.tokenizer:check_texts",
    "plain_tokens": "modelry.tokenizers.tokenizer_json:plain_tokens",
    "sentence_piece_config": "modelry.tokenizers.transformers_files:sentence_piece_config",
    "token_setting": "modelry.presets.tokenizer_settings:token_setting",
    "tokenizer_class": "modelry.presets.tokenizer_settings:tokenizer_class",
    "tokenizer_setting": "modelry.presets.tokenizer_settings:tokenizer_setting",
    "wordpiece_config": "modelry.tokenizers.transformers_files:wordpiece_config",
    "write_tokenizer_json": "modelry.tokenizers.tokenizer_json:write_tokenizer_json",
}

__all__ = list(_PUBLIC)

__getattr__, __dir__ = attach(__name__, _PUBLIC)

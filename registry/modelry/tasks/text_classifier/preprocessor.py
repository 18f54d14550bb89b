"""The base class of preprocessors of text classifiers."""

from __future__ import annotations

import abc

from modelry.preprocessing.text_preprocessor import EncoderPreprocessor


class TextClassifierPreprocessor(EncoderPreprocessor, abc.ABC):
    """Builds the rows that a text classifier's encoder takes: `start a end`, or `start a separator b end`; abstract.

    A text classifier adds nothing to `EncoderPreprocessor`, whose arguments and attributes these are. The class tells
    the preprocessors that `TextClassifier` loads by default from those of other tasks.

    ```python
    class AcmeTextClassifierPreprocessor(TextClassifierPreprocessor):
        tokenizer_cls = AcmeTokenizer
        start_token = "[CLS]"
        end_token = "[SEP]"
        separator = ("[SEP]",)
    ```
    """

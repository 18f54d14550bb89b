from .preprocessor import Preprocessor as Preprocessor
from .text_preprocessor import EncoderPreprocessor as EncoderPreprocessor
from .text_preprocessor import TextPreprocessor as TextPreprocessor
from .text_preprocessor import truncated_lengths as truncated_lengths

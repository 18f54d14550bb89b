import modelry.tasks.text_classifier as _text_classifier  # not public here; resolved as a class of an installed task

from . import errors as errors
from . import models as models
from ._version import __version__ as __version__
from .backbones.backbone import Backbone as Backbone
from .checkpoints.checkpoint import Checkpoint as Checkpoint
from .discovery.registry import isolated as isolated
from .discovery.registry import register as register
from .discovery.registry import registry as registry
from .preprocessing.preprocessor import Preprocessor as Preprocessor
from .presets.write import upload_preset as upload_preset
from .storage.files import PresetFiles as PresetFiles
from .storage.handler import Storage as Storage
from .storage.options import Budget as Budget
from .tasks.base.head import Head as Head
from .tasks.base.task import Task as Task
from .tokenizers.byte_pair import BytePairTokenizer as BytePairTokenizer
from .tokenizers.sentence_piece import SentencePieceTokenizer as SentencePieceTokenizer
from .tokenizers.splitting_tokenizer import SplittingTokenizer as SplittingTokenizer
from .tokenizers.tokenizer import Tokenizer as Tokenizer
from .tokenizers.wordpiece import WordPieceTokenizer as WordPieceTokenizer

TextClassifier = _text_classifier.TextClassifier
TextClassifierPreprocessor = _text_classifier.TextClassifierPreprocessor

def __getattr__(name: str) -> object: ...

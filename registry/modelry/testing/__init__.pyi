import typing

from .backbone_contract import BackboneContract as BackboneContract
from .checkpoint_contract import CheckpointContract as CheckpointContract
from .packing import check_packing as check_packing
from .preprocessor_contract import PreprocessorContract as PreprocessorContract
from .storage_contract import StorageContract as StorageContract
from .task_contract import TaskContract as TaskContract
from .tokenizer_contract import TokenizerContract as TokenizerContract

def __getattr__(name: str) -> typing.Any: ...

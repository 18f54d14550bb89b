"""modelry: find, check, fetch and assemble Keras 3 models that ship as pip packages.

Every public name is imported the first time it is used, so `import modelry` costs next to nothing and imports no Keras.
"""

from modelry._backend import choose_backend, require_backend
from modelry._lazy import attach
from modelry.errors import did_you_mean

choose_backend()

_load, __dir__, __all__ = attach(__name__, __file__)


def __getattr__(name: str) -> object:
    if name in ("Backbone", "Head", "Task"):  # their modules import Keras
        require_backend()
    elif name[:1].isupper() and name not in __all__ and not did_you_mean(name, __all__):
        from modelry.models import find_class  # a class of an installed plugin, such as a task's

        return find_class(name, __name__)
    return _load(name)

"""Tasks: the base class, and the description by which the core knows a kind of task.

Each task has a package of its own, such as `modelry.tasks.text_classifier`, whose public names are those of its
`__init__`.
"""

from modelry._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)

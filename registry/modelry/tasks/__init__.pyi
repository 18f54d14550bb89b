from .base import ForeignTask as ForeignTask
from .base import Part as Part
from .base import Recipe as Recipe
from .base import SavedTask as SavedTask
from .base import TaskSpec as TaskSpec
from .base.head import Head as Head
from .base.task import Task as Task

"""The generic task, and the description by which the core knows a kind of task; the names below import no Keras."""

from modelry.presets.recipe import Recipe as Recipe
from modelry.presets.task_spec import ForeignTask as ForeignTask
from modelry.presets.task_spec import Part as Part
from modelry.presets.task_spec import SavedTask as SavedTask
from modelry.presets.task_spec import TaskSpec as TaskSpec

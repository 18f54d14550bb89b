"""Tasks: the base class, and the description by which the core knows a kind of task.

Each task has a package of its own, such as `modelry.tasks.text_classifier`, whose public names are those of its
`__init__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelry._lazy import attach

if TYPE_CHECKING:
    from modelry.presets.recipe import Recipe as Recipe
    from modelry.presets.task_spec import ForeignTask as ForeignTask
    from modelry.presets.task_spec import Part as Part
    from modelry.presets.task_spec import SavedTask as SavedTask
    from modelry.presets.task_spec import TaskSpec as TaskSpec
    from modelry.tasks.base.head import Head as Head
    from modelry.tasks.base.task import Task as Task

_PUBLIC = {
    "ForeignTask": "modelry.presets.task_spec:ForeignTask",
    "Head": "modelry.tasks.base.head:Head",
    "Part": "modelry.presets.task_spec:Part",
    "Recipe": "modelry.presets.recipe:Recipe",
    "SavedTask": "modelry.presets.task_spec:SavedTask",
    "Task": "modelry.tasks.base.task:Task",
    "TaskSpec": "modelry.presets.task_spec:TaskSpec",
}

__all__ = list(_PUBLIC)


__getattr__, __dir__ = attach(__name__, _PUBLIC)

"""A task of a kind that this modelry does not know."""

from modelry.future import FutureSpecBase  # the module comes with modelry 9


class FutureSpec(FutureSpecBase):
    """Does what one will."""

    name = "future_task"

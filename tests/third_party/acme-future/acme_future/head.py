"""A head of a kind that this modelry does not know."""

from modelry.future import FutureBase  # the module comes with modelry 9


class FutureHead(FutureBase):
    """Classifies as one will."""

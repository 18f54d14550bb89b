"""A module without what the declaration promises."""


class RenamedHead:
    """Once called BrokenHead."""

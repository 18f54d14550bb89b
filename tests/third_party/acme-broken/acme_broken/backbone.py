"""A module that needs what nobody has installed."""

import a_library_that_nobody_has


class BrokenBackbone(a_library_that_nobody_has.Backbone):
    """Never comes to exist."""

"""Hooks that fail when they are asked."""

from modelry.plugin import hookimpl


@hookimpl
def modelry_presets():
    """Fail."""
    raise RuntimeError("the list of presets is out of reach")

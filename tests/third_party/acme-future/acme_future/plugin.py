"""Hooks for a later API."""

from modelry.plugin import BuiltinPreset, hookimpl

API = 7


@hookimpl
def modelry_presets():
    """Yield what this API cannot understand."""
    yield BuiltinPreset("future_base", "hf://acme/future", architecture="future")

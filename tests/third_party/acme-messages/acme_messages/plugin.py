"""The presets that users load by name."""

from modelry.plugin import BuiltinPreset, hookimpl


@hookimpl
def modelry_presets():
    """Yield the presets of this package."""
    yield BuiltinPreset(
        "acme_messages_en",
        "package://acme-messages/acme_messages/presets/acme_messages_en",
        architecture="bert",
        parameters=815_552,
        description="Tells what a customer writes about: billing or shipping.",
    )

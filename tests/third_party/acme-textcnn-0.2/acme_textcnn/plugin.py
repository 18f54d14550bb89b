"""What became of the names of version 0.1, and a command."""

from modelry.plugin import Command, hookimpl

API = 1


@hookimpl
def modelry_aliases():
    """Return the components that had another name."""
    return {("tokenizers", "textcnn"): "characters"}


@hookimpl
def modelry_upgrade_config(kind, name, config, saved_version):
    """Return the config of a component that an older version saved: `filters` is called `num_filters` now."""
    if kind == "backbones" and "filters" in config:
        config = dict(config)
        config["num_filters"] = config.pop("filters")
    return config


@hookimpl
def modelry_commands():
    """Yield the commands of this package."""
    yield Command("count-characters", "acme_textcnn.command:count", help="Count the characters of texts.")

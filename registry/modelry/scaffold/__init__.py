"""New plugins, written by `modelry new` from the templates in this folder."""

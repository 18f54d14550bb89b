"""New plugins: what `modelry new` writes, from the templates beside this file."""

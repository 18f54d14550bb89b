"""A plugin for a modelry that is not there yet."""

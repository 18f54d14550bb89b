"""Presets on disk: their formats read into a Recipe, and written back. Never imports Keras."""

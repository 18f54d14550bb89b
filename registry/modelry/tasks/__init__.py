"""Tasks: one folder each."""

"""The generic task."""

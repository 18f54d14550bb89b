"""Checks that plugins can run on their components in their own tests."""

"""Backbones and what they share."""

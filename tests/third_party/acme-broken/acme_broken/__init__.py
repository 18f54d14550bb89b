"""What can go wrong in a plugin."""

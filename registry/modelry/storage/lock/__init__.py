"""Lock files: which version of each preset is meant, and what every file of it must be."""

"""`kaggle://`: presets on Kaggle, read with `kagglehub`, which is imported where it is used."""

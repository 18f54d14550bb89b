"""Foreign checkpoints, told in modelry's terms: the contract of a converter. Never imports Keras."""

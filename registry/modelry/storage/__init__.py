"""Where presets live: references, and the handlers that turn one into readable files. Never imports Keras."""

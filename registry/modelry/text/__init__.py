"""Tokenizers and preprocessors: strings to token ids and padded arrays. No TensorFlow, and no Keras before a task."""

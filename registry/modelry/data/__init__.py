"""From what users pass to `fit`, `evaluate` and `predict` to padded batches for Keras. `source` is the door."""

"""From strings to padded batches: tokenizers, packing, preprocessors, length-bucketed batches. No TensorFlow."""

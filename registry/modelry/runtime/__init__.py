"""Work around and below Keras: compilation, state, products of matrices."""

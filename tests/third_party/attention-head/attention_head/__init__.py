"""A classification head that attends to the tokens that matter."""

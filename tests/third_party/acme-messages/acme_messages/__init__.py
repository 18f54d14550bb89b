"""A pretrained classifier of customers' messages."""

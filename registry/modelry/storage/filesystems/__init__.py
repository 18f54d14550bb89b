"""Stores that fsspec has a client for: object stores, servers, archives."""

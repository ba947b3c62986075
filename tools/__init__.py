"""Generators of documents; not part of what is installed."""

"""Measurements: figures side by side in one run, never assertions."""

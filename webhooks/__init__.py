"""Telling other programs what happens: messages signed after Standard Webhooks, at least once."""

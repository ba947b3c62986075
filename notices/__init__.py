"""Telling people what needs them, where they are: on a phone, by mail, in a chat."""

"""How reading a request of the private API says that the request is wrong."""

from __future__ import annotations


class Refused(Exception):
    """The request is wrong; the message says what about it."""

"""What ends a command with exit code 1 and one line."""

from __future__ import annotations


class Failed(Exception):
    """The command did not do what was asked; the message says why and what to do next."""


def only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error inside nested groups, for a message that names it."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found

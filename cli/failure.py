"""What ends a command with exit code 1 and one line."""

from __future__ import annotations

NOT_RUNNING = "The daemon is not running; start it with `reprise run`"


class Failed(Exception):
    """The command did not do what was asked; the message says why and what to do next."""


class Refused(Failed):
    """The API said no; `code` is one of docs/errors.md."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error inside nested groups, for a message that names it."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found

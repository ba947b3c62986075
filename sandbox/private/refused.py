"""How a handler of the private API says that a request is wrong."""

from __future__ import annotations

from sandbox.wire.message import Response


class Refused(Exception):
    """The request is refused; the message and the status are what Instagram would answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        return Response.fail(self.status, str(self))


def no_such_user() -> Refused:
    return Refused("User not found", 404)


def no_such_media() -> Refused:
    return Refused("Media not found or unavailable", 404)


def may_not_see() -> Refused:
    """The owner is private and the viewer does not follow."""
    return Refused("Not authorized to view user")

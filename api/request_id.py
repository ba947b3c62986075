"""The id of the request that is being answered: taken from the client, or made here.

It is in the answer's header, in the message of a 500, and in every log line of the request.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"
# Empty where no request is being answered. Tasks and threads that a request starts inherit it.
current: ContextVar[str] = ContextVar("request_id", default="")
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def begin(sent: str | None) -> str:
    """Make `sent`, or a new id where that is none, the id of this task's request; return it."""
    request_id = sent if sent is not None and _USABLE.fullmatch(sent) else secrets.token_hex(6)
    current.set(request_id)
    return request_id


def end() -> None:
    """Leave the request; for a task that goes on to another one."""
    current.set("")

"""One row of the routing tables: which requests it is for, and who answers them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sandbox.wire.call import GraphHandler, OpenHandler, PrivateHandler

API_HOST = "i.instagram.com"
WEB_HOST = "www.instagram.com"
API = "/api/v1/"

_ARGUMENTS = {
    "<pk>": r"(\d{1,40})",
    "<me>": r"(me|\d{1,40})",
    "<id>": r"(\d{1,40}(?:_\d+)?)",
    "<name>": "([^/]+)",
    "<version>": r"(?:/v\d{1,3}\.\d{1,3})?",  # matched, but no argument
}


@dataclass(frozen=True, kw_only=True)
class Route:
    """A host (or a pattern of hosts), a method and a path, with one handler.

    In the path, `<pk>` and the like stand for one argument each. `takes_cut`: the handler also
    wants requests whose body broke off.
    """

    host: str | re.Pattern[str]
    method: str
    path: str
    open: OpenHandler | None = None
    private: PrivateHandler | None = None
    graph: GraphHandler | None = None
    takes_cut: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern = re.escape(self.path)
        for kind, expression in _ARGUMENTS.items():
            pattern = pattern.replace(kind, expression)
        return re.compile(pattern)

    def match(self, host: str, method: str, path: str) -> tuple[str, ...] | None:
        """The arguments in the path, or None if this is another route's request."""
        is_host = host == self.host if isinstance(self.host, str) else self.host.fullmatch(host)
        if not is_host or method != self.method:
            return None
        found = self._pattern.fullmatch(path)
        return found.groups(default="") if found else None


def private(
    method: str, path: str, handler: PrivateHandler, host: str | re.Pattern[str] = API_HOST
) -> Route:
    """A row for a call with a session; what does not begin with `/` is below `/api/v1/`."""
    full = path if path.startswith("/") else API + path
    return Route(host=host, method=method, path=full, private=handler)

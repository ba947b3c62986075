"""Plain requests: a GET without a body whose head has come whole, read without h11.

h11 reads a head one event at a time and validates what we send as well, which costs more than all
of an ordinary answer. What is plain is a narrow form that no two parsers read differently (see
`request_head`): ordinary characters, each header once, nothing that changes how the connection is
used. Everything else, malformed or merely unusual, is h11's to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_cookie

from api.request_head import HOST

_LONGEST = 8192
_HEAD = re.compile(
    rb"GET (/[A-Za-z0-9/_.~-]*)(?:\?([A-Za-z0-9=&%+:_.~,-]*))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+:[ -~]*\r\n)+)\r\n"
)
# They say that more follows, or that the connection is to be used in another way.
_NOT_PLAIN = frozenset(
    ("content-length", "transfer-encoding", "expect", "upgrade", "http2-settings", "te", "trailer")
)


class Asked(Protocol):
    """What operations hear of a request, plain or not."""

    @property
    def method(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def http_version(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> Any: ...
    @property
    def cookies(self) -> Mapping[str, str]: ...
    @property
    def args(self) -> MultiDict[str, str]: ...
    @property
    def scope(self) -> Mapping[str, Any] | None: ...


class PlainHeaders(dict[str, str]):
    """Headers that were each sent once; their names are asked for in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def getlist(self, name: str) -> list[str]:
        found = self.get(name)
        return [] if found is None else [found]


class PlainRequest:
    """A plain request; its query and cookies are read when somebody asks for them."""

    method = "GET"
    http_version = "1.1"

    def __init__(
        self,
        scheme: str,
        path: str,
        query: str,
        headers: PlainHeaders,
        client: tuple[str, int] | None,
    ) -> None:
        self.scheme = scheme
        self.path = path
        self._query = query
        self.headers = headers
        self.scope: Mapping[str, Any] = {"client": client}

    @cached_property
    def args(self) -> MultiDict[str, str]:
        query = parse_qsl(self._query, keep_blank_values=True, errors="werkzeug.url_quote")
        return MultiDict(query)

    @property
    def cookies(self) -> Mapping[str, str]:
        return parse_cookie(self.headers.get("cookie"))


def plain_request(
    data: bytes, client: tuple[str, int] | None, scheme: str = "http"
) -> PlainRequest | None:
    """Return the request that these bytes are, all of them, or None where it is not plain."""
    if len(data) > _LONGEST or (head := _HEAD.fullmatch(data)) is None:
        return None
    path, query, lines = head.groups(b"")
    headers = PlainHeaders()
    sent = lines[:-2].decode("ascii").split("\r\n")
    for line in sent:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip(" ")
    if len(headers) != len(sent) or not _NOT_PLAIN.isdisjoint(headers):
        return None
    host, connection = headers.get("host"), headers.get("connection", "keep-alive")
    if not host or HOST.fullmatch(host.encode()) is None or connection.lower() != "keep-alive":
        return None
    return PlainRequest(scheme, path.decode("ascii"), query.decode("ascii"), headers, client)

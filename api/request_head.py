"""What a request's head and trailers have to be: what could be read in two ways is refused.

A proxy in front of us may be the other parser. h11 alone takes loose line ends, folded lines,
several lengths and any Host. See RFC 9112, 2.2, 3.2, 5.2 and 6.3.
"""

from __future__ import annotations

import re

import h11

# A bare CR or LF, a folded line, or a control character.
_LOOSE = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LENGTHS = re.compile(rb"^content-length:(.*)$", re.IGNORECASE | re.MULTILINE)
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?")
# With the site in the target, as proxies are asked; it counts instead of the header Host.
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(/.*)?", re.IGNORECASE | re.DOTALL)


class StrictConnection(h11.Connection):
    """h11's server side; a head or a trailer that is not strict is an error of the peer's."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        before = self.trailing_data[0]
        event = super().next_event()
        if not isinstance(event, h11.Request | h11.EndOfMessage):
            return event
        read = before[: len(before) - len(self.trailing_data[0])]
        if isinstance(event, h11.EndOfMessage):
            # They end with an empty line: after a bare line feed comes, for others, more of them.
            if _LOOSE.search(read):
                raise h11.RemoteProtocolError("not strict", error_status_hint=400)
            return event
        request = in_origin_form(event)
        if (status := refusal(read, request)) is not None:
            raise h11.RemoteProtocolError("not strict", error_status_hint=status)
        return request


def in_origin_form(request: h11.Request) -> h11.Request:
    """Return the request with a path as its target, where it named the site there."""
    if (absolute := _ABSOLUTE.fullmatch(request.target)) is None:
        return request
    site, path = absolute.groups(b"/")
    others = [(name, value) for name, value in request.headers if name != b"host"]
    return h11.Request(
        method=request.method,
        target=path,
        headers=[(b"host", site), *others],
        http_version=request.http_version,
    )


def refusal(head: bytes, request: h11.Request) -> int | None:
    """Return the status that a request is refused with for its head, or None."""
    if request.http_version not in (b"1.0", b"1.1"):
        return 505
    headers = dict(request.headers)
    chunked = b"transfer-encoding" in headers
    lengths = _LENGTHS.findall(head)
    sound = (
        request.target.startswith(b"/")
        and not _LOOSE.search(head)
        and HOST.fullmatch(headers.get(b"host", b"")) is not None
        and not (len(lengths) > 1 or any(b"," in length for length in lengths))
        and not (chunked and (lengths or request.http_version == b"1.0"))
    )
    return None if sound else 400

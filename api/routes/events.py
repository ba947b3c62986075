"""Events over HTTP (additive): a stream of server-sent events, or a page where `wait` is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace

import trio
from pydantic import ValidationError
from pydantic_core import to_json

from api.auth import identify
from api.contract import Call, Operations, perform_for
from api.errors import ApiError, api_error_of, envelope
from ground.refusal import ErrorCode
from operations import events, models
from operations.feed import Reader
from serving.answer import Answer

operations = Operations("Events")
HEARTBEAT_S = 15.0
_HEADERS = {
    "Content-Type": "text/event-stream",
    "X-Accel-Buffering": "no",  # nginx would keep it all back
}
_AGAIN = b"retry: 2000\n\n"


@operations.add(
    "GET",
    "/events",
    query=models.EventQuery,
    returns=models.EventPage,
    errors=events.list_events.refuses,
    act=events.list_events,
    stream=True,
)
async def list_events(call: Call) -> models.EventPage | Answer:
    """Answer with one page where `wait` is sent, otherwise with a stream."""
    query = call.query
    assert isinstance(query, models.EventQuery)
    if query.wait is not None:
        page: models.EventPage = await perform_for(call, events.list_events, query)
        return page
    query = _resumed(query, call.request.headers.get("Last-Event-ID"))
    with ExitStack() as stack:
        assert call.caller is not None
        feed = call.context.house.feed
        reader = stack.enter_context(feed.reader(call.caller, query.account_id))
        first = await perform_for(call, events.list_events, query)  # may be refused, in full
        if call.request.method == "HEAD":
            return _answer(b"")
        return _answer(_stream(call, query, first, reader, stack.pop_all()))


def _resumed(query: models.EventQuery, last_seen: str | None) -> models.EventQuery:
    """Return the query from where a client broke off, which it knows better than its address."""
    if not last_seen:
        return query
    try:
        return models.EventQuery.model_validate({**query.model_dump(), "since": last_seen})
    except ValidationError:
        raise ApiError(ErrorCode.VALIDATION_ERROR, "Last-Event-ID: no id of an event") from None


def _answer(body: bytes | AsyncIterator[bytes]) -> Answer:
    return Answer(body, headers=dict(_HEADERS))


async def _stream(
    call: Call,
    query: models.EventQuery,
    page: models.EventPage,
    reader: Reader,
    stack: ExitStack,
) -> AsyncIterator[bytes]:
    """Yield events for as long as the daemon runs and the caller may see them."""
    feed = call.context.house.feed
    with stack:
        yield _AGAIN if page.events else _AGAIN + _cursor(page.next)
        while True:
            if page.reset:
                yield _frame("reset", page.next, to_json({"next": page.next}))
            for event in page.events:
                yield _frame(event.type, event.id, to_json(event, by_alias=True))
            if not page.events and not feed.has_ended:
                with trio.move_on_after(HEARTBEAT_S) as quiet:
                    await reader.woken()
                if quiet.cancelled_caught:
                    yield b": still here\n" + _cursor(page.next)
            if feed.has_ended:
                return
            try:  # a key that was revoked meanwhile, or an account that was disconnected
                caller = await identify(call.request, call.context, call.operation.auth)
                call = replace(call, caller=caller)
                query = query.model_copy(update={"since": page.next})
                page = await perform_for(call, events.list_events, query)
            except Exception as error:
                if (known := api_error_of(error)) is None:
                    raise
                yield _frame("end", page.next, to_json(envelope(known, development=False)))
                return


def _cursor(cursor: int) -> bytes:
    # An event without data is none, but a client keeps its id.
    return b"id: %d\n\n" % cursor


def _frame(kind: str, cursor: int, data: bytes) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (kind.encode(), cursor, data)

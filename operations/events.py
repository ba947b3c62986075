"""What happens, as it happens: events behind a cursor, at once or as soon as there is one."""

from __future__ import annotations

import trio

from ground.refusal import ErrorCode
from operations import models
from operations.event_types import TYPES, kinds_of, name_of
from operations.operation import Ask, act
from operations.scopes import Scope
from storage import events
from storage.events import Stretch


@act(
    models.EventPage,
    scope=Scope.EVENTS_READ,
    takes=models.EventQuery,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.RATE_LIMITED],
)
async def list_events(ask: Ask[models.EventQuery]) -> models.EventPage:
    """Return what changed after the event `since`, oldest first.

    Without `since`: nothing, and where the newest event stands (`next`). With `wait`, an answer
    without events comes only after so many seconds, and one with events as soon as there is one.
    Over HTTP, without `wait`, this is a stream (server-sent events): `id` is the event's id, so
    that a client which connects again with `Last-Event-ID` misses nothing and hears nothing twice.
    """
    page = await _page(ask, ask.given.since)
    if not ask.given.wait or page.events or page.reset:
        return page
    feed = ask.house.feed
    with (
        feed.reader(ask.actor, ask.given.account_id) as reader,
        trio.move_on_after(ask.given.wait),
    ):
        while not page.events and not page.reset and not feed.has_ended:
            page = await _page(ask, page.next)
            if not page.events:
                await reader.woken()
    return page


async def _page(ask: Ask[models.EventQuery], since: int | None) -> models.EventPage:
    query = ask.given
    store = ask.house.store
    kinds = TYPES.values() if query.types is None else kinds_of(query.types)
    # What is rare may be sought through a month of events.
    read = store.glance if query.types is None and query.account_id is None else store.read
    found: Stretch = await read(
        events.after,
        ask.user_id,
        since,
        accounts=ask.actor.accounts_of(query.account_id),
        changes=[f"{subject}.{state}" for subject, state in kinds],
        limit=query.limit,
    )
    return models.EventPage(
        events=[_shown(each) for each in found.events],
        next=found.cursor,
        reset=found.is_broken,
    )


def _shown(event: events.Event) -> models.Event:
    assert event.id is not None
    return models.Event(
        id=event.id,
        type=name_of(event.subject, event.state) or f"{event.subject}.{event.state.lower()}",
        at=event.at,
        account_id=event.account_id,
        subject=event.subject,
        subject_id=event.subject_id,
        state=event.state,
        reason=event.reason,
        via=event.via,
    )

"""Events: what changed, in the order in which it became true."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from operations.event_types import PATTERN, kinds_of
from operations.models.base import AccountId, Moment, Schema, Uuid

AT_MOST = 500
LONGEST_WAIT_S = 60


def _known(value: str) -> str:
    kinds_of(value)
    return value


class EventQuery(Schema):
    """`since` is the id of the last event that is known, `types` such as `post.*,repost.failed`."""

    # As large as SQLite counts; one of the future is answered with `reset`.
    since: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    types: (
        Annotated[
            str,
            Field(max_length=2000, json_schema_extra={"pattern": PATTERN}),
            AfterValidator(_known),
        ]
        | None
    ) = None
    account_id: AccountId | None = None
    limit: Annotated[int, Field(ge=1, le=AT_MOST)] = 100
    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT_S)] | None = None


class Event(Schema):
    """One change of state; ids rise and are never used again.

    `via` (additive) is how somebody asked for it: `api`, `cli`, `agent`; null for the daemon's own.
    """

    id: int
    type: str
    at: Moment
    account_id: Uuid | None
    subject: str
    subject_id: str
    state: str
    reason: str | None
    via: str | None = None


class EventPage(Schema):
    """Events, oldest first; `next` is the `since` to go on from.

    `reset` says that nothing leads from the `since` that was sent to now: what is between is
    older than 30 days, or it is of another database. Read what you show anew, and go on from
    `next`.
    """

    events: list[Event]
    next: int
    reset: bool = False

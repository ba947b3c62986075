"""However many mentions wait, a turn of their account looks at those that can move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from repost import approval, configuring
from storage import events, repost_lists, reposts
from storage.reposts import Repost, RepostStatus
from storage.store import Database
from tests.support.studio import Studio

MANY = 300
# A turn's own questions, however many mentions there are.
FEW = 40


async def test_what_waits_for_a_person_costs_a_turn_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure(approval_required=True)
    await _add(studio, RepostStatus.WAITING_APPROVAL)
    turn = studio.engine.turn
    assert await _asked(studio, monkeypatch, turn) < FEW  # the first looks at all
    assert await _asked(studio, monkeypatch, turn) < FEW
    # What decides about all has changed, so all are looked at, once, and many at a time.
    await studio.core.store.write(_deny, studio, "fan7")
    assert await _asked(studio, monkeypatch, turn) < FEW
    assert (await _states(studio))["SKIPPED"] == 1
    assert await _asked(studio, monkeypatch, turn) < FEW
    # And time moves each at its own time: every one is a minute younger than the next.
    studio.clock.advance(timedelta(hours=72) - timedelta(minutes=MANY - 10) + timedelta(seconds=1))
    await turn(studio.account.id)
    assert (await _states(studio))["EXPIRED"] == 10


async def test_what_the_rails_hold_costs_a_turn_little(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure(daily_repost_limit=1)
    studio.mention(studio.friend("anna"))
    await studio.run_all()  # the one of today
    await _add(studio, RepostStatus.WAITING_APPROVAL)
    turn = studio.engine.turn
    await turn(studio.account.id)
    await studio.core.store.write(_approve_all, studio)
    before = await studio.core.store.read(events.newest)
    assert await _asked(studio, monkeypatch, turn) < FEW
    # Each says what holds it, and until when, and said so once.
    queued = [each for each in await _open(studio) if each.status is RepostStatus.QUEUED]
    assert len(queued) == MANY
    assert {each.reason for each in queued} == {"Daily limit of 1 reposts reached"}
    assert all(each.held_until is not None for each in queued)
    assert await studio.core.store.read(events.newest) <= before + MANY + 5
    await turn(studio.account.id)
    assert await studio.core.store.read(events.newest) <= before + MANY + 5
    # Nor may one be sent that has become old news in the queue.
    studio.clock.advance(timedelta(hours=72, minutes=1))
    await turn(studio.account.id)
    assert await _open(studio) == []
    assert len(studio.sandbox.world.published(studio.person)) == 1


async def _asked(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, turn: Callable[[str], Awaitable[None]]
) -> int:
    """Return in how many transactions the account's turn is done."""
    store, count = studio.core.store, Counter[str]()
    with monkeypatch.context() as counting:
        for name in ("read", "write"):
            counting.setattr(store, name, _counted(getattr(store, name), count))
        await turn(studio.account.id)
    return count.total()


def _counted(function: Any, count: Counter[str]) -> Any:
    async def counted(*args: Any) -> Any:
        count["transactions"] += 1
        return await function(*args)

    return counted


async def _add(studio: Studio, status: RepostStatus) -> None:
    now = studio.clock.now()

    def write(db: Database) -> None:
        for number in range(MANY):
            at = now - timedelta(minutes=number)
            reposts.add_new(
                db,
                Repost(
                    id=f"many-{number}",
                    user_id=studio.core.owner.id,
                    account_id=studio.account.id,
                    story_pk=f"{10**15 + number}",
                    status=status,
                    source="mention",
                    author_pk=f"{5000 + number}",
                    author_username=f"fan{number}",
                    kind="photo",
                    mentioned_at=at,
                    expires_at=at + timedelta(days=1),
                    detected_at=now,
                    media_path="ab/many.jpg",
                    created_at=now,
                    updated_at=now,
                ),
            )

    await studio.core.store.write(write)


def _deny(db: Database, studio: Studio, name: str) -> None:
    configuring.configure(
        db,
        user_id=studio.core.owner.id,
        account_id=studio.account.id,
        now=studio.clock.now(),
        denied_authors=[name],
    )


def _approve_all(db: Database, studio: Studio) -> None:
    ids = [each.id for each in repost_lists.open_of(db, studio.account.id)]
    approval.decide_all(db, ids, approval.approve, studio.clock.now())


async def _open(studio: Studio) -> list[Repost]:
    return await studio.core.store.read(repost_lists.open_of, studio.account.id)


async def _states(studio: Studio) -> Counter[str]:
    def read(db: Database) -> Counter[str]:
        return Counter(row[0] for row in db.conn.execute("SELECT status FROM reposts"))

    return await studio.core.store.read(read)

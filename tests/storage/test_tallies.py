"""Counts for the status line and the metrics: what is open, what is held, and until when."""

from __future__ import annotations

from datetime import timedelta

from storage import repost_configs, reposts, tallies
from storage.reposts import RepostStatus
from tests.support.studio import Studio


async def test_what_most_reposts_wait_for_and_when_the_first_goes_on(studio: Studio) -> None:
    store, now = studio.core.store, studio.clock.now()
    nothing = await store.read(tallies.doing, now)
    assert (nothing.accounts, nothing.publishing, nothing.held) == (1, 0, None)
    await studio.configure()
    for name in ("anna", "ben", "carla", "dora"):
        studio.mention(studio.friend(name))
    found = await studio.scan()
    held = [
        ("Sleep window of the account", now + timedelta(hours=7)),
        ("Sleep window of the account", now + timedelta(hours=8)),
        ("Daily limit of 1 reposts reached", now + timedelta(hours=2)),
        ("It is over", now - timedelta(hours=1)),
    ]
    for repost, (reason, until) in zip(found, held, strict=True):
        await store.write(
            reposts.change, repost.id, RepostStatus.DOWNLOADED, now=now, reason=reason,
            held_until=until,
        )  # fmt: skip
    doing = await store.read(tallies.doing, now)
    assert doing.held is not None
    assert (doing.held.count, doing.held.reason) == (2, "Sleep window of the account")
    assert abs(doing.held.until - (now + timedelta(hours=7))) < timedelta(seconds=1)


async def test_everything_is_counted_by_its_state(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    store = studio.core.store
    counted = await store.read(tallies.tallies)
    assert (counted.jobs, counted.reposts) == ({"COMPLETED": 1}, {"PUBLISHED": 1})
    assert counted.breakers == {"studio": False}
    now = studio.clock.now()
    await store.write(repost_configs.change, studio.account.id, now=now, auto_disabled_at=now)
    assert (await store.read(tallies.tallies)).breakers == {"studio": True}

"""Two planned posts that swap their times, wherever they wait."""

from __future__ import annotations

from cloud import wishes
from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.operation import Ask, act
from operations.posts import NO_WAY_OUT, edited
from operations.resources import Resource
from operations.scopes import Scope
from publish import release
from repost.handover import settle
from storage import handovers, posts
from storage.handovers import Handover
from storage.posts import Post
from storage.store import Database


@act(
    models.Swapped,
    scope=Scope.POSTS_PUBLISH,
    on=Resource.POST,
    takes=models.SwapRequest,
    refuses=[
        ErrorCode.NOT_FOUND,
        ErrorCode.INVALID_STATUS,
        ErrorCode.STALE_EDIT,
        ErrorCode.INVALID_SCHEDULE,
        ErrorCode.MEDIA_INVALID,
        ErrorCode.WORKER_UNREACHABLE,
        *NO_WAY_OUT,
    ],
)
async def swap_posts(ask: Ask[models.SwapRequest]) -> models.Swapped:
    """Give two planned posts each other's times: both, or neither (additive).

    What is over or has begun swaps with nothing. What the cloud owns is taken back from there
    first, and handed over again.
    """
    house, both = ask.house, (ask.id, ask.given.other_post_id)

    def away(db: Database) -> list[Handover]:
        return [row for each in both if (row := handovers.find_away(db, each)) is not None]

    def seen(db: Database) -> list[Handover]:
        _check(db, ask)
        return away(db)

    def swap(db: Database) -> models.Swapped:
        _check(db, ask)
        if away(db):
            raise wishes.unconfirmed("it did not give back both posts")
        done = release.swap(db, *both, house.clock.now())
        return ask.done(db, _shown(db, ask, done))

    if not await house.store.read(seen):
        return await _at_once(ask, await house.store.write(swap))
    async with house.recalls.at_home(away):
        swapped = await house.store.write(swap)
    return await _at_once(ask, swapped)


def _check(db: Database, ask: Ask[models.SwapRequest]) -> None:
    """Raise `Refusal` unless both wait for their times, and for those that were seen."""
    given, now = ask.given, ask.house.clock.now()
    for post_id, was in ((ask.id, given.was), (given.other_post_id, given.other_was)):
        at = release.planned_for(posts.get(db, post_id), now)
        if was not in (None, at):
            raise Refusal(
                ErrorCode.STALE_EDIT, "One of them was moved meanwhile; nothing was changed now"
            )


def _shown(
    db: Database, ask: Ask[models.SwapRequest], swapped: tuple[Post, Post]
) -> models.Swapped:
    for account_id in {post.account_id for post in swapped}:
        if account_id is not None:
            settle(db, account_id, ask.now)
    post, other = (edited(db, ask, each) for each in swapped)
    return models.Swapped(post=post, other=other)


async def _at_once(ask: Ask[models.SwapRequest], swapped: models.Swapped) -> models.Swapped:
    """Hand both to the cloud if they may go there; show them as they are then."""
    both = (swapped.post.id, swapped.other.id)
    if not any([await ask.house.exchange.hand_over_at_once(str(each)) for each in both]):
        return swapped

    def there(db: Database) -> models.Swapped:
        post, other = (edited(db, ask, posts.get(db, str(each))) for each in both)
        return models.Swapped(post=post, other=other)

    return await ask.amended(await ask.house.store.read(there))

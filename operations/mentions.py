"""Mentions: what waits for approval, deciding about it, and the history (contract §4.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cloud.wishes import unconfirmed
from ground.refusal import ErrorCode, Refusal
from operations import models, shown
from operations.operation import Ask, act, read, write
from operations.resources import Resource, owns
from operations.scopes import Scope
from repost import approval, dressing
from storage import events, handovers, repost_history, repost_lists, reposts
from storage.errors import NotFound
from storage.handovers import Owner
from storage.reposts import RepostStatus
from storage.store import Database

# How many one decision is about where it is about all that somebody saw: as many as can be named.
MOST_AT_ONCE = 1000
_WRONG_STATE = (ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS)


@read(
    models.PendingReposts,
    scope=Scope.REPOSTS_READ,
    takes=models.PendingQuery,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_pending(db: Database, ask: Ask[models.PendingQuery]) -> models.PendingReposts:
    """Return what waits for approval, of one account or of all, oldest mention first.

    All of it, or pages of `limit` (additive): `next` is the `after` of the next one.
    """
    query = ask.given
    accounts = ask.actor.accounts_of(query.account_id)
    one_more = None if query.limit is None else query.limit + 1
    found = repost_lists.waiting(db, ask.user_id, accounts, limit=one_more, after=query.after)
    page = found[: query.limit]
    return models.PendingReposts(
        reposts=[shown.pending_repost(db, each) for each in page],
        next=page[-1].id if len(found) > len(page) else None,
        as_of=events.newest(db),
    )


@write(
    models.Decided,
    scope=Scope.REPOSTS_DECIDE,
    takes=models.Decision,
    refuses=[ErrorCode.NOT_FOUND],
)
def approve_several(db: Database, ask: Ask[models.Decision]) -> models.Decided:
    """Let several mentions go out: those named, or all that wait.

    `refused` holds those that could not be approved, with the reason; the others are. What was
    meant for few (`limits`) is approved by its id only, never by `all`.
    """
    decision = approval.approve_ordinary if ask.given.ids is None else approval.approve
    return _decide_several(db, ask, decision)


@act(
    models.Decided,
    scope=Scope.REPOSTS_DECIDE,
    takes=models.Decision,
    refuses=[ErrorCode.NOT_FOUND],
)
async def skip_several(ask: Ask[models.Decision]) -> models.Decided:
    """Never repost several mentions: those named, or all that wait for approval.

    What the cloud is to send is taken back from there first; while that is not confirmed, its
    `reason` says so, and it is carried on.
    """
    return await _decided_everywhere(ask, lambda db: _decide_several(db, ask, approval.skip))


@write(
    models.RepostItem,
    scope=Scope.REPOSTS_DECIDE,
    on=Resource.REPOST,
    takes=models.Approval,
    refuses=[*_WRONG_STATE, ErrorCode.STALE_EDIT],
)
def approve(db: Database, ask: Ask[models.Approval]) -> models.RepostItem:
    """Let a mention that waits for approval go out.

    With the `look` that was read (additive), only while its card looks like that.
    """
    return shown.repost(db, dressing.approve_seen(db, ask.id, ask.given.look, ask.now))


@act(
    models.RepostDetails,
    scope=Scope.REPOSTS_DECIDE,
    on=Resource.REPOST,
    takes=models.CardChoice,
    refuses=[*_WRONG_STATE, ErrorCode.WORKER_UNREACHABLE],
)
async def choose_card(ask: Ask[models.CardChoice]) -> models.RepostDetails:
    """Give one mention's card another template than the account's, until it goes out (additive).

    Where it was approved with another card, it waits for approval again. `template` null takes the
    choice back. One that the cloud is to send is taken back from there first.
    """
    await _brought_home(ask)

    def choose(db: Database) -> models.RepostDetails:
        chosen = dressing.choose(db, ask.id, ask.given.template, ask.now)
        return ask.done(db, shown.repost_details(db, chosen))

    return await ask.house.store.write(choose)


@act(
    models.RepostItem,
    scope=Scope.REPOSTS_DECIDE,
    on=Resource.REPOST,
    refuses=[*_WRONG_STATE, ErrorCode.WORKER_UNREACHABLE],
)
async def skip(ask: Ask[None]) -> models.RepostItem:
    """Never repost this mention; possible until it begins to go out.

    One that the cloud is to send is taken back from there first.
    """
    return await _decided_wherever(ask, approval.skip)


@act(
    models.RepostItem,
    scope=Scope.REPOSTS_DECIDE,
    on=Resource.REPOST,
    refuses=[*_WRONG_STATE, ErrorCode.WORKER_UNREACHABLE],
)
async def reconsider(ask: Ask[None]) -> models.RepostItem:
    """Take an approval or a skip back, until the repost begins to go out (additive).

    The mention waits for a decision again. An approved one rests for ten seconds before anything
    of it begins, so that there is time to. One that the cloud is to send is taken back from there
    first.
    """
    return await _decided_wherever(ask, approval.reconsider)


@act(
    models.Decided,
    scope=Scope.REPOSTS_DECIDE,
    takes=models.Reconsidering,
    refuses=[ErrorCode.NOT_FOUND],
)
async def reconsider_several(ask: Ask[models.Reconsidering]) -> models.Decided:
    """Take several approvals or skips back (additive); `refused` says which came too late."""

    def decide(db: Database) -> models.Decided:
        made = approval.decide_all(db, ask.given.repost_ids, approval.reconsider, ask.now)
        return shown.decided(db, made)

    return await _decided_everywhere(ask, decide)


@read(
    models.RepostHistory,
    scope=Scope.REPOSTS_READ,
    takes=models.RepostQuery,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_PARAM],
)
def get_history(db: Database, ask: Ask[models.RepostQuery]) -> models.RepostHistory:
    """Return mentions with their state and reason, newest first, page by page.

    What `status`, `since` and `until` choose; `next` is the `after` of the next page.
    """
    query = ask.given
    chosen = repost_history.HistoryFilter(
        accounts=ask.actor.accounts_of(query.account_id),
        statuses=_statuses(query),
        since=query.since,
        until=query.until,
    )
    found = repost_history.page(db, ask.user_id, chosen, limit=query.limit + 1, after=query.after)
    page = found[: query.limit]
    return models.RepostHistory(
        reposts=[shown.repost(db, repost) for repost in page],
        next=page[-1].id if len(found) > len(page) else None,
    )


@read(
    models.RepostDetails,
    scope=Scope.REPOSTS_READ,
    on=Resource.REPOST,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_repost(db: Database, ask: Ask[None]) -> models.RepostDetails:
    """Return one mention with every change of its state, its time and its reason (additive)."""
    return shown.repost_details(db, reposts.get(db, ask.id))


def _statuses(query: models.RepostQuery) -> Sequence[RepostStatus]:
    chosen = (query.status,) if query.status else ()
    if query.group is None:
        return chosen
    group = models.REPOST_GROUPS[query.group]
    if not chosen:
        return group
    if query.status not in group:
        raise Refusal(ErrorCode.INVALID_PARAM, f"{query.status} is not among {query.group}")
    return chosen


def _decide(db: Database, ask: Ask[None], decision: approval.Decision) -> models.RepostItem:
    return shown.repost(db, decision(db, ask.id, ask.now))


async def _decided_wherever(ask: Ask[None], decision: approval.Decision) -> models.RepostItem:
    """Decide about a mention, whose post the cloud may own: then when that has given it back.

    Raises `Refusal` where it has not, or has begun to send it.
    """

    def decide(db: Database) -> models.RepostItem | None:
        decided = _decide(db, ask, decision)
        return None if handovers.away_of_reposts(db, [ask.id]) else ask.done(db, decided)

    done = await ask.house.store.write(decide)
    if done is not None:
        return done
    await _brought_home(ask)
    return await ask.house.store.write(
        lambda db: ask.done(db, shown.repost(db, reposts.get(db, ask.id)))
    )


async def _brought_home(ask: Ask[Any]) -> None:
    """Have the cloud give a mention's post back, if it owns it; raises `Refusal` if it does not."""
    left = await ask.house.recalls.bring_home(lambda db: handovers.away_of_reposts(db, [ask.id]))
    if any(row.owner is Owner.CLOUD for row in left):
        raise Refusal(ErrorCode.INVALID_STATUS, "It is going out in the cloud right now")
    if left:
        raise unconfirmed("it did not answer")


async def _decided_everywhere(
    ask: Ask[Any], decide: Callable[[Database], models.Decided]
) -> models.Decided:
    """Decide about several; what the cloud owns of them is asked back, and told as it is then."""

    def first(db: Database) -> tuple[models.Decided, list[str], bool]:
        decided = ask.done(db, decide(db))
        ids = [str(each.id) for each in decided.decided]
        return decided, ids, bool(handovers.away_of_reposts(db, ids))

    decided, ids, is_away = await ask.house.store.write(first)
    if not is_away:
        return decided
    await ask.house.recalls.bring_home(lambda db: handovers.away_of_reposts(db, ids))

    def now(db: Database) -> list[models.RepostItem]:
        return [shown.repost(db, reposts.get(db, each)) for each in ids]

    told = {"decided": await ask.house.store.read(now)}
    return await ask.amended(decided.model_copy(update=told))


def _decide_several(
    db: Database, ask: Ask[models.Decision], decision: approval.Decision
) -> models.Decided:
    ids, as_of = ask.given.ids, ask.given.as_of
    accounts = ask.actor.accounts_of(ask.given.account_id)
    if ids is None:
        most = None if as_of is None else MOST_AT_ONCE
        waiting = repost_lists.waiting(db, ask.user_id, accounts, limit=most, as_of=as_of)
        ids = [each.id for each in waiting]
    mine = [each for each in ids if owns(db, ask.actor, Resource.REPOST, each)]
    decided = approval.decide_all(db, mine, decision, ask.now)
    known = set(mine)
    strange = [each for each in dict.fromkeys(ids) if each not in known]
    decided.refused += [(each, str(NotFound("repost", each))) for each in strange]
    if as_of is None:
        return shown.decided(db, decided)
    came = repost_lists.came_to_wait(db, ask.user_id, accounts, since=as_of)
    return shown.decided(db, decided, came_since=came)

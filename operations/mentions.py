"""Mentions: what waits for approval, deciding about it, and the history (contract §4.7)."""

from __future__ import annotations

from collections.abc import Sequence

from ground.refusal import ErrorCode, Refusal
from operations import models, shown
from operations.operation import Ask, read, write
from operations.resources import Resource, owns
from operations.scopes import Scope
from repost import approval, dressing
from storage import events, repost_history, reposts
from storage.errors import NotFound
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
    found = reposts.waiting(db, ask.user_id, accounts, limit=one_more, after=query.after)
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


@write(
    models.Decided,
    scope=Scope.REPOSTS_DECIDE,
    takes=models.Decision,
    refuses=[ErrorCode.NOT_FOUND],
)
def skip_several(db: Database, ask: Ask[models.Decision]) -> models.Decided:
    """Never repost several mentions: those named, or all that wait for approval."""
    return _decide_several(db, ask, approval.skip)


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


@write(
    models.RepostDetails,
    scope=Scope.REPOSTS_DECIDE,
    on=Resource.REPOST,
    takes=models.CardChoice,
    refuses=_WRONG_STATE,
)
def choose_card(db: Database, ask: Ask[models.CardChoice]) -> models.RepostDetails:
    """Give one mention's card another template than the account's, until it goes out (additive).

    Where it was approved with another card, it waits for approval again. `template` null takes the
    choice back.
    """
    chosen = dressing.choose(db, ask.id, ask.given.template, ask.now)
    return shown.repost_details(db, chosen)


@write(models.RepostItem, scope=Scope.REPOSTS_DECIDE, on=Resource.REPOST, refuses=_WRONG_STATE)
def skip(db: Database, ask: Ask[None]) -> models.RepostItem:
    """Never repost this mention; possible until it begins to go out."""
    return _decide(db, ask, approval.skip)


@write(models.RepostItem, scope=Scope.REPOSTS_DECIDE, on=Resource.REPOST, refuses=_WRONG_STATE)
def reconsider(db: Database, ask: Ask[None]) -> models.RepostItem:
    """Take an approval or a skip back, until the repost begins to go out (additive).

    The mention waits for a decision again. An approved one rests for ten seconds before anything
    of it begins, so that there is time to.
    """
    return _decide(db, ask, approval.reconsider)


@write(
    models.Decided,
    scope=Scope.REPOSTS_DECIDE,
    takes=models.Reconsidering,
    refuses=[ErrorCode.NOT_FOUND],
)
def reconsider_several(db: Database, ask: Ask[models.Reconsidering]) -> models.Decided:
    """Take several approvals or skips back (additive); `refused` says which came too late."""
    made = approval.decide_all(db, ask.given.repost_ids, approval.reconsider, ask.now)
    return shown.decided(db, made)


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


def _decide_several(
    db: Database, ask: Ask[models.Decision], decision: approval.Decision
) -> models.Decided:
    ids, as_of = ask.given.ids, ask.given.as_of
    accounts = ask.actor.accounts_of(ask.given.account_id)
    if ids is None:
        most = None if as_of is None else MOST_AT_ONCE
        waiting = reposts.waiting(db, ask.user_id, accounts, limit=most, as_of=as_of)
        ids = [each.id for each in waiting]
    mine = [each for each in ids if owns(db, ask.actor, Resource.REPOST, each)]
    decided = approval.decide_all(db, mine, decision, ask.now)
    known = set(mine)
    strange = [each for each in dict.fromkeys(ids) if each not in known]
    decided.refused += [(each, str(NotFound("repost", each))) for each in strange]
    if as_of is None:
        return shown.decided(db, decided)
    came = reposts.came_to_wait(db, ask.user_id, accounts, since=as_of)
    return shown.decided(db, decided, came_since=came)

"""What a person decides about reposts (additive): approve, skip, pause, resume."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from operations import models as schemas
from operations import shown as render
from repost import approval, pause
from storage import accounts, repost_configs, reposts
from storage.repost_configs import RepostConfig
from storage.store import Database

operations = Operations("Story repost")
_PATH = "/story-repost"


@operations.add(
    "GET",
    f"{_PATH}/pending",
    query=schemas.AccountQuery,
    returns=schemas.PendingReposts,
    errors=("NOT_FOUND",),
)
async def get_pending(call: Call) -> schemas.PendingReposts:
    """Return what waits for approval, of one account or of all, oldest mention first."""

    def read(db: Database) -> schemas.PendingReposts:
        if call.query.account_id is not None:
            accounts.get(db, call.query.account_id)
        waiting = reposts.waiting(db, call.user_id, call.query.account_id)
        return schemas.PendingReposts(
            reposts=[render.pending_repost(db, repost) for repost in waiting]
        )

    return await call.context.store.read(read)


@operations.add(
    "POST",
    f"{_PATH}/approve",
    body=schemas.Decision,
    returns=schemas.Decided,
    errors=("NOT_FOUND",),
)
async def approve_several(call: Call) -> schemas.Decided:
    """Let several mentions go out: those named, or all that wait.

    `refused` holds those that could not be approved, with the reason; the others are. What was
    meant for few (`limits`) is approved by its id only, never by `all`.
    """
    decision = approval.approve_ordinary if call.body.ids is None else approval.approve
    return await _decide_several(call, decision)


@operations.add(
    "POST",
    f"{_PATH}/skip",
    body=schemas.Decision,
    returns=schemas.Decided,
    errors=("NOT_FOUND",),
)
async def skip_several(call: Call) -> schemas.Decided:
    """Never repost several mentions: those named, or all that wait for approval."""
    return await _decide_several(call, approval.skip)


@operations.add(
    "POST",
    f"{_PATH}/<id>/approve",
    returns=schemas.RepostItem,
    errors=("NOT_FOUND", "INVALID_STATUS"),
)
async def approve(call: Call) -> schemas.RepostItem:
    """Let a mention that waits for approval go out."""
    return await _decide(call, approval.approve)


@operations.add(
    "POST",
    f"{_PATH}/<id>/skip",
    returns=schemas.RepostItem,
    errors=("NOT_FOUND", "INVALID_STATUS"),
)
async def skip(call: Call) -> schemas.RepostItem:
    """Never repost this mention; possible until it begins to go out."""
    return await _decide(call, approval.skip)


@operations.add(
    "POST",
    f"{_PATH}/pause",
    body=schemas.PauseRequest,
    returns=schemas.StoryRepostConfigs,
    errors=("NOT_FOUND",),
)
async def pause_reposts(call: Call) -> schemas.StoryRepostConfigs:
    """Let nothing out, until a time or until `resume`; mentions are still found and downloaded."""

    def change(db: Database, account_id: str, now: datetime) -> RepostConfig:
        return pause.pause(db, account_id, call.body.until, now)

    return await _change_configs(call, change)


@operations.add(
    "POST",
    f"{_PATH}/resume",
    body=schemas.OptionalAccountRef,
    returns=schemas.StoryRepostConfigs,
    errors=("NOT_FOUND",),
)
async def resume_reposts(call: Call) -> schemas.StoryRepostConfigs:
    """End a pause; without `accountId`, that of every account."""
    return await _change_configs(call, pause.resume)


async def _decide(call: Call, decision: approval.Decision) -> schemas.RepostItem:
    def write(db: Database, now: datetime) -> schemas.RepostItem:
        try:
            return render.repost(db, decision(db, call.path["id"], now))
        except approval.TooLate as late:
            raise ApiError("INVALID_STATUS", str(late)) from None

    decided = await call.context.store.write(write, call.context.now())
    call.context.engine.wake(decided.account_id)
    return decided


async def _decide_several(call: Call, decision: approval.Decision) -> schemas.Decided:
    def write(db: Database, now: datetime) -> schemas.Decided:
        ids = call.body.ids
        if ids is None:
            if call.body.account_id is not None:
                accounts.get(db, call.body.account_id)
            ids = [each.id for each in reposts.waiting(db, call.user_id, call.body.account_id)]
        return render.decided(db, approval.decide_all(db, ids, decision, now))

    decided = await call.context.store.write(write, call.context.now())
    for account_id in {repost.account_id for repost in decided.decided}:
        call.context.engine.wake(account_id)
    return decided


async def _change_configs(
    call: Call, change: Callable[[Database, str, datetime], RepostConfig]
) -> schemas.StoryRepostConfigs:
    def write(db: Database, now: datetime, pace: float) -> schemas.StoryRepostConfigs:
        wanted = call.body.account_id
        if wanted is not None:
            accounts.get(db, wanted)
        every = [config.account_id for config in repost_configs.of_user(db, call.user_id)]
        chosen = every if wanted is None else [wanted]
        try:
            changed = [change(db, account_id, now) for account_id in chosen]
        except pause.NotInFuture as error:
            raise ApiError("VALIDATION_ERROR", str(error)) from None
        shown = [render.story_repost_config(db, config, now, pace) for config in changed]
        return schemas.StoryRepostConfigs(configs=shown)

    done = await call.context.store.write(write, call.context.now(), call.context.pace)
    for config in done.configs:
        assert config.instagram_account_id is not None
        call.context.engine.wake(config.instagram_account_id)
    return done

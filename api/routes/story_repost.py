"""Story repost: configuration, switching on and off, scanning, history (contract §4.7)."""

from __future__ import annotations

from datetime import datetime

from api import render, schemas
from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from repost import configuring, engine, taking_back
from repost.overlay import OverlayInvalid, parse_overlay
from storage import accounts, credentials, repost_configs, reposts
from storage.repost_configs import RepostConfig
from storage.store import Database

operations = Operations("Story repost")
_PATH = "/story-repost"


@operations.add(
    "GET",
    f"{_PATH}/status",
    query=schemas.AccountQuery,
    returns=schemas.StoryRepostStatus,
    errors=("NOT_FOUND",),
)
async def get_status(call: Call) -> schemas.StoryRepostStatus:
    """Return an account's configuration and what holds it back now.

    Without `accountId`, that of the account that was configured first.
    """

    def read(db: Database, now: datetime, pace: float) -> schemas.StoryRepostStatus:
        config = _one_config(db, call.user_id, call.query.account_id)
        if config is None:
            return schemas.StoryRepostStatus(configured=False, is_enabled=False, config=None)
        return schemas.StoryRepostStatus(
            configured=True,
            is_enabled=config.is_enabled,
            config=render.story_repost_config(db, config, now, pace),
            holding=render.holding(db, config, now, pace),
        )

    return await call.context.store.read(read, call.context.now(), call.context.pace)


@operations.add(
    "POST",
    f"{_PATH}/config",
    body=schemas.StoryRepostSettings,
    returns=schemas.StoryRepostConfig,
    errors=("NOT_FOUND", "CREDENTIALS_NOT_CONFIGURED"),
)
async def save_config(call: Call) -> schemas.StoryRepostConfig:
    """Create or change an account's configuration; settings that are not sent stay."""

    def write(db: Database, now: datetime, pace: float) -> schemas.StoryRepostConfig:
        account_id = call.body.account_id
        _require_login(db, account_id)
        _require_fonts(call.body.signature_overlay)
        try:
            config = configuring.configure(
                db,
                user_id=call.user_id,
                account_id=account_id,
                now=now,
                configured_at=now,
                **call.body.changes(),
            )
        except configuring.Contradiction as error:
            raise ApiError("VALIDATION_ERROR", str(error)) from None
        return render.story_repost_config(db, config, now, pace)

    saved = await call.context.store.write(write, call.context.now(), call.context.pace)
    call.context.engine.wake(call.body.account_id)
    return saved


@operations.add(
    "DELETE",
    f"{_PATH}/config",
    query=schemas.RequiredAccountQuery,
    returns=schemas.Success,
    errors=("NOT_FOUND", "MISSING_ACCOUNT_ID"),
    codes={"accountId": "MISSING_ACCOUNT_ID"},
)
async def delete_config(call: Call) -> schemas.Success:
    """Delete an account's configuration; its history stays."""

    def write(db: Database) -> None:
        accounts.get(db, call.query.account_id)
        repost_configs.remove(db, call.query.account_id)

    await call.context.store.write(write)
    call.context.engine.wake(call.query.account_id)
    return schemas.Success()


@operations.add(
    "POST",
    f"{_PATH}/enable",
    body=schemas.AccountRef,
    returns=schemas.Success,
    errors=("CREDENTIALS_NOT_CONFIGURED", "NOT_FOUND"),
)
async def enable(call: Call) -> schemas.Success:
    """Switch story reposts on; closes the circuit breaker. Makes a default configuration."""

    def write(db: Database, now: datetime) -> None:
        account_id = call.body.account_id
        _require_login(db, account_id)
        if repost_configs.find(db, account_id) is None:
            repost_configs.save(
                db, user_id=call.user_id, account_id=account_id, now=now, configured_at=now
            )
        engine.enable(db, account_id, now)

    await call.context.store.write(write, call.context.now())
    call.context.engine.wake(call.body.account_id)
    return schemas.Success()


@operations.add(
    "POST",
    f"{_PATH}/disable",
    body=schemas.AccountRef,
    returns=schemas.Success,
    errors=("NOT_FOUND",),
)
async def disable(call: Call) -> schemas.Success:
    """Switch story reposts off: nothing is looked for and nothing new goes out."""

    def write(db: Database, now: datetime) -> None:
        accounts.get(db, call.body.account_id)
        if repost_configs.find(db, call.body.account_id) is not None:
            repost_configs.change(db, call.body.account_id, now=now, is_enabled=False)
            taking_back.take_back(db, call.body.account_id, now)

    await call.context.store.write(write, call.context.now())
    call.context.engine.wake(call.body.account_id)
    return schemas.Success()


@operations.add(
    "POST",
    f"{_PATH}/scan",
    body=schemas.OptionalAccountRef,
    returns=schemas.ScanResult,
    errors=(
        "CREDENTIALS_NOT_CONFIGURED",
        "LOGIN_RATE_LIMITED",
        "LOGIN_FAILED",
        "TWO_FACTOR_REQUIRED",
        "NOT_FOUND",
    ),
)
async def scan(call: Call) -> schemas.ScanResult:
    """Look for new mentions now, whatever the poll interval.

    `detected` counts mentions that are new since the last look, `pending` those that wait to
    go out or for approval. Downloading and publishing go on after the answer.
    """
    wanted = call.body.account_id
    configs = await call.context.store.write(
        _configs_to_scan, call.user_id, wanted, call.context.now()
    )
    reports = [await call.context.engine.scan(config.account_id) for config in configs]

    def read(db: Database) -> schemas.ScanResult:
        found = [reposts.get(db, repost.id) for report in reports for repost in report.scan.found]
        waiting = sum(len(reposts.open_of(db, config.account_id)) for config in configs)
        return schemas.ScanResult(
            detected=len(found),
            pending=waiting,
            items=[render.repost(db, repost) for repost in found],
            requests=sum(report.scan.requests for report in reports),
        )

    return await call.context.store.read(read)


@operations.add(
    "GET",
    f"{_PATH}/history",
    query=schemas.AccountQuery,
    returns=schemas.RepostHistory,
    errors=("NOT_FOUND",),
)
async def get_history(call: Call) -> schemas.RepostHistory:
    """Return the latest 100 mentions with their state and reason, newest first."""

    def read(db: Database) -> schemas.RepostHistory:
        if call.query.account_id is not None:
            accounts.get(db, call.query.account_id)
        found = reposts.history(db, call.user_id, call.query.account_id)
        return schemas.RepostHistory(reposts=[render.repost(db, repost) for repost in found])

    return await call.context.store.read(read)


def _one_config(db: Database, user_id: str, account_id: str | None) -> RepostConfig | None:
    if account_id is not None:
        accounts.get(db, account_id)
        return repost_configs.find(db, account_id)
    return next(iter(repost_configs.of_user(db, user_id)), None)


def _configs_to_scan(
    db: Database, user_id: str, account_id: str | None, now: datetime
) -> list[RepostConfig]:
    if account_id is None:
        return [config for config in repost_configs.of_user(db, user_id) if config.is_enabled]
    _require_login(db, account_id)
    return [repost_configs.save(db, user_id=user_id, account_id=account_id, now=now)]


def _require_fonts(signature_overlay: str | None) -> None:
    try:
        if signature_overlay is not None:
            parse_overlay(signature_overlay)
    except OverlayInvalid as error:
        raise ApiError("VALIDATION_ERROR", f"signatureOverlay: {error}") from None


def _require_login(db: Database, account_id: str) -> None:
    accounts.get(db, account_id)
    if credentials.find(db, account_id) is None:
        raise ApiError(
            "CREDENTIALS_NOT_CONFIGURED",
            "The account has no Private API login: POST /settings/private-api-credentials first",
        )

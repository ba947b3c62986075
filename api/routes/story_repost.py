"""Story repost: configuration, switching on and off, scanning, history (contract §4.7)."""

from __future__ import annotations

import logging
from datetime import datetime

from api.contract import Operations
from api.dispatch import Call
from api.errors import ApiError
from operations import models as schemas
from operations import shown as render
from repost import configuring, engine, taking_back
from repost.overlay import OverlayInvalid, parse_overlay
from repost.standing import standing_of
from storage import accounts, credentials, repost_configs, reposts
from storage.repost_configs import RepostConfig
from storage.store import Database

logger = logging.getLogger(__name__)
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
    """Return an account's configuration, what holds it now and until when, and what is next.

    Without `accountId`, that of the account that was configured first.
    """

    def read(db: Database, now: datetime, pace: float) -> schemas.StoryRepostStatus:
        account_id = call.query.account_id or _first_configured(db, call.user_id)
        if account_id is None:
            return schemas.StoryRepostStatus(
                configured=False, is_enabled=False, config=None, version=render.VERSION
            )
        return render.standing(db, standing_of(db, account_id, now, pace), now, pace)

    return await call.context.store.read(read, call.context.now(), call.context.pace)


@operations.add(
    "POST",
    f"{_PATH}/config",
    body=schemas.StoryRepostSettings,
    returns=schemas.StoryRepostConfig,
    errors=("NOT_FOUND", "CREDENTIALS_NOT_CONFIGURED"),
)
async def save_config(call: Call) -> schemas.StoryRepostConfig:
    """Create or change an account's configuration; settings that are not sent stay.

    `warnings` (additive) says what of it can cost mentions.
    """

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
    for warning in saved.warnings:
        logger.warning("story repost account=%s %s", call.body.account_id, warning)
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
        configuring.remove(db, call.query.account_id, call.context.now())

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
    if not configs:
        raise ApiError(
            "CREDENTIALS_NOT_CONFIGURED",
            "There is nothing to scan: no account reposts stories yet; switch one on first",
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


def _first_configured(db: Database, user_id: str) -> str | None:
    found = repost_configs.of_user(db, user_id)
    return found[0].account_id if found else None


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

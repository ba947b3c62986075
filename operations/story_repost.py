"""Story reposts: configuration, switching on and off, pausing, scanning (contract §4.7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cloud.wishes import unconfirmed
from ground.refusal import ErrorCode, Refusal
from instagram.errors import InstagramError
from operations import models, shown
from operations.actor import Actor
from operations.operation import Ask, act, read, write
from operations.scopes import Scope
from operations.versions import refuse_stale
from repost import configuring, pause, stopping, taking_back
from repost.overlay import OverlayInvalid, parse_overlay
from repost.overview import every_rail, warm_up
from repost.standing import standing_of
from storage import accounts, credentials, handovers, repost_configs, repost_lists, reposts, users
from storage.errors import NotFound
from storage.handovers import Handover, Owner
from storage.repost_configs import RepostConfig
from storage.store import Database

if TYPE_CHECKING:
    from repost.engine import RepostEngine, ScanReport

logger = logging.getLogger(__name__)


@read(
    models.StoryRepostStatus,
    scope=Scope.REPOSTS_READ,
    takes=models.AccountQuery,
    refuses=[ErrorCode.NOT_FOUND],
)
def get_status(db: Database, ask: Ask[models.AccountQuery]) -> models.StoryRepostStatus:
    """Return an account's configuration, what holds it now and until when, and what is next.

    Without `accountId`, that of the account that was configured first.
    """
    pace = ask.house.clock.pace
    account_id = ask.given.account_id or _first_configured(db, ask.actor)
    if account_id is None:
        return models.StoryRepostStatus(
            configured=False, is_enabled=False, config=None, version=shown.VERSION
        )
    return shown.standing(db, standing_of(db, account_id, ask.now, pace), ask.now, pace)


@read(
    models.Rails,
    scope=Scope.REPOSTS_READ,
    takes=models.RequiredAccountQuery,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.MISSING_ACCOUNT_ID],
)
def get_rails(db: Database, ask: Ask[models.RequiredAccountQuery]) -> models.Rails:
    """Return what every rail says of an account's next repost, open ones too (additive)."""
    config = repost_configs.get(db, ask.given.account_id)
    found = every_rail(db, config, ask.now, ask.house.clock.pace)
    return models.Rails(
        rails=[
            models.Rail(name=each.name, says=each.says, holds=each.holds, until=each.until)
            for each in found
        ],
        warm_up=[
            models.WarmUpStep(since=since, daily_limit=limit)
            for since, limit in warm_up(db, config, ask.now, ask.house.clock.pace)
        ],
    )


@write(
    models.StoryRepostConfig,
    scope=Scope.REPOSTS_WRITE,
    takes=models.StoryRepostSettings,
    refuses=[
        ErrorCode.NOT_FOUND,
        ErrorCode.CREDENTIALS_NOT_CONFIGURED,
        ErrorCode.STALE_EDIT,
    ],
)
def save_config(db: Database, ask: Ask[models.StoryRepostSettings]) -> models.StoryRepostConfig:
    """Create or change an account's configuration; settings that are not sent stay.

    `warnings` (additive) says what of it can cost mentions.
    """
    account_id = ask.given.account_id
    _require_login(db, account_id)
    if ask.given.version is not None:
        refuse_stale(ask.given.version, _version(db, ask))
    _require_fonts(ask.given.signature_overlay)
    config = configuring.configure(
        db,
        user_id=ask.user_id,
        account_id=account_id,
        now=ask.now,
        configured_at=ask.now,
        **ask.given.changes(),
    )
    saved = shown.story_repost_config(db, config, ask.now, ask.house.clock.pace)
    for warning in saved.warnings:
        logger.warning("story repost account=%s %s", account_id, warning)
    return saved


def _version(db: Database, ask: Ask[models.StoryRepostSettings]) -> str:
    """Return which settings an account has now; nothing where it has none."""
    found = repost_configs.find(db, ask.given.account_id)
    if found is None:
        return ""
    return shown.story_repost_config(db, found, ask.now, ask.house.clock.pace).version


@write(
    models.Success,
    scope=Scope.REPOSTS_WRITE,
    takes=models.RequiredAccountQuery,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.MISSING_ACCOUNT_ID],
)
def delete_config(db: Database, ask: Ask[models.RequiredAccountQuery]) -> models.Success:
    """Delete an account's configuration; its history stays."""
    configuring.remove(db, ask.given.account_id, ask.now)
    return models.Success()


@write(
    models.Success,
    scope=Scope.REPOSTS_WRITE,
    takes=models.AccountRef,
    refuses=[ErrorCode.CREDENTIALS_NOT_CONFIGURED, ErrorCode.NOT_FOUND],
)
def enable(db: Database, ask: Ask[models.AccountRef]) -> models.Success:
    """Switch story reposts on; closes the circuit breaker. Makes a default configuration."""
    account_id = ask.given.account_id
    _require_login(db, account_id)
    if repost_configs.find(db, account_id) is None:
        repost_configs.save(
            db, user_id=ask.user_id, account_id=account_id, now=ask.now, configured_at=ask.now
        )
    configuring.enable(db, account_id, ask.now)
    return models.Success()


@write(
    models.Success,
    scope=Scope.REPOSTS_WRITE,
    takes=models.AccountRef,
    refuses=[ErrorCode.NOT_FOUND],
)
def disable(db: Database, ask: Ask[models.AccountRef]) -> models.Success:
    """Switch story reposts off: nothing is looked for and nothing new goes out."""
    account_id = ask.given.account_id
    if repost_configs.find(db, account_id) is not None:
        repost_configs.change(db, account_id, now=ask.now, is_enabled=False)
        taking_back.take_back(db, account_id, ask.now)
    return models.Success()


@write(
    models.StoryRepostConfigs,
    scope=Scope.REPOSTS_WRITE,
    takes=models.PauseRequest,
    refuses=[ErrorCode.NOT_FOUND],
)
def pause_reposts(db: Database, ask: Ask[models.PauseRequest]) -> models.StoryRepostConfigs:
    """Let nothing out, until a time or until `resume`; mentions are still found and downloaded."""

    def change(db: Database, account_id: str, now: datetime) -> RepostConfig:
        return pause.pause(db, account_id, ask.given.until, now)

    return _change_configs(db, ask, ask.given.account_id, change)


@write(
    models.StoryRepostConfigs,
    scope=Scope.REPOSTS_WRITE,
    takes=models.OptionalAccountRef,
    refuses=[ErrorCode.NOT_FOUND],
)
def resume_reposts(db: Database, ask: Ask[models.OptionalAccountRef]) -> models.StoryRepostConfigs:
    """End a pause; without `accountId`, that of every account."""
    return _change_configs(db, ask, ask.given.account_id, pause.resume)


@act(
    models.Stopped,
    scope=Scope.POSTS_PUBLISH,
    refuses=[ErrorCode.WORKER_UNREACHABLE],
)
async def stop_everything(ask: Ask[None]) -> models.Stopped:
    """Let nothing out of any account, posts and reposts alike, until `go_on` (additive).

    What is going out at this moment ends. Mentions are still looked for and saved. Posts in the
    cloud are taken back; with `WORKER_UNREACHABLE` everything here is stopped, and it is asked
    for them until it answers.
    """

    def stop(db: Database) -> models.Stopped:
        stopping.stop(db, ask.user_id, ask.now)
        return ask.done(db, _stopped(db, ask))

    stopped = await ask.house.store.write(stop)

    def away(db: Database) -> list[Handover]:
        return handovers.away_of(db, [one.id for one in accounts.of_user(db, ask.user_id)])

    left = await ask.house.recalls.bring_home(away)
    if any(row.owner is not Owner.CLOUD for row in left):
        raise unconfirmed("here everything is stopped, and there posts may still go out")
    return stopped


@write(models.Stopped, scope=Scope.POSTS_PUBLISH)
def go_on(db: Database, ask: Ask[None]) -> models.Stopped:
    """Let everything go on after `stop_everything` (additive).

    What came due meanwhile goes out now, at the usual distances.
    """
    stopping.go_on(db, ask.user_id, ask.now)
    handovers.look_again_at(db, ask.user_id)
    return _stopped(db, ask)


@read(models.Stopped, scope=Scope.REPOSTS_READ, glances=lambda _: True)
def get_stopped(db: Database, ask: Ask[None]) -> models.Stopped:
    """Say whether everything was stopped, and since when (additive)."""
    return _stopped(db, ask)


@act(
    models.ScanResult,
    scope=Scope.REPOSTS_WRITE,
    takes=models.OptionalAccountRef,
    refuses=[
        ErrorCode.CREDENTIALS_NOT_CONFIGURED,
        ErrorCode.LOGIN_RATE_LIMITED,
        ErrorCode.LOGIN_FAILED,
        ErrorCode.TWO_FACTOR_REQUIRED,
        ErrorCode.NOT_FOUND,
    ],
)
async def scan(ask: Ask[models.OptionalAccountRef]) -> models.ScanResult:
    """Look for new mentions now, whatever the poll interval.

    `detected` counts mentions that are new since the last look, `pending` those that wait to
    go out or for approval. Downloading and publishing go on after the answer. Of several accounts
    one in trouble is passed over: `passedOver` (additive) says why.
    """
    store = ask.house.store
    configs = await store.write(_configs_to_scan, ask)
    if not configs:
        raise Refusal(
            ErrorCode.CREDENTIALS_NOT_CONFIGURED,
            "There is nothing to scan: no account reposts stories yet; switch one on first",
        )
    reports, passed_over = await _scan_each(ask.house.engine, configs)

    def read(db: Database) -> models.ScanResult:
        found = [reposts.get(db, repost.id) for report in reports for repost in report.scan.found]
        counts = [repost_lists.counts(db, config.account_id) for config in configs]
        waiting = sum(sum(each.values()) for each in counts)
        return models.ScanResult(
            detected=len(found),
            pending=waiting,
            items=[shown.repost(db, repost) for repost in found],
            requests=sum(report.scan.requests for report in reports),
            passed_over=passed_over,
        )

    return await store.read(read)


def _stopped(db: Database, ask: Ask[None]) -> models.Stopped:
    return models.Stopped(since=users.get(db, ask.user_id).stopped_at)


async def _scan_each(
    scanner: RepostEngine, configs: Sequence[RepostConfig]
) -> tuple[list[ScanReport], list[models.PassedOver]]:
    """Scan one account after the other; raises only where there is none but in trouble."""
    reports: list[ScanReport] = []
    passed_over: list[models.PassedOver] = []
    trouble: InstagramError | NotFound | None = None
    for config in configs:
        try:
            reports.append(await scanner.scan(config.account_id))
        except (InstagramError, NotFound) as error:
            trouble = error
            reason = error.reason if isinstance(error, InstagramError) else str(error)
            passed_over.append(models.PassedOver(account_id=config.account_id, reason=reason))
    if trouble is not None and not reports:
        raise trouble
    return reports, passed_over


def _configs_to_scan(db: Database, ask: Ask[models.OptionalAccountRef]) -> Sequence[RepostConfig]:
    account_id = ask.given.account_id
    if account_id is None:
        return [config for config in _configs(db, ask.actor) if config.is_enabled]
    _require_login(db, account_id)
    return [repost_configs.save(db, user_id=ask.user_id, account_id=account_id, now=ask.now)]


def _change_configs(
    db: Database,
    ask: Ask[models.PauseRequest] | Ask[models.OptionalAccountRef],
    wanted: str | None,
    change: Callable[[Database, str, datetime], RepostConfig],
) -> models.StoryRepostConfigs:
    every = [config.account_id for config in _configs(db, ask.actor)]
    changed = [
        change(db, account_id, ask.now) for account_id in (every if wanted is None else [wanted])
    ]
    pace = ask.house.clock.pace
    return models.StoryRepostConfigs(
        configs=[shown.story_repost_config(db, config, ask.now, pace) for config in changed]
    )


def _configs(db: Database, actor: Actor) -> list[RepostConfig]:
    every = repost_configs.of_user(db, actor.user_id)
    return [config for config in every if actor.may_see(config.account_id)]


def _first_configured(db: Database, actor: Actor) -> str | None:
    found = _configs(db, actor)
    return found[0].account_id if found else None


def _require_fonts(signature_overlay: str | None) -> None:
    try:
        if signature_overlay is not None:
            parse_overlay(signature_overlay)
    except OverlayInvalid as error:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"signatureOverlay: {error}") from None


def _require_login(db: Database, account_id: str) -> None:
    if credentials.find(db, account_id) is None:
        raise Refusal(
            ErrorCode.CREDENTIALS_NOT_CONFIGURED,
            "The account has no Private API login: POST /settings/private-api-credentials first",
        )

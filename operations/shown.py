"""Stored records as the contract's shapes; what can be derived is derived here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

import orjson

from accounts.trouble import MEMORY
from ground.changes import Subject
from ground.hold import Hold
from operations import models as schemas
from operations.models.repost_settings import NO_SETTINGS
from operations.versions import version_of, version_of_settings
from repost import dressing, guard, limits, pause
from repost.approval import Decided
from repost.hours import day_began
from repost.standing import Standing, reposts_today
from storage import (
    accounts,
    authors,
    credentials,
    events,
    media_files,
    posts,
    records,
    troubles,
)
from storage.accounts import Account
from storage.authors import Verdict
from storage.files import small_path
from storage.media_files import MediaFile
from storage.posts import Post
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database
from storage.troubles import TroubleKind

FILES_PATH = "/uploads"
VERSION = version("reprise")


def account(record: Account) -> schemas.InstagramAccount:
    """Return an account without anything secret."""
    return schemas.InstagramAccount.model_validate(_fields(record))


def story_repost_config(
    db: Database, config: RepostConfig, now: datetime, pace: float
) -> schemas.StoryRepostConfig:
    """Return an account's configuration with its rails' present state."""
    login = credentials.find(db, config.account_id)
    challenges = troubles.since(db, config.account_id, now - MEMORY, TroubleKind.CHALLENGE)
    pauses = [t.until for t in challenges if t.cleared_at is None and t.until and t.until > now]
    started_at = login.session_started_at if login else None
    rules = authors.shown_rules_of(db, config.account_id)
    paused = pause.held(config, now)
    derived = {
        "instagram_account_id": config.account_id,
        # The breaker counts the answered ones alone; to people all of them have failed.
        "consecutive_failures": config.consecutive_failures + config.unanswered_looks,
        "ig_username": login.ig_username if login else accounts.username_of(db, config.account_id),
        "challenge_count_30d": len(challenges),
        "last_challenge_at": troubles.latest_at(db, config.account_id, TroubleKind.CHALLENGE),
        "challenge_pause_until": max(pauses, default=None),
        "warm_up_complete": guard.warm_up_complete(started_at, now, pace),
        "reposts_today": reposts_today(db, config, now),
        "reposts_today_reset_at": day_began(config, now),
        "allowed_authors": [r.username for r in rules if r.verdict is Verdict.ALLOW],
        "denied_authors": [r.username for r in rules if r.verdict is Verdict.DENY],
        "always_authors": [r.username for r in rules if r.verdict is Verdict.ALWAYS],
        "paused": paused is not None,
        "paused_until": paused.until if paused else None,
        "warnings": guard.warnings_of(config),
    }
    told = {**_fields(config), **derived}
    settings = schemas.StoryRepostSettings.model_fields.keys() - NO_SETTINGS
    told["version"] = version_of_settings(db, {name: told[name] for name in settings})
    return schemas.StoryRepostConfig.model_validate(told)


def standing(
    db: Database, found: Standing, now: datetime, pace: float
) -> schemas.StoryRepostStatus:
    """Return where an account stands, with its configuration."""
    config = found.config
    return schemas.StoryRepostStatus(
        configured=config is not None,
        is_enabled=config is not None and config.is_enabled,
        config=story_repost_config(db, config, now, pace) if config else None,
        holding=_holding(found.publishing),
        polling=_holding(found.polling),
        next_poll_at=found.next_poll_at,
        session_phase=found.phase,
        session_phase_until=found.phase_until,
        reposts_today=found.reposts_today,
        daily_cap=found.daily_cap,
        waiting=schemas.WaitingReposts(
            **{status.value.lower(): count for status, count in found.waiting.items()}
        ),
        breaker=schemas.Breaker(**_fields(found.breaker)) if found.breaker else None,
        has_graph_token=found.has_token,
        token_expires_at=found.account.token_expires_at if found.has_token else None,
        warnings=found.warnings,
        version=VERSION,
    )


def _holding(held: Hold | None) -> schemas.Holding | None:
    return None if held is None else schemas.Holding(**_fields(held))


def repost_details(db: Database, record: Repost) -> schemas.RepostDetails:
    """Return a mention with every change of its state."""
    seen = events.of_subject(db, Subject.REPOST, record.id)
    return schemas.RepostDetails(
        **repost(db, record).model_dump(),
        events=[
            schemas.RepostEvent(
                state=RepostStatus(event.state), reason=event.reason, at=event.at, via=event.via
            )
            for event in seen
        ],
        look=dressing.look(db, record),
    )


def repost(db: Database, record: Repost) -> schemas.RepostItem:
    """Return a mention's state with the permalink of its repost."""
    return schemas.RepostItem.model_validate(_repost_fields(db, record))


def pending_repost(db: Database, record: Repost) -> schemas.PendingRepost:
    """Return a mention that waits for approval, with what a person needs to decide."""
    followers = authors.followers_of(db, record.author_pk)
    more = {
        "username": accounts.username_of(db, record.account_id),
        "decide_before": record.mentioned_at + guard.MAX_HELD,
        "author_followers": followers.followers if followers else None,
    }
    return schemas.PendingRepost.model_validate({**_repost_fields(db, record), **more})


def decided(db: Database, made: Decided, came_since: int | None = None) -> schemas.Decided:
    """Return what became of a decision about several mentions."""
    refused = [schemas.RefusedDecision(id=id_, reason=reason) for id_, reason in made.refused]
    return schemas.Decided(
        decided=[repost(db, each) for each in made.done], refused=refused, came_since=came_since
    )


def media_file(record: MediaFile) -> schemas.MediaFile:
    """Return a media file; its URLs are relative to the daemon and need a key or a session."""
    derived = {
        "validation_errors": _as_text(record.validation_errors),
        "preview_url": f"{FILES_PATH}/{record.storage_path}",
        "public_url": None,
        "thumbnail_url": file_url(record.thumbnail_path),
        "thumbnail_preview_url": small_url(record.thumbnail_path),
    }
    return schemas.MediaFile.model_validate({**_fields(record), **derived})


def post(stored: Mapping[str, Any], media: Sequence[MediaFile] = ()) -> schemas.Post:
    """Return a post as the contract shows it, which is as it is stored."""
    files = [media_file(file) for file in media]
    return schemas.Post.model_validate({**stored, "media_files": files})


def post_with_media(db: Database, record: Post) -> schemas.Post:
    """Return a post with its files."""
    return post(records.stored(record), media_files.shown_of_post(db, record.id))


def whole_post(db: Database, record: Post) -> schemas.WholePost:
    """Return a post with its files and the version that a change of it names."""
    return schemas.WholePost.model_validate(_whole(db, record))


def edited_post(db: Database, record: Post, warnings: Sequence[str]) -> schemas.EditedPost:
    """Return a post after a change, with its files and what there is to know about it."""
    return schemas.EditedPost.model_validate({**_whole(db, record), "warnings": list(warnings)})


def _whole(db: Database, record: Post) -> dict[str, Any]:
    media = media_files.of_post(db, record.id)
    files = [media_file(file) for file in media]
    return {
        **records.stored(record),
        "media_files": files,
        "version": version_of(db, record, media),
    }


def _repost_fields(db: Database, record: Repost) -> dict[str, Any]:
    card = media_files.shown(db, record.card_media_id) if record.card_media_id else None
    return {
        **_fields(record),
        "original_username": record.author_username,
        "permalink": posts.permalink(db, record.post_id) if record.post_id else None,
        "preview_url": file_url(record.preview_path),
        "story_url": file_url(record.media_path),
        "card_url": file_url(card.storage_path if card else None),
        "thumbnail_url": small_url(card.thumbnail_path if card else record.preview_path),
        "warning": limits.warning(record),
    }


def file_url(stored_path: str | None) -> str | None:
    """Return where a stored file is served; it needs a key or a session."""
    return f"{FILES_PATH}/{stored_path}" if stored_path else None


def small_url(picture: str | None) -> str | None:
    """Return where the small form of a stored JPEG is served, for lists and pages of many."""
    return file_url(small_path(picture))


def _fields(record: Any) -> dict[str, Any]:
    # Not `asdict`: its deep copies cost more than reading the row.
    return {name: getattr(record, name) for name in record.__slots__}


def _as_text(value: Sequence[object] | None) -> str | None:
    return None if value is None else orjson.dumps(value).decode()

"""Weeks of an account's past and plans, for a demo that is kept running.

What lies ahead is planned through the API, as a person would. The past cannot be asked for: it is
written into the database of the demo's own daemon, by the functions that write it in life.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from storage import credentials, media_files, posts, repost_configs, reposts
from storage.media_files import MediaFile
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.reposts import Repost, RepostStatus
from storage.store import Database, open_directly, transaction

ZONE = ZoneInfo("Europe/Oslo")
PAST_DAYS, AHEAD_DAYS = 60, 35
WARM_DAYS = 17
_STEPS = (RepostStatus.DETECTED, RepostStatus.DOWNLOADED, RepostStatus.WAITING_APPROVAL)
# How mentions end, each as often as it stands here, with the reason that is told.
_ENDS: tuple[tuple[RepostStatus, str | None], ...] = (
    *((RepostStatus.PUBLISHED, None),) * 9,
    (RepostStatus.SKIPPED, "You skipped it"),
    (RepostStatus.SKIPPED, "The author is on your list of denied people"),
    (RepostStatus.EXPIRED, "Its story was gone before it could be saved"),
    (RepostStatus.FAILED, "Instagram refused the picture"),
)
_FAILURES = (
    ("MEDIA_INVALID", "Instagram did not take the picture: it is too wide for a feed post"),
    ("PUBLISH_FAILED", "Instagram answered with an error five times"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Whose life it is, and what it is made of."""

    account_id: str
    username: str
    # Each mentioned the account: the name, and the picture of the story.
    people: Sequence[tuple[str, str]]
    # The account's own posts: the picture, and the caption.
    own: Sequence[tuple[str, str]]
    # Uploads by the picture that they show; `videos` are among them.
    media: Mapping[str, str]
    videos: Mapping[str, str]
    dice: random.Random = field(default_factory=lambda: random.Random(7))


async def plan(api: httpx.AsyncClient, life: Life, now: datetime) -> None:
    """Plan five weeks, and leave some drafts; raises `RuntimeError` when that is refused."""
    items: list[dict[str, Any]] = []
    today = now.astimezone(ZONE).date()
    for away in range(AHEAD_DAYS):
        for hour in (8, 13, 19):
            if life.dice.random() < 0.45:
                day = today + timedelta(days=away)
                at = datetime.combine(day, time(hour, life.dice.randrange(0, 60, 5)), ZONE)
                if at > now + timedelta(hours=1):
                    items.append(_content(life, len(items)) | {"scheduledFor": at.isoformat()})
    bodies = [("/schedule/batch", {"items": items[:100]})]
    bodies += [("/posts/draft", _content(life, number)) for number in (3, 5, 7)]
    for path, body in bodies:
        answer = await api.post(path, json=body)
        if answer.is_error or answer.json().get("refused"):
            raise RuntimeError(f"The demo's plans were refused: {answer.text[:500]}")


def _content(life: Life, number: int) -> dict[str, Any]:
    shown, caption = life.own[number % len(life.own)]
    kind, media_id = "IMAGE", life.media[shown]
    if number % 5 == 4:
        kind = "STORIES"
    elif number % 7 == 3 and shown in life.videos:
        kind, media_id = "REELS", life.videos[shown]
    said = {"accountId": life.account_id, "mediaType": kind, "mediaFileId": media_id}
    return said if kind == "STORIES" else said | {"caption": caption}


def remember(database: Path, life: Life, now: datetime) -> None:
    """Write the past into the database; blocks, and waits while the daemon writes."""
    with open_directly(database) as db, transaction(db):
        config = repost_configs.get(db, life.account_id)
        began = now - timedelta(days=WARM_DAYS)
        credentials.begin_phases_by_now(db, life.account_id, began)
        repost_configs.change(
            db, life.account_id, now=now, configured_at=now - timedelta(days=PAST_DAYS)
        )
        known = {name: media_files.get(db, media_id) for name, media_id in life.media.items()}
        today = now.astimezone(ZONE).date()
        for ago in range(PAST_DAYS, 0, -1):
            midnight = datetime.combine(today - timedelta(days=ago), time(), ZONE)
            for _ in range(_how_many(life, midnight)):
                _mention(db, life, config.user_id, known, midnight)
            if life.dice.random() < 0.7:
                _own_post(db, life, config.user_id, midnight)


def _how_many(life: Life, day: datetime) -> int:
    return life.dice.choice((0, 1, 1, 2, 3) if day.weekday() < 5 else (0, 0, 1, 4))


def _mention(
    db: Database, life: Life, user_id: str, known: Mapping[str, MediaFile], day: datetime
) -> None:
    """Let somebody have mentioned the account on a day, and it have ended one way or another."""
    author, shown = life.dice.choice(life.people)
    seen = known.get(shown) or life.dice.choice(list(known.values()))
    evening = life.dice.gauss(19 if day.weekday() < 5 else 13, 2.5)
    at = (day + timedelta(hours=min(22.5, max(7.0, evening)))).astimezone(UTC)
    end, reason = life.dice.choice(_ENDS)
    repost = Repost(
        id=str(uuid4()), user_id=user_id, account_id=life.account_id, story_pk=_pk(life),
        status=RepostStatus.DETECTED, source="inbox", author_pk=str(4_000 + sum(map(ord, author))),
        author_username=author, kind="photo", mentioned_at=at, expires_at=at + timedelta(days=1),
        detected_at=at, preview_path=seen.thumbnail_path, created_at=at, updated_at=at,
    )  # fmt: skip
    reposts.add_new(db, repost)
    for number, step in enumerate(_STEPS[1:], 1):
        reposts.change(db, repost.id, step, now=at + timedelta(seconds=20 * number))
    later = at + timedelta(minutes=life.dice.randint(4, 300))
    if end is not RepostStatus.PUBLISHED:
        reposts.change(db, repost.id, end, now=later, reason=reason)
        return
    reposts.change(db, repost.id, RepostStatus.QUEUED, now=later, approved_at=later)
    out = later + timedelta(minutes=life.dice.randint(1, 40))
    post = _post(life, user_id, MediaType.STORIES, SourceType.STORY_REPOST, None, later)
    posts.add(db, post, [seen.id])
    _went_out(db, life, post, out)
    reposts.change(db, repost.id, RepostStatus.PUBLISHED, now=out, post_id=post.id)


def _own_post(db: Database, life: Life, user_id: str, day: datetime) -> None:
    """Let the account have posted something on a day; a few did not go out."""
    shown, caption = life.dice.choice(life.own)
    due = (day + timedelta(hours=life.dice.choice((8, 13, 19)))).astimezone(UTC)
    made = due - timedelta(days=2)
    post = _post(life, user_id, MediaType.IMAGE, SourceType.SCHEDULED, caption, made, due=due)
    posts.add(db, post, [life.media[shown]])
    if life.dice.random() > 0.06:
        _went_out(db, life, post, due + timedelta(milliseconds=life.dice.lognormvariate(2.5, 1.4)))
        return
    code, message = life.dice.choice(_FAILURES)
    posts.change_status(
        db, post.id, PostStatus.FAILED, now=due, reason=message,
        error_code=code, error_message=message, last_attempt_at=due,
    )  # fmt: skip


def _went_out(db: Database, life: Life, post: Post, at: datetime) -> None:
    shortcode = "".join(life.dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefgh23456789", k=11))
    posts.change_status(
        db, post.id, PostStatus.PUBLISHED, now=at, published_at=at, last_attempt_at=at,
        published_via_private_api=True, ig_media_id=_pk(life),
        ig_permalink=f"https://www.instagram.com/p/{shortcode}/",
    )  # fmt: skip


def _post(
    life: Life,
    user_id: str,
    kind: MediaType,
    source: SourceType,
    caption: str | None,
    made: datetime,
    due: datetime | None = None,
) -> Post:
    return Post(
        id=str(uuid4()), user_id=user_id, account_id=life.account_id,
        instagram_account_id=life.account_id, media_type=kind, source_type=source, caption=caption,
        is_scheduled=due is not None, scheduled_for=due, timezone=ZONE.key,
        status=PostStatus.SCHEDULED if due else PostStatus.QUEUED, created_at=made, updated_at=made,
    )  # fmt: skip


def _pk(life: Life) -> str:
    return str(3_500_000_000_000_000_000 + life.dice.randrange(10**15))

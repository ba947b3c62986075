"""Uploads: each is a post like any other, and goes out by the one door, once.

It is recorded before anything leaves. Whoever sends it again, because an answer was lost or took
too long, is answered with the same post; what may be live is asked about, never repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import trio
from pydantic import BaseModel

from ground.changes import Change, Changes, Subject
from ground.refusal import ErrorCode, Refusal
from media.errors import MediaError
from operations import models
from operations.attempt import Attempt
from operations.media import UploadedFile, refusal
from operations.models.base import AccountId
from operations.operation import Ask, act
from operations.scopes import Scope
from publish import intake
from publish.rules import Content
from session_api.question import Question
from session_api.rails import Railed, claim, held
from storage import jobs, media_files, post_lists, posts
from storage.jobs import JobStatus
from storage.media_files import MediaFile
from storage.posts import Post, PostStatus
from storage.store import Database, part

# A post that is asked for again within this time of going out is taken for the same.
_SAME_WITHIN = timedelta(hours=1)
_UNKNOWN_WITHIN = timedelta(hours=24)
# An answer waits while there is work on its post, and not for another try that is to come.
LONGEST_WAIT_S = 300.0
_SOON = timedelta(seconds=15)
_ENDED = (PostStatus.PUBLISHED, PostStatus.FAILED, PostStatus.DRAFT)
_SAME = (
    *("media_type", "caption", "location_id", "location_name", "user_tags"),
    *("collaborators", "story_mentions", "story_stickers"),
)


class StillOnItsWay(Exception):
    """A post that has not ended: it is recorded, and goes out by itself."""

    def __init__(self, post: Post, until: Any) -> None:
        super().__init__(post.error_message or "It is on its way and has not ended yet")
        self.post_id = post.id
        self.until = until


class Ends:
    """Who waits for the end of a post."""

    def __init__(self, changes: Changes) -> None:
        # Weak: of a post that has ended nobody hears any more.
        self._waiting: WeakValueDictionary[str, trio.Event] = WeakValueDictionary()
        changes.subscribe(self._heard, Subject.POST)

    def changed(self, post_id: str) -> trio.Event:
        """Return what is set with the post's next change. Ask before looking at it."""
        return self._waiting.setdefault(post_id, trio.Event())

    def _heard(self, change: Change) -> None:
        if (event := self._waiting.pop(change.subject_id, None)) is not None:
            event.set()


class SessionUpload(BaseModel):
    """What makes two uploads under one Idempotency-Key the same."""

    account_id: AccountId
    operation: str
    said: list[tuple[str, str]]
    files: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is to go out: `fetch` gives its files, verified to be of the kind that is wanted."""

    question: Question
    content: Content
    fetch: Callable[[], Awaitable[Sequence[UploadedFile]]]
    cover: Path | None = None


@act(models.Accepted, scope=Scope.POSTS_PUBLISH, takes=SessionUpload)
async def publish_by_session(ask: Ask[Any]) -> models.Accepted:
    """Publish a post by session."""
    raise AssertionError("`send` says how")


async def send(parcel: Parcel) -> Post:
    """Record a post, wait for its end and return it; raises what it failed of, and `Railed`.

    What it goes out without is among the question's `warnings`.
    """
    question = parcel.question

    async def run(ask: Ask[Any]) -> models.Accepted:
        return await _recorded(parcel, ask)

    accepted = await question.around.house.perform(
        replace(publish_by_session, run=run),
        question.who,
        await _named(question),
        attempt=Attempt(question.key),
    )
    question.warnings.extend(accepted.warnings)
    return await _ended(question, accepted.post_id)


async def _named(question: Question) -> SessionUpload:
    files = [await trio.to_thread.run_sync(_sha256_of, file.path) for file in question.form.files]
    taken = {each.name for each in question.row.takes}
    said = sorted(pair for pair in question.form.fields if pair[0] in taken)
    return SessionUpload(
        account_id=question.used.account_id,
        operation=question.row.name,
        said=said,
        files=files,
    )


async def _recorded(parcel: Parcel, ask: Ask[Any]) -> models.Accepted:
    question, house = parcel.question, parcel.question.around.house
    rails = (question.used.account_id, question.row, question.around.limits, house.clock)
    hold = await house.store.read(held, *rails)
    if hold is not None and not await house.store.read(_may_repeat, parcel, ask):
        raise Railed(hold)  # before anything is fetched or decoded
    kept: list[MediaFile] = []
    is_new = False
    try:
        for file in await parcel.fetch():
            try:
                kept.append(await house.library.take_in(file.path, file.name, ask.user_id))
            except MediaError as error:
                raise refusal(error) from error
        if parcel.cover is not None and kept[0].is_video:
            await question.around.preparation.choose_cover(kept[0], parcel.cover)
        accepted, is_new = await house.store.write(_queue, parcel, ask, kept)
    finally:
        if not is_new:
            with trio.CancelScope(shield=True):
                for media in kept:
                    await house.library.remove(media.id)
    return accepted


def _may_repeat(db: Database, parcel: Parcel, ask: Ask[Any]) -> bool:
    """Say whether a post with the same words is on its way, may be live, or just went out.

    Under a key of its own it is no repetition.
    """
    if ask.attempt.key is not None:
        return False
    content, since = parcel.content, ask.house.clock.now() - _UNKNOWN_WITHIN
    account_id = parcel.question.used.account_id
    said = (content.media_type, (content.caption or "").strip())
    return any(
        (other.media_type, (other.caption or "").strip()) == said and _is_alive(other, ask)
        for other in post_lists.made_since(db, ask.user_id, account_id, since)
    )


def _queue(
    db: Database, parcel: Parcel, ask: Ask[Any], kept: Sequence[MediaFile]
) -> tuple[models.Accepted, bool]:
    """Queue the post, or find the one that it repeats; says whether it is new."""
    question, now = parcel.question, ask.house.clock.now()
    account_id = question.used.account_id
    content = replace(
        parcel.content,
        media_ids=[media.id for media in kept],
        media_as_list=len(kept) > 1,
        by_session=True,
    )
    twin = None
    if ask.attempt.key is None:
        twin = _twin(db, ask.user_id, account_id, content, kept, ask)
    if twin is not None:
        if twin.status is PostStatus.FAILED:
            intake.retry(db, twin.id, now)  # it is looked for before anything is sent
        return ask.done(db, _accepted(db, twin, ask)), False
    around = question.around
    claim(db, question.used.id, account_id, question.row, around.limits, around.house.clock)
    post = intake.publish_now(db, ask.user_id, account_id, content, now)
    return ask.done(db, _accepted(db, post, ask)), True


def _accepted(db: Database, post: Post, ask: Ask[Any]) -> models.Accepted:
    warnings = ask.house.adviser.warnings(db, post, ask.house.clock.now())
    return models.Accepted(post_id=post.id, warnings=warnings)


class _Undone(Exception):
    def __init__(self, twin: Post | None) -> None:
        self.twin = twin


def _twin(
    db: Database,
    user_id: str,
    account_id: str,
    content: Content,
    kept: Sequence[MediaFile],
    ask: Ask[Any],
) -> Post | None:
    """Return a post that is on its way, may be live or just went out, and is the same as this."""
    now = ask.house.clock.now()
    try:
        with part(db):  # as it would be stored, and then not
            post = intake.publish_now(db, user_id, account_id, content, now)
            for other in post_lists.made_since(db, user_id, account_id, now - _UNKNOWN_WITHIN):
                if (
                    other.id != post.id
                    and _is_alive(other, ask)
                    and _is_same(db, post, other, kept)
                ):
                    raise _Undone(other)
            raise _Undone(None)
    except _Undone as undone:
        return undone.twin


def _is_alive(other: Post, ask: Ask[Any]) -> bool:
    if other.status is PostStatus.FAILED:
        return other.error_code == ErrorCode.DELIVERY_UNKNOWN
    if other.status is PostStatus.PUBLISHED:
        since = ask.house.clock.now() - _SAME_WITHIN
        return other.published_at is not None and other.published_at >= since
    return other.status is not PostStatus.SCHEDULED


def _is_same(db: Database, post: Post, other: Post, kept: Sequence[MediaFile]) -> bool:
    if any(getattr(post, name) != getattr(other, name) for name in _SAME):
        return False
    shown = [file.sha256 for file in media_files.of_post(db, other.id)]
    return shown == [file.sha256 for file in kept]


async def _ended(question: Question, post_id: str) -> Post:
    store, clock = question.around.house.store, question.around.house.clock
    post: Post | None = None
    with trio.move_on_after(LONGEST_WAIT_S):
        while True:
            changed = question.around.ends.changed(post_id)
            post = await store.read(posts.find, post_id)
            if post is None:
                raise Refusal(ErrorCode.NOT_FOUND, "The post was cleared from the history")
            if post.status in _ENDED:
                return _published(post)
            job = await store.read(jobs.open_for_post, post_id)
            if job is not None:
                due = await store.read(jobs.could_run_since, job, clock.now())
                if job.status is JobStatus.PENDING and due > clock.now() + _SOON:
                    raise StillOnItsWay(post, due)
            await changed.wait()
    assert post is not None
    raise StillOnItsWay(post, None)


def _published(post: Post) -> Post:
    if post.status is PostStatus.PUBLISHED:
        return post
    if post.status is PostStatus.DRAFT:
        raise Refusal(ErrorCode.INVALID_STATUS, "The post was taken back: it is a draft now")
    code = ErrorCode(post.error_code or ErrorCode.INTERNAL_ERROR)
    raise Refusal(code, post.error_message or "The post could not be published")


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

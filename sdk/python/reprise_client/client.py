"""The clients: every endpoint, and what takes more than one request."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from reprise_client import models
from reprise_client._core import OMITTED, File
from reprise_client._methods import AsyncMethods, Methods
from reprise_client.errors import AnswerLost, Failed, NotRunning, PublishFailed, RepriseError

OnChange = Callable[[models.WholePost], None]
_LOOK_S = (0.3, 0.5, 1.0, 2.0, 3.0)
_LISTEN_S = 50
_AGAIN_S = 2.0


def _pauses() -> Iterator[float]:
    yield from _LOOK_S
    while True:
        yield _LOOK_S[-1]


def _slots(
    files: Sequence[File], account_ids: str | Sequence[str], start: datetime, every: timedelta
) -> Iterator[tuple[int, File, str, datetime]]:
    """Yield what goes out where and when: the accounts in turn, each `every` so often."""
    if start.tzinfo is None:
        raise ValueError("a time needs a time zone, such as datetime.now(timezone.utc)")
    names = [account_ids] if isinstance(account_ids, str) else list(account_ids)
    if not names:
        raise ValueError("name an account")
    for number, file in enumerate(files):
        at = start.astimezone(UTC) + every * (number // len(names))
        yield number, file, names[number % len(names)], at


def _comes_back(error: Failed) -> bool:
    return not isinstance(error, RepriseError) or error.status == 503


class Reprise(Methods):
    """The API for programs that wait. Each endpoint is a method; these are beside them."""

    def wait_until_published(
        self, post_id: str, *, timeout: float = 180, on_change: OnChange | None = None
    ) -> models.WholePost:
        """Return a post once it is published; raises `PublishFailed` and `TimeoutError`.

        `on_change` hears of each status that is met on the way.
        """
        end, seen = time.monotonic() + timeout, ""
        for pause in _pauses():
            post = self.get_post(post_id)
            if on_change is not None and post.status != seen:
                on_change(post)
            seen = post.status
            if seen == "PUBLISHED":
                return post
            if seen == "FAILED":
                raise PublishFailed(post)
            if time.monotonic() + pause > end:
                break
            time.sleep(pause)
        raise TimeoutError(f"post {post_id} is still {seen}; do not publish it again")

    def schedule_every(
        self,
        files: Sequence[File],
        *,
        account_id: str | Sequence[str],
        start: datetime,
        every: timedelta,
        captions: Sequence[str] = (),
        media_type: str = "IMAGE",
        timezone: str = "UTC",
        key: str | None = None,
    ) -> list[models.Scheduled]:
        """Upload files and schedule one post of each, the first at `start`, to accounts in turn.

        With a `key` of your own it may be begun again after a crash: nothing is scheduled twice.
        """
        key, done = key or secrets.token_urlsafe(12), []
        for number, file, account, at in _slots(files, account_id, start, every):
            media = self.upload_media(file, idempotency_key=f"{key}-file-{number}")
            done.append(
                self.create_schedule(
                    account_id=account,
                    media_type=media_type,
                    media_file_id=media.id,
                    caption=captions[number] if number < len(captions) else OMITTED,
                    scheduled_for=at,
                    timezone=timezone,
                    idempotency_key=f"{key}-post-{number}",
                )
            )
        return done

    def events(
        self,
        *,
        since: int | None = None,
        types: str | None = None,
        account_id: str | None = None,
        patience: float = 300,
    ) -> Iterator[models.Event]:
        """Yield what happens, for ever, after the event `since`, or from now on.

        A connection that breaks and a daemon that is started again are waited for, `patience`
        seconds at most. An event of the type `reset` says that some are lost: read anew what you
        show.
        """
        more: dict[str, Any] = {"types": types or OMITTED, "account_id": account_id or OMITTED}
        at: int | None = since
        lost: float | None = None
        while True:
            try:
                page = self.list_events(
                    since=OMITTED if at is None else at, wait=0 if at is None else _LISTEN_S, **more
                )
            except (NotRunning, AnswerLost, RepriseError) as error:
                if not _comes_back(error):
                    raise
                lost = lost or time.monotonic()
                if time.monotonic() - lost > patience:
                    raise
                time.sleep(_AGAIN_S)
                continue
            lost = None
            if page.reset:
                yield models.Event(id=page.next, type="reset")
            yield from page.events
            at = page.next


class AsyncReprise(AsyncMethods):
    """The API for async programs, on Trio or asyncio."""

    async def wait_until_published(
        self, post_id: str, *, timeout: float = 180, on_change: OnChange | None = None
    ) -> models.WholePost:
        """Return a post once it is published; raises `PublishFailed` and `TimeoutError`.

        `on_change` hears of each status that is met on the way.
        """
        end, seen = time.monotonic() + timeout, ""
        for pause in _pauses():
            post = await self.get_post(post_id)
            if on_change is not None and post.status != seen:
                on_change(post)
            seen = post.status
            if seen == "PUBLISHED":
                return post
            if seen == "FAILED":
                raise PublishFailed(post)
            if time.monotonic() + pause > end:
                break
            await anyio.sleep(pause)
        raise TimeoutError(f"post {post_id} is still {seen}; do not publish it again")

    async def schedule_every(
        self,
        files: Sequence[File],
        *,
        account_id: str | Sequence[str],
        start: datetime,
        every: timedelta,
        captions: Sequence[str] = (),
        media_type: str = "IMAGE",
        timezone: str = "UTC",
        key: str | None = None,
    ) -> list[models.Scheduled]:
        """Upload files and schedule one post of each, the first at `start`, to accounts in turn.

        With a `key` of your own it may be begun again after a crash: nothing is scheduled twice.
        """
        key, done = key or secrets.token_urlsafe(12), []
        for number, file, account, at in _slots(files, account_id, start, every):
            media = await self.upload_media(file, idempotency_key=f"{key}-file-{number}")
            done.append(
                await self.create_schedule(
                    account_id=account,
                    media_type=media_type,
                    media_file_id=media.id,
                    caption=captions[number] if number < len(captions) else OMITTED,
                    scheduled_for=at,
                    timezone=timezone,
                    idempotency_key=f"{key}-post-{number}",
                )
            )
        return done

    async def events(
        self,
        *,
        since: int | None = None,
        types: str | None = None,
        account_id: str | None = None,
        patience: float = 300,
    ) -> AsyncGenerator[models.Event, None]:
        """Yield what happens, for ever, after the event `since`, or from now on.

        A connection that breaks and a daemon that is started again are waited for, `patience`
        seconds at most. An event of the type `reset` says that some are lost: read anew what you
        show.
        """
        more: dict[str, Any] = {"types": types or OMITTED, "account_id": account_id or OMITTED}
        at: int | None = since
        lost: float | None = None
        while True:
            try:
                page = await self.list_events(
                    since=OMITTED if at is None else at, wait=0 if at is None else _LISTEN_S, **more
                )
            except (NotRunning, AnswerLost, RepriseError) as error:
                if not _comes_back(error):
                    raise
                lost = lost or time.monotonic()
                if time.monotonic() - lost > patience:
                    raise
                await anyio.sleep(_AGAIN_S)
                continue
            lost = None
            if page.reset:
                yield models.Event(id=page.next, type="reset")
            for event in page.events:
                yield event
            at = page.next

"""What Instagram says of a mention's story now: there, gone, or not to be told at present.

Only what its endpoints for stories say plainly is final. Everything else is an `InstagramError`
after which the story is asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from instagram import errors
from instagram.private.api import PrivateApi
from instagram.private.stories import Reel, Story
from repost import echo
from repost.limits import ordered
from storage.reposts import Repost, RepostLimit, RepostStatus

TOLD = "Another message has told of the same story"
# What is no word of Instagram's: it is judged anew at each look.
_JUDGED_HERE = (RepostLimit.UNSURE, RepostLimit.ECHO, RepostLimit.UNNAMED)
_UNREAD = "The author's stories are in a form that is not known"


class Settled(Exception):
    """Instagram has said plainly that there is nothing to repost."""

    def __init__(self, reason: str, status: RepostStatus = RepostStatus.EXPIRED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What there is to download, and what Instagram says about it."""

    story_pk: str
    urls: tuple[str, ...]
    expires_at: datetime
    author_pk: str
    username: str
    caption: str
    is_video: bool
    limits: tuple[str, ...] = ()


class Sightings:
    """The looks of one turn at other people's stories; each author's reel is read once."""

    def __init__(self, api: PrivateApi, viewer_pk: str) -> None:
        self._api = api
        self._viewer_pk = viewer_pk
        self._reels: dict[str, Reel | errors.InstagramError] = {}

    async def of(self, repost: Repost, now: datetime, known: set[str], *, named: bool) -> Sighting:
        """Return a mention's story with its media; raises `Settled` and `InstagramError`s.

        `known` are the stories that have rows already, `named` says that a story of the account
        has named the author lately.
        """
        if repost.is_unread:
            story = self._likely(await self._reel(repost.author_pk), repost, known)
        else:
            story = await self._story(repost)
        if story.owner_pk == self._viewer_pk:
            raise Settled("It is one of your own stories", RepostStatus.SKIPPED)
        if story.expires_at <= now and repost.expires_at <= now:
            raise Settled("The story has expired")
        if not story.urls:
            kind = "video" if story.is_video else "photo"
            raise errors.NotReady(f"The story is there, but Instagram shows no {kind} of it yet")
        author_pk = story.owner_pk or repost.author_pk
        username = story.owner_username or repost.author_username or await self._name(author_pk)
        return Sighting(
            story_pk=story.pk,
            urls=story.urls,
            # A story whose times cannot be read ends when its message says.
            expires_at=max(story.expires_at, repost.expires_at),
            author_pk=author_pk,
            username=username,
            caption=story.text,
            is_video=story.is_video,
            limits=self._limits(story, repost, username, named=named),
        )

    async def _reel(self, author_pk: str) -> Reel:
        if author_pk not in self._reels:
            try:
                self._reels[author_pk] = await self._api.stories_of(author_pk)
            except (errors.Gone, errors.Unreachable, errors.Refused, errors.NotReady) as error:
                self._reels[author_pk] = error
        reel = self._reels[author_pk]
        if isinstance(reel, errors.InstagramError):
            raise reel
        return reel

    async def _story(self, repost: Repost) -> Story:
        try:
            reel = await self._reel(repost.author_pk)
        except errors.Gone:
            reel = Reel()  # of a story that is gone the other endpoint tells
        listed = next((story for story in reel if story.pk == repost.story_pk), None)
        if listed is not None and listed.urls:
            return listed
        try:
            found = await self._api.story(repost.story_pk)
        except errors.Gone:
            if listed is not None:
                return listed
            if reel.unread:
                raise errors.Unreachable(_UNREAD) from None
            raise Settled("The story is gone or not visible to this account") from None
        except (errors.Unreachable, errors.Refused):
            if listed is not None:
                return listed
            raise
        # What one of the two says of whom it is for, the other may leave out.
        return found if listed is None else replace(found, limits=found.limits | listed.limits)

    def _likely(self, reel: Reel, repost: Repost, known: set[str]) -> Story:
        """Return the story that a message must mean which does not say it in a known form."""
        meant = [
            story
            for story in reel
            if self._viewer_pk in story.mentioned_pks and story.pk not in known
        ]
        if meant:
            return min(meant, key=lambda story: abs(story.taken_at - repost.mentioned_at))
        if reel.unread:
            raise errors.Unreachable(_UNREAD)
        if RepostLimit.UNSURE in repost.limits:
            if any(self._viewer_pk in story.mentioned_pks for story in reel):
                raise Settled(TOLD, RepostStatus.SKIPPED)
            raise Settled(
                "A message points to a story in a form that is not known, and no story of its "
                "sender mentions you now: look at it in the Instagram app",
                RepostStatus.FAILED,
            )
        raise Settled("The story had expired or was deleted before it was seen")

    async def _name(self, author_pk: str) -> str:
        try:
            return await self._api.current_username(author_pk)
        except (errors.Unreachable, errors.Refused, errors.Gone):
            return ""

    def _limits(
        self, story: Story, repost: Repost, username: str, *, named: bool
    ) -> tuple[str, ...]:
        # What its message or the activity told of it, the story itself may leave out.
        found = {limit.value for limit in story.limits} | {*repost.limits} - {*_JUDGED_HERE}
        if RepostLimit.UNSURE in repost.limits and self._viewer_pk not in story.mentioned_pks:
            found.add(RepostLimit.UNSURE)
        if echo.is_suspected(story, self._viewer_pk, has_named_author=named):
            found.add(RepostLimit.ECHO)
        if not username:
            found.add(RepostLimit.UNNAMED)
        return ordered(found)

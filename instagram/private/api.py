"""What Reprise does through the Private API of one account, verb by verb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from instagram.own_media import OwnMedia
from instagram.private import calls, feed, inbox, login, people, stickers, stories, uploads
from instagram.private.client import PrivateClient
from instagram.private.door import AccountDoor, Action, Keep
from instagram.private.feed import FeedPost, Part, Said
from instagram.private.outcome import LoginSecrets, PendingLogin
from instagram.private.stickers import MentionSticker, StorySticker
from instagram.private.stories import Reel, Story
from instagram.private.uploads import VideoUse

T = TypeVar("T")
Download = Callable[[str, Path, str], Awaitable[int]]


class PrivateApi:
    """One account's Private API. Every method raises `InstagramError` subclasses only."""

    def __init__(self, door: AccountDoor, download: Download) -> None:
        self._door = door
        self._download = download

    async def run(
        self, what: str, action: Action[T], *, writes: bool = False, most: int | None = None
    ) -> T:
        """Have something done with the account's client; raises also `NotAsked`.

        `most`: after so many requests it is stopped, raising `Unreachable`.
        """
        return await self._door.call(what, calls.checked(action, most), writes=writes)

    # Reading

    async def inbox_page(self, cursor: str | None = None) -> dict[str, Any]:
        return await self._door.call("inbox", lambda c: inbox.inbox_page(c, cursor))

    async def pending_page(self, cursor: str | None = None) -> dict[str, Any]:
        return await self._door.call("pending_inbox", lambda c: inbox.pending_page(c, cursor))

    async def thread_page(self, thread_id: str, cursor: str) -> dict[str, Any]:
        return await self._door.call("thread", lambda c: inbox.thread_page(c, thread_id, cursor))

    async def activity(self) -> dict[str, Any]:
        return await self._door.call("activity", inbox.activity)

    async def stories_of(self, user_pk: str) -> Reel:
        """Return somebody's visible stories; raises `Unreachable` where they cannot be read."""
        return await self._door.call("reel", lambda c: stories.stories_of(c, user_pk))

    async def story(self, pk: str) -> Story:
        """Return one story; raises `Gone` when it is gone or not visible."""
        return await self._door.call("media_info", lambda c: stories.story(c, pk))

    async def user_pk(self, username: str) -> str:
        """Return somebody's numeric id; raises `Gone` when there is nobody of that name."""
        return await self._door.call("user", lambda c: people.user_pk(c, username))

    async def follower_count(self, user_pk: str) -> int:
        """Return how many people follow somebody; raises `Gone` when they are gone."""
        return await self._door.call("user_info", lambda c: people.follower_count(c, user_pk))

    async def current_username(self, user_pk: str) -> str:
        """Return somebody's name; raises `Gone` when they are gone."""
        return await self._door.call("user_info", lambda c: people.current_username(c, user_pk))

    async def own_stories(self, *, insists: bool = False) -> OwnMedia[Story]:
        """Return what is in the account's own story now; `insists` as in the door's `call`."""
        return await self._door.call("own_reel", stories.own_stories, insists=insists)

    async def own_posts(self, *, insists: bool = False) -> OwnMedia[FeedPost]:
        """Return the newest page of the account's own posts; `insists` as above."""
        return await self._door.call("own_feed", feed.own_posts, insists=insists)

    async def post(self, pk: str, *, insists: bool = False) -> FeedPost:
        """Return one post; raises `Gone` when it is gone or not visible."""
        return await self._door.call("media_info", lambda c: feed.post(c, pk), insists=insists)

    async def download(self, url: str, target: Path) -> int:
        """Stream story media to `target`; raises `DownloadFailed`."""
        return await self._download(url, target, await self._door.user_agent())

    # Writing

    async def upload_photo(
        self, file: Path, size: int, upload_id: str, *, in_album: bool = False
    ) -> None:
        """Upload a JPEG of `size` bytes; nobody sees it before it is configured."""
        await self._door.call(
            "upload",
            lambda c: uploads.upload_photo(c, file, upload_id, in_album=in_album),
            limit_s=uploads.limit_s(size),
        )

    async def upload_video(
        self,
        file: Path,
        size: int,
        upload_id: str,
        pixels: tuple[int, int],
        duration_s: float,
        use: VideoUse,
    ) -> None:
        """Upload an MP4 of `size` bytes; nobody sees it before it is configured."""
        await self._door.call(
            "upload",
            lambda c: uploads.upload_video(c, file, upload_id, pixels, duration_s, use),
            limit_s=uploads.limit_s(size),
        )

    async def validate_link(self, url: str) -> None:
        """Ask whether a story may link there; raises `Refused` when it may not."""
        await self._door.call("link", lambda c: stickers.validate_link(c, url))

    async def configure_story(
        self,
        upload_id: str,
        pixels: tuple[int, int],
        duration_s: float | None,
        mentions: Sequence[MentionSticker],
        placed: Sequence[StorySticker] = (),
    ) -> Story:
        """Make an uploaded photo, or video of `duration_s`, a story; a photo may share a post.

        What it raises is `maybe_applied`, refusals too, unless the request never left.
        """

        tapped = stickers.configuring(mentions, placed, on_video=duration_s is not None)

        async def configure(client: PrivateClient) -> Story:
            if duration_s is None:
                return await stories.configure_photo(client, upload_id, pixels, tapped)
            return await stories.configure_video(client, upload_id, pixels, duration_s, tapped)

        return await self._configure(configure)

    async def configure_photo(self, part: Part, said: Said) -> FeedPost:
        """Make an uploaded photo a post; raises as `configure_story`."""
        return await self._configure(lambda c: feed.configure_photo(c, part, said))

    async def configure_reel(self, part: Part, said: Said) -> FeedPost:
        """Make an uploaded video with its cover a Reel; raises as `configure_story`."""
        return await self._configure(lambda c: feed.configure_reel(c, part, said))

    async def configure_album(self, upload_id: str, parts: Sequence[Part], said: Said) -> FeedPost:
        """Make uploaded photos and videos a carousel; raises as `configure_story`."""
        return await self._configure(lambda c: feed.configure_album(c, upload_id, parts, said))

    async def delete_media(self, media_pk: str) -> bool:
        """Delete one of the account's own media; says whether Instagram did."""
        return await self._door.call(
            "delete", lambda c: stories.delete_media(c, media_pk), writes=True
        )

    # Logging in, because a person asked. What comes of it is given to `keep` before anything
    # else is done with the account. Besides that, nothing is saved but the device.

    async def log_in(self, username: str, secrets: LoginSecrets, code: str, keep: Keep[T]) -> T:
        """Log in as the account's known device; the password is submitted once."""
        return await self._door.log_in(lambda c: login.log_in(c, username, secrets, code), keep)

    async def submit_code(
        self, pending: PendingLogin, secrets: LoginSecrets, code: str, keep: Keep[T]
    ) -> T:
        """Give the code a login waits for; raises `WrongCode` and `LoginLapsed`."""
        return await self._door.log_in(
            lambda c: login.submit_code(c, pending, secrets, code), keep, session=pending.session
        )

    async def go_on(
        self, pending: PendingLogin, secrets: LoginSecrets, way: str, keep: Keep[T]
    ) -> T:
        """Go on after a person confirmed in the app, or have the code sent again by `way`."""
        return await self._door.log_in(
            lambda c: login.go_on(c, pending, secrets, way), keep, session=pending.session
        )

    async def resume(self, way: str, keep: Keep[T]) -> T:
        """See whether the saved session works; submits no password. Raises `NotLoggedIn`."""
        return await self._door.log_in(lambda c: login.resume(c, way), keep, uses_saved=True)

    async def restore(self, session: Mapping[str, Any], keep: Keep[T]) -> T:
        """Take over a session made elsewhere; raises `LoginFailed` when it is somebody else's."""
        return await self._door.log_in(login.restore, keep, session=session)

    async def _configure(self, configure: Action[T]) -> T:
        async def after_a_pause(client: PrivateClient) -> T:
            await client.pause(2, 4)
            return await configure(client)

        return await self._door.call("configure", after_a_pause, writes=True)

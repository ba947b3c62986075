"""Every endpoint as a method. Written by `make docs` out of the API's document; do not edit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from reprise_client import models
from reprise_client._core import OMITTED, AsyncCore, Core, File, Omitted, Progress, part


class Methods(Core):
    """Every endpoint, blocking."""

    def get_health(self) -> models.Health:
        """Probe the daemon and its database; `degraded` while a service is being restarted."""
        return self._call("GET", "/health", models.Health)

    def get_ig_version(self) -> models.IgVersion:
        """Compare the app version of the Private API client with the newest one known."""
        return self._call("GET", "/health/ig-version", models.IgVersion)

    def check_auth(self) -> models.AuthCheck:
        """Say whether this request is signed in; `username` is that of the first account."""
        return self._call("GET", "/auth/check", models.AuthCheck)

    def log_out(self, *, idempotency_key: str | None = None) -> models.Success:
        """End the browser session on the server and clear its cookie; for keys, do nothing."""
        return self._call("POST", "/auth/logout", models.Success, idempotency_key=idempotency_key)

    def get_me(self) -> models.AuthMe:
        """Return the user and the connected accounts; tokens are never returned."""
        return self._call("GET", "/auth/me", models.AuthMe)

    def disconnect_account(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Disconnect an account: tokens, session and configuration go, published posts stay."""
        return self._call(
            "DELETE", f"/auth/accounts/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def connect_account(
        self,
        *,
        username: str,
        ig_user_id: str | Omitted = OMITTED,
        login_method: Literal["instagram", "facebook"] | str | Omitted = OMITTED,
        access_token: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.InstagramAccount:
        """Connect an Instagram account, or give a connected one a new token of the official API."""
        return self._call(
            "POST",
            "/auth/accounts",
            models.InstagramAccount,
            body={
                "username": username,
                "igUserId": ig_user_id,
                "loginMethod": login_method,
                "accessToken": access_token,
            },
            idempotency_key=idempotency_key,
        )

    def get_token_app(self) -> models.TokenApp:
        """Return the app at Meta with which tokens are obtained; its secret is never returned (additive)."""
        return self._call("GET", "/auth/token-login", models.TokenApp)

    def begin_token_login(
        self,
        *,
        redirect_url: str,
        app: str | None | Omitted = OMITTED,
        app_secret: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.TokenLogin:
        """Return where to log in at Instagram for a token (additive)."""
        return self._call(
            "POST",
            "/auth/token-login",
            models.TokenLogin,
            body={"app": app, "appSecret": app_secret, "redirectUrl": redirect_url},
            idempotency_key=idempotency_key,
        )

    def finish_token_login(
        self, *, code: str, state: str, idempotency_key: str | None = None
    ) -> models.InstagramAccount:
        """Give the account that Instagram's answer is for its token (additive)."""
        return self._call(
            "POST",
            "/auth/token-login/finish",
            models.InstagramAccount,
            body={"code": code, "state": state},
            idempotency_key=idempotency_key,
        )

    def upload_media(
        self, file: File, *, on_progress: Progress | None = None, idempotency_key: str | None = None
    ) -> models.MediaFile:
        """Upload one image or video in the field `file`."""
        return self._call(
            "POST",
            "/media/upload",
            models.MediaFile,
            file=file,
            on_progress=on_progress,
            idempotency_key=idempotency_key,
        )

    def list_media(
        self,
        *,
        limit: int | Omitted = OMITTED,
        offset: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
    ) -> models.MediaList:
        """List uploads, newest first; the one list that takes `offset` instead of `page`."""
        return self._call(
            "GET",
            "/media",
            models.MediaList,
            params={"limit": limit, "offset": offset, "type": type},
        )

    def iter_media(
        self,
        *,
        limit: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
    ) -> Iterator[models.MediaFile]:
        """Go through all of it, page by page: List uploads, newest first; the one list that takes `offset` instead of `page`."""
        at: int = 0
        while True:
            found = self.list_media(limit=limit, type=type, offset=at)
            items = found.files
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += len(items)

    def get_media(self, id: str) -> models.MediaFile:
        """Return one media file."""
        return self._call("GET", f"/media/{part(id)}", models.MediaFile)

    def delete_media(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Delete a file; posts that showed it are kept without it."""
        return self._call(
            "DELETE", f"/media/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def preview_media(
        self, id: str, *, media_type: str, idempotency_key: str | None = None
    ) -> models.MediaPreview:
        """Show a file as it would be sent in that kind of post (additive); nothing is sent."""
        return self._call(
            "POST",
            f"/media/{part(id)}/preview",
            models.MediaPreview,
            body={"mediaType": media_type},
            idempotency_key=idempotency_key,
        )

    def frame_media(
        self,
        id: str,
        *,
        aspect: Literal["4:5", "1:1", "1.91:1", "9:16"] | str,
        mode: Literal["crop", "pad"] | str | Omitted = OMITTED,
        x: float | Omitted = OMITTED,
        y: float | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LibraryFile:
        """Make a further photo of a photo: cut to a shape around a point, or whole on its own blur."""
        return self._call(
            "POST",
            f"/media/{part(id)}/frame",
            models.LibraryFile,
            body={"aspect": aspect, "mode": mode, "x": x, "y": y},
            idempotency_key=idempotency_key,
        )

    def list_library(
        self,
        *,
        limit: int | Omitted = OMITTED,
        offset: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
        unused: bool | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> models.Library:
        """List uploads with what each fits and where it is used, newest first (additive)."""
        return self._call(
            "GET",
            "/library",
            models.Library,
            params={"limit": limit, "offset": offset, "type": type, "unused": unused, "text": text},
        )

    def iter_library(
        self,
        *,
        limit: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
        unused: bool | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> Iterator[models.LibraryFile]:
        """Go through all of it, page by page: List uploads with what each fits and where it is used, newest first (additive)."""
        at: int = 0
        while True:
            found = self.list_library(limit=limit, type=type, unused=unused, text=text, offset=at)
            items = found.files
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += len(items)

    def get_library_file(self, id: str) -> models.LibraryFile:
        """Return one upload with what it fits and where it is used (additive)."""
        return self._call("GET", f"/library/{part(id)}", models.LibraryFile)

    def remove_from_library(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Delete a file unless a post that is planned or going out shows it (additive)."""
        return self._call(
            "DELETE", f"/library/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def create_draft(
        self,
        *,
        account_id: str,
        media_type: str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Store a draft; only account and media type are required. Instagram hears nothing."""
        return self._call(
            "POST",
            "/posts/draft",
            models.EditedPost,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
            },
            idempotency_key=idempotency_key,
        )

    def update_draft(
        self,
        id: str,
        *,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        media_type: str | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Change the fields that are sent; the rules apply to the merged result."""
        return self._call(
            "PUT",
            f"/posts/draft/{part(id)}",
            models.EditedPost,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    def publish_draft(
        self,
        id: str,
        *,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Accepted:
        """Queue a draft to go out now, as it is (additive); a second try finds no draft any more."""
        return self._call(
            "POST",
            f"/posts/draft/{part(id)}/publish",
            models.Accepted,
            body={"version": version},
            idempotency_key=idempotency_key,
        )

    def publish_post(
        self,
        *,
        account_id: str,
        media_type: str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Accepted:
        """Queue a post to go out now; poll it until its status is PUBLISHED or FAILED."""
        return self._call(
            "POST",
            "/posts/publish",
            models.Accepted,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
            },
            idempotency_key=idempotency_key,
        )

    def list_posts(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        page: int | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> models.PostList:
        """List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""
        return self._call(
            "GET",
            "/posts",
            models.PostList,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "page": page,
                "limit": limit,
                "status": status,
                "mediaType": media_type,
                "source": source,
                "text": text,
            },
        )

    def iter_posts(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> Iterator[models.Post]:
        """Go through all of it, page by page: List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""
        at: int = 1
        while True:
            found = self.list_posts(
                account_id=account_id,
                from_=from_,
                until=until,
                limit=limit,
                status=status,
                media_type=media_type,
                source=source,
                text=text,
                page=at,
            )
            items = found.posts
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += 1

    def get_counts(self) -> models.Counts:
        """Count posts and mentions by account and state (additive)."""
        return self._call("GET", "/counts", models.Counts)

    def get_insights(self, *, account_id: str, days: int | Omitted = OMITTED) -> models.Insights:
        """Return what went out of an account by day, when people mention it, how late its posts were on Instagram, and its warm-up (additive)."""
        return self._call(
            "GET", "/insights", models.Insights, params={"accountId": account_id, "days": days}
        )

    def list_recent_completions(
        self,
        *,
        since: datetime | str,
        until: datetime | str | Omitted = OMITTED,
        status: Literal["PUBLISHED", "FAILED"] | str | Omitted = OMITTED,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
    ) -> models.Completions:
        """Return posts that were published or failed after `since`, newest first, `limit` at most."""
        return self._call(
            "GET",
            "/posts/recent-completions",
            models.Completions,
            params={
                "since": since,
                "until": until,
                "status": status,
                "accountId": account_id,
                "limit": limit,
            },
        )

    def get_post(self, id: str) -> models.WholePost:
        """Return one post with its media."""
        return self._call("GET", f"/posts/{part(id)}", models.WholePost)

    def clear_post(self, id: str, *, idempotency_key: str | None = None) -> models.Cleared:
        """Clear a post from the history into an archive; Instagram is not touched."""
        return self._call(
            "DELETE", f"/posts/{part(id)}", models.Cleared, idempotency_key=idempotency_key
        )

    def get_post_changes(self, id: str) -> models.PostChanges:
        """Return every change of a post's state of the last 30 days, with its reason (additive)."""
        return self._call("GET", f"/posts/{part(id)}/changes", models.PostChanges)

    def retry_post(self, id: str, *, idempotency_key: str | None = None) -> models.Accepted:
        """Queue a failed post again."""
        return self._call(
            "POST", f"/posts/{part(id)}/retry", models.Accepted, idempotency_key=idempotency_key
        )

    def release_post(self, id: str, *, idempotency_key: str | None = None) -> models.EditedPost:
        """Take a post that waits or has failed out of the queue: it is a draft again."""
        return self._call(
            "POST", f"/posts/{part(id)}/release", models.EditedPost, idempotency_key=idempotency_key
        )

    def reschedule_post(
        self,
        id: str,
        *,
        scheduled_for: datetime | str,
        timezone: str | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Give a post that is not live a new time: a draft, a scheduled, waiting or failed one."""
        return self._call(
            "POST",
            f"/posts/{part(id)}/reschedule",
            models.EditedPost,
            body={"scheduledFor": scheduled_for, "timezone": timezone, "version": version},
            idempotency_key=idempotency_key,
        )

    def swap_posts(
        self,
        id: str,
        *,
        other_post_id: str,
        was: datetime | str | None | Omitted = OMITTED,
        other_was: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Swapped:
        """Give two planned posts each other's times: both, or neither (additive)."""
        return self._call(
            "POST",
            f"/posts/{part(id)}/swap",
            models.Swapped,
            body={"otherPostId": other_post_id, "was": was, "otherWas": other_was},
            idempotency_key=idempotency_key,
        )

    def delete_from_instagram(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.DeletedFromInstagram:
        """Delete a published post from Instagram and from the history."""
        return self._call(
            "DELETE",
            f"/posts/{part(id)}/instagram",
            models.DeletedFromInstagram,
            idempotency_key=idempotency_key,
        )

    def create_schedule(
        self,
        *,
        account_id: str,
        media_type: str,
        scheduled_for: datetime | str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        timezone: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Scheduled:
        """Schedule a post; the daemon must run when it is due, unless `isCloudflare` says that the cloud sends it."""
        return self._call(
            "POST",
            "/schedule",
            models.Scheduled,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
                "scheduledFor": scheduled_for,
                "timezone": timezone,
            },
            idempotency_key=idempotency_key,
        )

    def list_schedule(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        page: int | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"]
        | str
        | Omitted = OMITTED,
    ) -> models.PostList:
        """List scheduled posts that have not gone out yet, the next one first."""
        return self._call(
            "GET",
            "/schedule",
            models.PostList,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "page": page,
                "limit": limit,
                "status": status,
            },
        )

    def iter_schedule(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"]
        | str
        | Omitted = OMITTED,
    ) -> Iterator[models.Post]:
        """Go through all of it, page by page: List scheduled posts that have not gone out yet, the next one first."""
        at: int = 1
        while True:
            found = self.list_schedule(
                account_id=account_id, from_=from_, until=until, limit=limit, status=status, page=at
            )
            items = found.posts
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += 1

    def schedule_several(
        self,
        *,
        items: Sequence[Mapping[str, Any]],
        dry_run: bool | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.ScheduledBatch:
        """Schedule up to a hundred posts: new ones, or drafts and others that are there (additive)."""
        return self._call(
            "POST",
            "/schedule/batch",
            models.ScheduledBatch,
            body={"items": items, "dryRun": dry_run},
            idempotency_key=idempotency_key,
        )

    def get_calendar(
        self,
        *,
        account_id: str,
        from_: datetime | str,
        until: datetime | str,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
    ) -> models.Calendar:
        """Return what went out, failed or is planned in a stretch of time, of one account (additive)."""
        return self._call(
            "GET",
            "/calendar",
            models.Calendar,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "status": status,
                "mediaType": media_type,
                "source": source,
            },
        )

    def get_usual_times(
        self, *, account_id: str, day: str | Omitted = OMITTED
    ) -> models.UsualTimes:
        """Propose up to three times for a post: free, and such as the account's posts were planned for on that weekday in the last 90 days (additive)."""
        return self._call(
            "GET",
            "/schedule/usual-times",
            models.UsualTimes,
            params={"accountId": account_id, "day": day},
        )

    def get_queue_status(self) -> models.QueueStatus:
        """Count the jobs that wait, run, and lie in the future."""
        return self._call("GET", "/schedule/queue/status", models.QueueStatus)

    def get_scheduled(self, id: str) -> models.Post:
        """Return one scheduled post with its media."""
        return self._call("GET", f"/schedule/{part(id)}", models.Post)

    def update_schedule(
        self,
        id: str,
        *,
        caption: str | None | Omitted = OMITTED,
        scheduled_for: datetime | str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Change content or time of a scheduled post; only fields that are sent change."""
        return self._call(
            "PUT",
            f"/schedule/{part(id)}",
            models.EditedPost,
            body={
                "caption": caption,
                "scheduledFor": scheduled_for,
                "timezone": timezone,
                "userTags": user_tags,
                "locationId": location_id,
                "locationName": location_name,
                "collaborators": collaborators,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    def cancel_schedule(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Cancel a scheduled post, wherever it waits; its content stays as a draft."""
        return self._call(
            "DELETE", f"/schedule/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def get_cloudflare_status(self) -> models.CloudflareStatus:
        """Say whether cloud scheduling is configured, and when the Worker answered last."""
        return self._call("GET", "/cloudflare/status", models.CloudflareStatus)

    def get_cloudflare_diagnostics(self) -> models.CloudflareDiagnostics:
        """Ask the Worker how it is; where it does not answer, what it said last, and why."""
        return self._call("GET", "/cloudflare/diagnostics", models.CloudflareDiagnostics)

    def get_cloudflare_cron_status(self) -> models.CronStatus:
        """Return the Worker's cron triggers, and when one came last: as it says now, or said last."""
        return self._call("GET", "/cloudflare/cron-status", models.CronStatus)

    def list_cloudflare_kv(self, *, prefix: str | Omitted = OMITTED) -> models.KvList:
        """List the keys that the Worker keeps in KV for people to look at."""
        return self._call("GET", "/cloudflare/kv", models.KvList, params={"prefix": prefix})

    def preview_card(
        self,
        *,
        media_file_id: str,
        account_id: str | None | Omitted = OMITTED,
        username: str | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.CardPreview:
        """Show what a repost of an uploaded file would look like; nothing is posted or kept."""
        return self._call(
            "POST",
            "/story-repost/preview",
            models.CardPreview,
            body={
                "mediaFileId": media_file_id,
                "accountId": account_id,
                "username": username,
                "template": template,
                "signatureOverlay": signature_overlay,
            },
            idempotency_key=idempotency_key,
        )

    def preview_look(
        self,
        *,
        account_id: str,
        sample: Literal["last", "tall", "wide", "dark", "bright", "video"]
        | str
        | Omitted = OMITTED,
        username: str | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Look:
        """Show how cards of an account would look (additive); nothing is posted, saved or kept."""
        return self._call(
            "POST",
            "/story-repost/look",
            models.Look,
            body={
                "accountId": account_id,
                "sample": sample,
                "username": username,
                "template": template,
                "signatureOverlay": signature_overlay,
            },
            idempotency_key=idempotency_key,
        )

    def get_status(self, *, account_id: str | Omitted = OMITTED) -> models.StoryRepostStatus:
        """Return an account's configuration, what holds it now and until when, and what is next."""
        return self._call(
            "GET",
            "/story-repost/status",
            models.StoryRepostStatus,
            params={"accountId": account_id},
        )

    def get_rails(self, *, account_id: str) -> models.Rails:
        """Return what every rail says of an account's next repost, open ones too (additive)."""
        return self._call(
            "GET", "/story-repost/rails", models.Rails, params={"accountId": account_id}
        )

    def save_config(
        self,
        *,
        account_id: str,
        poll_interval_hours: int | None | Omitted = OMITTED,
        auto_tag_original_poster: bool | None | Omitted = OMITTED,
        jitter_minutes: int | None | Omitted = OMITTED,
        sleep_window_start: int | None | Omitted = OMITTED,
        sleep_window_end: int | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        daily_repost_limit: int | None | Omitted = OMITTED,
        approval_required: bool | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        allowed_authors: Sequence[str] | None | Omitted = OMITTED,
        denied_authors: Sequence[str] | None | Omitted = OMITTED,
        always_authors: Sequence[str] | None | Omitted = OMITTED,
        minimum_followers: int | None | Omitted = OMITTED,
        required_words: Sequence[str] | None | Omitted = OMITTED,
        excluded_words: Sequence[str] | None | Omitted = OMITTED,
        dry_run: bool | None | Omitted = OMITTED,
        publish_route: Literal["auto", "official", "private", None] | str | Omitted = OMITTED,
        auto_repost_enabled: bool | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.StoryRepostConfig:
        """Create or change an account's configuration; settings that are not sent stay."""
        return self._call(
            "POST",
            "/story-repost/config",
            models.StoryRepostConfig,
            body={
                "accountId": account_id,
                "pollIntervalHours": poll_interval_hours,
                "autoTagOriginalPoster": auto_tag_original_poster,
                "jitterMinutes": jitter_minutes,
                "sleepWindowStart": sleep_window_start,
                "sleepWindowEnd": sleep_window_end,
                "timezone": timezone,
                "dailyRepostLimit": daily_repost_limit,
                "approvalRequired": approval_required,
                "template": template,
                "signatureOverlay": signature_overlay,
                "allowedAuthors": allowed_authors,
                "deniedAuthors": denied_authors,
                "alwaysAuthors": always_authors,
                "minimumFollowers": minimum_followers,
                "requiredWords": required_words,
                "excludedWords": excluded_words,
                "dryRun": dry_run,
                "publishRoute": publish_route,
                "autoRepostEnabled": auto_repost_enabled,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    def delete_config(
        self, *, account_id: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Delete an account's configuration; its history stays."""
        return self._call(
            "DELETE",
            "/story-repost/config",
            models.Success,
            params={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    def rule_author(
        self, *, account_id: str, username: str, rule: str, idempotency_key: str | None = None
    ) -> models.AuthorRuled:
        """Never repost an author, always do without asking, or decide about each story (additive)."""
        return self._call(
            "POST",
            "/story-repost/authors",
            models.AuthorRuled,
            body={"accountId": account_id, "username": username, "rule": rule},
            idempotency_key=idempotency_key,
        )

    def enable(self, *, account_id: str, idempotency_key: str | None = None) -> models.Success:
        """Switch story reposts on; closes the circuit breaker. Makes a default configuration."""
        return self._call(
            "POST",
            "/story-repost/enable",
            models.Success,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    def disable(self, *, account_id: str, idempotency_key: str | None = None) -> models.Success:
        """Switch story reposts off: nothing is looked for and nothing new goes out."""
        return self._call(
            "POST",
            "/story-repost/disable",
            models.Success,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    def scan(
        self, *, account_id: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.ScanResult:
        """Look for new mentions now, whatever the poll interval."""
        return self._call(
            "POST",
            "/story-repost/scan",
            models.ScanResult,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    def get_history(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        status: Literal[
            "DETECTED",
            "DOWNLOADED",
            "WAITING_APPROVAL",
            "QUEUED",
            "PUBLISHED",
            "SKIPPED",
            "EXPIRED",
            "FAILED",
        ]
        | str
        | Omitted = OMITTED,
        group: Literal["waiting", "moving", "out", "skipped", "missed"] | str | Omitted = OMITTED,
        since: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        after: str | Omitted = OMITTED,
    ) -> models.RepostHistory:
        """Return mentions with their state and reason, newest first, page by page."""
        return self._call(
            "GET",
            "/story-repost/history",
            models.RepostHistory,
            params={
                "accountId": account_id,
                "status": status,
                "group": group,
                "since": since,
                "until": until,
                "limit": limit,
                "after": after,
            },
        )

    def iter_history(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        status: Literal[
            "DETECTED",
            "DOWNLOADED",
            "WAITING_APPROVAL",
            "QUEUED",
            "PUBLISHED",
            "SKIPPED",
            "EXPIRED",
            "FAILED",
        ]
        | str
        | Omitted = OMITTED,
        group: Literal["waiting", "moving", "out", "skipped", "missed"] | str | Omitted = OMITTED,
        since: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
    ) -> Iterator[models.RepostItem]:
        """Go through all of it, page by page: Return mentions with their state and reason, newest first, page by page."""
        at: str | Omitted = OMITTED
        while True:
            found = self.get_history(
                account_id=account_id,
                status=status,
                group=group,
                since=since,
                until=until,
                limit=limit,
                after=at,
            )
            items = found.reposts
            for item in items:
                yield item
            if found.next is None:
                return
            at = found.next

    def get_repost(self, id: str) -> models.RepostDetails:
        """Return one mention with every change of its state, its time and its reason (additive)."""
        return self._call("GET", f"/story-repost/{part(id)}", models.RepostDetails)

    def get_pending(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        after: str | Omitted = OMITTED,
    ) -> models.PendingReposts:
        """Return what waits for approval, of one account or of all, oldest mention first."""
        return self._call(
            "GET",
            "/story-repost/pending",
            models.PendingReposts,
            params={"accountId": account_id, "limit": limit, "after": after},
        )

    def iter_pending(
        self, *, account_id: str | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> Iterator[models.PendingRepost]:
        """Go through all of it, page by page: Return what waits for approval, of one account or of all, oldest mention first."""
        at: str | Omitted = OMITTED
        while True:
            found = self.get_pending(account_id=account_id, limit=limit, after=at)
            items = found.reposts
            for item in items:
                yield item
            if found.next is None:
                return
            at = found.next

    def approve_several(
        self,
        *,
        ids: Sequence[str] | None | Omitted = OMITTED,
        all: bool | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        as_of: int | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Decided:
        """Let several mentions go out: those named, or all that wait."""
        return self._call(
            "POST",
            "/story-repost/approve",
            models.Decided,
            body={"ids": ids, "all": all, "accountId": account_id, "asOf": as_of},
            idempotency_key=idempotency_key,
        )

    def skip_several(
        self,
        *,
        ids: Sequence[str] | None | Omitted = OMITTED,
        all: bool | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        as_of: int | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Decided:
        """Never repost several mentions: those named, or all that wait for approval."""
        return self._call(
            "POST",
            "/story-repost/skip",
            models.Decided,
            body={"ids": ids, "all": all, "accountId": account_id, "asOf": as_of},
            idempotency_key=idempotency_key,
        )

    def approve(
        self, id: str, *, look: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.RepostItem:
        """Let a mention that waits for approval go out."""
        return self._call(
            "POST",
            f"/story-repost/{part(id)}/approve",
            models.RepostItem,
            body={"look": look},
            idempotency_key=idempotency_key,
        )

    def skip(self, id: str, *, idempotency_key: str | None = None) -> models.RepostItem:
        """Never repost this mention; possible until it begins to go out."""
        return self._call(
            "POST",
            f"/story-repost/{part(id)}/skip",
            models.RepostItem,
            idempotency_key=idempotency_key,
        )

    def choose_card(
        self, id: str, *, template: str | None, idempotency_key: str | None = None
    ) -> models.RepostDetails:
        """Give one mention's card another template than the account's, until it goes out (additive)."""
        return self._call(
            "PUT",
            f"/story-repost/{part(id)}/card",
            models.RepostDetails,
            body={"template": template},
            idempotency_key=idempotency_key,
        )

    def preview_repost(
        self,
        id: str,
        *,
        template: Literal["classic", "blur", "frame", "full-bleed"] | str | Omitted = OMITTED,
    ) -> models.CardPreview:
        """Show the card of a mention as it would go out now (additive); nothing is posted or kept."""
        return self._call(
            "GET",
            f"/story-repost/{part(id)}/preview",
            models.CardPreview,
            params={"template": template},
        )

    def reconsider_several(
        self, *, repost_ids: Sequence[str], idempotency_key: str | None = None
    ) -> models.Decided:
        """Take several approvals or skips back (additive); `refused` says which came too late."""
        return self._call(
            "POST",
            "/story-repost/reconsider",
            models.Decided,
            body={"repostIds": repost_ids},
            idempotency_key=idempotency_key,
        )

    def reconsider(self, id: str, *, idempotency_key: str | None = None) -> models.RepostItem:
        """Take an approval or a skip back, until the repost begins to go out (additive)."""
        return self._call(
            "POST",
            f"/story-repost/{part(id)}/reconsider",
            models.RepostItem,
            idempotency_key=idempotency_key,
        )

    def pause_reposts(
        self,
        *,
        account_id: str | None | Omitted = OMITTED,
        until: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.StoryRepostConfigs:
        """Let nothing out, until a time or until `resume`; mentions are still found and downloaded."""
        return self._call(
            "POST",
            "/story-repost/pause",
            models.StoryRepostConfigs,
            body={"accountId": account_id, "until": until},
            idempotency_key=idempotency_key,
        )

    def resume_reposts(
        self, *, account_id: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.StoryRepostConfigs:
        """End a pause; without `accountId`, that of every account."""
        return self._call(
            "POST",
            "/story-repost/resume",
            models.StoryRepostConfigs,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    def stop_everything(self, *, idempotency_key: str | None = None) -> models.Stopped:
        """Let nothing out of any account, posts and reposts alike, until `go_on` (additive)."""
        return self._call("POST", "/stop", models.Stopped, idempotency_key=idempotency_key)

    def get_stopped(self) -> models.Stopped:
        """Say whether everything was stopped, and since when (additive)."""
        return self._call("GET", "/stop", models.Stopped)

    def go_on(self, *, idempotency_key: str | None = None) -> models.Stopped:
        """Let everything go on after `stop_everything` (additive)."""
        return self._call("POST", "/go-on", models.Stopped, idempotency_key=idempotency_key)

    def save_credentials(
        self,
        *,
        account_id: str,
        ig_username: str,
        ig_password: str,
        proxy: str | None | Omitted = OMITTED,
        locale: str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        totp_seed: str | None | Omitted = OMITTED,
        code: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Log in with username and password, once; keep them when Instagram accepts them."""
        return self._call(
            "POST",
            "/settings/private-api-credentials",
            models.LoginResult,
            body={
                "proxy": proxy,
                "locale": locale,
                "timezone": timezone,
                "totpSeed": totp_seed,
                "accountId": account_id,
                "igUsername": ig_username,
                "igPassword": ig_password,
                "code": code,
            },
            idempotency_key=idempotency_key,
        )

    def resolve_challenge(
        self, *, account_id: str, code: str, idempotency_key: str | None = None
    ) -> models.ChallengeResult:
        """Give the code that Instagram sent, or a two-factor code; finishes the login it belongs to."""
        return self._call(
            "POST",
            "/settings/private-api-credentials/challenge",
            models.ChallengeResult,
            body={"accountId": account_id, "code": code},
            idempotency_key=idempotency_key,
        )

    def continue_login(
        self,
        *,
        account_id: str,
        method: Literal["email", "sms", None] | str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Go on after you confirmed something in the Instagram app, or have a code sent again."""
        return self._call(
            "POST",
            "/settings/private-api-credentials/continue",
            models.LoginResult,
            body={"accountId": account_id, "method": method},
            idempotency_key=idempotency_key,
        )

    def import_session(
        self,
        *,
        account_id: str,
        sessionid: str | None | Omitted = OMITTED,
        settings: Mapping[str, Any] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Take over a session made elsewhere, once Instagram has shown that it is the account's."""
        return self._call(
            "POST",
            "/settings/private-api-credentials/session",
            models.LoginResult,
            body={"accountId": account_id, "sessionid": sessionid, "settings": settings},
            idempotency_key=idempotency_key,
        )

    def get_client_options(self, account_id: str) -> models.ClientOptions:
        """Return an account's own proxy (host and port only), locale and timezone."""
        return self._call(
            "GET", f"/settings/private-api-options/{part(account_id)}", models.ClientOptions
        )

    def set_client_options(
        self,
        account_id: str,
        *,
        proxy: str | None | Omitted = OMITTED,
        locale: str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        totp_seed: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.ClientOptions:
        """Set some of an account's proxy, locale, timezone and TOTP seed; `""` or null clears one."""
        return self._call(
            "PUT",
            f"/settings/private-api-options/{part(account_id)}",
            models.ClientOptions,
            body={"proxy": proxy, "locale": locale, "timezone": timezone, "totpSeed": totp_seed},
            idempotency_key=idempotency_key,
        )

    def probe_credentials(self, account_id: str) -> models.CredentialsProbe:
        """Say whether an account has credentials; secrets are never returned."""
        return self._call(
            "GET", f"/settings/private-api-credentials/{part(account_id)}", models.CredentialsProbe
        )

    def forget_credentials(
        self, account_id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Delete an account's credentials and session, and switch its story reposts off."""
        return self._call(
            "DELETE",
            f"/settings/private-api-credentials/{part(account_id)}",
            models.Success,
            idempotency_key=idempotency_key,
        )

    def list_account_sessions(self) -> models.AccountSessions:
        """List the sessions of the session API, the oldest first; their ids are not shown again."""
        return self._call("GET", "/settings/account-sessions", models.AccountSessions)

    def end_account_session(
        self, account_id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """End an account's session of the session API: the id that was given is worth nothing now."""
        return self._call(
            "DELETE",
            f"/settings/account-sessions/{part(account_id)}",
            models.Success,
            idempotency_key=idempotency_key,
        )

    def get_session_phase(self, account_id: str) -> models.SessionPhase:
        """Return how far the account's session has warmed up: 1 read only, 2 messages, 3 all."""
        return self._call("GET", f"/settings/session-phase/{part(account_id)}", models.SessionPhase)

    def create_api_key(
        self,
        *,
        name: str,
        scopes: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        expires_at: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.NewApiKey:
        """Create a key; `fullKey` is shown this once."""
        return self._call(
            "POST",
            "/settings/api-keys",
            models.NewApiKey,
            body={
                "name": name,
                "scopes": scopes,
                "accountIds": account_ids,
                "expiresAt": expires_at,
            },
            idempotency_key=idempotency_key,
        )

    def list_api_keys(self) -> models.ApiKeyList:
        """List keys, newest first, revoked ones too."""
        return self._call("GET", "/settings/api-keys", models.ApiKeyList)

    def revoke_api_key(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.RevokedApiKey:
        """Revoke a key; its next request is refused."""
        return self._call(
            "DELETE",
            f"/settings/api-keys/{part(id)}",
            models.RevokedApiKey,
            idempotency_key=idempotency_key,
        )

    def list_browsers(self) -> models.SignedInBrowsers:
        """List the browsers that are signed in, the newest first (additive)."""
        return self._call("GET", "/settings/browsers", models.SignedInBrowsers)

    def invite_browser(
        self,
        *,
        scopes: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginCode:
        """Make a code that signs another browser in, once, within five minutes (additive)."""
        return self._call(
            "POST",
            "/settings/browsers/invite",
            models.LoginCode,
            body={"scopes": scopes, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    def sign_browser_out(
        self, *, session: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Sign a browser out, whatever cookie it still has (additive)."""
        return self._call(
            "POST",
            "/settings/browsers/sign-out",
            models.Success,
            body={"session": session},
            idempotency_key=idempotency_key,
        )

    def examine_machine(self) -> models.MachineFindings:
        """Check what `reprise doctor --offline` does, from within; for the owner (additive)."""
        return self._call("GET", "/system/findings", models.MachineFindings)

    def get_room(self) -> models.Room:
        """Say what takes room on the disk, and how much is free; for the owner (additive)."""
        return self._call("GET", "/system/room", models.Room)

    def list_copies(self) -> models.KeptCopies:
        """List the copies of the database that are kept, the newest first; for the owner (additive)."""
        return self._call("GET", "/system/copies", models.KeptCopies)

    def make_copy(self, *, idempotency_key: str | None = None) -> models.KeptCopies:
        """Keep one more copy of the database now, checked; for the owner (additive)."""
        return self._call(
            "POST", "/system/copies", models.KeptCopies, idempotency_key=idempotency_key
        )

    def get_sandbox(self) -> models.TriedSandbox:
        """Say whether a sandbox is open beside this daemon; for the owner (additive)."""
        return self._call("GET", "/system/sandbox", models.TriedSandbox)

    def begin_sandbox(self, *, idempotency_key: str | None = None) -> models.TriedSandbox:
        """Begin to open a sandbox: a simulated Instagram and a Reprise with data of its own (additive)."""
        return self._call(
            "POST", "/system/sandbox", models.TriedSandbox, idempotency_key=idempotency_key
        )

    def end_sandbox(self, *, idempotency_key: str | None = None) -> models.TriedSandbox:
        """End the sandbox with all that is in it; for the owner (additive)."""
        return self._call(
            "DELETE", "/system/sandbox", models.TriedSandbox, idempotency_key=idempotency_key
        )

    def enter_sandbox(self, *, idempotency_key: str | None = None) -> models.SandboxLink:
        """Return a link to the sandbox's page that works once, on this machine; for the owner (additive)."""
        return self._call(
            "POST", "/system/sandbox/enter", models.SandboxLink, idempotency_key=idempotency_key
        )

    def list_events(
        self,
        *,
        since: int | Omitted = OMITTED,
        types: str | Omitted = OMITTED,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        wait: int | Omitted = OMITTED,
    ) -> models.EventPage:
        """Return what changed after the event `since`, oldest first."""
        return self._call(
            "GET",
            "/events",
            models.EventPage,
            params={
                "since": since,
                "types": types,
                "accountId": account_id,
                "limit": limit,
                "wait": wait,
            },
        )

    def create_webhook(
        self,
        *,
        url: str,
        types: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.NewWebhook:
        """Add an address that is told of what happens from now on; `secret` is shown this once."""
        return self._call(
            "POST",
            "/webhooks",
            models.NewWebhook,
            body={"url": url, "types": types, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    def list_webhooks(self) -> models.WebhookList:
        """List webhooks, oldest first; those that were given up say why."""
        return self._call("GET", "/webhooks", models.WebhookList)

    def delete_webhook(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Remove a webhook, with its log and what it was still to be told."""
        return self._call(
            "DELETE", f"/webhooks/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def enable_webhook(self, id: str, *, idempotency_key: str | None = None) -> models.Webhook:
        """Tell a webhook again that was given up; what waits for it is tried at once."""
        return self._call(
            "POST", f"/webhooks/{part(id)}/enable", models.Webhook, idempotency_key=idempotency_key
        )

    def send_webhook_test(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Tell a webhook of a test (`webhook.test`); the log shows what came of it."""
        return self._call(
            "POST", f"/webhooks/{part(id)}/test", models.Success, idempotency_key=idempotency_key
        )

    def rotate_webhook_secret(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.NewWebhook:
        """Make a new secret, shown this once; for 24 hours the old one signs as well."""
        return self._call(
            "POST",
            f"/webhooks/{part(id)}/rotate",
            models.NewWebhook,
            idempotency_key=idempotency_key,
        )

    def recover_webhook(
        self, id: str, *, since: datetime | str, idempotency_key: str | None = None
    ) -> models.Recovered:
        """Send every message again that was given up since a time."""
        return self._call(
            "POST",
            f"/webhooks/{part(id)}/recover",
            models.Recovered,
            body={"since": since},
            idempotency_key=idempotency_key,
        )

    def list_webhook_deliveries(
        self, id: str, *, before: int | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> models.WebhookDeliveryList:
        """Return what a webhook was told or is to be told, newest first; it is kept for 30 days."""
        return self._call(
            "GET",
            f"/webhooks/{part(id)}/deliveries",
            models.WebhookDeliveryList,
            params={"before": before, "limit": limit},
        )

    def redeliver_webhook(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.WebhookDelivery:
        """Send a message again, under the same id."""
        return self._call(
            "POST",
            f"/webhooks/deliveries/{part(id)}/redeliver",
            models.WebhookDelivery,
            idempotency_key=idempotency_key,
        )

    def get_quiet_hours(self) -> models.QuietHours:
        """Return when only what cannot wait is told."""
        return self._call("GET", "/notify/quiet", models.QuietHours)

    def set_quiet_hours(
        self, *, begins: str, ends: str, timezone: str, idempotency_key: str | None = None
    ) -> models.QuietHours:
        """Let what can wait be told after the quiet hours."""
        return self._call(
            "PUT",
            "/notify/quiet",
            models.QuietHours,
            body={"begins": begins, "ends": ends, "timezone": timezone},
            idempotency_key=idempotency_key,
        )

    def end_quiet_hours(self, *, idempotency_key: str | None = None) -> models.QuietHours:
        """Let everything be told at once."""
        return self._call(
            "DELETE", "/notify/quiet", models.QuietHours, idempotency_key=idempotency_key
        )

    def create_recipient(
        self,
        *,
        url: str,
        name: str | None | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Recipient:
        """Add an address where somebody is told what needs them: a login, a failed post, a full disk."""
        return self._call(
            "POST",
            "/notify",
            models.Recipient,
            body={"url": url, "name": name, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    def list_recipients(self) -> models.RecipientList:
        """List where somebody is told, oldest first; those that were given up say why."""
        return self._call("GET", "/notify", models.RecipientList)

    def delete_recipient(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Remove an address, with its log and what it was still to be told."""
        return self._call(
            "DELETE", f"/notify/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    def enable_recipient(self, id: str, *, idempotency_key: str | None = None) -> models.Recipient:
        """Tell an address again that was given up."""
        return self._call(
            "POST", f"/notify/{part(id)}/enable", models.Recipient, idempotency_key=idempotency_key
        )

    def send_test_notice(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Send a test notice, also in quiet hours; the log shows what came of it."""
        return self._call(
            "POST", f"/notify/{part(id)}/test", models.Success, idempotency_key=idempotency_key
        )

    def list_notices_told(
        self, id: str, *, before: int | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> models.WebhookDeliveryList:
        """Return what an address was told or is to be told, newest first; it is kept for 30 days."""
        return self._call(
            "GET",
            f"/notify/{part(id)}/log",
            models.WebhookDeliveryList,
            params={"before": before, "limit": limit},
        )


class AsyncMethods(AsyncCore):
    """Every endpoint, async."""

    async def get_health(self) -> models.Health:
        """Probe the daemon and its database; `degraded` while a service is being restarted."""
        return await self._call("GET", "/health", models.Health)

    async def get_ig_version(self) -> models.IgVersion:
        """Compare the app version of the Private API client with the newest one known."""
        return await self._call("GET", "/health/ig-version", models.IgVersion)

    async def check_auth(self) -> models.AuthCheck:
        """Say whether this request is signed in; `username` is that of the first account."""
        return await self._call("GET", "/auth/check", models.AuthCheck)

    async def log_out(self, *, idempotency_key: str | None = None) -> models.Success:
        """End the browser session on the server and clear its cookie; for keys, do nothing."""
        return await self._call(
            "POST", "/auth/logout", models.Success, idempotency_key=idempotency_key
        )

    async def get_me(self) -> models.AuthMe:
        """Return the user and the connected accounts; tokens are never returned."""
        return await self._call("GET", "/auth/me", models.AuthMe)

    async def disconnect_account(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Disconnect an account: tokens, session and configuration go, published posts stay."""
        return await self._call(
            "DELETE", f"/auth/accounts/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def connect_account(
        self,
        *,
        username: str,
        ig_user_id: str | Omitted = OMITTED,
        login_method: Literal["instagram", "facebook"] | str | Omitted = OMITTED,
        access_token: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.InstagramAccount:
        """Connect an Instagram account, or give a connected one a new token of the official API."""
        return await self._call(
            "POST",
            "/auth/accounts",
            models.InstagramAccount,
            body={
                "username": username,
                "igUserId": ig_user_id,
                "loginMethod": login_method,
                "accessToken": access_token,
            },
            idempotency_key=idempotency_key,
        )

    async def get_token_app(self) -> models.TokenApp:
        """Return the app at Meta with which tokens are obtained; its secret is never returned (additive)."""
        return await self._call("GET", "/auth/token-login", models.TokenApp)

    async def begin_token_login(
        self,
        *,
        redirect_url: str,
        app: str | None | Omitted = OMITTED,
        app_secret: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.TokenLogin:
        """Return where to log in at Instagram for a token (additive)."""
        return await self._call(
            "POST",
            "/auth/token-login",
            models.TokenLogin,
            body={"app": app, "appSecret": app_secret, "redirectUrl": redirect_url},
            idempotency_key=idempotency_key,
        )

    async def finish_token_login(
        self, *, code: str, state: str, idempotency_key: str | None = None
    ) -> models.InstagramAccount:
        """Give the account that Instagram's answer is for its token (additive)."""
        return await self._call(
            "POST",
            "/auth/token-login/finish",
            models.InstagramAccount,
            body={"code": code, "state": state},
            idempotency_key=idempotency_key,
        )

    async def upload_media(
        self, file: File, *, on_progress: Progress | None = None, idempotency_key: str | None = None
    ) -> models.MediaFile:
        """Upload one image or video in the field `file`."""
        return await self._call(
            "POST",
            "/media/upload",
            models.MediaFile,
            file=file,
            on_progress=on_progress,
            idempotency_key=idempotency_key,
        )

    async def list_media(
        self,
        *,
        limit: int | Omitted = OMITTED,
        offset: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
    ) -> models.MediaList:
        """List uploads, newest first; the one list that takes `offset` instead of `page`."""
        return await self._call(
            "GET",
            "/media",
            models.MediaList,
            params={"limit": limit, "offset": offset, "type": type},
        )

    async def iter_media(
        self,
        *,
        limit: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
    ) -> AsyncIterator[models.MediaFile]:
        """Go through all of it, page by page: List uploads, newest first; the one list that takes `offset` instead of `page`."""
        at: int = 0
        while True:
            found = await self.list_media(limit=limit, type=type, offset=at)
            items = found.files
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += len(items)

    async def get_media(self, id: str) -> models.MediaFile:
        """Return one media file."""
        return await self._call("GET", f"/media/{part(id)}", models.MediaFile)

    async def delete_media(self, id: str, *, idempotency_key: str | None = None) -> models.Success:
        """Delete a file; posts that showed it are kept without it."""
        return await self._call(
            "DELETE", f"/media/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def preview_media(
        self, id: str, *, media_type: str, idempotency_key: str | None = None
    ) -> models.MediaPreview:
        """Show a file as it would be sent in that kind of post (additive); nothing is sent."""
        return await self._call(
            "POST",
            f"/media/{part(id)}/preview",
            models.MediaPreview,
            body={"mediaType": media_type},
            idempotency_key=idempotency_key,
        )

    async def frame_media(
        self,
        id: str,
        *,
        aspect: Literal["4:5", "1:1", "1.91:1", "9:16"] | str,
        mode: Literal["crop", "pad"] | str | Omitted = OMITTED,
        x: float | Omitted = OMITTED,
        y: float | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LibraryFile:
        """Make a further photo of a photo: cut to a shape around a point, or whole on its own blur."""
        return await self._call(
            "POST",
            f"/media/{part(id)}/frame",
            models.LibraryFile,
            body={"aspect": aspect, "mode": mode, "x": x, "y": y},
            idempotency_key=idempotency_key,
        )

    async def list_library(
        self,
        *,
        limit: int | Omitted = OMITTED,
        offset: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
        unused: bool | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> models.Library:
        """List uploads with what each fits and where it is used, newest first (additive)."""
        return await self._call(
            "GET",
            "/library",
            models.Library,
            params={"limit": limit, "offset": offset, "type": type, "unused": unused, "text": text},
        )

    async def iter_library(
        self,
        *,
        limit: int | Omitted = OMITTED,
        type: Literal["image", "video"] | str | Omitted = OMITTED,
        unused: bool | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> AsyncIterator[models.LibraryFile]:
        """Go through all of it, page by page: List uploads with what each fits and where it is used, newest first (additive)."""
        at: int = 0
        while True:
            found = await self.list_library(
                limit=limit, type=type, unused=unused, text=text, offset=at
            )
            items = found.files
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += len(items)

    async def get_library_file(self, id: str) -> models.LibraryFile:
        """Return one upload with what it fits and where it is used (additive)."""
        return await self._call("GET", f"/library/{part(id)}", models.LibraryFile)

    async def remove_from_library(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Delete a file unless a post that is planned or going out shows it (additive)."""
        return await self._call(
            "DELETE", f"/library/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def create_draft(
        self,
        *,
        account_id: str,
        media_type: str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Store a draft; only account and media type are required. Instagram hears nothing."""
        return await self._call(
            "POST",
            "/posts/draft",
            models.EditedPost,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
            },
            idempotency_key=idempotency_key,
        )

    async def update_draft(
        self,
        id: str,
        *,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        media_type: str | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Change the fields that are sent; the rules apply to the merged result."""
        return await self._call(
            "PUT",
            f"/posts/draft/{part(id)}",
            models.EditedPost,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    async def publish_draft(
        self,
        id: str,
        *,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Accepted:
        """Queue a draft to go out now, as it is (additive); a second try finds no draft any more."""
        return await self._call(
            "POST",
            f"/posts/draft/{part(id)}/publish",
            models.Accepted,
            body={"version": version},
            idempotency_key=idempotency_key,
        )

    async def publish_post(
        self,
        *,
        account_id: str,
        media_type: str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Accepted:
        """Queue a post to go out now; poll it until its status is PUBLISHED or FAILED."""
        return await self._call(
            "POST",
            "/posts/publish",
            models.Accepted,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
            },
            idempotency_key=idempotency_key,
        )

    async def list_posts(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        page: int | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> models.PostList:
        """List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""
        return await self._call(
            "GET",
            "/posts",
            models.PostList,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "page": page,
                "limit": limit,
                "status": status,
                "mediaType": media_type,
                "source": source,
                "text": text,
            },
        )

    async def iter_posts(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
        text: str | Omitted = OMITTED,
    ) -> AsyncIterator[models.Post]:
        """Go through all of it, page by page: List posts of all accounts, newest first; `mediaFiles` is filled for single posts only."""
        at: int = 1
        while True:
            found = await self.list_posts(
                account_id=account_id,
                from_=from_,
                until=until,
                limit=limit,
                status=status,
                media_type=media_type,
                source=source,
                text=text,
                page=at,
            )
            items = found.posts
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += 1

    async def get_counts(self) -> models.Counts:
        """Count posts and mentions by account and state (additive)."""
        return await self._call("GET", "/counts", models.Counts)

    async def get_insights(
        self, *, account_id: str, days: int | Omitted = OMITTED
    ) -> models.Insights:
        """Return what went out of an account by day, when people mention it, how late its posts were on Instagram, and its warm-up (additive)."""
        return await self._call(
            "GET", "/insights", models.Insights, params={"accountId": account_id, "days": days}
        )

    async def list_recent_completions(
        self,
        *,
        since: datetime | str,
        until: datetime | str | Omitted = OMITTED,
        status: Literal["PUBLISHED", "FAILED"] | str | Omitted = OMITTED,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
    ) -> models.Completions:
        """Return posts that were published or failed after `since`, newest first, `limit` at most."""
        return await self._call(
            "GET",
            "/posts/recent-completions",
            models.Completions,
            params={
                "since": since,
                "until": until,
                "status": status,
                "accountId": account_id,
                "limit": limit,
            },
        )

    async def get_post(self, id: str) -> models.WholePost:
        """Return one post with its media."""
        return await self._call("GET", f"/posts/{part(id)}", models.WholePost)

    async def clear_post(self, id: str, *, idempotency_key: str | None = None) -> models.Cleared:
        """Clear a post from the history into an archive; Instagram is not touched."""
        return await self._call(
            "DELETE", f"/posts/{part(id)}", models.Cleared, idempotency_key=idempotency_key
        )

    async def get_post_changes(self, id: str) -> models.PostChanges:
        """Return every change of a post's state of the last 30 days, with its reason (additive)."""
        return await self._call("GET", f"/posts/{part(id)}/changes", models.PostChanges)

    async def retry_post(self, id: str, *, idempotency_key: str | None = None) -> models.Accepted:
        """Queue a failed post again."""
        return await self._call(
            "POST", f"/posts/{part(id)}/retry", models.Accepted, idempotency_key=idempotency_key
        )

    async def release_post(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.EditedPost:
        """Take a post that waits or has failed out of the queue: it is a draft again."""
        return await self._call(
            "POST", f"/posts/{part(id)}/release", models.EditedPost, idempotency_key=idempotency_key
        )

    async def reschedule_post(
        self,
        id: str,
        *,
        scheduled_for: datetime | str,
        timezone: str | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Give a post that is not live a new time: a draft, a scheduled, waiting or failed one."""
        return await self._call(
            "POST",
            f"/posts/{part(id)}/reschedule",
            models.EditedPost,
            body={"scheduledFor": scheduled_for, "timezone": timezone, "version": version},
            idempotency_key=idempotency_key,
        )

    async def swap_posts(
        self,
        id: str,
        *,
        other_post_id: str,
        was: datetime | str | None | Omitted = OMITTED,
        other_was: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Swapped:
        """Give two planned posts each other's times: both, or neither (additive)."""
        return await self._call(
            "POST",
            f"/posts/{part(id)}/swap",
            models.Swapped,
            body={"otherPostId": other_post_id, "was": was, "otherWas": other_was},
            idempotency_key=idempotency_key,
        )

    async def delete_from_instagram(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.DeletedFromInstagram:
        """Delete a published post from Instagram and from the history."""
        return await self._call(
            "DELETE",
            f"/posts/{part(id)}/instagram",
            models.DeletedFromInstagram,
            idempotency_key=idempotency_key,
        )

    async def create_schedule(
        self,
        *,
        account_id: str,
        media_type: str,
        scheduled_for: datetime | str,
        media_file_id: str | None | Omitted = OMITTED,
        media_file_ids: Sequence[str] | None | Omitted = OMITTED,
        caption: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        timezone: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Scheduled:
        """Schedule a post; the daemon must run when it is due, unless `isCloudflare` says that the cloud sends it."""
        return await self._call(
            "POST",
            "/schedule",
            models.Scheduled,
            body={
                "mediaFileId": media_file_id,
                "mediaFileIds": media_file_ids,
                "caption": caption,
                "userTags": user_tags,
                "collaborators": collaborators,
                "locationId": location_id,
                "locationName": location_name,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "accountId": account_id,
                "mediaType": media_type,
                "scheduledFor": scheduled_for,
                "timezone": timezone,
            },
            idempotency_key=idempotency_key,
        )

    async def list_schedule(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        page: int | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"]
        | str
        | Omitted = OMITTED,
    ) -> models.PostList:
        """List scheduled posts that have not gone out yet, the next one first."""
        return await self._call(
            "GET",
            "/schedule",
            models.PostList,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "page": page,
                "limit": limit,
                "status": status,
            },
        )

    async def iter_schedule(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        from_: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        status: Literal["SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING"]
        | str
        | Omitted = OMITTED,
    ) -> AsyncIterator[models.Post]:
        """Go through all of it, page by page: List scheduled posts that have not gone out yet, the next one first."""
        at: int = 1
        while True:
            found = await self.list_schedule(
                account_id=account_id, from_=from_, until=until, limit=limit, status=status, page=at
            )
            items = found.posts
            for item in items:
                yield item
            if not found.has_more or not items:
                return
            at += 1

    async def schedule_several(
        self,
        *,
        items: Sequence[Mapping[str, Any]],
        dry_run: bool | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.ScheduledBatch:
        """Schedule up to a hundred posts: new ones, or drafts and others that are there (additive)."""
        return await self._call(
            "POST",
            "/schedule/batch",
            models.ScheduledBatch,
            body={"items": items, "dryRun": dry_run},
            idempotency_key=idempotency_key,
        )

    async def get_calendar(
        self,
        *,
        account_id: str,
        from_: datetime | str,
        until: datetime | str,
        status: Literal[
            "DRAFT", "SCHEDULED", "QUEUED", "PROCESSING", "PUBLISHING", "PUBLISHED", "FAILED"
        ]
        | str
        | Omitted = OMITTED,
        media_type: Literal["IMAGE", "REELS", "STORIES", "CAROUSEL"] | str | Omitted = OMITTED,
        source: Literal["own", "reposts"] | str | Omitted = OMITTED,
    ) -> models.Calendar:
        """Return what went out, failed or is planned in a stretch of time, of one account (additive)."""
        return await self._call(
            "GET",
            "/calendar",
            models.Calendar,
            params={
                "accountId": account_id,
                "from": from_,
                "until": until,
                "status": status,
                "mediaType": media_type,
                "source": source,
            },
        )

    async def get_usual_times(
        self, *, account_id: str, day: str | Omitted = OMITTED
    ) -> models.UsualTimes:
        """Propose up to three times for a post: free, and such as the account's posts were planned for on that weekday in the last 90 days (additive)."""
        return await self._call(
            "GET",
            "/schedule/usual-times",
            models.UsualTimes,
            params={"accountId": account_id, "day": day},
        )

    async def get_queue_status(self) -> models.QueueStatus:
        """Count the jobs that wait, run, and lie in the future."""
        return await self._call("GET", "/schedule/queue/status", models.QueueStatus)

    async def get_scheduled(self, id: str) -> models.Post:
        """Return one scheduled post with its media."""
        return await self._call("GET", f"/schedule/{part(id)}", models.Post)

    async def update_schedule(
        self,
        id: str,
        *,
        caption: str | None | Omitted = OMITTED,
        scheduled_for: datetime | str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        user_tags: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        location_id: str | None | Omitted = OMITTED,
        location_name: str | None | Omitted = OMITTED,
        collaborators: Sequence[str] | None | Omitted = OMITTED,
        cross_post_to_facebook: bool | None | Omitted = OMITTED,
        story_mentions: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        story_stickers: Sequence[Mapping[str, Any]] | None | Omitted = OMITTED,
        alt_texts: Sequence[str | None] | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.EditedPost:
        """Change content or time of a scheduled post; only fields that are sent change."""
        return await self._call(
            "PUT",
            f"/schedule/{part(id)}",
            models.EditedPost,
            body={
                "caption": caption,
                "scheduledFor": scheduled_for,
                "timezone": timezone,
                "userTags": user_tags,
                "locationId": location_id,
                "locationName": location_name,
                "collaborators": collaborators,
                "crossPostToFacebook": cross_post_to_facebook,
                "storyMentions": story_mentions,
                "storyStickers": story_stickers,
                "altTexts": alt_texts,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    async def cancel_schedule(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Cancel a scheduled post, wherever it waits; its content stays as a draft."""
        return await self._call(
            "DELETE", f"/schedule/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def get_cloudflare_status(self) -> models.CloudflareStatus:
        """Say whether cloud scheduling is configured, and when the Worker answered last."""
        return await self._call("GET", "/cloudflare/status", models.CloudflareStatus)

    async def get_cloudflare_diagnostics(self) -> models.CloudflareDiagnostics:
        """Ask the Worker how it is; where it does not answer, what it said last, and why."""
        return await self._call("GET", "/cloudflare/diagnostics", models.CloudflareDiagnostics)

    async def get_cloudflare_cron_status(self) -> models.CronStatus:
        """Return the Worker's cron triggers, and when one came last: as it says now, or said last."""
        return await self._call("GET", "/cloudflare/cron-status", models.CronStatus)

    async def list_cloudflare_kv(self, *, prefix: str | Omitted = OMITTED) -> models.KvList:
        """List the keys that the Worker keeps in KV for people to look at."""
        return await self._call("GET", "/cloudflare/kv", models.KvList, params={"prefix": prefix})

    async def preview_card(
        self,
        *,
        media_file_id: str,
        account_id: str | None | Omitted = OMITTED,
        username: str | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.CardPreview:
        """Show what a repost of an uploaded file would look like; nothing is posted or kept."""
        return await self._call(
            "POST",
            "/story-repost/preview",
            models.CardPreview,
            body={
                "mediaFileId": media_file_id,
                "accountId": account_id,
                "username": username,
                "template": template,
                "signatureOverlay": signature_overlay,
            },
            idempotency_key=idempotency_key,
        )

    async def preview_look(
        self,
        *,
        account_id: str,
        sample: Literal["last", "tall", "wide", "dark", "bright", "video"]
        | str
        | Omitted = OMITTED,
        username: str | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Look:
        """Show how cards of an account would look (additive); nothing is posted, saved or kept."""
        return await self._call(
            "POST",
            "/story-repost/look",
            models.Look,
            body={
                "accountId": account_id,
                "sample": sample,
                "username": username,
                "template": template,
                "signatureOverlay": signature_overlay,
            },
            idempotency_key=idempotency_key,
        )

    async def get_status(self, *, account_id: str | Omitted = OMITTED) -> models.StoryRepostStatus:
        """Return an account's configuration, what holds it now and until when, and what is next."""
        return await self._call(
            "GET",
            "/story-repost/status",
            models.StoryRepostStatus,
            params={"accountId": account_id},
        )

    async def get_rails(self, *, account_id: str) -> models.Rails:
        """Return what every rail says of an account's next repost, open ones too (additive)."""
        return await self._call(
            "GET", "/story-repost/rails", models.Rails, params={"accountId": account_id}
        )

    async def save_config(
        self,
        *,
        account_id: str,
        poll_interval_hours: int | None | Omitted = OMITTED,
        auto_tag_original_poster: bool | None | Omitted = OMITTED,
        jitter_minutes: int | None | Omitted = OMITTED,
        sleep_window_start: int | None | Omitted = OMITTED,
        sleep_window_end: int | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        daily_repost_limit: int | None | Omitted = OMITTED,
        approval_required: bool | None | Omitted = OMITTED,
        template: str | None | Omitted = OMITTED,
        signature_overlay: str | None | Omitted = OMITTED,
        allowed_authors: Sequence[str] | None | Omitted = OMITTED,
        denied_authors: Sequence[str] | None | Omitted = OMITTED,
        always_authors: Sequence[str] | None | Omitted = OMITTED,
        minimum_followers: int | None | Omitted = OMITTED,
        required_words: Sequence[str] | None | Omitted = OMITTED,
        excluded_words: Sequence[str] | None | Omitted = OMITTED,
        dry_run: bool | None | Omitted = OMITTED,
        publish_route: Literal["auto", "official", "private", None] | str | Omitted = OMITTED,
        auto_repost_enabled: bool | None | Omitted = OMITTED,
        version: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.StoryRepostConfig:
        """Create or change an account's configuration; settings that are not sent stay."""
        return await self._call(
            "POST",
            "/story-repost/config",
            models.StoryRepostConfig,
            body={
                "accountId": account_id,
                "pollIntervalHours": poll_interval_hours,
                "autoTagOriginalPoster": auto_tag_original_poster,
                "jitterMinutes": jitter_minutes,
                "sleepWindowStart": sleep_window_start,
                "sleepWindowEnd": sleep_window_end,
                "timezone": timezone,
                "dailyRepostLimit": daily_repost_limit,
                "approvalRequired": approval_required,
                "template": template,
                "signatureOverlay": signature_overlay,
                "allowedAuthors": allowed_authors,
                "deniedAuthors": denied_authors,
                "alwaysAuthors": always_authors,
                "minimumFollowers": minimum_followers,
                "requiredWords": required_words,
                "excludedWords": excluded_words,
                "dryRun": dry_run,
                "publishRoute": publish_route,
                "autoRepostEnabled": auto_repost_enabled,
                "version": version,
            },
            idempotency_key=idempotency_key,
        )

    async def delete_config(
        self, *, account_id: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Delete an account's configuration; its history stays."""
        return await self._call(
            "DELETE",
            "/story-repost/config",
            models.Success,
            params={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    async def rule_author(
        self, *, account_id: str, username: str, rule: str, idempotency_key: str | None = None
    ) -> models.AuthorRuled:
        """Never repost an author, always do without asking, or decide about each story (additive)."""
        return await self._call(
            "POST",
            "/story-repost/authors",
            models.AuthorRuled,
            body={"accountId": account_id, "username": username, "rule": rule},
            idempotency_key=idempotency_key,
        )

    async def enable(
        self, *, account_id: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Switch story reposts on; closes the circuit breaker. Makes a default configuration."""
        return await self._call(
            "POST",
            "/story-repost/enable",
            models.Success,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    async def disable(
        self, *, account_id: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Switch story reposts off: nothing is looked for and nothing new goes out."""
        return await self._call(
            "POST",
            "/story-repost/disable",
            models.Success,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    async def scan(
        self, *, account_id: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.ScanResult:
        """Look for new mentions now, whatever the poll interval."""
        return await self._call(
            "POST",
            "/story-repost/scan",
            models.ScanResult,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    async def get_history(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        status: Literal[
            "DETECTED",
            "DOWNLOADED",
            "WAITING_APPROVAL",
            "QUEUED",
            "PUBLISHED",
            "SKIPPED",
            "EXPIRED",
            "FAILED",
        ]
        | str
        | Omitted = OMITTED,
        group: Literal["waiting", "moving", "out", "skipped", "missed"] | str | Omitted = OMITTED,
        since: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        after: str | Omitted = OMITTED,
    ) -> models.RepostHistory:
        """Return mentions with their state and reason, newest first, page by page."""
        return await self._call(
            "GET",
            "/story-repost/history",
            models.RepostHistory,
            params={
                "accountId": account_id,
                "status": status,
                "group": group,
                "since": since,
                "until": until,
                "limit": limit,
                "after": after,
            },
        )

    async def iter_history(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        status: Literal[
            "DETECTED",
            "DOWNLOADED",
            "WAITING_APPROVAL",
            "QUEUED",
            "PUBLISHED",
            "SKIPPED",
            "EXPIRED",
            "FAILED",
        ]
        | str
        | Omitted = OMITTED,
        group: Literal["waiting", "moving", "out", "skipped", "missed"] | str | Omitted = OMITTED,
        since: datetime | str | Omitted = OMITTED,
        until: datetime | str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
    ) -> AsyncIterator[models.RepostItem]:
        """Go through all of it, page by page: Return mentions with their state and reason, newest first, page by page."""
        at: str | Omitted = OMITTED
        while True:
            found = await self.get_history(
                account_id=account_id,
                status=status,
                group=group,
                since=since,
                until=until,
                limit=limit,
                after=at,
            )
            items = found.reposts
            for item in items:
                yield item
            if found.next is None:
                return
            at = found.next

    async def get_repost(self, id: str) -> models.RepostDetails:
        """Return one mention with every change of its state, its time and its reason (additive)."""
        return await self._call("GET", f"/story-repost/{part(id)}", models.RepostDetails)

    async def get_pending(
        self,
        *,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        after: str | Omitted = OMITTED,
    ) -> models.PendingReposts:
        """Return what waits for approval, of one account or of all, oldest mention first."""
        return await self._call(
            "GET",
            "/story-repost/pending",
            models.PendingReposts,
            params={"accountId": account_id, "limit": limit, "after": after},
        )

    async def iter_pending(
        self, *, account_id: str | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> AsyncIterator[models.PendingRepost]:
        """Go through all of it, page by page: Return what waits for approval, of one account or of all, oldest mention first."""
        at: str | Omitted = OMITTED
        while True:
            found = await self.get_pending(account_id=account_id, limit=limit, after=at)
            items = found.reposts
            for item in items:
                yield item
            if found.next is None:
                return
            at = found.next

    async def approve_several(
        self,
        *,
        ids: Sequence[str] | None | Omitted = OMITTED,
        all: bool | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        as_of: int | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Decided:
        """Let several mentions go out: those named, or all that wait."""
        return await self._call(
            "POST",
            "/story-repost/approve",
            models.Decided,
            body={"ids": ids, "all": all, "accountId": account_id, "asOf": as_of},
            idempotency_key=idempotency_key,
        )

    async def skip_several(
        self,
        *,
        ids: Sequence[str] | None | Omitted = OMITTED,
        all: bool | None | Omitted = OMITTED,
        account_id: str | None | Omitted = OMITTED,
        as_of: int | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Decided:
        """Never repost several mentions: those named, or all that wait for approval."""
        return await self._call(
            "POST",
            "/story-repost/skip",
            models.Decided,
            body={"ids": ids, "all": all, "accountId": account_id, "asOf": as_of},
            idempotency_key=idempotency_key,
        )

    async def approve(
        self, id: str, *, look: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.RepostItem:
        """Let a mention that waits for approval go out."""
        return await self._call(
            "POST",
            f"/story-repost/{part(id)}/approve",
            models.RepostItem,
            body={"look": look},
            idempotency_key=idempotency_key,
        )

    async def skip(self, id: str, *, idempotency_key: str | None = None) -> models.RepostItem:
        """Never repost this mention; possible until it begins to go out."""
        return await self._call(
            "POST",
            f"/story-repost/{part(id)}/skip",
            models.RepostItem,
            idempotency_key=idempotency_key,
        )

    async def choose_card(
        self, id: str, *, template: str | None, idempotency_key: str | None = None
    ) -> models.RepostDetails:
        """Give one mention's card another template than the account's, until it goes out (additive)."""
        return await self._call(
            "PUT",
            f"/story-repost/{part(id)}/card",
            models.RepostDetails,
            body={"template": template},
            idempotency_key=idempotency_key,
        )

    async def preview_repost(
        self,
        id: str,
        *,
        template: Literal["classic", "blur", "frame", "full-bleed"] | str | Omitted = OMITTED,
    ) -> models.CardPreview:
        """Show the card of a mention as it would go out now (additive); nothing is posted or kept."""
        return await self._call(
            "GET",
            f"/story-repost/{part(id)}/preview",
            models.CardPreview,
            params={"template": template},
        )

    async def reconsider_several(
        self, *, repost_ids: Sequence[str], idempotency_key: str | None = None
    ) -> models.Decided:
        """Take several approvals or skips back (additive); `refused` says which came too late."""
        return await self._call(
            "POST",
            "/story-repost/reconsider",
            models.Decided,
            body={"repostIds": repost_ids},
            idempotency_key=idempotency_key,
        )

    async def reconsider(self, id: str, *, idempotency_key: str | None = None) -> models.RepostItem:
        """Take an approval or a skip back, until the repost begins to go out (additive)."""
        return await self._call(
            "POST",
            f"/story-repost/{part(id)}/reconsider",
            models.RepostItem,
            idempotency_key=idempotency_key,
        )

    async def pause_reposts(
        self,
        *,
        account_id: str | None | Omitted = OMITTED,
        until: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.StoryRepostConfigs:
        """Let nothing out, until a time or until `resume`; mentions are still found and downloaded."""
        return await self._call(
            "POST",
            "/story-repost/pause",
            models.StoryRepostConfigs,
            body={"accountId": account_id, "until": until},
            idempotency_key=idempotency_key,
        )

    async def resume_reposts(
        self, *, account_id: str | None | Omitted = OMITTED, idempotency_key: str | None = None
    ) -> models.StoryRepostConfigs:
        """End a pause; without `accountId`, that of every account."""
        return await self._call(
            "POST",
            "/story-repost/resume",
            models.StoryRepostConfigs,
            body={"accountId": account_id},
            idempotency_key=idempotency_key,
        )

    async def stop_everything(self, *, idempotency_key: str | None = None) -> models.Stopped:
        """Let nothing out of any account, posts and reposts alike, until `go_on` (additive)."""
        return await self._call("POST", "/stop", models.Stopped, idempotency_key=idempotency_key)

    async def get_stopped(self) -> models.Stopped:
        """Say whether everything was stopped, and since when (additive)."""
        return await self._call("GET", "/stop", models.Stopped)

    async def go_on(self, *, idempotency_key: str | None = None) -> models.Stopped:
        """Let everything go on after `stop_everything` (additive)."""
        return await self._call("POST", "/go-on", models.Stopped, idempotency_key=idempotency_key)

    async def save_credentials(
        self,
        *,
        account_id: str,
        ig_username: str,
        ig_password: str,
        proxy: str | None | Omitted = OMITTED,
        locale: str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        totp_seed: str | None | Omitted = OMITTED,
        code: str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Log in with username and password, once; keep them when Instagram accepts them."""
        return await self._call(
            "POST",
            "/settings/private-api-credentials",
            models.LoginResult,
            body={
                "proxy": proxy,
                "locale": locale,
                "timezone": timezone,
                "totpSeed": totp_seed,
                "accountId": account_id,
                "igUsername": ig_username,
                "igPassword": ig_password,
                "code": code,
            },
            idempotency_key=idempotency_key,
        )

    async def resolve_challenge(
        self, *, account_id: str, code: str, idempotency_key: str | None = None
    ) -> models.ChallengeResult:
        """Give the code that Instagram sent, or a two-factor code; finishes the login it belongs to."""
        return await self._call(
            "POST",
            "/settings/private-api-credentials/challenge",
            models.ChallengeResult,
            body={"accountId": account_id, "code": code},
            idempotency_key=idempotency_key,
        )

    async def continue_login(
        self,
        *,
        account_id: str,
        method: Literal["email", "sms", None] | str | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Go on after you confirmed something in the Instagram app, or have a code sent again."""
        return await self._call(
            "POST",
            "/settings/private-api-credentials/continue",
            models.LoginResult,
            body={"accountId": account_id, "method": method},
            idempotency_key=idempotency_key,
        )

    async def import_session(
        self,
        *,
        account_id: str,
        sessionid: str | None | Omitted = OMITTED,
        settings: Mapping[str, Any] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginResult:
        """Take over a session made elsewhere, once Instagram has shown that it is the account's."""
        return await self._call(
            "POST",
            "/settings/private-api-credentials/session",
            models.LoginResult,
            body={"accountId": account_id, "sessionid": sessionid, "settings": settings},
            idempotency_key=idempotency_key,
        )

    async def get_client_options(self, account_id: str) -> models.ClientOptions:
        """Return an account's own proxy (host and port only), locale and timezone."""
        return await self._call(
            "GET", f"/settings/private-api-options/{part(account_id)}", models.ClientOptions
        )

    async def set_client_options(
        self,
        account_id: str,
        *,
        proxy: str | None | Omitted = OMITTED,
        locale: str | None | Omitted = OMITTED,
        timezone: str | None | Omitted = OMITTED,
        totp_seed: str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.ClientOptions:
        """Set some of an account's proxy, locale, timezone and TOTP seed; `""` or null clears one."""
        return await self._call(
            "PUT",
            f"/settings/private-api-options/{part(account_id)}",
            models.ClientOptions,
            body={"proxy": proxy, "locale": locale, "timezone": timezone, "totpSeed": totp_seed},
            idempotency_key=idempotency_key,
        )

    async def probe_credentials(self, account_id: str) -> models.CredentialsProbe:
        """Say whether an account has credentials; secrets are never returned."""
        return await self._call(
            "GET", f"/settings/private-api-credentials/{part(account_id)}", models.CredentialsProbe
        )

    async def forget_credentials(
        self, account_id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Delete an account's credentials and session, and switch its story reposts off."""
        return await self._call(
            "DELETE",
            f"/settings/private-api-credentials/{part(account_id)}",
            models.Success,
            idempotency_key=idempotency_key,
        )

    async def list_account_sessions(self) -> models.AccountSessions:
        """List the sessions of the session API, the oldest first; their ids are not shown again."""
        return await self._call("GET", "/settings/account-sessions", models.AccountSessions)

    async def end_account_session(
        self, account_id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """End an account's session of the session API: the id that was given is worth nothing now."""
        return await self._call(
            "DELETE",
            f"/settings/account-sessions/{part(account_id)}",
            models.Success,
            idempotency_key=idempotency_key,
        )

    async def get_session_phase(self, account_id: str) -> models.SessionPhase:
        """Return how far the account's session has warmed up: 1 read only, 2 messages, 3 all."""
        return await self._call(
            "GET", f"/settings/session-phase/{part(account_id)}", models.SessionPhase
        )

    async def create_api_key(
        self,
        *,
        name: str,
        scopes: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        expires_at: datetime | str | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.NewApiKey:
        """Create a key; `fullKey` is shown this once."""
        return await self._call(
            "POST",
            "/settings/api-keys",
            models.NewApiKey,
            body={
                "name": name,
                "scopes": scopes,
                "accountIds": account_ids,
                "expiresAt": expires_at,
            },
            idempotency_key=idempotency_key,
        )

    async def list_api_keys(self) -> models.ApiKeyList:
        """List keys, newest first, revoked ones too."""
        return await self._call("GET", "/settings/api-keys", models.ApiKeyList)

    async def revoke_api_key(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.RevokedApiKey:
        """Revoke a key; its next request is refused."""
        return await self._call(
            "DELETE",
            f"/settings/api-keys/{part(id)}",
            models.RevokedApiKey,
            idempotency_key=idempotency_key,
        )

    async def list_browsers(self) -> models.SignedInBrowsers:
        """List the browsers that are signed in, the newest first (additive)."""
        return await self._call("GET", "/settings/browsers", models.SignedInBrowsers)

    async def invite_browser(
        self,
        *,
        scopes: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.LoginCode:
        """Make a code that signs another browser in, once, within five minutes (additive)."""
        return await self._call(
            "POST",
            "/settings/browsers/invite",
            models.LoginCode,
            body={"scopes": scopes, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    async def sign_browser_out(
        self, *, session: str, idempotency_key: str | None = None
    ) -> models.Success:
        """Sign a browser out, whatever cookie it still has (additive)."""
        return await self._call(
            "POST",
            "/settings/browsers/sign-out",
            models.Success,
            body={"session": session},
            idempotency_key=idempotency_key,
        )

    async def examine_machine(self) -> models.MachineFindings:
        """Check what `reprise doctor --offline` does, from within; for the owner (additive)."""
        return await self._call("GET", "/system/findings", models.MachineFindings)

    async def get_room(self) -> models.Room:
        """Say what takes room on the disk, and how much is free; for the owner (additive)."""
        return await self._call("GET", "/system/room", models.Room)

    async def list_copies(self) -> models.KeptCopies:
        """List the copies of the database that are kept, the newest first; for the owner (additive)."""
        return await self._call("GET", "/system/copies", models.KeptCopies)

    async def make_copy(self, *, idempotency_key: str | None = None) -> models.KeptCopies:
        """Keep one more copy of the database now, checked; for the owner (additive)."""
        return await self._call(
            "POST", "/system/copies", models.KeptCopies, idempotency_key=idempotency_key
        )

    async def get_sandbox(self) -> models.TriedSandbox:
        """Say whether a sandbox is open beside this daemon; for the owner (additive)."""
        return await self._call("GET", "/system/sandbox", models.TriedSandbox)

    async def begin_sandbox(self, *, idempotency_key: str | None = None) -> models.TriedSandbox:
        """Begin to open a sandbox: a simulated Instagram and a Reprise with data of its own (additive)."""
        return await self._call(
            "POST", "/system/sandbox", models.TriedSandbox, idempotency_key=idempotency_key
        )

    async def end_sandbox(self, *, idempotency_key: str | None = None) -> models.TriedSandbox:
        """End the sandbox with all that is in it; for the owner (additive)."""
        return await self._call(
            "DELETE", "/system/sandbox", models.TriedSandbox, idempotency_key=idempotency_key
        )

    async def enter_sandbox(self, *, idempotency_key: str | None = None) -> models.SandboxLink:
        """Return a link to the sandbox's page that works once, on this machine; for the owner (additive)."""
        return await self._call(
            "POST", "/system/sandbox/enter", models.SandboxLink, idempotency_key=idempotency_key
        )

    async def list_events(
        self,
        *,
        since: int | Omitted = OMITTED,
        types: str | Omitted = OMITTED,
        account_id: str | Omitted = OMITTED,
        limit: int | Omitted = OMITTED,
        wait: int | Omitted = OMITTED,
    ) -> models.EventPage:
        """Return what changed after the event `since`, oldest first."""
        return await self._call(
            "GET",
            "/events",
            models.EventPage,
            params={
                "since": since,
                "types": types,
                "accountId": account_id,
                "limit": limit,
                "wait": wait,
            },
        )

    async def create_webhook(
        self,
        *,
        url: str,
        types: str | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.NewWebhook:
        """Add an address that is told of what happens from now on; `secret` is shown this once."""
        return await self._call(
            "POST",
            "/webhooks",
            models.NewWebhook,
            body={"url": url, "types": types, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    async def list_webhooks(self) -> models.WebhookList:
        """List webhooks, oldest first; those that were given up say why."""
        return await self._call("GET", "/webhooks", models.WebhookList)

    async def delete_webhook(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Remove a webhook, with its log and what it was still to be told."""
        return await self._call(
            "DELETE", f"/webhooks/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def enable_webhook(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Webhook:
        """Tell a webhook again that was given up; what waits for it is tried at once."""
        return await self._call(
            "POST", f"/webhooks/{part(id)}/enable", models.Webhook, idempotency_key=idempotency_key
        )

    async def send_webhook_test(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Tell a webhook of a test (`webhook.test`); the log shows what came of it."""
        return await self._call(
            "POST", f"/webhooks/{part(id)}/test", models.Success, idempotency_key=idempotency_key
        )

    async def rotate_webhook_secret(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.NewWebhook:
        """Make a new secret, shown this once; for 24 hours the old one signs as well."""
        return await self._call(
            "POST",
            f"/webhooks/{part(id)}/rotate",
            models.NewWebhook,
            idempotency_key=idempotency_key,
        )

    async def recover_webhook(
        self, id: str, *, since: datetime | str, idempotency_key: str | None = None
    ) -> models.Recovered:
        """Send every message again that was given up since a time."""
        return await self._call(
            "POST",
            f"/webhooks/{part(id)}/recover",
            models.Recovered,
            body={"since": since},
            idempotency_key=idempotency_key,
        )

    async def list_webhook_deliveries(
        self, id: str, *, before: int | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> models.WebhookDeliveryList:
        """Return what a webhook was told or is to be told, newest first; it is kept for 30 days."""
        return await self._call(
            "GET",
            f"/webhooks/{part(id)}/deliveries",
            models.WebhookDeliveryList,
            params={"before": before, "limit": limit},
        )

    async def redeliver_webhook(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.WebhookDelivery:
        """Send a message again, under the same id."""
        return await self._call(
            "POST",
            f"/webhooks/deliveries/{part(id)}/redeliver",
            models.WebhookDelivery,
            idempotency_key=idempotency_key,
        )

    async def get_quiet_hours(self) -> models.QuietHours:
        """Return when only what cannot wait is told."""
        return await self._call("GET", "/notify/quiet", models.QuietHours)

    async def set_quiet_hours(
        self, *, begins: str, ends: str, timezone: str, idempotency_key: str | None = None
    ) -> models.QuietHours:
        """Let what can wait be told after the quiet hours."""
        return await self._call(
            "PUT",
            "/notify/quiet",
            models.QuietHours,
            body={"begins": begins, "ends": ends, "timezone": timezone},
            idempotency_key=idempotency_key,
        )

    async def end_quiet_hours(self, *, idempotency_key: str | None = None) -> models.QuietHours:
        """Let everything be told at once."""
        return await self._call(
            "DELETE", "/notify/quiet", models.QuietHours, idempotency_key=idempotency_key
        )

    async def create_recipient(
        self,
        *,
        url: str,
        name: str | None | Omitted = OMITTED,
        account_ids: Sequence[str] | None | Omitted = OMITTED,
        idempotency_key: str | None = None,
    ) -> models.Recipient:
        """Add an address where somebody is told what needs them: a login, a failed post, a full disk."""
        return await self._call(
            "POST",
            "/notify",
            models.Recipient,
            body={"url": url, "name": name, "accountIds": account_ids},
            idempotency_key=idempotency_key,
        )

    async def list_recipients(self) -> models.RecipientList:
        """List where somebody is told, oldest first; those that were given up say why."""
        return await self._call("GET", "/notify", models.RecipientList)

    async def delete_recipient(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Remove an address, with its log and what it was still to be told."""
        return await self._call(
            "DELETE", f"/notify/{part(id)}", models.Success, idempotency_key=idempotency_key
        )

    async def enable_recipient(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Recipient:
        """Tell an address again that was given up."""
        return await self._call(
            "POST", f"/notify/{part(id)}/enable", models.Recipient, idempotency_key=idempotency_key
        )

    async def send_test_notice(
        self, id: str, *, idempotency_key: str | None = None
    ) -> models.Success:
        """Send a test notice, also in quiet hours; the log shows what came of it."""
        return await self._call(
            "POST", f"/notify/{part(id)}/test", models.Success, idempotency_key=idempotency_key
        )

    async def list_notices_told(
        self, id: str, *, before: int | Omitted = OMITTED, limit: int | Omitted = OMITTED
    ) -> models.WebhookDeliveryList:
        """Return what an address was told or is to be told, newest first; it is kept for 30 days."""
        return await self._call(
            "GET",
            f"/notify/{part(id)}/log",
            models.WebhookDeliveryList,
            params={"before": before, "limit": limit},
        )

"""`reprise publish`, `posts`, `queue`, `retry` and `cancel`: posts from the command line."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from cli.failure import Failed
from cli.output import json_option, print_json, print_table, say, working
from cli.reach import Reach, asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings
from storage.posts import PostStatus
from storage.times import from_text, local_of, parse

if TYPE_CHECKING:
    from pydantic import BaseModel

    from operations.models import MediaFile
    from operations.operation import Operation

_LOOK_EVERY_S = 1.0
_PAGE = 100
_DONE = ("PUBLISHED", "FAILED")
_limit = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)


class Moment(click.ParamType[datetime]):
    """A time as ISO 8601; without an offset it is this machine's."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return parse(value)
        except ValueError:
            self.fail(f"{value!r} is no time like 2027-01-31T18:30 or 2027-01-31T18:30+01:00")


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@username_option
@click.option("--caption", default="", help="The caption.")
@click.option(
    "--alt", multiple=True, help="What a photo shows; once for each FILE, in their order."
)
@click.option("--story", is_flag=True, help="As a story instead of a post or Reel.")
@click.option("--at", "at", type=Moment(), help="Not now but then, as 2027-01-31T18:30.")
@click.option("--timezone", help="Of --at, as Europe/Berlin; else this machine's.")
@click.option("--wait", is_flag=True, help="Stay until it is live or has failed.")
@json_option
def publish(
    files: tuple[Path, ...],
    username: str,
    caption: str,
    alt: tuple[str, ...],
    story: bool,
    at: datetime | None,
    timezone: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Publish FILE now or later.

    \b
    Examples:  reprise publish photo.jpg --username my_studio --caption "Monday" --wait
               reprise publish clip.mp4 --username my_studio --at 2027-01-31T18:30
               reprise publish 1.jpg 2.jpg 3.mp4 --username my_studio
               reprise publish photo.jpg --username my_studio --alt "A red cup on a table"
               reprise publish photo.jpg --username my_studio --story

    A photo becomes a post, a video a Reel, several files a carousel.
    """
    if story and len(files) > 1:
        raise click.UsageError("--story takes one FILE")
    if wait and at:
        raise click.UsageError("--wait is for what goes out now")
    from operations import models
    from operations.posts import get_post, publish_post
    from operations.schedule import create_schedule

    wanted: dict[str, Any] = {"caption": caption} if caption else {}
    if alt:
        wanted["altTexts"] = list(alt)
    if at is not None:
        wanted |= _schedule(at, timezone)
    with reached(load_settings(), needs_daemon=True) as reach:
        wanted["accountId"] = reach.account(username).id
        wanted |= _media([_upload(reach, file) for file in files], story)
        if at is not None:
            accepted = reach.perform(create_schedule, asked(models.ScheduleRequest, wanted))
        else:
            accepted = reach.perform(publish_post, asked(models.PublishablePost, wanted))
        for warning in accepted.warnings:
            say(f"Warning: {warning}", err=True)
        post = shown(reach.perform(get_post, target=accepted.post_id))
        if wait:
            with working("Publishing"):
                while post["status"] not in _DONE:
                    time.sleep(_LOOK_EVERY_S)
                    post = shown(reach.perform(get_post, target=accepted.post_id))
    if as_json:
        print_json(post)
    else:
        say(_told(post))
    if post["status"] == "FAILED":
        raise Failed(f"{post['errorMessage']} [{post['errorCode']}]")


@click.command()
@click.option(
    "--status", type=click.Choice(list(PostStatus), case_sensitive=False), help="Only these."
)
@_limit
@json_option
def posts(status: str | None, limit: int, as_json: bool) -> None:
    """List posts, newest first.

    \b
    Examples:  reprise posts
               reprise posts --status failed --json
    """
    from operations import models
    from operations.posts import list_posts

    chosen = {"status": PostStatus(status) if status else None}
    _list(list_posts, models.PostQuery, chosen, limit, as_json)


@click.command()
@_limit
@json_option
def queue(limit: int, as_json: bool) -> None:
    """List scheduled posts that wait, the next one first.

    \b
    Example:  reprise queue
    """
    from operations import models
    from operations.schedule import list_schedule

    _list(list_schedule, models.ScheduleQuery, {}, limit, as_json)


@click.command()
@click.argument("post_id")
@json_option
def retry(post_id: str, as_json: bool) -> None:
    """Queue a failed post again.

    \b
    Example:  reprise retry 0b5e7c1e-8c7a-4a52-9d5c-5a0d6f1f3c55

    A post whose outcome is unknown is looked for at Instagram before anything is sent.
    """
    from operations.posts import retry_post

    with reached(load_settings(), needs_daemon=True) as reach:
        accepted = reach.perform(retry_post, target=post_id)
    if as_json:
        print_json(shown(accepted))
    else:
        say("Queued; `reprise posts` shows what becomes of it")


@click.command()
@click.argument("post_id")
@json_option
def cancel(post_id: str, as_json: bool) -> None:
    """Take a post out of the queue; its content stays.

    \b
    Example:  reprise cancel 0b5e7c1e-8c7a-4a52-9d5c-5a0d6f1f3c55

    For a post that waits or has failed; it is a draft afterwards.
    """
    from operations.posts import release_post

    with reached(load_settings(), needs_daemon=True) as reach:
        released = reach.perform(release_post, target=post_id)
    if as_json:
        print_json(shown(released))
    else:
        say("It is a draft again")


def _upload(reach: Reach, file: Path) -> MediaFile:
    from operations.media import UploadedFile, upload_media

    with working(f"Sending {file.name}"):
        found: MediaFile = reach.perform(upload_media, UploadedFile(path=file, name=file.name))
        return found


def _media(uploaded: list[MediaFile], story: bool) -> dict[str, Any]:
    """Return what a post of these files is, and which they are."""
    if len(uploaded) > 1:
        return {"mediaType": "CAROUSEL", "mediaFileIds": [file.id for file in uploaded]}
    is_video = uploaded[0].mime_type.startswith("video/")
    kind = "STORIES" if story else "REELS" if is_video else "IMAGE"
    return {"mediaType": kind, "mediaFileId": uploaded[0].id}


def _schedule(at: datetime, timezone: str | None) -> dict[str, str]:
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (KeyError, ValueError, OSError):
        raise click.UsageError(f"--timezone: {timezone!r} is no zone like Europe/Berlin") from None
    moment = at if at.tzinfo else at.replace(tzinfo=zone) if zone else at.astimezone()
    return {"scheduledFor": moment.isoformat(), "timezone": timezone or "UTC"}


def _told(post: dict[str, Any]) -> str:
    status = PostStatus(post["status"])
    if status is PostStatus.PUBLISHED:
        return f"Published: {post['igPermalink'] or post['id']}"
    if status is PostStatus.SCHEDULED:
        return f"Scheduled for {post['scheduledFor']} ({post['id']})"
    return f"{status.capitalize()} ({post['id']}); `reprise posts` shows what becomes of it"


def _list(
    operation: Operation, query: type[BaseModel], chosen: dict[str, Any], limit: int, as_json: bool
) -> None:
    """Print posts, from as many pages as that takes."""
    found: list[dict[str, Any]] = []
    with reached(load_settings()) as reach:
        page, more = 1, True
        while more and len(found) < limit:
            wanted = asked(query, {**chosen, "page": page, "limit": min(limit, _PAGE)})
            answer = shown(reach.perform(operation, wanted))
            found += answer["posts"]
            page, more = page + 1, answer["hasMore"]
        reach.tell()
    _show(found[:limit], as_json)


def _show(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        ["When", "State", "Kind", "Caption", "What happened", "Id"],
        [
            (
                f"{local_of(from_text(_when(post)), None):%Y-%m-%d %H:%M}",
                post["status"],
                post["mediaType"],
                (post["caption"] or "")[:40],
                post["errorMessage"] or post["igPermalink"],
                post["id"],
            )
            for post in found
        ],
    )


def _when(post: dict[str, Any]) -> str:
    """Return the moment that a person asks for: when it went out, or is to."""
    return str(post["publishedAt"] or post["scheduledFor"] or post["createdAt"])


COMMANDS = (publish, posts, queue, retry, cancel)

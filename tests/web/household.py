"""A data directory that looks lived in: mentions in every state, posts ahead and behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sandbox.life import PEOPLE
from sandbox.world.pictures import photo_of
from storage import jobs, post_lists, posts, repost_lists, reposts
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from storage.store import Database
from storage.times import to_text
from tests.support.posting import API, upload
from tests.support.served import Served

NAMES = (
    "lena.morgen", "mila.film", "jonas.brews", "cafe.nordlys", "dora_private", "carla.moves",
    "anna.portrait", "ben_landscape", "emil_gestern", "frida.paints", "gustav.run", "hana.tea",
)  # fmt: skip
MARKUP = "<img src=x onerror=alert(1)> <b>bold</b> & \"quoted\" 'text' 😀\nline two"


async def move_in(served: Served, mentions: int = 12, planned: int = 9) -> None:
    """Let people mention the account, plan posts, and let some of all that have happened."""
    studio = served.studio
    await studio.configure(
        approval_required=True, sleep_window_start=23, sleep_window_end=7, timezone="Europe/Oslo"
    )
    world = studio.sandbox.world
    for number, name in enumerate(NAMES[:mentions]):
        story = world.add_story(
            studio.friend(name),
            _picture(served, PEOPLE[number][3], 540, 960),
            mentions=[studio.person],
            caption=MARKUP if number == 0 else f"Coffee with @studio, number {number}",
            taken_at=studio.clock.seconds() - 3600 * (number + 1),
        )
        world.mention(story, studio.person, at=studio.clock.seconds() - 3600 * (number + 1))
    await studio.scan()
    await studio.advance()
    media = []
    for name in ("coffee", "mountains", "brushes"):
        answer = await upload(served, _picture(served, name, 800, 1000))
        assert answer.status == 201, answer.body
        media.append(str(answer.body["id"]))
    for number in range(planned):
        at = studio.clock.now() + timedelta(days=number // 2, hours=3 + 2 * number)
        await _planned(served, media, number, to_text(at), f"A quiet morning {number}")
    await studio.core.store.write(_settled, studio)
    body = {"accountId": studio.account.id, "mediaType": "IMAGE", "mediaFileId": media[0]}
    await served.call("POST", f"{API}/posts/draft", {**body, "caption": "Some day"})


def _picture(served: Served, name: str, width: int, height: int) -> Path:
    """Return a photograph of free licence, as the demo shows them."""
    path = served.studio.files / f"{name}-{width}x{height}.jpg"
    if not path.exists():
        photo_of(name, path, width, height)
    return path


async def _planned(served: Served, media: Sequence[str], number: int, at: str, caption: str) -> Any:
    """Plan one post: each fourth is a carousel, each fifth a story, the others are photos."""
    one: dict[str, Any] = {"mediaType": "IMAGE", "mediaFileId": media[number % len(media)]}
    if number % 4 == 3:
        one = {"mediaType": "CAROUSEL", "mediaFileIds": list(media)}
    elif number % 5 == 4:
        one["mediaType"] = "STORIES"
    body = {
        "accountId": served.studio.account.id, "caption": caption, "scheduledFor": at,
        "timezone": "Europe/Oslo", **one,
    }  # fmt: skip
    answer = await served.call("POST", f"{API}/schedule", body)
    assert answer.status == 201, answer.body
    return answer.body


def _settled(db: Database, studio: Any) -> None:
    """Let four mentions have ended, each in another way, and one post have failed."""
    now = studio.clock.now()
    waiting = repost_lists.waiting(db, studio.core.owner.id)
    for repost, (state, reason) in zip(
        waiting[:4],
        (
            (RepostStatus.PUBLISHED, None),
            (RepostStatus.EXPIRED, "Its story was gone before it could be saved"),
            (RepostStatus.FAILED, "Instagram refused the picture"),
            (RepostStatus.SKIPPED, "The author is on your list of denied people"),
        ),
        strict=False,
    ):
        reposts.change(db, repost.id, state, now=now, reason=reason)
    page = post_lists.page(db, studio.core.owner.id, post_lists.EVERYTHING, limit=9, offset=0)
    if page:
        jobs.cancel_for_post(db, page[0]["id"], now)
        posts.change_status(
            db, page[0]["id"], PostStatus.FAILED, now=now,
            error_message="Instagram did not take the picture: it is too wide",
        )  # fmt: skip

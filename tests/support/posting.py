"""Uploads and posts over HTTP, as a client of the API makes them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import trio

from sandbox.wire.faults import Fault, Status
from sandbox.world.person import Person
from sandbox.world.sample_media import make_video
from storage import accounts, jobs, posts
from storage.accounts import Account
from storage.times import to_text
from tests.support.limits import DEADLOCK_S
from tests.support.served import Answer, Served

API = "/api/v1"
CONFIGURE = "configure_to_story"  # the request that makes a story live
NOBODY = "00000000-0000-4000-8000-000000000000"


async def upload(
    served: Served, file: Path, *, name: str | None = None, content_type: str | None = "image/jpeg"
) -> Answer:
    """Upload a file in the field `file`."""
    part: Any = (name or file.name, file.read_bytes(), content_type)
    response = await served.client.post(
        f"{API}/media/upload",
        files={"file": part},
        headers={"Authorization": f"Bearer {served.key}"},
    )
    return Answer(
        status=response.status_code, body=json.loads(response.content), headers=response.headers
    )


async def photo_id(served: Served, width: int = 400, height: int = 500, seed: int = 1) -> str:
    """Upload a photo that every kind of post takes; returns its id."""
    answer = await upload(served, served.studio.photo(width, height, seed))
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def video_id(served: Served, width: int = 180, height: int = 320, seconds: float = 3) -> str:
    """Upload a video that stories and Reels take; returns its id."""
    file = served.studio.files / f"video-{width}x{height}-{seconds}.mp4"
    make_video(file, width, height, seconds=seconds, fps=10, seed=1)
    answer = await upload(served, file, content_type="video/mp4")
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


def story(served: Served, media_id: str, **more: Any) -> dict[str, Any]:
    """Return the body of a story of the studio's account."""
    return {
        "accountId": served.studio.account.id,
        "mediaType": "STORIES",
        "mediaFileId": media_id,
        **more,
    }


async def publish(served: Served, body: dict[str, Any]) -> str:
    """Publish now; returns the post's id."""
    answer = await served.call("POST", f"{API}/posts/publish", body)
    assert answer.status == 202, answer.body
    return str(answer.body["postId"])


async def draft(served: Served, **body: Any) -> dict[str, Any]:
    """Store a draft of the studio's account; returns the post."""
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE", **body}
    answer = await served.call("POST", f"{API}/posts/draft", body)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.body
    return found


async def schedule(served: Served, body: dict[str, Any], after: timedelta) -> dict[str, Any]:
    """Schedule a post; returns the answer's body."""
    at = to_text(served.studio.clock.now() + after)
    answer = await served.call("POST", f"{API}/schedule", {**body, "scheduledFor": at})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made


async def post(served: Served, post_id: str) -> dict[str, Any]:
    """Return one post."""
    answer = await served.call("GET", f"{API}/posts/{post_id}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


async def until(served: Served, post_id: str, *statuses: str) -> dict[str, Any]:
    """Wait until a post is in one of those states; returns it as the API shows it."""
    store = served.studio.core.store
    with trio.fail_after(DEADLOCK_S):
        # Read directly: a client's polls would use the key's requests up.
        while (await store.read(posts.get, post_id)).status not in statuses:
            await trio.sleep(0.02)
        # Its permalink and its copy on the Page come when it is live already.
        while (
            "PUBLISHED" in statuses and (await store.read(jobs.open_for_post, post_id)) is not None
        ):
            await trio.sleep(0.02)
    return await post(served, post_id)


async def until_held(served: Served, post_id: str) -> dict[str, Any]:
    """Wait until an attempt has ended and the next one is set for later."""
    store = served.studio.core.store
    with trio.fail_after(DEADLOCK_S):
        while (await store.read(posts.get, post_id)).error_message is None:
            await trio.sleep(0.02)
    return await post(served, post_id)


async def second_account(served: Served, username: str = "second") -> tuple[Account, Person]:
    """Connect another account and log it in."""
    core = served.studio.core
    person = served.studio.sandbox.world.add_person(username, password="another password")
    account = await core.store.write(
        accounts.add, user_id=core.owner.id, username=username, now=core.clock.now()
    )
    await core.logins.log_in(account.id, username, "another password")
    return account, person


def live(served: Served) -> int:
    """Return how many stories the account has published."""
    return len(served.studio.sandbox.world.published(served.studio.person))


async def failed_story(served: Served) -> str:
    """Publish a story that Instagram refuses; returns the post's id."""
    refusal = Status(400, json={"message": "needs_upgrade", "error_type": "needs_upgrade"})
    served.studio.sandbox.faults.add(Fault(path=CONFIGURE, kind=refusal))
    post_id = await publish(served, story(served, await photo_id(served)))
    await until(served, post_id, "FAILED")
    return post_id

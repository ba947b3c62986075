"""The list of posts takes short cuts that a client must not notice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from storage import posts
from storage.posts import MediaType, Post, PostStatus, SourceType
from storage.store import Database
from storage.times import to_text
from tests.support.posting import API, draft, failed_story, photo_id, publish, story, until
from tests.support.served import Served

TAG = {"username": "marta", "x": 0.25, "y": 0.5}


async def listed(served: Served, query: str) -> dict[str, Any]:
    answer = await served.call("GET", f"{API}/posts?{query}")
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


async def test_every_post_looks_as_it_does_alone_but_for_its_media(served: Served) -> None:
    served.studio.friend("anna")
    photo = await photo_id(served)
    await draft(
        served,
        mediaFileId=photo,
        caption='Grüße 🌊 \\ "quoted"',
        userTags=[TAG],
        collaborators=["marta", "ben"],
    )
    await failed_story(served)
    at = to_text(served.studio.clock.now() + timedelta(days=1))
    scheduled = {**story(served, photo), "scheduledFor": at, "timezone": "Europe/Berlin"}
    assert (await served.call("POST", f"{API}/schedule", scheduled)).status == 201
    sea = {"type": "hashtag", "name": "sea"}
    mentioned = story(served, photo, storyMentions=[{"username": "anna"}], storyStickers=[sea])
    await until(served, await publish(served, mentioned), "PUBLISHED")

    found = (await listed(served, "limit=100"))["posts"]
    assert {post["status"] for post in found} == {"DRAFT", "FAILED", "SCHEDULED", "PUBLISHED"}
    for post in found:
        alone = (await served.call("GET", f"{API}/posts/{post['id']}")).body
        assert alone.pop("version")  # of one that is edited
        assert post["mediaFiles"] == []
        assert alone["mediaFiles"] != []
        thumbnail = alone["mediaFiles"][0]["thumbnailPreviewUrl"]
        assert post["thumbnailUrl"] == thumbnail
        assert {**post, "mediaFiles": alone["mediaFiles"], "thumbnailUrl": None} == alone


async def test_far_pages_go_on_where_near_ones_end(served: Served) -> None:
    """The near ones are read in the event loop, the far ones in a thread."""
    owner, now = served.studio.core.owner.id, served.studio.clock.now()

    def store_many(db: Database) -> list[str]:
        ids = []
        for number in range(1050):
            at = now - timedelta(minutes=number // 3)  # three at a time: then the id decides
            post = Post(
                id=f"00000000-0000-4000-8000-{number:012}",
                user_id=owner,
                account_id=None,
                instagram_account_id=served.studio.account.id,
                media_type=MediaType.IMAGE,
                source_type=SourceType.MANUAL,
                status=PostStatus.DRAFT,
                created_at=at,
                updated_at=at,
            )
            posts.add(db, post, [])
            ids.append(post.id)
        return ids

    stored = await served.studio.core.store.write(store_many)
    found = []
    for page in range(1, 12):
        answer = await listed(served, f"limit=100&page={page}&status=DRAFT")
        assert answer["total"] == len(stored)
        assert answer["hasMore"] is (page < 11)
        found += [post["id"] for post in answer["posts"]]
    assert found == stored

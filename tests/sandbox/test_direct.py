from __future__ import annotations

from typing import Any

import httpx
import pytest
from aiograpi import exceptions

from sandbox import MentionShape, Sandbox
from sandbox.world import items
from sandbox.world.person import Person
from sandbox.world.story import Story
from tests.sandbox.clients import AIOGRAPI, API, App, logged_in, plain_client
from tests.sandbox.conftest import Clock

pytestmark = [pytest.mark.acceptance, AIOGRAPI]


@pytest.fixture
def story(sandbox: Sandbox, anna: Person, photo: Any) -> Story:
    return sandbox.world.add_story(anna, photo)


async def read(sandbox: Sandbox, viewer: Person, path: str, **query: str | int) -> Any:
    async with plain_client(sandbox, headers=logged_in(sandbox, viewer)) as client:
        response = await client.get(f"{API}/api/v1/{path}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_two_hundred_chats_page_by_page(sandbox: Sandbox, app: App, studio: Person) -> None:
    for number in range(200):
        other = sandbox.world.add_person(f"person{number}")
        greeting = items.plain_text(other, "hello", at=1_700_000_000 + number)
        # Pairs that were last active at the same moment straddle the pages' edges.
        sandbox.world.add_thread(
            studio, other, items=[greeting], last_activity_at=1_700_000_000 + number // 3
        )
    await app.login(studio)
    mark = sandbox.ledger.mark()

    threads = await app("direct_threads", 0)

    names = [thread.users[0].username for thread in threads]
    assert len(set(names)) == len(names) == 200
    times = [thread.last_activity_at for thread in threads]
    assert times == sorted(times, reverse=True)
    assert sandbox.ledger.count("direct_v2/inbox/", since=mark) == 10


async def test_the_inbox_shows_the_newest_messages_and_the_chat_the_older_ones(
    sandbox: Sandbox, app: App, studio: Person, anna: Person
) -> None:
    texts = [items.plain_text(anna, f"text {number}", at=1000 + number) for number in range(45)]
    thread = sandbox.world.add_thread(studio, anna, items=texts)
    await app.login(studio)

    [listed] = await app("direct_threads")
    assert [message.text for message in listed.messages] == [f"text {44 - n}" for n in range(10)]

    full = await app("direct_thread", int(thread.id), 0)
    assert [message.text for message in full.messages] == [f"text {44 - n}" for n in range(45)]

    page = await read(sandbox, studio, f"direct_v2/threads/{thread.id}/", limit=40)
    assert page["thread"]["has_older"]
    rest = await read(
        sandbox,
        studio,
        f"direct_v2/threads/{thread.id}/",
        limit=40,
        cursor=page["thread"]["oldest_cursor"],
    )
    assert len(rest["thread"]["items"]) == 5
    assert not rest["thread"]["has_older"]
    assert rest["thread"]["oldest_cursor"] is None


async def test_a_chat_of_others_is_not_found(
    sandbox: Sandbox, app: App, studio: Person, anna: Person
) -> None:
    thread = sandbox.world.add_thread(anna, studio)
    await app.login(studio)
    with pytest.raises(exceptions.DirectThreadNotFound):
        await app("direct_thread", int(thread.id))


async def test_a_mention_as_it_is_today(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, story: Story, clock: Clock
) -> None:
    item = sandbox.world.mention(story, studio)
    assert story.mentions == (studio,)
    await app.login(studio)

    [thread] = (await app("private_request", "direct_v2/inbox/"))["inbox"]["threads"]
    [raw] = thread["items"]
    assert raw["item_type"] == "xma_reel_mention"
    assert (raw["item_id"], raw["user_id"]) == (item.id, anna.pk)
    assert raw["timestamp"] == int(clock.now * 1_000_000)
    assert raw["is_sent_by_viewer"] is False
    [xma] = raw["xma_reel_mention"]
    assert xma["target_url"] == f"https://www.instagram.com/stories/anna/{story.pk}"
    assert xma["header_title_text"] == "anna"
    assert xma["preview_url"].startswith("https://scontent-sandbox.cdninstagram.com/v/")
    assert app.client.story_pk_from_url(xma["target_url"]) == str(story.pk)


async def test_a_mention_under_its_other_name(
    sandbox: Sandbox, studio: Person, story: Story
) -> None:
    sandbox.world.mention(story, studio, shape=MentionShape.GENERIC_XMA)
    [thread] = (await read(sandbox, studio, "direct_v2/inbox/"))["inbox"]["threads"]
    [raw] = thread["items"]
    assert raw["item_type"] == "xma_reel_mention"
    assert "xma_reel_mention" not in raw
    assert f"/stories/anna/{story.pk}?" in raw["generic_xma"][0]["target_url"]


async def test_a_mention_as_it_was(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, story: Story
) -> None:
    sandbox.world.mention(story, studio, shape=MentionShape.LEGACY_REEL_SHARE)
    await app.login(studio)
    [thread] = await app("direct_threads")
    [message] = thread.messages
    share = message.reel_share
    assert (share["type"], share["mentioned_user_id"]) == ("mention", studio.pk)
    assert (share["reel_owner_id"], share["media"]["pk"]) == (anna.pk, story.pk)
    assert share["media"]["image_versions2"]["candidates"]


@pytest.mark.parametrize("gone", ["expired", "deleted"])
async def test_a_mention_loses_its_link_with_its_story(
    sandbox: Sandbox, studio: Person, story: Story, clock: Clock, gone: str
) -> None:
    for shape in MentionShape:
        sandbox.world.mention(story, studio, shape=shape)
    if gone == "expired":
        clock.now = story.expiring_at
    else:
        sandbox.world.delete_story(story)

    [thread] = (await read(sandbox, studio, "direct_v2/inbox/"))["inbox"]["threads"]
    by_shape = {next(iter(raw.keys() & set(KEYS))): raw for raw in thread["items"]}
    assert by_shape["xma_reel_mention"]["xma_reel_mention"][0]["target_url"] is None
    assert by_shape["generic_xma"]["generic_xma"][0]["target_url"] is None
    media = by_shape["reel_share"]["reel_share"]["media"]
    assert media["pk"] == story.pk
    assert "image_versions2" not in media


KEYS = ("xma_reel_mention", "generic_xma", "reel_share")


async def test_what_is_no_mention(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, story: Story
) -> None:
    harmless = [
        items.story_reply(anna, story, "nice", at=1),
        items.story_reaction(anna, story, "🔥", at=2),
        items.forwarded_story(anna, story, at=3),
        items.forwarded_story(anna, story, at=4, legacy=True),
        items.own_mention(studio, story, at=5),
        items.plain_text(anna, "hello", at=6),
        items.expired_mention(anna, at=7),
    ]
    sandbox.world.add_thread(studio, anna, items=harmless)
    await app.login(studio)
    [thread] = await app("direct_threads")
    assert [message.item_type for message in thread.messages] == [
        "xma_reel_mention",
        "text",
        "xma_reel_mention",
        "story_share",
        "xma_story_share",
        "reel_share",
        "reel_share",
    ]
    assert [message.is_sent_by_viewer for message in thread.messages].count(True) == 1


async def test_odd_messages_are_sent_exactly_as_they_are(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, story: Story
) -> None:
    odd = [
        items.media_share_without_type(anna, at=1),
        items.without_keys(items.plain_text(anna, "x", at=2), "item_id", "timestamp"),
        *items.wrong_types(anna, at=3),
    ]
    thread = sandbox.world.add_thread(studio, anna, items=odd[:-1])
    sandbox.world.add_item(thread, odd[-1])

    answer = await read(sandbox, studio, f"direct_v2/threads/{thread.id}/", limit=50)
    received = answer["thread"]["items"]
    assert len(received) == len(odd)
    assert all(message in received for message in odd)

    await app.login(studio)
    with pytest.raises((KeyError, TypeError, AttributeError)):
        await app("direct_threads")


async def test_message_requests(
    sandbox: Sandbox, app: App, studio: Person, anna: Person, story: Story
) -> None:
    sandbox.world.mention(story, studio, box="pending")
    await app.login(studio)

    assert await app("direct_threads") == []
    [request] = await app("direct_pending_inbox")
    assert request.pending
    assert (await read(sandbox, studio, "direct_v2/inbox/"))["pending_requests_total"] == 1

    assert await app("direct_pending_approve", request.id)
    assert await app("direct_pending_inbox") == []
    assert len(await app("direct_threads")) == 1
    assert await app("direct_spam_inbox") == []
    assert not sandbox.ledger.unknown


async def test_without_a_session_nothing_is_shown(sandbox: Sandbox, studio: Person) -> None:
    headers = [{}, {"authorization": "Bearer IGT:2:e30="}, {"authorization": "Bearer IGT:2:%"}]
    forged = sandbox.world.sessions.open(studio).bearer[:-8]
    async with plain_client(sandbox) as client:
        for header in [*headers, {"authorization": forged}]:
            response: httpx.Response = await client.get(
                f"{API}/api/v1/direct_v2/inbox/", headers=header
            )
            assert response.status_code == 403
            assert response.json()["message"] == "login_required"

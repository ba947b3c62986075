"""Tools for mentions, with real ones of the sandbox, from the inbox to what is live."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import trio

from tests.agents.talking import called, connected, refused
from tests.support.limits import DEADLOCK_S
from tests.support.posting import NOBODY, failed_story
from tests.support.served import Served


async def test_an_agent_looks_decides_and_tells_of_the_week(served: Served) -> None:
    studio = served.studio
    async with connected(served) as client:
        said: dict[str, Any] = {
            "approvalRequired": True,
            "sleepWindowStart": 0,
            "sleepWindowEnd": 0,
        }
        first = await called(client, "set_reposting", enabled=True, pause=True)
        assert (first["enabled"], first["paused"]) == (True, True)
        done = await called(client, "set_reposting", pause=False, settings=said)
        assert (done["enabled"], done["paused"]) == (True, False)
        names = {"approvalRequired", "sleepWindowStart", "sleepWindowEnd", "paused"}
        assert done["changed"].keys() == names, "nothing of what a look notes meanwhile"
        assert done["changed"]["approvalRequired"] == [False, True]
        again = await called(client, "set_reposting", enabled=True, settings=said)
        assert again["changed"] == {}
        paused = await called(client, "set_reposting", pause_until="2099-01-01T00:00:00Z")
        assert paused["paused"]
        assert not (await called(client, "set_reposting", pause=False))["paused"]
        # Nothing is switched on where the pause that was to come with it is refused.
        await called(client, "set_reposting", enabled=False)
        past = "2001-01-01T00:00:00Z"
        await refused(client, "set_reposting", enabled=True, pause_until=past)
        assert not (await called(client, "set_reposting"))["enabled"]
        assert (await called(client, "set_reposting", enabled=True))["enabled"]
        for wrong in ({"dailyRepostLimit": -1}, {"dailyRepostLimit": "many"}, {"nonsense": 1},
                      {"timezone": "Mars/Base"}, {"template": "none such"}):  # fmt: skip
            no = await refused(client, "set_reposting", settings=wrong)
            assert no["code"] in ("VALIDATION_ERROR", "INVALID_PARAM")

        before = (await called(client, "list_mentions", status="WAITING_APPROVAL"))["as_of"]
        for name in ("anna", "bob", "carla"):
            studio.mention(studio.friend(name), file=studio.photo(seed=len(name)))
        found = await called(client, "scan_mentions", account="studio")
        assert found["detected"] == 3
        waiting = await _waiting(client, 3)
        assert {each["author"] for each in waiting} == {"anna", "bob", "carla"}
        assert all(each["decide_before"] for each in waiting)
        ids = {each["author"]: each["id"] for each in waiting}
        listed = await client.call_tool("list_mentions", {"show_media": 2})
        assert [each.type for each in listed.content] == ["image", "image", "text"]

        card = await client.call_tool("preview_card", {"mention_id": ids["anna"]})
        assert [each.type for each in card.content] == ["image", "text"]
        for wrong_id in ("nonsense", NOBODY):
            assert (await refused(client, "preview_card", mention_id=wrong_id))[
                "code"
            ] == "NOT_FOUND"

        none = await called(
            client, "decide_mentions", decision="skip", all_waiting=True, as_of=before
        )
        assert (none["decided"], none["refused"]) == ([], {})
        skipped = await called(client, "decide_mentions", decision="skip", ids=[ids["bob"]])
        assert [each["author"] for each in skipped["decided"]] == ["bob"]
        arguments = {"decision": "approve", "ids": [ids["anna"], ids["bob"], NOBODY]}
        decided = await called(client, "decide_mentions", request_id="one", **arguments)
        assert [each["author"] for each in decided["decided"]] == ["anna"]
        assert set(decided["refused"]) == {ids["bob"], NOBODY}
        again = await called(client, "decide_mentions", request_id="one", **arguments)
        assert again["decided"][0]["id"] == ids["anna"]
        assert (await refused(client, "decide_mentions", decision="approve"))["code"] in (
            "VALIDATION_ERROR",
            "MISSING_PARAM",
        )
        studio.clock.advance(timedelta(minutes=1))  # an approval rests, so that it can be undone
        with trio.fail_after(DEADLOCK_S):
            while not studio.sandbox.world.published(studio.person):
                await trio.sleep(0.05)
        (live,) = studio.sandbox.world.published(studio.person)
        assert [each.username for each in live.mentions] == ["anna"]

        # "How many story reposts did @studio publish this week?" and "list all posts that failed
        # in the last 7 days and show me the error codes": one call each.
        with trio.fail_after(DEADLOCK_S):
            while True:
                week = await called(
                    client, "list_mentions", account="@studio", status="PUBLISHED", since="7d"
                )
                if week["total"]:
                    break
                await trio.sleep(0.2)
        assert (week["total"], week["is_all_counted"]) == (1, True)
        failed_id = await failed_story(served)
        failed = await called(client, "list_posts", status="FAILED", since="7d")
        assert [each["id"] for each in failed["posts"]] == [failed_id]
        assert failed["posts"][0]["error_code"]


async def _waiting(client: Any, count: int) -> list[dict[str, Any]]:
    with trio.fail_after(DEADLOCK_S):
        while True:
            rows = await called(client, "list_mentions", status="WAITING_APPROVAL")
            if rows["total"] == count:
                found: list[dict[str, Any]] = rows["mentions"]
                return found
            await trio.sleep(0.2)

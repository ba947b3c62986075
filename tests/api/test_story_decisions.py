"""Approving, skipping, pausing and the new settings, on the running daemon."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

import pytest
import trio

from repost.engine import RepostEngine
from sandbox.wire.faults import Fault
from sandbox.wire.message import Data, Exchange, Response
from storage.times import to_text
from tests.api.test_story_repost import AWAKE, BASE, history, post, until
from tests.support.in_turn import in_turn
from tests.support.posting import NOBODY, second_account
from tests.support.served import Answer, Served

NOTHING: dict[str, Any] = {"decided": [], "refused": [], "cameSince": None}


class Besties:
    """Shows the stories of a reel as meant for close friends."""

    async def answer(self, exchange: Exchange) -> Response:
        real = await exchange.perform()
        assert isinstance(real.body, Data)
        body = json.loads(real.body.content)
        body["reel"]["items"] = [item | {"audience": "besties"} for item in body["reel"]["items"]]
        return Response.json(200, body)


async def send(served: Served, path: str, **body: Any) -> Answer:
    return await served.call("POST", f"{BASE}{path}", body)


async def waiting(served: Served, *names: str) -> dict[str, dict[str, Any]]:
    """Let people mention the account, and wait until that waits for approval."""
    studio = served.studio
    await post(served, "/config", approvalRequired=True, **AWAKE)
    await post(served, "/enable")
    for name in names:
        friend = studio.friend(name)
        story = studio.sandbox.world.add_story(
            friend, studio.photo(), mentions=[studio.person], caption=f"Hello from {name}"
        )
        studio.sandbox.world.mention(story, studio.person)
    await post(served, "/scan")
    return await until(served, **dict.fromkeys(names, "WAITING_APPROVAL"))


async def test_all_that_was_seen_leaves_out_what_came_since(served: Served) -> None:
    await waiting(served, "anna", "ben")
    account_id = served.studio.account.id
    seen = (await served.call("GET", f"{BASE}/pending?accountId={account_id}")).body["asOf"]
    both = await waiting(served, "carl")
    everybody = {"all": True, "accountId": account_id}
    made = (await send(served, "/approve", **everybody, asOf=float(seen))).body
    names = {each["originalUsername"] for each in made["decided"]}
    assert (names, made["refused"], made["cameSince"]) == ({"anna", "ben"}, [], 1)
    # Taken back, they wait anew: that was not seen either.
    ids = [each["id"] for each in made["decided"]]
    assert len((await send(served, "/reconsider", repostIds=ids)).body["decided"]) == 2
    again = (await send(served, "/skip", **everybody, asOf=seen)).body
    assert (again["decided"], again["cameSince"]) == ([], 3)
    assert (await send(served, "/skip", ids=[both["carl"]["id"]], asOf=seen)).status == 400
    for wrong in (-1, "x", 2**60):
        assert (await send(served, "/skip", **everybody, asOf=wrong)).status == 400


async def test_pending_shows_what_a_person_needs_to_decide(served: Served) -> None:
    await waiting(served, "anna")
    answer = await served.call("GET", f"{BASE}/pending?accountId={served.studio.account.id}")
    assert answer.status == 200
    (item,) = answer.body["reposts"]
    assert item["username"] == "studio"
    assert (item["originalUsername"], item["kind"]) == ("anna", "photo")
    assert item["caption"] == "Hello from anna"
    assert item["reason"] == "It waits for your approval"
    mentioned = datetime.fromisoformat(item["mentionedAt"])
    assert datetime.fromisoformat(item["decideBefore"]) - mentioned == timedelta(hours=72)
    assert datetime.fromisoformat(item["expiresAt"]) - mentioned <= timedelta(hours=24)
    for url in (item["previewUrl"], item["storyUrl"]):
        picture = await served.call("GET", url)
        assert (picture.status, picture.headers["content-type"]) == (200, "image/jpeg")
        assert (await served.call("GET", url, key=None)).status == 401
    small = await served.call("GET", item["thumbnailUrl"])
    assert (small.status, small.headers["content-type"]) == (200, "image/webp")
    assert item["cardUrl"] is None
    assert (await served.call("GET", f"{BASE}/pending?accountId={NOBODY}")).status == 404


async def test_several_are_approved_and_skipped_at_once(served: Served) -> None:
    items = await waiting(served, "anna", "ben", "carla", "dora")
    ids = {name: item["id"] for name, item in items.items()}
    approved = await send(served, "/approve", ids=[ids["anna"], ids["ben"], ids["anna"], NOBODY])
    assert approved.status == 200
    assert [item["originalUsername"] for item in approved.body["decided"]] == ["anna", "ben"]
    assert [refused["id"] for refused in approved.body["refused"]] == [NOBODY]
    rest = await send(served, "/skip", all=True, accountId=served.studio.account.id)
    assert {item["originalUsername"] for item in rest.body["decided"]} == {"carla", "dora"}
    await until(served, anna="PUBLISHED", ben="PUBLISHED", carla="SKIPPED", dora="SKIPPED")
    late = await send(served, "/approve", ids=[ids["carla"]])
    assert late.body["decided"] == []
    assert "it is SKIPPED" in late.body["refused"][0]["reason"]
    assert (await send(served, "/approve", all=True)).body == NOTHING
    assert len(served.studio.sandbox.world.published(served.studio.person)) == 2


async def test_what_was_meant_for_few_is_approved_by_its_id_only(served: Served) -> None:
    studio = served.studio
    anna = studio.friend("anna")
    studio.sandbox.faults.add(Fault(path=f"feed/user/{anna.pk}/story", kind=Besties(), times=None))
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    studio.mention(anna)
    await post(served, "/scan")
    await until(served, anna="WAITING_APPROVAL")
    (item,) = (await served.call("GET", f"{BASE}/pending")).body["reposts"]
    assert item["limits"] == ["CLOSE_FRIENDS"]
    assert item["warning"] == "Its author shows it to close friends only"
    answer = await send(served, "/approve", all=True)
    assert answer.body["decided"] == []
    assert "by its id" in answer.body["refused"][0]["reason"]
    assert (await send(served, f"/{item['id']}/approve")).body["warning"] == item["warning"]
    await until(served, anna="PUBLISHED")


async def test_all_of_one_account_leaves_the_others_alone(served: Served) -> None:
    await waiting(served, "anna")
    other, _ = await second_account(served)
    answer = await send(served, "/approve", all=True, accountId=other.id)
    assert answer.body == NOTHING
    assert (await send(served, "/skip", all=True, accountId=NOBODY)).status == 404
    assert (await history(served))[0]["status"] == "WAITING_APPROVAL"


@in_turn(
    "body",
    [
        {},
        {"ids": []},
        {"ids": ["x"]},
        {"all": False},
        {"all": "yes"},
        {"ids": [NOBODY], "all": True},
        {"ids": [NOBODY], "accountId": NOBODY},
    ],
)
async def test_a_decision_names_what_it_is_about(served: Served, body: dict[str, Any]) -> None:
    for verb in ("approve", "skip"):
        answer = await send(served, f"/{verb}", **body)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")


async def test_a_pause_is_shown_and_ends(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", **AWAKE)
    await post(served, "/enable")
    end = studio.clock.now() + timedelta(days=3)
    paused = await post(served, "/pause", until=to_text(end))
    assert paused.status == 200
    (config,) = paused.body["configs"]
    assert (config["paused"], config["isEnabled"]) == (True, True)
    assert config["pausedUntil"] == to_text(end)
    studio.mention(studio.friend("anna"))
    await post(served, "/scan")
    await until(served, anna="QUEUED")
    status = (await served.call("GET", f"{BASE}/status")).body
    assert status["holding"] == {
        "rail": "paused",
        "reason": "You paused the reposts of this account",
        "until": to_text(end),
    }
    (resumed,) = (await send(served, "/resume")).body["configs"]
    assert (resumed["paused"], resumed["pausedUntil"]) == (False, None)
    await until(served, anna="PUBLISHED")


async def test_a_pause_that_makes_no_sense(served: Served) -> None:
    await post(served, "/config", **AWAKE)
    past = to_text(served.studio.clock.now() - timedelta(minutes=1))
    for body in ({"until": past}, {"until": "tomorrow"}, {"until": "2030-01-01T00:00:00"}):
        answer = await post(served, "/pause", **body)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
        assert "until" in answer.body["error"]
    other, _ = await second_account(served)
    assert (await send(served, "/pause", accountId=other.id)).status == 404
    assert (await send(served, "/resume", accountId=NOBODY)).status == 404
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert config["paused"] is False


async def test_every_setting_is_saved_and_shown(served: Served) -> None:
    chosen = {
        "minimumFollowers": 500,
        "requiredWords": ["Café", "pop up"],
        "excludedWords": ["ad"],
        "dryRun": True,
        "publishRoute": "private",
        "autoRepostEnabled": True,
    }
    saved = await post(
        served, "/config", allowedAuthors=["@Anna", "ben"], deniedAuthors=["Carla"], **chosen
    )
    assert saved.status == 200
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert {name: config[name] for name in chosen} == chosen
    assert (config["allowedAuthors"], config["deniedAuthors"]) == (["anna", "ben"], ["carla"])
    kept = (await post(served, "/config", allowedAuthors=[], dryRun=False)).body
    assert (kept["allowedAuthors"], kept["deniedAuthors"], kept["dryRun"]) == ([], ["carla"], False)
    assert kept["requiredWords"] == ["Café", "pop up"]
    await served.call("DELETE", f"{BASE}/config?accountId={served.studio.account.id}")
    assert (await post(served, "/config")).body["deniedAuthors"] == []


async def test_a_rule_for_an_author_holds_for_what_waits_and_is_taken_back(served: Served) -> None:
    found = await waiting(served, "anna", "ben")
    ruled = (await post(served, "/authors", username="@Anna", rule="never")).body
    assert (ruled["username"], ruled["before"], ruled["refused"]) == ("anna", "ask", [])
    assert [each["id"] for each in ruled["decided"]] == [found["anna"]["id"]]
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert (config["deniedAuthors"], config["alwaysAuthors"]) == (["anna"], [])
    # Changed to the opposite: she is on one list alone; what was skipped stays so.
    ruled = (await post(served, "/authors", username="anna", rule="always")).body
    assert (ruled["before"], ruled["decided"]) == ("never", [])
    config = (await served.call("GET", f"{BASE}/status")).body["config"]
    assert (config["deniedAuthors"], config["alwaysAuthors"]) == ([], ["anna"])
    ruled = (await post(served, "/authors", username="ben", rule="always")).body
    assert [each["id"] for each in ruled["decided"]] == [found["ben"]["id"]]
    assert (await post(served, "/authors", username="ben", rule="ask")).body["before"] == "always"
    taken = await send(served, "/reconsider", repostIds=[found["ben"]["id"]])
    assert [each["status"] for each in taken.body["decided"]] == ["WAITING_APPROVAL"]
    for wrong in ({"username": "no name", "rule": "ask"}, {"username": "ben", "rule": "maybe"}):
        assert (await post(served, "/authors", **wrong)).status == 400
    # A list is as long as the settings take, and no longer.
    names = [f"p{number}" for number in range(1000)]
    await post(served, "/config", alwaysAuthors=names)
    assert (await post(served, "/authors", username="ben", rule="always")).status == 400
    assert (await post(served, "/authors", username="p7", rule="always")).status == 200


@in_turn(
    "settings",
    [
        {"allowedAuthors": ["not a name"]},
        {"deniedAuthors": [""]},
        {"deniedAuthors": "anna"},
        {"alwaysAuthors": ["not a name"]},
        {"minimumFollowers": -1},
        {"minimumFollowers": 0.5},
        {"requiredWords": ["!!!"]},
        {"excludedWords": ["x" * 101]},
        {"dryRun": "yes"},
        {"publishRoute": "graph"},
        {"autoRepostEnabled": True, "publishRoute": "official"},
    ],
)
async def test_a_setting_that_cannot_be_names_its_field_and_changes_nothing(
    served: Served, settings: dict[str, Any]
) -> None:
    before = (await post(served, "/config", deniedAuthors=["anna"])).body
    answer = await post(served, "/config", **settings)
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    assert answer.body["error"].startswith(next(iter(settings)))
    assert (await served.call("GET", f"{BASE}/status")).body["config"] == before


async def test_the_card_of_a_dry_run_can_be_looked_at(served: Served) -> None:
    studio = served.studio
    await post(served, "/config", dryRun=True, **AWAKE)
    await post(served, "/enable")
    studio.mention(studio.friend("anna"))
    await post(served, "/scan")
    items = await until(served, anna="SKIPPED")
    assert items["anna"]["reason"] == "Dry run: it would have been published now"
    card = await served.call("GET", items["anna"]["cardUrl"])
    assert (card.status, card.headers["content-type"]) == (200, "image/jpeg")
    small = await served.call("GET", items["anna"]["thumbnailUrl"])
    assert (small.status, small.headers["content-type"]) == (200, "image/webp")
    assert studio.sandbox.world.published(studio.person) == []


async def test_a_decision_at_the_very_end_of_a_turn_is_acted_on(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn has looked at everything by then; what it does itself wakes nobody, this does."""
    items = await waiting(served, "anna")
    take_turn = RepostEngine._take_turn
    looked, decided = trio.Event(), trio.Event()

    async def take(engine: RepostEngine, account_id: str) -> datetime | None:
        again = await take_turn(engine, account_id)
        if not looked.is_set():
            looked.set()
            await decided.wait()
        return again

    monkeypatch.setattr(RepostEngine, "_take_turn", take)
    await post(served, "/scan")
    await looked.wait()
    approved = await send(served, "/approve", ids=[items["anna"]["id"]])
    assert len(approved.body["decided"]) == 1
    decided.set()
    await until(served, anna="PUBLISHED")


async def test_the_card_that_was_seen_is_what_goes_out(served: Served) -> None:
    """Another one for one mention: approved as it looks, and asked again where it changes."""
    found = await waiting(served, "anna", "ben", "carl")
    anna, ben, carl = (found[name]["id"] for name in ("anna", "ben", "carl"))

    async def dress(one: str, template: str | None) -> dict[str, Any]:
        answer = await served.call("PUT", f"{BASE}/{one}/card", {"template": template})
        assert answer.status == 200, answer.body
        told: dict[str, Any] = answer.body
        return told

    async def looks(one: str) -> bytes:
        answer = await served.call("GET", f"{BASE}/{one}/preview")
        return b64decode(answer.body["image"].partition(",")[2])

    before = (await served.call("GET", f"{BASE}/{anna}")).body["look"]
    told = await dress(anna, "frame")
    assert (told["status"], told["template"], told["look"] == before) == (
        "WAITING_APPROVAL", "frame", False,
    )  # fmt: skip
    assert told["reason"] == "It waits for your approval; you chose the card frame"
    seen = await looks(anna)
    assert seen != await looks(ben)
    # Approved by somebody who saw the other card: refused, and nothing is approved.
    stale = await send(served, f"/{anna}/approve", look=before)
    assert (stale.status, stale.body["code"]) == (409, "STALE_EDIT")
    # Approved, then given another card within its rest: it is asked about again.
    assert (await send(served, f"/{ben}/approve")).body["status"] == "QUEUED"
    assert (await dress(ben, "blur"))["status"] == "WAITING_APPROVAL"
    # The same look by another way is no change: what was approved stays so.
    assert (await served.call("POST", f"{BASE}/{carl}/approve")).body["status"] == "QUEUED"
    assert (await dress(carl, "classic"))["status"] in ("QUEUED", "PUBLISHED")
    # The account's card changes, this one's stays what was chosen for it.
    await post(served, "/config", template="full-bleed")
    assert await looks(anna) == seen
    assert (await send(served, f"/{anna}/approve", look=told["look"])).status == 200
    await until(served, anna="PUBLISHED")
    live = served.studio.sandbox.world.published(served.studio.person)
    assert seen in [each.file.read_bytes() for each in live]
    late = await served.call("PUT", f"{BASE}/{anna}/card", {"template": None})
    assert (late.status, late.body["code"]) == (400, "INVALID_STATUS")
    assert (await dress(ben, None))["template"] is None
    assert (await served.call("PUT", f"{BASE}/{ben}/card", {"template": "x"})).status == 400
    assert (await served.call("PUT", f"{BASE}/{NOBODY}/card", {"template": None})).status == 404

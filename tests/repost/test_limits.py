"""What an author meant for few is never reposted by itself, on either route."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from instagram.audience import _RESHARING, Limit, limits_of
from repost import approval, limits
from repost.fetching import Fetcher
from sandbox.private.posts import post_json
from sandbox.private.stories import reel_json
from sandbox.wire.faults import Fault, Status
from sandbox.world import items
from sandbox.world.person import Person
from sandbox.world.story import Story
from storage.reposts import RepostLimit, RepostStatus
from tests.support.studio import Studio

BESTIES = {"audience": "besties"}
HELD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "close friends": (BESTIES, {}, "CLOSE_FRIENDS"),
    "close friends, as of old": ({"audience": "MediaAudience.BESTIES"}, {}, "CLOSE_FRIENDS"),
    "an audience that is not known": ({"audience": "vip_list"}, {}, "FEW"),
    "an odd audience": ({"audience": {"kind": 3}}, {}, "FEW"),
    "subscribers": ({"subscription_media_visibility": "subscribers"}, {}, "FEW"),
    "no resharing": ({"can_reshare": False}, {}, "NO_RESHARE"),
    "no resharing in a number": ({"can_reshare": 0}, {}, "NO_RESHARE"),
    "no resharing for viewers": ({"can_viewer_reshare": False}, {}, "NO_RESHARE"),
    "a reel without resharing": ({}, {"can_reshare": False}, "NO_RESHARE"),
    "a reel that allows none": ({}, {"allow_reshare": "false"}, "NO_RESHARE"),
    "resharing said oddly": ({"can_reshare": {"value": False}}, {}, "NO_RESHARE"),
    "a paid partnership": ({"is_paid_partnership": True}, {}, "PAID"),
    "a sponsor": ({"sponsor_tags": [{"sponsor": {"pk": 1}}]}, {}, "PAID"),
    "something covered": ({"media_overlay_info": {"overlay_type": 1}}, {}, "SENSITIVE"),
    "a reel for close friends": ({}, BESTIES, "CLOSE_FRIENDS"),
    "a reel with some for close friends": ({}, {"has_besties_media": True}, "CLOSE_FRIENDS"),
    "a reel with some for subscribers": ({}, {"has_fan_club_media": 1}, "FEW"),
}
FREE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing said": ({}, {}),
    "said to be for all": ({"audience": "default", "can_reshare": True}, {"can_reshare": None}),
    "nothing in particular": ({"audience": None, "can_reshare": None}, {"audience": ""}),
    "no advertisement": (
        {
            "is_paid_partnership": False,
            "sponsor_tags": [],
            "gating": None,
            "sharing_friction_info": {"should_have_sharing_friction": False},
        },
        {"can_reshare": "true", "allow_reshare": 1, "has_besties_media": False},
    ),
}


def show(studio: Studio, author: Person, story: Story, item: object, reel: object) -> None:
    """Let Instagram say more about a story, and about the reel that it stands in."""
    world = studio.sandbox.world
    shown = reel_json(author, [story], world) | reel  # type: ignore[operator]
    shown["items"] = [shown["items"][0] | item]
    answer = Status(200, {"reel": shown, "status": "ok"})
    path = f"feed/user/{author.pk}/story"
    studio.sandbox.faults.add(Fault(path=path, kind=answer, times=None))


async def test_it_waits_for_a_person_and_says_why(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=48)
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        name: (item, reel) for name, (item, reel, _) in HELD.items()
    }
    names = {}
    for number, (name, (item, reel)) in enumerate((cases | FREE).items()):
        author = studio.friend(f"friend{number}")
        show(studio, author, studio.mention(author), item, reel)
        names[author.username] = name
    await studio.run_all()
    found = {names[repost.author_username]: repost for repost in await studio.history()}
    for name, (_, _, limit) in HELD.items():
        repost = found[name]
        assert (repost.status, repost.limits) == (RepostStatus.WAITING_APPROVAL, (limit,)), name
        assert "only if you approve it" in (repost.reason or "")
        assert limits.warning(repost)
    for name in FREE:
        assert (found[name].status, found[name].limits) == (RepostStatus.PUBLISHED, ()), name
    assert len(studio.sandbox.world.published(studio.person)) == len(FREE)


async def test_what_only_the_reel_says_holds_where_the_media_come_from_the_story(
    studio: Studio,
) -> None:
    await studio.configure()
    author = studio.friend("anna")
    not_ready = {**BESTIES, "image_versions2": {"candidates": []}}
    show(studio, author, studio.mention(author), not_ready, {})
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.limits) == ("WAITING_APPROVAL", (RepostLimit.CLOSE_FRIENDS,))


async def test_what_only_the_message_says_of_a_story_holds(studio: Studio) -> None:
    await studio.configure()
    author = studio.friend("anna")
    story = studio.sandbox.world.add_story(author, studio.photo(), mentions=[studio.person])
    message = items.expired_mention(author, at=studio.clock.seconds()) | {
        "item_type": "reel_share",
        "reel_share": {
            "type": "mention",
            "reel_owner_id": author.pk,
            "media": {"pk": story.pk, "image_versions2": {}, "video_versions": [{}], **BESTIES},
        },
    }
    world = studio.sandbox.world
    world.add_item(world.thread_between(studio.person, author), message)
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.limits) == ("WAITING_APPROVAL", (RepostLimit.CLOSE_FRIENDS,))


async def test_what_is_judged_here_is_judged_anew_at_each_look(studio: Studio) -> None:
    """As of a mention that was moved here without its media: its author has a name by now."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.engine.scan(studio.account.id)
    judged = {"limits": json.dumps([RepostLimit.ECHO, RepostLimit.UNSURE, RepostLimit.UNNAMED])}
    found = await studio.only()
    await studio.core.store.write(lambda db: db.table("reposts").update(found.id, judged))
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.limits) == (RepostStatus.PUBLISHED, ())


def test_of_a_reel_that_says_which_are_for_close_friends_the_others_are_for_all() -> None:
    reel = {"has_besties_media": True, "items": [{"pk": 1}, {"pk": 2, **BESTIES}]}
    assert limits_of({"pk": 1}, reel) == frozenset()


@pytest.mark.parametrize("of_reel", [True, False], ids=["of the reel", "of the story"])
@pytest.mark.parametrize("told_before", ["alone", "after its message", "after it was handed over"])
async def test_what_only_the_activity_says_of_a_story_holds(
    studio: Studio, told_before: str, of_reel: bool
) -> None:
    await studio.configure()
    author = studio.friend("anna")
    if told_before == "alone":
        studio.sandbox.world.add_story(author, studio.photo(), mentions=[studio.person])
    else:
        studio.mention(author)
    if told_before == "after it was handed over":
        await studio.scan()
        await studio.advance()
        assert (await studio.only()).post_id
        studio.clock.advance(timedelta(hours=13))
    answer = await studio.api.activity()
    (reel,) = answer["story_mentions"]["reels"]
    reel.update(BESTIES) if of_reel else reel["items"][0].update(BESTIES)
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, answer)))
    await studio.run_all()
    repost = await studio.only()
    assert (repost.status, repost.limits) == ("WAITING_APPROVAL", (RepostLimit.CLOSE_FRIENDS,))


async def test_what_is_said_of_a_story_while_it_is_downloaded_holds(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan by hand goes on to the activity while what it has found is saved already."""
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.scan()
    answer = await studio.api.activity()
    answer["story_mentions"]["reels"][0].update(BESTIES)
    studio.sandbox.faults.add(Fault(path="news/inbox", kind=Status(200, answer)))
    verified = Fetcher._verified

    async def amid_a_scan(self: Fetcher, *file: Any, **kind: Any) -> Any:
        await studio.engine.scan(studio.account.id)
        return await verified(self, *file, **kind)

    monkeypatch.setattr(Fetcher, "_verified", amid_a_scan)
    await studio.advance()
    await studio.publish_due()
    repost = await studio.only()
    assert (repost.status, repost.limits) == ("WAITING_APPROVAL", (RepostLimit.CLOSE_FRIENDS,))


@pytest.mark.parametrize("name", _RESHARING)
@pytest.mark.parametrize(
    "value", [False, "false", " No ", 0, 0.0, "off", "disabled", "nobody", {}, [], {"value": True}]
)
def test_resharing_is_allowed_only_in_words_that_are_known(name: str, value: object) -> None:
    assert limits_of({name: value}) == limits_of({}, {name: value}) == {Limit.NO_RESHARE}


@pytest.mark.parametrize("value", [None, "", True, 1, "1", "TRUE", "yes"])
def test_what_is_allowed_or_not_said_limits_nothing(value: object) -> None:
    assert limits_of(dict.fromkeys(_RESHARING, value)) == frozenset()


async def test_a_private_author_is_told_and_stops_nothing(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("dora", private=True))
    await studio.run_all()
    repost = await studio.only()
    assert repost.limits == (RepostLimit.PRIVATE_AUTHOR,)
    assert limits.warning(repost) == "Its author's account is private"
    assert repost.reason == "It waits for your approval"


async def test_a_person_may_let_it_out_by_its_id_but_not_with_all_others(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    author = studio.friend("anna")
    show(studio, author, studio.mention(author), BESTIES, {})
    studio.mention(studio.friend("ben"))
    await studio.run_all()
    found = {repost.author_username: repost for repost in await studio.history()}
    ids = [repost.id for repost in found.values()]
    store, now = studio.core.store, studio.clock.now

    decided = await store.write(approval.decide_all, ids, approval.approve_ordinary, now())
    assert [repost.author_username for repost in decided.done] == ["ben"]
    ((refused, reason),) = decided.refused
    assert refused == found["anna"].id
    assert "close friends only" in reason
    assert "by its id" in reason

    await store.write(approval.approve, found["anna"].id, now())
    await studio.advance()
    await studio.publish_due()
    assert {r.status for r in await studio.history()} == {RepostStatus.PUBLISHED}


async def test_it_waits_too_when_it_was_found_out_after_it_was_queued(studio: Studio) -> None:
    await studio.configure(daily_repost_limit=1)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    (held,) = [r for r in await studio.history() if r.status is RepostStatus.QUEUED]

    def limit(db: Any) -> None:
        db.table("reposts").update(held.id, {"limits": '["CLOSE_FRIENDS"]'})

    await studio.core.store.write(limit)
    await studio.configure(daily_repost_limit=2)  # one that is held is looked at when it may go
    await studio.advance()
    waiting = {r.id: r.status for r in await studio.history()}
    assert waiting[held.id] is RepostStatus.WAITING_APPROVAL


@pytest.mark.parametrize("told_at_once", [True, False], ids=["in the feed", "read anew"])
async def test_the_own_post_for_close_friends_is_not_shared_with_everybody(
    studio: Studio, told_at_once: bool
) -> None:
    await studio.configure(
        auto_repost_enabled=True, auto_repost_since=studio.clock.now().replace(year=2020)
    )
    world = studio.sandbox.world
    post = world.add_post(studio.person, studio.photo())
    meant = post_json(post, world) | BESTIES
    where = f"feed/user/{studio.person.pk}/" if told_at_once else f"media/{post.pk}/info"
    own = Fault(path=where, kind=Status(200, {"items": [meant], "status": "ok"}), times=None)
    studio.sandbox.faults.add(own)
    if not told_at_once:  # its picture is refused at the first try
        studio.sandbox.faults.add(Fault(path=str(post.pk), path_end=".jpg", kind=Status(403)))
    await studio.advance()
    await studio.publish_due()
    repost = await studio.only()
    assert (repost.status, repost.limits) == ("WAITING_APPROVAL", (RepostLimit.CLOSE_FRIENDS,))


@pytest.mark.parametrize("value", [None, True, "", "x", 3, -1, [], {}, [1], float("nan")])
@pytest.mark.parametrize("field", ["audience", "can_reshare", "subscription_media_visibility"])
def test_no_value_is_too_odd_to_be_judged(field: str, value: object) -> None:
    found = limits_of({field: value}, {field: value, "user": value})
    assert {limit.value for limit in found} <= {limit.value for limit in RepostLimit}

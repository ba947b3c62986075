"""Accounts that repost each other: a repost names its author, and that is no new mention."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from sqlite_utils import Database

from instagram.mentioned import Box
from instagram.private.stickers import Shown
from instagram.private.stories import Story, parse_story
from repost import echo
from repost.configuring import enable
from repost.layout import CANVAS, Template, layout
from sandbox import Sandbox
from sandbox.world.person import Person
from storage import accounts, repost_configs, reposts
from storage.reposts import RepostLimit, RepostStatus
from tests.support.clock import TestClock
from tests.support.studio import PASSWORD, Studio, open_studio

ROUNDS = 4


async def connect_too(studio: Studio, username: str) -> tuple[str, Person]:
    """Connect another account to the same daemon and switch its reposts on."""
    core, person = studio.core, studio.friend(username)
    person.password = PASSWORD
    account = await core.store.write(
        accounts.add, user_id=core.owner.id, username=username, now=core.clock.now()
    )
    await core.logins.log_in(account.id, username, PASSWORD)

    def switch_on(db: Database) -> None:
        chosen = {"sleep_window_start": 0, "sleep_window_end": 0}
        repost_configs.save(
            db, user_id=core.owner.id, account_id=account.id, now=core.clock.now(), **chosen
        )
        enable(db, account.id, core.clock.now())

    await core.store.write(switch_on)
    return account.id, person


async def go_round(studio: Studio, *account_ids: str) -> None:
    for account_id in account_ids:
        await studio.engine.scan(account_id)
        await studio.engine.turn(account_id)
        await studio.publish_due()


async def test_accounts_of_one_daemon_repost_a_mention_once(studio: Studio) -> None:
    await studio.configure()
    second_id, second = await connect_too(studio, "second")
    third_id, third = await connect_too(studio, "third")
    world = studio.sandbox.world
    story = world.add_story(second, studio.photo(), mentions=[studio.person, third])
    for mentioned in (studio.person, third):
        world.mention(story, mentioned)
    for _ in range(ROUNDS):
        await go_round(studio, studio.account.id, second_id, third_id)
        studio.clock.advance(timedelta(minutes=30))
    # Both who were mentioned have reposted it; its author reposts neither.
    made = {
        name: len(world.published(world.person(name))) for name in ("studio", "second", "third")
    }
    assert made == {"studio": 1, "second": 0, "third": 1}
    skipped = [r for r in await studio.history() if r.account_id == second_id]
    assert {r.status for r in skipped} == {RepostStatus.SKIPPED}
    assert all("itself a repost" in (r.reason or "") for r in skipped)
    assert len(skipped) == 2


async def test_a_post_of_a_person_that_names_another_account_here_is_reposted(
    studio: Studio,
) -> None:
    await studio.configure()
    _, second = await connect_too(studio, "second")
    studio.mention(second)  # made by hand, although its author runs Reprise
    await studio.run_all()
    assert (await studio.only()).status is RepostStatus.PUBLISHED


@pytest.mark.parametrize("names", [("studio", "second"), ("studio", "third", "second")])
async def test_daemons_do_not_repost_each_other(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """The last one's story mentions all others; each runs Reprise on a machine of its own."""
    world = sandbox.world
    people = [world.add_person(name, password=PASSWORD) for name in names]
    for person, other in permutations(people, 2):
        world.follow(person, other)
    for turn in range(2 * len(people)):
        is_first = turn < len(people)
        name = people[turn % len(people)].username
        folder = tmp_path / name
        async with open_studio(sandbox, clock, folder, username=name, logged_in=is_first) as studio:
            if is_first:
                await studio.configure()
            if turn == 0:
                *mentioned, author = people
                story = world.add_story(author, studio.photo(), mentions=mentioned)
                for person in mentioned:
                    world.mention(story, person)
            await studio.run_all()
            heard = await studio.history()
        clock.advance(timedelta(minutes=30))
    assert [len(world.published(person)) for person in people] == [1] * len(mentioned) + [0]
    assert len(heard) == len(mentioned)
    for waiting in heard:
        assert (waiting.status, waiting.limits) == ("WAITING_APPROVAL", (RepostLimit.ECHO,))
        assert "repost of one of your own stories" in (waiting.reason or "")


async def test_a_repost_whose_answer_was_lost_is_not_taken_for_a_mention(studio: Studio) -> None:
    await studio.configure()
    second_id, second = await connect_too(studio, "second")
    studio.mention(second)
    await studio.run_all()
    post = await studio.post_of(await studio.only())

    def forget(db: Database) -> None:
        db.table("posts").update(post.id, {"ig_media_id": None, "ig_permalink": None})

    await studio.core.store.write(forget)
    await go_round(studio, second_id)
    (heard,) = [r for r in await studio.history() if r.account_id == second_id]
    assert heard.status is RepostStatus.WAITING_APPROVAL
    assert RepostLimit.ECHO in heard.limits


def story(*boxes: Box, reshared_from: str = "") -> Story:
    now = TestClock().now()
    return Story(
        pk="1", owner_pk="7", owner_username="anna", is_video=False, url=None, taken_at=now,
        expires_at=now, upload_id=None, mentioned_pks=frozenset(box.user_pk for box in boxes),
        stickers=Shown(), reshared_from_pk=reshared_from, mentions=boxes,
    )  # fmt: skip


@pytest.mark.parametrize("template", list(Template))
@pytest.mark.parametrize(
    ("width", "height"), [(1080, 1920), (1080, 1080), (640, 1136), (3000, 900)]
)
def test_every_card_is_known_by_where_it_names_its_author(
    template: Template, width: int, height: int
) -> None:
    label = layout(width, height, 431.7, template).label
    across, down = CANVAS
    box = Box(
        "42",
        (label.x + label.width / 2) / across,
        (label.y + label.height / 2) / down,
        label.width / across,
        label.height / down,
    )
    assert echo._is_label(box)
    assert not echo._is_label(Box("42", box.x + 0.01, box.y, box.width, box.height))
    assert not echo._is_label(Box("42", box.x, box.y, box.width, box.height * 1.02))


def test_a_mention_that_is_told_twice_is_one() -> None:
    across, down = CANVAS
    label = layout(1080, 1920, 431.7, Template.CLASSIC).label
    named = {
        "user": {"pk": "42"}, "x": (label.x + label.width / 2) / across,
        "y": (label.y + label.height / 2) / down, "width": label.width / across,
        "height": label.height / down,
    }  # fmt: skip
    data = {"ig_mention": {"account_id": "42"}}
    sticker = {**named, "bloks_sticker": {"bloks_sticker_type": "mention", "sticker_data": data}}
    for forms in (
        {"reel_mentions": [named, named]},
        {"story_bloks_stickers": [sticker]},
        {"reel_mentions": [named], "story_bloks_stickers": [sticker]},
    ):
        told = parse_story({"pk": "1", "user": {"pk": "7"}, **forms})
        assert told is not None
        assert echo.is_suspected(told, "42", has_named_author=False)


def test_what_people_make_is_no_echo() -> None:
    by_hand = Box("42", 0.5, 0.5, 0.4, 0.05)
    for suspicious in (True, False):
        for made in (story(), story(by_hand), story(by_hand, by_hand)):
            assert not echo.is_suspected(made, "42", has_named_author=suspicious)


def test_a_story_that_was_added_by_the_app_is_an_echo_of_its_author_only() -> None:
    assert echo.is_suspected(story(reshared_from="42"), "42", has_named_author=False)
    assert not echo.is_suspected(story(reshared_from="43"), "42", has_named_author=False)


async def test_whom_a_story_has_named_is_known(studio: Studio) -> None:
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    repost = await studio.only()
    assert await studio.core.store.read(echo.has_named, repost)
    stranger = reposts.Repost(**{
        **{name: getattr(repost, name) for name in repost.__slots__},
        "author_pk": "99", "author_username": "somebody",
    })  # fmt: skip
    assert not await studio.core.store.read(echo.has_named, stranger)

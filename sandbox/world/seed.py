"""The people of a sandbox that runs alone: an account to connect, and some who mention it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import trio

from sandbox.control.interface import make_sample_photo, make_sample_video
from sandbox.world.items import plain_text
from sandbox.world.world import World

USERNAME = "studio"
PASSWORD = "sandbox-password"  # noqa: S105 - opens nothing but the sandbox
_PEOPLE = {"anna": "Anna Berg", "bruno": "Bruno Costa", "chiara": "Chiara Rossi"}


async def seed(world: World, directory: Path) -> None:
    """Fill an empty world: the account, three people, a chat, two mentions, a post and a Reel."""
    studio = world.add_person(USERNAME, password=PASSWORD, full_name="Studio")
    for username, full_name in _PEOPLE.items():
        world.follow(studio, world.add_person(username, full_name=full_name))
    anna, bruno, chiara = (world.person(username) for username in _PEOPLE)
    made = directory / "made"
    made.mkdir(exist_ok=True)
    photo, video = made / "anna.jpg", made / "bruno.mp4"
    await trio.to_thread.run_sync(partial(make_sample_photo, photo, 1))
    await trio.to_thread.run_sync(partial(make_sample_video, video, 2))
    for owner, file in ((anna, photo), (bruno, video)):
        world.mention(world.add_story(owner, file), studio)
    world.add_post(chiara, photo, caption="The new menu")
    world.add_post(chiara, video, product="reel", caption="Come and see")
    greeting = plain_text(chiara, "Hi! When do you open tomorrow?", at=world.now() - 3600)
    world.add_thread(studio, chiara, items=[greeting])

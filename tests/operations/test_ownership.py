"""What belongs to somebody else does not exist: every operation, asked by a second user."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from sqlite_utils import Database

from operations import models
from operations.catalogue import OPERATIONS
from operations.house import House
from operations.operation import Actor, Operation
from operations.resources import Resource, named_fields
from storage import api_keys, users
from storage.errors import NotFound
from storage.posts import MediaType
from tests.support.houses import house_of
from tests.support.studio import Studio

LATER = "2099-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Estate:
    """One user's things, and a second user who has none of them."""

    house: House
    studio: Studio
    stranger: Actor
    ids: dict[Resource, str]

    async def rows(self) -> dict[str, list[Any]]:
        """Everything that is stored."""

        def read(db: Database) -> dict[str, list[Any]]:
            return {
                name: db.conn.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
                for name in db.table_names()
            }

        return await self.house.store.read(read)


@pytest.fixture
async def estate(studio: Studio) -> Estate:
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    house = await house_of(studio)
    core = studio.core
    owner = Actor(user_id=core.owner.id, via="test")
    scratch = house.library.scratch()
    shutil.copy(studio.photo(1080, 1080), scratch)
    media = await house.library.take_in(scratch, "photo.jpg", core.owner.id)
    draft = await house.perform(
        OPERATIONS["create_draft"],
        owner,
        models.PublishablePost(
            account_id=studio.account.id, media_type=MediaType.IMAGE, media_file_id=media.id
        ),
    )
    key, _ = await core.store.write(
        api_keys.create, user_id=core.owner.id, name="a", now=core.clock.now()
    )
    stranger = await core.store.write(users.add, core.clock.now())
    return Estate(
        house=house,
        studio=studio,
        stranger=Actor(user_id=stranger.id, via="test"),
        ids={
            Resource.ACCOUNT: studio.account.id,
            Resource.MEDIA: media.id,
            Resource.POST: draft.id,
            Resource.REPOST: (await studio.only()).id,
            Resource.API_KEY: key.id,
        },
    )


def concerned(operation: Operation) -> bool:
    return operation.on is not None or (
        operation.takes is not None and bool(named_fields(operation.takes))
    )


# What must be sent beside the ids, by the name of the field.
FILLING: dict[str, Any] = {
    "media_type": "IMAGE",
    "scheduled_for": LATER,
    "ig_username": "studio",
    "ig_password": "a password",
    "code": "123456",
    "poll_interval_hours": 12,
    "daily_repost_limit": 5,
    "all": True,
    "sessionid": "1" * 40,
}


def given_for(operation: Operation, ids: dict[Resource, str]) -> BaseModel | None:
    """The operation's input with the first user's ids in it, valid in all else."""
    if operation.takes is None:
        return None
    named: dict[str, Any] = {}
    for name, resource in named_fields(operation.takes):
        named[name] = [ids[resource]] if name.endswith("_ids") else ids[resource]
    filling = {k: v for k, v in FILLING.items() if k in operation.takes.model_fields}
    return operation.takes.model_validate({**filling, **named})


async def test_a_stranger_finds_nothing_and_changes_nothing(estate: Estate) -> None:
    before = await estate.rows()
    mark = estate.studio.sandbox.ledger.mark()
    reached = []
    for name, operation in OPERATIONS.items():
        if not concerned(operation):
            continue
        target = estate.ids[operation.on] if operation.on is not None else ""
        given = given_for(operation, estate.ids)
        try:
            await estate.house.perform(operation, estate.stranger, given, target)
        except NotFound:
            pass
        else:
            reached.append(name)
    assert reached == []
    assert await estate.rows() == before
    assert not estate.studio.sandbox.ledger.since(mark)


async def test_a_list_of_strangers_mentions_decides_nothing(estate: Estate) -> None:
    before = await estate.rows()
    given = models.Decision(ids=[estate.ids[Resource.REPOST]])
    for name in ("approve_several", "skip_several"):
        answer = await estate.house.perform(OPERATIONS[name], estate.stranger, given)
        assert answer.decided == []
        assert [each.id for each in answer.refused] == given.ids
    assert await estate.rows() == before


def test_every_operation_that_takes_an_id_is_asked() -> None:
    """A field that ends in `_id` names something of somebody's, or is one of Instagram's."""
    theirs = {"location_id", "ig_user_id", "sessionid"}
    for operation in OPERATIONS.values():
        if operation.takes is None:
            continue
        named = {name for name, _ in named_fields(operation.takes)}
        ids = {name for name in operation.takes.model_fields if name.endswith(("_id", "_ids"))}
        assert ids - theirs == named, operation.name

"""One user's things and a second user, and the input that names them for any operation."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlite_utils import Database

from operations import models, webhook_messages
from operations.actor import Actor
from operations.catalogue import OPERATIONS
from operations.house import House
from operations.media import UploadedFile
from operations.operation import Operation
from operations.resources import Resource, named_fields
from storage import api_keys, users, webhooks
from storage.posts import MediaType
from tests.support.houses import house_of
from tests.support.studio import Studio

LATER = "2099-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Estate:
    """One user's things, and a second user who has none of them."""

    house: House
    studio: Studio
    owner: Actor
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


async def build(studio: Studio) -> Estate:
    """Make a user's account, mention, file, draft and key, and a second user."""
    await studio.configure(approval_required=True)
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    house = await house_of(studio)
    core = studio.core
    owner = Actor(user_id=core.owner.id, via="test", holds_machine=True)
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
    hook = (
        await house.perform(
            OPERATIONS["create_webhook"],
            owner,
            models.WebhookRequest(url="http://localhost:1/", account_ids=[studio.account.id]),
        )
    ).webhook
    await house.perform(OPERATIONS["send_webhook_test"], owner, target=hook.id)
    changes = list(webhook_messages.wanted(""))
    await core.store.write(
        lambda db: webhooks.take_up(
            db,
            hook.id,
            changes,
            lambda db, event: webhook_messages.message_for(db, webhooks.get(db, hook.id), event),
            core.clock.now(),
        )
    )
    (message,) = await core.store.read(webhooks.deliveries, hook.id, limit=9)
    reached = await house.perform(
        OPERATIONS["create_recipient"],
        owner,
        models.NotifyRequest(url="json://localhost:1/", account_ids=[studio.account.id]),
    )
    stranger = await core.store.write(users.add, core.clock.now())
    return Estate(
        house=house,
        studio=studio,
        owner=owner,
        stranger=Actor(user_id=stranger.id, via="test", holds_machine=True),
        ids={
            Resource.ACCOUNT: studio.account.id,
            Resource.MEDIA: media.id,
            Resource.POST: draft.id,
            Resource.REPOST: (await studio.only()).id,
            Resource.API_KEY: key.id,
            Resource.WEBHOOK: hook.id,
            Resource.WEBHOOK_DELIVERY: message.id,
            Resource.RECIPIENT: reached.id,
        },
    )


def concerned(operation: Operation) -> bool:
    """Say whether an operation names anything of anybody's."""
    return operation.on is not None or (
        operation.takes is not None and bool(named_fields(operation.takes))
    )


# What must be sent beside the ids, by the name of the field.
FILLING: dict[str, Any] = {
    "name": "a-key",
    "username": "third",
    "since": "2001-01-01T00:00:00Z",
    "path": Path("nowhere"),
    "media_type": "IMAGE",
    "scheduled_for": LATER,
    "ig_username": "studio",
    "ig_password": "a password",
    "code": "123456",
    "ticket": "0",
    "state": "nobody-waits",
    "redirect_url": "https://localhost/reprise",
    "app": "1234",
    "app_secret": "a-secret-of-an-app",
    "poll_interval_hours": 12,
    "daily_repost_limit": 5,
    "all": True,
    "sessionid": "1" * 40,
    "url": "http://localhost:1/",
    "api_token": "cloudflare-token",
    "begins": "22:00",
    "ends": "08:00",
    "timezone": "UTC",
    "aspect": "1:1",
    "session": "0" * 16,
    "rule": "never",
    "template": "frame",
}


def given_for(operation: Operation, ids: dict[Resource, str]) -> BaseModel | None:
    """The operation's input with the first user's ids in it, valid in all else."""
    if operation.takes is None:
        return None
    named: dict[str, Any] = {}
    for name, resource in named_fields(operation.takes):
        named[name] = [ids[resource]] if name.endswith("_ids") else ids[resource]
    filling = {k: v for k, v in FILLING.items() if k in operation.takes.model_fields}
    if operation.takes is models.ScheduleBatch:
        filling["items"] = [{"post_id": ids[Resource.POST], "scheduled_for": LATER}]
    if operation.takes is models.CalendarQuery:
        filling |= {"from": "2098-12-01T00:00:00Z", "until": "2099-02-01T00:00:00Z"}
        del filling["since"]
    if operation.takes is models.EventQuery:
        filling["since"] = 0  # an event's number, no time
    if operation.takes is models.NotifyRequest:
        filling["url"] = "json://localhost:1/"
    return operation.takes.model_validate({**filling, **named})


def photo_of(estate: Estate) -> UploadedFile:
    """Return a photo as a face has received it."""
    scratch = estate.house.library.scratch()
    shutil.copy(estate.studio.photo(540, 540), scratch)
    return UploadedFile(path=scratch, name="photo.jpg")

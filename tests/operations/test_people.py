"""Several people on one machine: what each has is theirs, and goes with them alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from accounts.connecting import GraphAccess, connect
from ground.refusal import Refusal
from operations import models
from operations.actor import Actor
from operations.attempt import Attempt
from operations.catalogue import OPERATIONS
from operations.operation import Kind
from repost.retention import Retention
from storage import accounts, secrets, users
from storage.errors import AlreadyExists, NotFound
from storage.secrets import AccountSecret
from storage.store import open_store
from tests.operations.estate import Estate, photo_of


async def person(estate: Estate, name: str) -> Actor:
    given = models.PersonRequest(name=name)
    await estate.house.perform(OPERATIONS["add_person"], estate.owner, given)
    found = await estate.studio.core.store.read(users.named, name)
    return replace(estate.owner, user_id=found.id)


async def test_a_stranger_lists_nothing_of_the_first_ones(estate: Estate) -> None:
    anna = await person(estate, "anna")
    theirs = {*estate.ids.values(), estate.studio.account.username, estate.studio.core.owner.id}
    for name, operation in OPERATIONS.items():
        if operation.kind is not Kind.READ or operation.on is not None or name == "list_people":
            continue
        if names_an_account(operation):
            continue  # whose it is, `test_ownership` asks
        try:
            answer = await estate.house.perform(operation, anna, empty(operation))
        except Refusal as refused:
            told = refused.message
        else:
            told = answer.model_dump_json()
        assert not [each for each in theirs if each in told], name
    for name in ("approve_several", "skip_several"):
        all_of_it = models.Decision(all=True)
        decided = await estate.house.perform(OPERATIONS[name], anna, all_of_it)
        assert (decided.decided, decided.refused) == ([], [])
    with pytest.raises(Refusal, match="nothing to scan"):
        await estate.house.perform(OPERATIONS["scan"], anna, models.OptionalAccountRef())


def names_an_account(operation: Any) -> bool:
    fields = operation.takes.model_fields if operation.takes else {}
    return "account_id" in fields and fields["account_id"].is_required()


def empty(operation: Any) -> Any:
    if operation.takes is None:
        return None
    required = {"since": "2001-01-01T00:00:00Z"}
    fields = operation.takes.model_fields
    return operation.takes.model_validate({k: v for k, v in required.items() if k in fields})


async def test_an_instagram_account_belongs_to_one_person(estate: Estate) -> None:
    anna = await person(estate, "anna")
    core, mine = estate.studio.core, estate.studio.account
    for name in (mine.username, mine.username.upper()):
        given = models.ConnectRequest(username=name)
        with pytest.raises(AlreadyExists) as refused:
            await estate.house.perform(OPERATIONS["connect_account"], anna, given)
        assert core.owner.id not in str(refused.value)

    def steal(db: Database) -> None:
        access = GraphAccess(token="IGAAtheirs")
        now = core.clock.now()
        connect(
            db, core.vault, user_id=anna.user_id, username=mine.username,
            ig_user_id="", access=access, now=now,
        )  # fmt: skip

    with pytest.raises(AlreadyExists):
        await core.store.write(steal)
    token = AccountSecret.ACCESS_TOKEN
    assert await core.store.read(secrets.get, core.vault, mine.id, token) is None


async def test_who_leaves_takes_everything_of_theirs_along_and_nothing_else(
    estate: Estate,
) -> None:
    core, perform = estate.studio.core, estate.house.perform
    before = await estate.rows()
    anna = await person(estate, "anna")
    gave = await _an_estate_of_their_own(estate, anna)
    owner, _, added = (await perform(OPERATIONS["list_people"], estate.owner)).people
    assert (owner.name, owner.accounts) == (None, [estate.studio.account.username])
    assert (added.name, added.accounts, added.posts) == ("anna", ["annas"], 1)
    assert (added.media_files, added.api_keys) == (1, 1)
    gone = await perform(
        OPERATIONS["remove_person"], estate.owner, models.PersonRequest(name="ANNA")
    )
    assert gone == added

    own = {"loose_files", "sqlite_sequence"}  # what is to be deleted, and the next number

    def without_loose(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: found for name, found in rows.items() if name not in own}

    after = await estate.rows()
    assert without_loose(after) == without_loose(before)
    retention = Retention(core.store, estate.studio.folder, core.clock, 30)
    await retention.tidy()
    assert not (estate.studio.folder.root / gave).exists()
    with pytest.raises(NotFound):
        await core.store.read(users.named, "anna")


async def _an_estate_of_their_own(estate: Estate, anna: Actor) -> str:
    """One of each thing that a person may have; returns where their file lies."""
    perform, core = estate.house.perform, estate.studio.core
    account = await perform(
        OPERATIONS["connect_account"], anna, models.ConnectRequest(username="annas")
    )
    media = await perform(OPERATIONS["upload_media"], anna, photo_of(estate))
    draft = {"accountId": account.id, "mediaType": "IMAGE", "mediaFileId": media.id}
    await perform(
        OPERATIONS["create_draft"], anna, models.PublishablePost.model_validate(draft), "",
        Attempt("k"),
    )  # fmt: skip
    await perform(OPERATIONS["create_api_key"], anna, models.ApiKeyRequest(name="x"))
    await perform(OPERATIONS["create_login_code"], anna, models.LoginCodeRequest())
    assert await core.store.read(accounts.by_username, "annas") is not None
    return str(media.storage_path)


async def test_nobody_leaves_while_a_post_of_theirs_goes_out(estate: Estate) -> None:
    anna = await person(estate, "anna")
    core = estate.studio.core

    def claim(db: Database) -> None:
        account = accounts.add(db, user_id=anna.user_id, username="annas", now=core.clock.now())
        db.conn.execute(
            "INSERT INTO jobs (id, user_id, type, status, account_id, run_at, max_attempts,"
            " created_at, updated_at)"
            " VALUES ('j', ?, 'PUBLISH', 'PROCESSING', ?, 'x', 3, 'x', 'x')",
            (anna.user_id, account.id),
        )

    await core.store.write(claim)
    before = await estate.rows()
    given = models.PersonRequest(name="anna")
    with pytest.raises(Refusal, match="right now"):
        await estate.house.perform(OPERATIONS["remove_person"], estate.owner, given)
    assert await estate.rows() == before


async def test_names_are_one_persons_each(estate: Estate) -> None:
    await person(estate, "anna")
    with pytest.raises(AlreadyExists):
        await person(estate, "Anna")
    for bad in ("", "owner", "Owner", "a b", "-a", "x" * 33, "a/b", "ann\u00e0"):
        with pytest.raises(ValueError, match="validation error"):
            models.PersonRequest(name=bad)
    nobody = models.PersonRequest(name="nobody")
    with pytest.raises(NotFound):
        await estate.house.perform(OPERATIONS["remove_person"], estate.owner, nobody)


async def test_the_owner_stays_the_owner_whatever_the_clock_says(tmp_path: Path) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    async with open_store(tmp_path / "reprise.db") as store:
        owner = await store.write(users.ensure_owner, now)
        await store.write(users.add, now - timedelta(days=900), "anna")
        assert (await store.write(users.ensure_owner, now)).id == owner.id


def test_every_operation_about_people_is_for_the_machine() -> None:
    for name in ("add_person", "list_people", "remove_person"):
        assert OPERATIONS[name].machine_only

"""Every write under a key is done once: every operation, races, refusals, and other callers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from pydantic import BaseModel
from sqlite_utils import Database

from api.errors import CODES
from ground.changes import Subject
from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.attempt import Attempt
from operations.catalogue import OPERATIONS
from operations.media import UploadedFile
from operations.once import FOR_NOW
from operations.operation import Kind, Operation
from operations.refusing import refusal_of
from operations.resources import Resource
from storage import idempotency, jobs, pruning
from storage.posts import MediaType
from storage.vault import Vault
from tests.operations.estate import Estate, given_for, photo_of
from tests.storage.test_upgrade import key as vault_key
from tests.support.studio import PASSWORD

# What takes something away that the others need comes last.
LAST = (
    "clear_post",
    "delete_media",
    "remove_from_library",
    "forget_credentials",
    "disconnect_account",
)


def input_of(estate: Estate, operation: Operation) -> BaseModel | None:
    if operation.takes is UploadedFile:
        return photo_of(estate)
    given = given_for(operation, estate.ids)
    if isinstance(given, models.LoginRequest):
        return _with(given, igPassword=PASSWORD)
    if isinstance(given, models.PostContent):
        said = given.model_dump(mode="json", by_alias=True, exclude_unset=True)
        del said["mediaFileIds"]  # it is no carousel
        return type(given).model_validate(said)
    return given


async def told(
    estate: Estate, operation: Operation, attempt: Attempt, actor: Any = None, **other: Any
) -> Any:
    """What came of it: the answer as JSON, or the code of a refusal."""
    target = estate.ids[operation.on] if operation.on is not None else ""
    given = other.get("given") or input_of(estate, operation)
    try:
        answer = await estate.house.perform(
            operation, actor or estate.owner, given, target, attempt
        )
    except Exception as error:
        refused = refusal_of(error)
        if refused is None:
            raise
        return refused.code
    return answer.model_dump(mode="json")


async def test_every_write_and_act_is_done_once_under_a_key(estate: Estate) -> None:
    order = sorted(OPERATIONS.values(), key=lambda each: each.name in LAST)
    answered = set()
    for operation in order:
        if operation.kind is Kind.READ:
            continue
        key = f"once {operation.name}".replace(" ", "-")
        first = await told(estate, operation, Attempt(key))
        before, mark = await estate.rows(), estate.studio.sandbox.ledger.mark()
        again = Attempt(key)
        second = await told(estate, operation, again)
        if isinstance(first, str) and first in FOR_NOW:
            assert not again.replayed, operation.name
            continue
        answered.add(operation.name)
        assert second == first, operation.name
        assert again.replayed, operation.name
        assert await estate.rows() == before, operation.name
        assert not estate.studio.sandbox.ledger.since(mark), operation.name
        if operation.name == "copy_database":
            Path(first["path"]).unlink()  # as whoever asked takes it away
    assert list(estate.studio.folder.incoming.iterdir()) == []
    assert answered >= {
        "create_draft", "publish_post", "upload_media", "create_schedule", "scan", "skip",
        "create_api_key", "save_credentials", "set_client_options", "delete_from_instagram",
        "preview_card", *LAST,
    }  # fmt: skip


async def test_a_hundred_at_once_are_one_effect(estate: Estate) -> None:
    for name, rows in (("publish_post", "posts"), ("upload_media", "media_files")):
        before = len((await estate.rows())[rows])
        answers: list[Any] = []
        tries = [Attempt(f"race-{name}") for _ in range(30)]

        async def one(operation: Operation, attempt: Attempt, answers: list[Any]) -> None:
            while True:
                found = await told(estate, operation, attempt)
                if found != ErrorCode.IDEMPOTENCY_IN_FLIGHT:
                    answers.append(found)
                    return
                await trio.sleep(0.01)

        async with trio.open_nursery() as nursery:
            for attempt in tries:
                nursery.start_soon(one, OPERATIONS[name], attempt, answers)
        assert len((await estate.rows())[rows]) == before + 1
        assert all(answer == answers[0] for answer in answers)
        assert sum(attempt.replayed for attempt in tries) == len(tries) - 1


async def test_a_key_is_of_one_request_and_one_caller(estate: Estate) -> None:
    create = OPERATIONS["create_draft"]
    given = input_of(estate, create)
    assert given is not None
    first = await told(estate, create, Attempt("k"))
    for wrong in (
        await told(estate, create, Attempt("k"), given=_with(given, caption="else")),
        await told(estate, OPERATIONS["publish_post"], Attempt("k"), given=given),
        await told(estate, OPERATIONS["revoke_api_key"], Attempt("k")),
        await told(estate, OPERATIONS["upload_media"], Attempt("k")),
    ):
        assert wrong == ErrorCode.IDEMPOTENCY_MISMATCH
    assert list(estate.studio.folder.incoming.iterdir()) == []
    for caller in (
        replace(estate.owner, key_id="one"),
        replace(estate.owner, key_id="two"),
        replace(estate.owner, session_id="one"),
    ):
        attempt = Attempt("k")
        assert (await told(estate, create, attempt, caller))["id"] != first["id"]
        assert not attempt.replayed


def _with(given: BaseModel, **more: Any) -> BaseModel:
    said = given.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return type(given).model_validate({**said, **more})


async def test_the_order_of_fields_and_what_is_ignored_make_no_other_request(
    estate: Estate,
) -> None:
    create = OPERATIONS["create_draft"]
    media, account = estate.ids[Resource.MEDIA], estate.ids[Resource.ACCOUNT]
    one = {"accountId": account, "mediaType": "IMAGE", "mediaFileId": media}
    same = {"extra": 1, **dict(reversed(one.items())), "accountId": account.upper()}
    first = await told(
        estate, create, Attempt("k"), given=models.PublishablePost.model_validate(one)
    )
    again = Attempt("k")
    second = await told(estate, create, again, given=models.PublishablePost.model_validate(same))
    assert (second["id"], again.replayed) == (first["id"], True)


async def test_a_refusal_is_kept_and_what_it_had_begun_is_not(estate: Estate) -> None:
    release = OPERATIONS["cancel_schedule"]
    before = await estate.rows()
    told_first = await told(estate, release, Attempt("k"))
    assert told_first == ErrorCode.NOT_FOUND
    schedule = await told(estate, OPERATIONS["reschedule_post"], Attempt())
    assert schedule["status"] == "SCHEDULED"
    again = Attempt("k")
    assert await told(estate, release, again) == ErrorCode.NOT_FOUND
    assert again.replayed
    assert (await told(estate, release, Attempt("k2")))["success"]
    assert before["events"] != (await estate.rows())["events"]


async def test_what_a_refused_write_had_begun_is_undone_and_told_to_nobody(
    estate: Estate,
) -> None:
    heard: list[Any] = []
    core = estate.studio.core
    add = OPERATIONS["create_draft"]

    def half(db: Database, ask: Any) -> Any:
        add.run(db, ask)
        raise Refusal(ErrorCode.INVALID_STATUS, "too late")

    core.store.changes.subscribe(heard.append, *Subject)
    before = await estate.rows()
    broken = replace(add, run=_named(half, add))
    assert await told(estate, broken, Attempt("k")) == ErrorCode.INVALID_STATUS
    after = await estate.rows()
    assert len(after.pop("idempotency_keys")) == 1
    before.pop("idempotency_keys")
    assert (after, heard) == (before, [])


async def test_an_act_that_was_cut_off_is_done_again(estate: Estate) -> None:
    upload = OPERATIONS["upload_media"]
    begun = trio.Event()

    async def hang(_ask: Any) -> Any:
        begun.set()
        await trio.sleep_forever()

    hanging = replace(upload, run=_named(hang, upload))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(told, estate, hanging, Attempt("k"))
        await begun.wait()
        assert await told(estate, upload, Attempt("k")) == ErrorCode.IDEMPOTENCY_IN_FLIGHT
        other = photo_of(estate).model_copy(update={"name": "other.jpg"})
        found = await told(estate, upload, Attempt("k"), given=other)
        assert found == ErrorCode.IDEMPOTENCY_MISMATCH
        nursery.cancel_scope.cancel()
    attempt = Attempt("k")
    assert (await told(estate, upload, attempt))["is_valid"]
    assert not attempt.replayed


def _named(function: Any, operation: Operation) -> Any:
    function.__name__ = operation.name
    return function


async def test_what_is_kept_is_sealed_goes_after_a_week_and_moves_to_a_new_key(
    estate: Estate,
) -> None:
    core, create = estate.studio.core, OPERATIONS["create_api_key"]
    made = await told(estate, create, Attempt("k"))

    def everything(db: Database) -> str:
        return "\n".join(db.iterdump())

    assert made["full_key"][12:] not in await core.store.read(everything)
    (rule,) = [each for each in pruning.RULES if each.table == "idempotency_keys"]
    almost = core.clock.now() + timedelta(days=7) - timedelta(seconds=1)
    assert await core.store.write(pruning.prune, rule, almost) == 0
    caller = estate.owner.caller
    fresh = Vault(vault_key())
    await core.store.write(idempotency.seal_anew, core.vault, fresh)
    kept = await core.store.read(idempotency.find, fresh, caller, "k")
    assert kept is not None
    assert made["full_key"] in kept
    # What cannot be read any more is refused, and not done a second time.
    assert await told(estate, create, Attempt("k")) == ErrorCode.IDEMPOTENCY_MISMATCH
    assert await core.store.write(pruning.prune, rule, almost + timedelta(seconds=2)) == 1
    assert (await told(estate, create, Attempt("k")))["key"]["id"] != made["key"]["id"]


def test_only_what_may_be_otherwise_a_moment_later_is_not_kept() -> None:
    passing = {code for code, entry in CODES.items() if entry.status in (401, 403, 429)}
    passing |= {code for code, entry in CODES.items() if entry.status >= 500}
    more = {"VALIDATION_ERROR", "INVALID_CODE", "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_IN_FLIGHT"}
    assert passing | more == FOR_NOW


@pytest.mark.parametrize("bad", ["", "x" * 256, "a b", "a\n", "ключ", "\x7f"])
def test_odd_keys_are_refused(bad: str) -> None:
    with pytest.raises(Refusal):
        Attempt(bad)
    Attempt("x" * 255)


async def test_the_same_again_without_a_key_is_warned_of(estate: Estate) -> None:
    publish = OPERATIONS["publish_post"]
    clock = estate.studio.clock

    async def once(attempt: Attempt, **more: Any) -> Any:
        given = models.PublishablePost(
            account_id=estate.studio.account.id,
            media_type=MediaType.IMAGE,
            media_file_id=estate.ids[Resource.MEDIA],
            **more,
        )
        return await estate.house.perform(publish, estate.owner, given, "", attempt)

    first, second, keyed, other, later = (Attempt(), Attempt(), Attempt("k"), Attempt(), Attempt())
    made = await once(first)
    assert first.warning is None
    answer = await once(second)
    assert second.warning is not None
    assert made.post_id in second.warning
    assert second.warning in answer.warnings
    await once(keyed)
    await once(other, caption="another")
    clock.advance(timedelta(minutes=10, seconds=1))
    await once(later)
    assert [each.warning for each in (keyed, other, later)] == [None, None, None]
    counts = await estate.studio.core.store.read(
        jobs.counts, estate.studio.core.owner.id, clock.now()
    )
    assert counts["waiting"] == 5

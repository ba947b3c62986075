"""What a key or session is limited to holds for every operation, whatever face asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlite_utils import Database

from ground.refusal import Refusal
from operations import models
from operations.catalogue import OPERATIONS
from operations.operation import Kind, Operation
from operations.resources import Resource
from operations.scopes import PRESETS, InsufficientScope, Scope, UnknownScope, scopes_of, text_of
from storage import accounts, jobs, media_files, posts, repost_configs, repost_history
from storage.errors import NotFound
from storage.media_files import MediaFile, Origin
from storage.posts import MediaType, Post, PostStatus, SourceType
from tests.operations.estate import LATER, Estate, concerned, given_for


async def asked(estate: Estate, operation: Operation, actor: Any) -> Any:
    target = estate.ids[operation.on] if operation.on is not None else ""
    return await estate.house.perform(operation, actor, given_for(operation, estate.ids), target)


async def test_every_operation_wants_its_scope_and_no_other_one_will_do(estate: Estate) -> None:
    before = await estate.rows()
    mark = estate.studio.sandbox.ledger.mark()
    for name, operation in OPERATIONS.items():
        for scopes in (frozenset(set(Scope) - {operation.scope}), frozenset[Scope]()):
            with pytest.raises(InsufficientScope) as refused:
                await asked_or_nothing(estate, operation, replace(estate.owner, scopes=scopes))
            assert refused.value.scope is operation.scope, name
    assert await estate.rows() == before
    assert not estate.studio.sandbox.ledger.since(mark)


async def asked_or_nothing(estate: Estate, operation: Operation, actor: Any) -> Any:
    return await estate.house.perform(operation, actor, given_for(operation, estate.ids), "x")


async def test_with_its_scope_alone_each_reading_operation_answers(estate: Estate) -> None:
    for operation in OPERATIONS.values():
        if operation.kind is not Kind.READ:
            continue
        actor = replace(estate.owner, scopes=frozenset({operation.scope}))
        try:
            await asked(estate, operation, actor)
        except InsufficientScope as refused:
            pytest.fail(f"{operation.name}: {refused}")
        except (Refusal, NotFound):
            pass  # for a reason of its own


async def test_what_is_for_the_machine_is_for_no_key(estate: Estate) -> None:
    outside = replace(estate.owner, holds_machine=False)
    local = [each for each in OPERATIONS.values() if each.machine_only]
    assert {"create_login_code", "export_session"} <= {each.name for each in local}
    for operation in local:
        with pytest.raises(InsufficientScope):
            await asked_or_nothing(estate, operation, outside)


async def _second_account(estate: Estate) -> str:
    """Another account of the same user's, with a post of each kind of its own."""
    core, clock = estate.studio.core, estate.studio.clock

    def write(db: Database) -> str:
        other = accounts.add(db, user_id=core.owner.id, username="other", now=clock.now())
        repost_configs.save(db, user_id=core.owner.id, account_id=other.id, now=clock.now())
        for status in (PostStatus.DRAFT, PostStatus.SCHEDULED, PostStatus.PUBLISHED):
            post = Post(
                id=f"00000000-0000-4000-8000-{status.value.lower():0>12}",
                user_id=core.owner.id,
                account_id=other.id,
                instagram_account_id=other.id,
                media_type=MediaType.IMAGE,
                source_type=SourceType.MANUAL,
                is_scheduled=status is PostStatus.SCHEDULED,
                scheduled_for=clock.now(),
                status=status,
                completed_at=clock.now() if status is PostStatus.PUBLISHED else None,
                created_at=clock.now(),
                updated_at=clock.now(),
            )
            posts.add(db, post, [_theirs(db, estate, status)])
        jobs.add_publish(
            db,
            user_id=core.owner.id,
            account_id=other.id,
            post_id="00000000-0000-4000-8000-000scheduled",
            run_at=clock.now(),
            now=clock.now(),
        )
        return other.id

    return await core.store.write(write)


def _theirs(db: Database, estate: Estate, status: PostStatus) -> str:
    shown = media_files.get(db, estate.ids[Resource.MEDIA])
    names = MediaFile.__slots__
    known = {name: getattr(shown, name) for name in names}
    copied = MediaFile(**{**known, "id": f"their {status}", "origin": Origin.UPLOAD})
    media_files.add(db, copied)
    return copied.id


async def test_who_is_limited_to_some_accounts_finds_nothing_of_the_others(estate: Estate) -> None:
    other = await _second_account(estate)
    within = replace(estate.owner, accounts=frozenset({other}))
    mark = estate.studio.sandbox.ledger.mark()
    reached = []
    for name, operation in OPERATIONS.items():
        if not concerned(operation) or operation.on is Resource.API_KEY:
            continue
        if operation.name == "preview_card":
            continue  # its file is shown by nobody else yet
        try:
            await asked(estate, operation, within)
        except NotFound:
            pass
        else:
            reached.append(name)
    # A file that is in no account's post is the user's, and so are keys.
    assert set(reached) <= {"get_media", "delete_media"}
    assert not estate.studio.sandbox.ledger.since(mark)


async def test_lists_are_of_those_accounts_alone(estate: Estate) -> None:
    other = await _second_account(estate)
    mine = estate.studio.account.id
    perform, within = estate.house.perform, replace(estate.owner, accounts=frozenset({mine}))
    whole = await _everything_listed(estate, estate.owner)
    part = await _everything_listed(estate, within)
    for name, found in whole.items():
        assert other in found or "their " in found, name
        assert other not in part[name], name
        assert "their " not in part[name], name
    queue = await perform(OPERATIONS["get_queue_status"], within)
    assert queue.counts.total == 0
    assert (await perform(OPERATIONS["get_queue_status"], estate.owner)).counts.total == 1
    media = await perform(OPERATIONS["list_media"], within, models.MediaQuery())
    assert (media.total, len(media.files)) == (1, 1)
    with pytest.raises(NotFound):
        await perform(OPERATIONS["delete_media"], within, target="their DRAFT")


async def _everything_listed(estate: Estate, actor: Any) -> dict[str, str]:
    queries = {
        "get_me": None,
        "list_posts": models.PostQuery(),
        "get_counts": None,
        "list_recent_completions": models.SinceQuery.model_validate(
            {"since": "2001-01-01T00:00:00Z"}
        ),
        "list_schedule": models.ScheduleQuery(),
        "list_media": models.MediaQuery(),
        "pause_reposts": models.PauseRequest(),
        "resume_reposts": models.OptionalAccountRef(),
    }
    return {
        name: str(await estate.house.perform(OPERATIONS[name], actor, query))
        for name, query in queries.items()
    }


async def test_decisions_about_all_are_about_those_accounts_alone(estate: Estate) -> None:
    other = await _second_account(estate)
    within = replace(estate.owner, accounts=frozenset({other}))
    perform = estate.house.perform
    pending = await perform(OPERATIONS["get_pending"], within, models.PendingQuery())
    history = await perform(OPERATIONS["get_history"], within, models.RepostQuery())
    assert (pending.reposts, history.reposts) == ([], [])
    for given in (models.Decision(all=True), models.Decision(ids=[estate.ids[Resource.REPOST]])):
        done = await perform(OPERATIONS["skip_several"], within, given)
        assert done.decided == []
    (still,) = await estate.studio.core.store.read(repost_history.page, estate.studio.core.owner.id)
    assert still.status == "WAITING_APPROVAL"
    third = models.ConnectRequest(username="third")
    with pytest.raises(InsufficientScope):
        await perform(OPERATIONS["connect_account"], within, third)


async def test_nobody_grants_what_they_have_not(estate: Estate) -> None:
    core, mine = estate.studio.core, estate.studio.account.id
    may = frozenset({Scope.KEYS_WRITE, Scope.POSTS_READ})
    limited = replace(estate.owner, scopes=may, accounts=frozenset({mine}))
    perform, create = estate.house.perform, OPERATIONS["create_api_key"]

    async def made(**wanted: Any) -> models.NewApiKey:
        given = models.ApiKeyRequest.model_validate({"name": "x", **wanted})
        answer: models.NewApiKey = await perform(create, limited, given)
        return answer

    other = await _second_account(estate)
    for wanted in (
        {},
        {"scopes": "posts:read"},
        {"accountIds": [mine]},
        {"scopes": "", "accountIds": [mine]},
        {"scopes": "posts:read,posts:publish", "accountIds": [mine]},
    ):
        with pytest.raises(InsufficientScope):
            await made(**wanted)
    with pytest.raises(NotFound):  # beyond its accounts there is nothing
        await made(scopes="posts:read", accountIds=[mine, other])
    given = models.LoginCodeRequest(scopes="reposts:decide", account_ids=[mine])
    with pytest.raises(InsufficientScope):
        await perform(OPERATIONS["create_login_code"], limited, given)
    key = (await made(scopes="posts:read", accountIds=[mine], expiresAt=LATER)).key
    assert (key.scopes, key.account_ids) == ("posts:read", [mine])
    past = core.clock.now().isoformat()
    with pytest.raises(Refusal, match="past"):
        await made(scopes="posts:read", accountIds=[mine], expiresAt=past)


def test_scopes_read_as_they_are_written() -> None:
    assert scopes_of("") is scopes_of(" ") is None
    assert text_of(scopes_of(" posts:write , posts:read,posts:read")) == "posts:read,posts:write"
    for bad in ("posts", "posts:read,", ",", "POSTS:READ", "posts:read posts:write", "*", "admin"):
        with pytest.raises(UnknownScope, match="there are accounts:read, "):
            scopes_of(bad)
    for preset in PRESETS.values():
        assert scopes_of(text_of(preset)) == preset

"""Taking in what a plan holds: media first, then all rows in one transaction, or nothing at all.

What is there already is left as it is, so the same document can be imported again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import trio

from moving.media import Brought, add_rows, bring, check_there, foresee, undo
from moving.plan import Imported, NotImported, Plan
from moving.posts import is_begun, local_id, take_post
from publish import parking as post_parking
from publish.library import MediaLibrary
from publish.parking import Came
from repost import parking as mention_parking
from repost import stopping
from storage import (
    accounts,
    along,
    credentials,
    facts,
    jobs,
    media_files,
    posts,
    records,
    repost_configs,
    reposts,
    troubles,
    users,
)
from storage.accounts import Account
from storage.document import left_behind, put_secrets
from storage.errors import Unfit
from storage.posts import Post, PostStatus
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.secrets import AccountSecret
from storage.store import Database, Store
from storage.troubles import Trouble, TroubleKind
from storage.vault import Vault

_UNFIT = "its rows do not fit to each other, or to what is here"
OPEN = (
    RepostStatus.DETECTED,
    RepostStatus.DOWNLOADED,
    RepostStatus.WAITING_APPROVAL,
    RepostStatus.QUEUED,
)


async def take_in(
    plan: Plan,
    store: Store,
    vault: Vault,
    library: MediaLibrary,
    *,
    media: Path | None,
    now: datetime,
) -> Imported:
    """Store what is new of a plan; `media` is the folder with its files, or None to do without.

    Raises `NotImported` when a file is missing or unusable; then nothing was stored.
    """
    done, brought = Imported(unknown=plan.unknown), Brought()
    try:
        if media is not None:
            await bring(plan, store, library, media, brought)
        async with library.folder.changing:
            await trio.to_thread.run_sync(check_there, brought, library.folder)
            await store.write(store_rows, plan, brought, vault, now, done)
    except BaseException as error:
        with trio.CancelScope(shield=True):
            await undo(brought, store, library.folder)
        if isinstance(error, Unfit):
            raise NotImported([_UNFIT]) from error
        raise
    done.media = [row.id for row in brought.rows]
    return done


class _Foreseen(Exception):
    """Ends a transaction that was only to show what it would do."""


async def look_ahead(
    plan: Plan,
    store: Store,
    vault: Vault,
    library: MediaLibrary,
    *,
    media: Path | None,
    now: datetime,
) -> Imported:
    """Return what `take_in` would do, and store nothing; raises `NotImported` as it does.

    That a file of the media is one that Instagram takes is seen only when it comes.
    """
    done, brought = Imported(unknown=plan.unknown), Brought()
    if media is not None:
        await foresee(plan, store, media, brought)

    def tried(db: Database) -> None:
        store_rows(db, plan, brought, vault, now, done)
        raise _Foreseen

    try:
        await store.write(tried)
    except _Foreseen:
        return done
    except Unfit as error:
        raise NotImported([_UNFIT]) from error
    raise AssertionError("the transaction was not undone")


def store_rows(
    db: Database, plan: Plan, brought: Brought, vault: Vault, now: datetime, done: Imported
) -> None:
    """Store all rows of a plan that are new; raises `Unfit` or `NotImported`: then undo it."""
    with records.fitting():
        _take_rows(db, plan, brought, vault, now, done)


def _take_rows(
    db: Database, plan: Plan, brought: Brought, vault: Vault, now: datetime, done: Imported
) -> None:
    add_rows(db, brought)
    done.known["mediaFiles"] += brought.known
    done.new["mediaFiles"] += len(brought.rows)
    done.new, done.known = +done.new, +done.known
    ids = {
        row.id: _take_account(db, row, plan, vault, done) for row in plan.rows.get("accounts", ())
    }
    for config in plan.rows.get("storyRepostConfigs", ()):
        _take_config(db, config, plan, ids, now, done)
    _take_along(db, plan, ids)
    begun = [
        post
        for post in plan.rows.get("posts", ())
        if take_post(db, post, plan, ids, now, done) and is_begun(post, now)
    ]
    stories = [
        taken
        for repost in plan.rows.get("reposts", ())
        if (taken := _take_repost(db, repost, plan, ids, brought, done)) is not None
    ]
    for event in plan.rows.get("events", ()):
        if event.subject_id in done.subjects:
            here = ids.get(event.account_id or "", event.account_id)  # or of one that went
            records.insert(db, replace(event, account_id=here))
    _park(db, begun, stories, plan, now, done)
    if done.new and plan.stopped_at is not None and not users.is_stopped(db, plan.user_id):
        stopping.stop(db, plan.user_id, now, since=plan.stopped_at)
        done.notes["stop of everything came along: nothing goes out here until you `go-on`"] += 1
    if done.new:
        # What went out elsewhere is not known here: mentions until now need a look.
        facts.note_coming_in(db, now)


def _park(
    db: Database,
    begun: list[Post],
    stories: list[Repost],
    plan: Plan,
    now: datetime,
    done: Imported,
) -> None:
    """Let nothing of what came go out by itself, as after a restore."""
    came = Came(plan.written_at or now, now, "imported from an export")
    for one in begun:
        post = posts.get(db, one.id)
        if post.status is PostStatus.FAILED:
            continue  # it has no account here
        assert post.account_id is not None
        job = jobs.add_publish(
            db,
            user_id=post.user_id,
            account_id=post.account_id,
            post_id=post.id,
            run_at=post.scheduled_for or now,
            now=now,
        )
        post_parking.park_one(db, job, came)
        done.notes["posts that were due or on their way are parked as failed"] += 1
    for story in stories:
        if story.status in OPEN and story.post_id is None:
            mention_parking.park_one(db, story, now)
            done.notes["mentions wait for your approval, or for their story"] += 1


def _take_account(db: Database, row: Account, plan: Plan, vault: Vault, done: Imported) -> str:
    """Return the id that the account has here."""
    there = _same_account(db, row, plan)
    if there is not None:
        done.known["accounts"] += 1
        return there.id
    # Whose a token is that came along, Meta tells before anything goes out with it.
    has_token = bool(plan.secrets.get(row.id, {}).get(AccountSecret.ACCESS_TOKEN.value))
    accounts.take_over(db, replace(row, token_unproven=has_token or row.token_unproven))
    put_secrets(db, vault, row.id, plan.secrets.get(row.id, {}))
    if note := left_behind(row.username, plan.left_out.get(row.id, ())):
        done.protection.append(note)
    done.new["accounts"] += 1
    done.accounts.append(row.id)
    return row.id


def _same_account(db: Database, row: Account, plan: Plan) -> Account | None:
    """Return the account that a row is here; raises `NotImported` where it would be two or none.

    One Instagram account is one account here, whatever it is called.
    """
    numbers = plan.numbers_of(row)
    for other in accounts.every(db):
        login = credentials.find(db, other.id)
        known = {other.ig_user_id, login.private_pk if login else ""} - {""}
        is_it = other.username.lower() == row.username.lower()
        if other.user_id != row.user_id and (is_it or other.id == row.id or known & numbers):
            raise NotImported([f"@{row.username} is connected here already, by somebody else"])
        if is_it:
            mine, its = plan.secrets.get(row.id, {}).get("login"), login
            if mine is not None and its is not None and mine.private_pk != its.private_pk:
                raise NotImported([f"@{row.username} is another Instagram account here"])
            return other
        if other.id == row.id or known & numbers:
            raise NotImported(
                [f"@{row.username} is connected here already, as @{other.username}: rename one"]
            )
    return None


def _take_along(db: Database, plan: Plan, ids: Mapping[str, str]) -> None:
    """Store pauses, lists, slots and spacing of the accounts that are here now."""
    for name, rows in plan.along.items():
        taken = [
            {**row, "account_id": account_id}
            for row in rows
            if (account_id := local_id(db, str(row["account_id"]), ids, plan.user_id)) is not None
        ]
        try:
            along.take_over(db, name, taken)
        except ValueError as error:
            raise NotImported([str(error)]) from None


def _take_config(
    db: Database,
    config: RepostConfig,
    plan: Plan,
    ids: Mapping[str, str],
    now: datetime,
    done: Imported,
) -> None:
    account_id = local_id(db, config.account_id, ids, plan.user_id)
    if account_id is None:
        done.notes["story repost settings were left out: their account is missing"] += 1
        return
    # Off until a person knows that the other tool is.
    taken = replace(config, account_id=account_id, is_enabled=False, seen_until=None)
    if not repost_configs.take_over(db, taken):
        done.known["storyRepostConfigs"] += 1
        return
    until = plan.paused_until.get(config.account_id)
    if until is not None and until > now:
        reason = "A challenge by Instagram, from where this account was before"
        troubles.add(
            db,
            Trouble(
                account_id=account_id,
                kind=TroubleKind.CHALLENGE,
                reason=reason,
                at=now,
                until=until,
            ),
        )
    done.new["storyRepostConfigs"] += 1
    done.configs.append(account_id)
    if config.is_enabled:
        done.notes["story repost settings came switched off: `enable` when you are ready"] += 1


def _take_repost(
    db: Database,
    repost: Repost,
    plan: Plan,
    ids: Mapping[str, str],
    brought: Brought,
    done: Imported,
) -> Repost | None:
    """Store a mention that is new here; returns it as it is stored."""
    account_id = local_id(db, repost.account_id, ids, plan.user_id)
    if account_id is None:
        done.notes["mentions were left out: their account is missing"] += 1
        return None
    card = repost.card_media_id
    taken = replace(
        repost,
        account_id=account_id,
        media_path=_there(repost.media_path, db, brought),
        preview_path=_there(repost.preview_path, db, brought),
        card_media_id=card if card and media_files.find(db, card) is not None else None,
    )
    if taken.status in OPEN and repost.media_path and not taken.media_path and not repost.post_id:
        # Its story did not come along: it is downloaded again while it lives.
        taken = replace(taken, status=RepostStatus.DETECTED, attempts=0, held_until=None)
    add = reposts.take_over if repost.id in plan.told_of else reposts.add_new
    if reposts.is_known(db, taken) or not add(db, taken):
        done.known["reposts"] += 1
        return None
    done.subjects.add(taken.id)
    done.new["reposts"] += 1
    return taken


def _there(path: str | None, db: Database, brought: Brought) -> str | None:
    return path if path and (path in brought.paths or media_files.is_used(db, path)) else None

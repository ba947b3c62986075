"""Taking in what a plan holds: media first, then all rows in one transaction, or nothing at all.

What is there already is left as it is, so the same document can be imported again.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import trio

from daemon.import_plan import NotImported, Plan, outcome
from daemon.moving import put_secrets
from media.errors import MediaError
from publish.library import MediaLibrary
from storage import (
    accounts,
    along,
    facts,
    jobs,
    media_files,
    posts,
    repost_configs,
    reposts,
    troubles,
)
from storage.accounts import Account
from storage.media_files import MediaFile
from storage.posts import Post, PostStatus
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostStatus
from storage.store import Database, Store
from storage.troubles import Trouble, TroubleKind
from storage.vault import Vault

_ENDED = (
    RepostStatus.PUBLISHED,
    RepostStatus.SKIPPED,
    RepostStatus.EXPIRED,
    RepostStatus.FAILED,
)


@dataclass(slots=True)
class Imported:
    """How many rows of each kind came in, and what a person should know about them."""

    new: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


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
    done = Imported(unknown=plan.unknown)
    taken: list[str] = []
    try:
        if media is not None:
            await _take_media(plan, store, library, media, taken, done)
        await store.write(_store_rows, plan, vault, now, done)
    except BaseException:
        with trio.CancelScope(shield=True):
            for media_id in taken:
                await library.remove(media_id)
        raise
    return done


async def _take_media(
    plan: Plan, store: Store, library: MediaLibrary, folder: Path, taken: list[str], done: Imported
) -> None:
    rows: list[MediaFile] = plan.rows.get("mediaFiles", [])
    files = {row.id: _file_of(row, folder) for row in rows}
    missing = [row.storage_path for row in rows if files[row.id] is None]
    if missing:
        raise NotImported([f"{path} is not in {folder}" for path in missing])
    for row in rows:
        if await store.read(media_files.find, row.id) is not None:
            done.known["mediaFiles"] += 1
            continue
        scratch, source = library.scratch(), files[row.id]
        assert source is not None
        await trio.to_thread.run_sync(shutil.copyfile, source, scratch)
        try:
            await library.take_in(scratch, row.original_filename, row.user_id, media_id=row.id)
        except MediaError as error:
            raise NotImported([f"{row.storage_path} cannot be used: {error.reason}"]) from None
        taken.append(row.id)
        done.new["mediaFiles"] += 1


def _file_of(row: MediaFile, folder: Path) -> Path | None:
    path = (folder / row.storage_path).resolve()
    return path if path.is_file() and path.is_relative_to(folder.resolve()) else None


def _store_rows(db: Database, plan: Plan, vault: Vault, now: datetime, done: Imported) -> None:
    ids = {
        row.id: _take_account(db, row, plan, vault, done) for row in plan.rows.get("accounts", ())
    }
    for post in plan.rows.get("posts", ()):
        _take_post(db, post, plan, ids, now, done)
    for config in plan.rows.get("storyRepostConfigs", ()):
        _take_config(db, config, plan, ids, now, done)
    for repost in plan.rows.get("reposts", ()):
        _take_repost(db, repost, ids, done)
    _take_along(db, plan, ids)
    if done.new:
        # What the other tool reposted is not known here: mentions until now need a look.
        facts.learn(db, facts.DATA_CAME_IN, "", now)


def _take_account(db: Database, row: Account, plan: Plan, vault: Vault, done: Imported) -> str:
    """Return the id that the account has here."""
    there = accounts.by_username(db, row.username)
    if there is not None:
        done.known["accounts"] += 1
        return there.id
    accounts.take_over(db, row)
    put_secrets(db, vault, row.id, plan.secrets.get(row.id, {}))
    done.new["accounts"] += 1
    return row.id


def _take_along(db: Database, plan: Plan, ids: Mapping[str, str]) -> None:
    """Store pauses, lists, slots and spacing of the accounts that are here now."""
    for name, rows in plan.along.items():
        taken = [
            {**row, "account_id": account_id}
            for row in rows
            if (account_id := _local(db, str(row["account_id"]), ids)) is not None
        ]
        try:
            along.take_over(db, name, taken)
        except ValueError as error:
            raise NotImported([str(error)]) from None


def _local(db: Database, account_id: str, ids: Mapping[str, str]) -> str | None:
    found = ids.get(account_id, account_id)
    return found if accounts.find(db, found) is not None else None


def _take_post(
    db: Database, post: Post, plan: Plan, ids: Mapping[str, str], now: datetime, done: Imported
) -> None:
    if posts.is_known(db, post.id):
        done.known["posts"] += 1
        return
    account_id = _local(db, post.instagram_account_id, ids)
    wanted = plan.media_of_post.get(post.id, [])
    there = [media_id for media_id in wanted if media_files.find(db, media_id) is not None]
    local = replace(
        post,
        account_id=account_id,
        instagram_account_id=account_id or post.instagram_account_id,
    )
    stored, note = outcome(
        local,
        now,
        connected=account_id is not None,
        media_there=bool(there) and len(there) == len(wanted),
        in_cloud=post.id in plan.in_cloud,
    )
    if note is not None:
        done.notes[note] += 1
    posts.add(db, stored, there)
    if stored.status is PostStatus.SCHEDULED:
        assert account_id is not None
        assert stored.scheduled_for is not None
        jobs.add_publish(
            db,
            user_id=stored.user_id,
            account_id=account_id,
            post_id=stored.id,
            run_at=stored.scheduled_for,
            now=now,
        )
        done.notes["posts are scheduled here now: see that nothing else sends them too"] += 1
    done.new["posts"] += 1


def _take_config(
    db: Database,
    config: RepostConfig,
    plan: Plan,
    ids: Mapping[str, str],
    now: datetime,
    done: Imported,
) -> None:
    account_id = _local(db, config.account_id, ids)
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
    if config.is_enabled:
        done.notes["story repost settings came switched off: `enable` when you are ready"] += 1


def _take_repost(db: Database, repost: Repost, ids: Mapping[str, str], done: Imported) -> None:
    account_id = _local(db, repost.account_id, ids)
    # One that was not finished is found again while its story lives.
    if account_id is None or repost.status not in _ENDED:
        done.notes["mentions were left out: not finished, or without an account"] += 1
        return
    card = repost.card_media_id
    taken = replace(
        repost,
        account_id=account_id,
        media_path=None,
        preview_path=None,
        card_media_id=card if card and media_files.find(db, card) is not None else None,
    )
    if reposts.is_known(db, taken):
        done.known["reposts"] += 1
    elif reposts.add_new(db, taken):
        done.new["reposts"] += 1
    else:
        done.known["reposts"] += 1

"""A restore from its check to the swap: nothing that is put in place can publish anything twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from daemon import data_dir
from daemon.settings import Settings
from publish import parking as post_parking
from publish.parking import Came
from repost import parking as mention_parking
from storage import browser_sessions, cloud, credentials, events, replaced, secrets, trusted_time
from storage.backup import KEY, Progress
from storage.errors import AlreadyExists, Unusable
from storage.posts import Post
from storage.reposts import Repost
from storage.restore import Staged, stage, swap_in
from storage.store import Database, open_directly, transaction
from storage.trusted_time import LONGEST_ABSENCE
from storage.vault import Vault, present_key, read_key


class KeyState(StrEnum):
    """Whether the secrets that were restored can be opened here."""

    FITS = "fits"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did; `aside` is where the old files are kept.

    `unknown_worker` is the Worker that the replaced data had handed posts over to, and of which
    the backup does not know: everything that was planned is parked then. `unreadable` are media
    that could not be read when the backup was made. `is_protection_kept` is False where the
    replaced data could not be asked what Instagram and people held back since.
    """

    saved_at: datetime
    aside: Path | None
    media_files: int
    parked: list[Post]
    waiting: list[Repost]
    key: KeyState
    unknown_worker: str | None = None
    unreadable: tuple[str, ...] = ()
    is_protection_kept: bool = True


def restore(
    settings: Settings,
    source: Path,
    *,
    force: bool,
    hold_all: bool,
    now: datetime,
    progress: Progress,
) -> Restored:
    """Put a backup, or a copy of the database, in the place of what is in the data directory.

    Raises `AlreadyExists` when there is something and `force` is not set, and what
    `storage.restore.stage` raises; then nothing was touched. Raises `Unusable` while a
    daemon runs there.
    """
    directory = settings.data_dir
    data_dir.prepare(directory)
    with data_dir.held(directory):
        if settings.database.exists() and not force:
            raise AlreadyExists(
                f"{directory} holds a database already; with --force the backup takes its "
                "place, and what is there is kept aside"
            )
        worker = cloud.url_in(settings.database)
        newest = events.newest_in(settings.database)
        protection = replaced.protection_in(settings.database)
        staged = stage(source, directory, progress)
        with open_directly(staged.database) as db:
            came = Came(staged.created_at, _came_at(db, staged.created_at, now))
            key = _key_state(db, directory, staged)
            # It may send what waits there at any time, and nobody here would ask it first.
            is_unknown = worker is not None and cloud.url_of(db) != worker
            with transaction(db):
                events.begin_range(db, newest, came.came_at)
                parked = post_parking.park(db, came, everything=hold_all or is_unknown)
                waiting = mention_parking.park(db, came.came_at)
                browser_sessions.end_all(db)
                credentials.hold_automatic_logins(db, came.came_at)
                replaced.keep(db, protection, came.came_at)
        aside = swap_in(directory, now)
    return Restored(
        staged.created_at,
        aside,
        staged.media_files,
        parked,
        waiting,
        key,
        worker if is_unknown else None,
        staged.unreadable,
        protection.is_whole,
    )


def _came_at(db: Database, saved_at: datetime, now: datetime) -> datetime:
    """Return by when the data is here: a backup comes after it was made, if its time can be true.

    By a clock here that is behind, everything since the backup would seem to lie ahead. But one
    that ran ahead when it was made would hold everything back until then.
    """
    if saved_at <= now:
        return now
    known = trusted_time.latest_known(db)
    return saved_at if known is not None and saved_at - known <= LONGEST_ABSENCE else now


def _key_state(db: Database, directory: Path, staged: Staged) -> KeyState:
    path = staged.folder / KEY if staged.has_key else present_key(directory)
    if path is None:
        return KeyState.MISSING if secrets.any_sealed(db) else KeyState.FITS
    try:
        secrets.check_key(db, Vault(read_key(path)))
    except Unusable:
        return KeyState.WRONG
    return KeyState.FITS

"""`reprise backup`, `restore` and `rotate-key`: the data saved, brought back, and sealed anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cli.failure import Failed
from cli.output import json_option, print_json, say
from cli.reach import reached
from cli.session import opened
from daemon import data_dir
from daemon.restoring import KeyState, Restored
from daemon.restoring import restore as restore_data
from daemon.settings import Settings, load_settings
from ground.clock import utc_now
from storage import rotation
from storage.backup import MEDIA, NAME, Progress, Written, write_backup
from storage.copies import copy_database
from storage.times import to_text
from storage.vault import create_key, credential, present_key, read_key

_FILE = click.Path(path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_NOT_WHOLE = 3


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--with-key",
    is_flag=True,
    help="Include the key. Whoever has the file then has the accounts: keep it like a password.",
)
@json_option
def backup(file: Path | None, with_key: bool, as_json: bool) -> None:
    """Save database, media and sealed secrets into one FILE; the daemon may go on running.

    \b
    Examples:  reprise backup /mnt/usb/
               reprise backup monday.tar --json

    Without --with-key the passwords and sessions in it cannot be read. Keep a copy of secret.key
    somewhere else: a restore on another machine needs it, or every account logs in again.

    The exit code is 3 when the disk could not read some of the media: all the rest is in the file.
    """
    settings = load_settings()
    target = _target(file, settings)
    if not settings.database.exists():
        raise Failed(f"There is nothing to save: {settings.database} does not exist")
    data_dir.prepare(settings.data_dir)
    key = _key_for(settings) if with_key else None
    with progress_bar("Saving") as progress:
        written = write_backup(
            settings.data_dir,
            target,
            key=key,
            now=utc_now(),
            progress=progress,
            copy=partial(_copy_database, settings),
        )
    if as_json:
        print_json(
            {
                "file": str(written.file),
                "size": written.size,
                "sha256": written.sha256,
                "mediaFiles": written.media_files,
                "vanished": written.vanished,
                "damaged": written.damaged,
                "missing": written.missing,
                "unreadable": written.unreadable,
                "withKey": with_key,
            }
        )
    else:
        _report(written, with_key)
    if not written.is_whole:
        raise SystemExit(_NOT_WHOLE)


def _copy_database(settings: Settings, target: Path) -> None:
    """Have the running daemon copy its database; without one, while nobody else uses it."""
    from operations.whole import copy_database as copied_by_daemon

    with reached(settings) as reach:
        made = reach.asked(copied_by_daemon)
        if made is None:
            copy_database(settings.database, target)
        else:
            shutil.move(made.path, target)


def _report(written: Written, with_key: bool) -> None:
    say(f"{written.file}: {written.size / 1e6:.1f} MB, {written.media_files} media files")
    say(f"SHA-256 {written.sha256}")
    for name in written.damaged:
        say(f"Damaged on this disk already: {name}", err=True)
    if written.missing:
        say(
            f"{len(written.missing)} files were deleted meanwhile, or are gone from this disk: "
            + ", ".join(written.missing[:5]),
            err=True,
        )
    tell_unreadable(written)
    if with_key:
        say("It holds the key: whoever reads it has the accounts.", err=True)


def tell_unreadable(written: Written) -> None:
    """Say what is not in a backup because the disk did not give it."""
    for name in written.unreadable:
        say(f"Not saved, for it cannot be read: {name}", err=True)
    if not written.is_whole:
        say("The backup is not whole. Look at the disk, or at who may read the folder", err=True)


def _target(file: Path | None, settings: Settings) -> Path:
    name = utc_now().strftime(NAME)
    target = (file or Path(name)).absolute()
    if target.is_dir():
        target = target / name
    if target.exists():
        raise click.UsageError(f"{target} exists already")
    if not target.parent.is_dir():
        raise click.UsageError(f"There is no folder {target.parent}")
    if target.is_relative_to(settings.data_dir / MEDIA):
        raise click.UsageError("A backup among the media would be in the next one")
    return target


def _key_for(settings: Settings) -> bytes:
    path = present_key(settings.data_dir)
    if path is None:
        raise Failed(
            f"There is no key file in {settings.data_dir}; where systemd gives the key to the "
            "service, it is kept in systemd's credential store"
        )
    return read_key(path) + b"\n"


@click.command()
@click.argument("file", type=_EXISTING)
@click.option("--force", is_flag=True, help="Take the place of data that is there; it is kept.")
@click.option(
    "--hold-all",
    is_flag=True,
    help="Park posts of the future as well: some were moved to an earlier time since the backup.",
)
@json_option
def restore(file: Path, force: bool, hold_all: bool, as_json: bool) -> None:
    """Bring back what `reprise backup` saved, or a daily copy of the database.

    \b
    Examples:  reprise restore /mnt/usb/reprise-backup-20260420T140000Z.tar
               reprise restore ~/.local/share/reprise/copies/reprise-20260420T030000Z.db --force

    Every byte is checked first. Nothing goes out twice: posts that were due meanwhile are parked,
    and mentions from before the restore wait for your approval.
    """
    with progress_bar("Checking") as progress:
        done = restore_data(
            load_settings(),
            file,
            force=force,
            hold_all=hold_all,
            now=utc_now(),
            progress=progress,
        )
    if as_json:
        print_json(
            {
                "savedAt": to_text(done.saved_at),
                "mediaFiles": done.media_files,
                "parkedPosts": [post.id for post in done.parked],
                "waitingMentions": [repost.id for repost in done.waiting],
                "keptAside": str(done.aside) if done.aside else None,
                "key": done.key,
                "unknownWorker": done.unknown_worker,
                "unreadable": done.unreadable,
                "protectionKept": done.is_protection_kept,
            }
        )
        return
    _tell(done)


def _tell(done: Restored) -> None:
    say(f"Restored what was saved on {done.saved_at:%Y-%m-%d %H:%M} UTC")
    if done.aside is not None:
        say(f"What was there is kept in {done.aside}; delete it when all is well")
    for name in done.unreadable:
        say(f"Not in this backup, for it could not be read when it was made: {name}", err=True)
    if done.parked:
        say(
            f"{len(done.parked)} posts may have gone out since and are parked as failed: look at "
            "the account, then retry or release each, which asks Instagram first"
        )
    if done.unknown_worker is not None:
        say(
            f"The Worker at {done.unknown_worker} is not in this backup and may still send posts: "
            "all that are planned are parked. `reprise cloud deploy --replace` removes what waits "
            "there"
        )
    if done.waiting:
        say(f"{len(done.waiting)} mentions wait for your approval")
    if not done.is_protection_kept:
        say(
            "What Instagram held against accounts since, and what you stopped or switched off, "
            "could not be read: look at `reprise account list` before you start the daemon",
            err=True,
        )
    elif done.aside is not None:
        say("Pauses by Instagram since, and what you stopped or switched off, hold on")
    say("API keys that were revoked since the backup work again: `reprise key list`")
    if done.key is not KeyState.FITS:
        say(
            f"The key is {done.key}: put the secret.key of that time into the data directory, or "
            "give the stored logins up with `reprise rotate-key --lost`",
            err=True,
        )


@click.command("rotate-key")
@click.option("--lost", is_flag=True, help="The key is lost: forget what it sealed.")
@click.option("--old-key", type=_EXISTING, help="A file with the present key.")
@click.option("--new-key", type=_FILE, help="A file with the new key; made if it is not there.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def rotate_key(
    lost: bool, old_key: Path | None, new_key: Path | None, yes: bool, as_json: bool
) -> None:
    """Seal every password, session and token with a new key. Stop the daemon first.

    \b
    Example:  reprise rotate-key

    Where systemd keeps the key, give both as files, and store the new one there afterwards.

    \b
              systemd-creds decrypt /etc/credstore.encrypted/reprise-key old.key
              reprise rotate-key --old-key old.key --new-key new.key
              systemd-creds encrypt --name=reprise-key new.key \\
                /etc/credstore.encrypted/reprise-key && shred -u old.key new.key

    Backups made before open with the old key only: make a new one.
    """
    if (old_key is None) != (new_key is None) or (lost and old_key is not None):
        raise click.UsageError("Give --old-key and --new-key together, and neither with --lost")
    settings = load_settings()
    data_dir.prepare(settings.data_dir)
    with data_dir.held(settings.data_dir), opened(settings) as (db, _):
        if lost:
            if not yes:
                click.confirm("Forget every stored password, session and token?", abort=True)
            count = rotation.forget_and_begin(db, settings.data_dir)
        elif old_key is not None and new_key is not None:
            if not new_key.exists():
                create_key(new_key)
            count = rotation.rotate(db, read_key(old_key), read_key(new_key))
        else:
            _check_own_key(settings)
            count = rotation.rotate_key_file(db, settings.data_dir)
    if as_json:
        print_json({"forgotten" if lost else "sealed": count})
    elif lost:
        say(f"Forgot {count} secrets; log in again: reprise account login --username NAME")
    else:
        say(f"Sealed {count} secrets anew. Older backups open with the old key only.")


def _check_own_key(settings: Settings) -> None:
    if credential() is not None or present_key(settings.data_dir) is None:
        raise Failed(
            "The key is not in the data directory. Where systemd keeps it, see "
            "`reprise rotate-key --help`; if it is lost: `reprise rotate-key --lost`"
        )


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """Show how far something is on a terminal's standard error, and nowhere else."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


COMMANDS = (backup, restore, rotate_key)

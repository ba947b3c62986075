"""`reprise export` and `import`: everything as one JSON document, for moving between tools."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import trio

from cli.failure import Failed
from cli.output import json_option, print_json, print_table, say
from cli.reach import reached
from cli.session import opened, vault_for
from daemon import data_dir
from daemon.settings import Settings, load_settings
from ground.clock import Clock, utc_now
from ground.plain_text import json_text
from moving.files import read_file
from moving.plan import Imported, NotImported, Plan, read_document
from moving.taking_in import look_ahead, take_in
from publish.library import MediaLibrary
from storage.document import FILES, KINDS, export, left_behind, media_paths
from storage.errors import Unusable
from storage.files import MediaFolder
from storage.media_files import MediaFile
from storage.store import open_store

_CHUNK = 1 << 20
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--media", type=_FOLDER, help="Copy the media into this folder as well.")
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Include passwords, sessions and tokens in the clear. Whoever has them has the accounts.",
)
@json_option
def export_data(file: Path | None, media: Path | None, with_secrets: bool, as_json: bool) -> None:
    """Write accounts, posts, schedules, settings and history to FILE as JSON, or print them.

    \b
    Example:  reprise export reprise.json --media reprise-media

    docs/moving.md describes the document. To save an installation, use `reprise backup`.
    """
    settings = load_settings()
    if file is None and (with_secrets or as_json):
        raise click.UsageError("Give a FILE")
    document = _document(settings, with_secrets=with_secrets)
    if file is None:
        click.echo(json_text(document, indent=1))
        return
    wanted = media_paths(document) if media else []
    gone = _copy_media(settings, wanted, media) if media else set[str]()
    _leave_out(document, gone)
    _write(file, json_text(document, indent=1))
    if gone:
        say(
            f"{len(gone)} files of the media are gone from this disk, or cannot be read, and are "
            f"not in it: {', '.join(sorted(gone)[:5])}",
            err=True,
        )
    for account in document["accounts"]:
        if note := left_behind(account["username"], account.get("secretsLeftOut", ())):
            say(f"{note}, or export again with --with-secrets", err=True)
    for name, count in document.get("unreadable", {}).items():
        say(f"{count} rows of {name} cannot be read and are not in it: `reprise doctor`", err=True)
    told = {kind.name: len(document[kind.name]) for kind in KINDS}
    if as_json:
        print_json({"file": str(file), **told, "copiedMedia": len(wanted) - len(gone)})
    else:
        print_table(["Exported", "Rows"], [(name, str(count)) for name, count in told.items()])
        if with_secrets:
            say("It holds secrets in the clear: delete it when it is imported.", err=True)


def _document(settings: Settings, *, with_secrets: bool) -> dict[str, Any]:
    """Return the running daemon's document, else that of the store while nobody else uses it."""
    from operations.models import ExportRequest
    from operations.whole import export_document

    with reached(settings) as reach:
        answer = reach.asked(export_document, ExportRequest(with_secrets=with_secrets))
        if answer is not None:
            found: dict[str, Any] = answer.document
            return found
        with opened(settings) as (db, owner):
            vault = vault_for(db, settings) if with_secrets else None
            return export(db, owner.id, utc_now(), vault)


def _write(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with unfinished.open("w", encoding="utf-8") as output:
            output.write(text)
            output.flush()
            os.fsync(output.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_media(settings: Settings, paths: list[str], folder: Path) -> set[str]:
    """Copy files of the media into a folder; returns those that this disk does not give."""
    gone = set()
    try:
        for path in paths:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _copy(settings.media_dir / path, target):
                gone.add(path)
    except OSError as error:
        raise Failed(f"The media cannot be copied to {folder}: {error.strerror}") from None
    return gone


def _copy(source: Path, target: Path) -> bool:
    """Copy a file unless it is there; False where it cannot be read to its end."""
    try:
        content = source.open("rb")
    except OSError:
        return False
    if target.exists() and target.samefile(source):
        content.close()
        return True
    with content, target.open("wb") as copy:
        while True:
            try:
                data = content.read(_CHUNK)
            except OSError:
                target.unlink()
                return False
            if not data:
                return True
            copy.write(data)


def _leave_out(document: dict[str, Any], gone: set[str]) -> None:
    """Leave those media out whose files did not come: an import takes all of its files or none.

    Posts keep their places for them, which are empty there.
    """
    file, *beside = FILES[MediaFile]
    document["mediaFiles"] = [row for row in document["mediaFiles"] if row[file] not in gone]
    for row in document["mediaFiles"]:
        row |= {name: None for name in beside if row[name] in gone}


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--media",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the media: of `export --media`, or VoidGram's `uploads`.",
)
@click.option("--dry-run", is_flag=True, help="Say what would come over; store nothing.")
@json_option
def import_data(file: Path, media: Path | None, dry_run: bool, as_json: bool) -> None:
    """Take in what `reprise export` wrote, or VoidGram's export or SQLite file.

    \b
    Example:  reprise import reprise.json --media reprise-media
              reprise import voidgram.db --media ~/VoidGram/uploads

    Stop the daemon and the other tool first. All of FILE is checked before anything is stored, what
    is there stays as it is, and what was due in the past is never sent by itself.
    """
    settings = load_settings()
    data_dir.prepare(settings.data_dir)
    try:
        document = read_file(file, str(file))
        with data_dir.held(settings.data_dir):
            with opened(settings) as (db, owner):
                vault_for(db, settings)
                plan = read_document(document, owner.id)
            done = trio.run(_take_in, settings, plan, media, utc_now(), dry_run)
    except NotImported as error:
        raise Unusable(str(error)) from None
    if as_json:
        print_json(
            {
                "new": dict(done.new),
                "known": dict(done.known),
                "notes": dict(done.notes),
                "unknown": dict(done.unknown),
                "protection": done.protection,
            }
        )
    else:
        _tell(done, "Would import" if dry_run else "Imported")


async def _take_in(
    settings: Settings, plan: Plan, media: Path | None, now: datetime, dry_run: bool
) -> Imported:
    async with open_store(settings.database) as store:
        library = MediaLibrary(store, MediaFolder(settings.media_dir), Clock())
        vault = await store.write(vault_for, settings)
        do = look_ahead if dry_run else take_in
        return await do(plan, store, vault, library, media=media, now=now)


def _tell(done: Imported, title: str) -> None:
    names = [kind.name for kind in KINDS if done.new[kind.name] or done.known[kind.name]]
    print_table(
        [title, "New", "Here already"],
        [(name, str(done.new[name]), str(done.known[name])) for name in names],
    )
    for note, count in done.notes.items():
        say(f"{count} {note}")
    for note in done.protection:
        say(note, err=True)
    for name, count in done.unknown.items():
        say(f"Not known, left out: {name} ({count})")


COMMANDS = (export_data, import_data)

"""`reprise pending`, `approve` and `skip`: what the user decides about mentions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cli.failure import Failed
from cli.output import json_option, print_json
from cli.session import account_named, opened, running_daemon
from daemon.clock import utc_now
from daemon.settings import Settings, load_settings
from operations import models as schemas
from operations import shown as render
from repost import approval
from storage import reposts
from storage.reposts import Repost
from storage.store import Database, transaction


@click.command()
@click.option("--username", help="Only this account.")
@json_option
def pending(username: str | None, as_json: bool) -> None:
    """Show the mentions that wait for your approval; the daemon need not run.

    \b
    Example:  reprise pending
    """
    settings = load_settings()
    with opened(settings) as (db, owner):
        account_id = account_named(db, username).id if username else None
        waiting = reposts.waiting(db, owner.id, account_id)
        shown = [(render.pending_repost(db, repost), repost) for repost in waiting]
    if as_json:
        print_json(
            [
                item.model_dump(mode="json", by_alias=True)
                | {"previewFile": _file(settings, each.preview_path)}
                | {"storyFile": _file(settings, each.media_path)}
                for item, each in shown
            ]
        )
        return
    if not shown:
        click.echo("Nothing waits for your approval")
    for item, each in shown:
        _print_pending(settings, item, each)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Everything that waits for approval.")
@click.option("--username", help="With --all: only this account.")
@json_option
def approve(ids: Sequence[str], every: bool, username: str | None, as_json: bool) -> None:
    """Let mentions go out, by the ids that `reprise pending` shows.

    \b
    Example:  reprise approve --all --username my_studio

    A story for close friends, or one that may not be reshared, is approved by its id only.
    """
    decision = approval.approve_ordinary if every else approval.approve
    _decide("approve", decision, ids, every, username, as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Everything that waits for approval.")
@click.option("--username", help="With --all: only this account.")
@json_option
def skip(ids: Sequence[str], every: bool, username: str | None, as_json: bool) -> None:
    """Never repost mentions, by the ids that `reprise pending` and `history --json` show.

    \b
    Example:  reprise skip 5b0c9c1e-…
    """
    _decide("skip", approval.skip, ids, every, username, as_json)


def _print_pending(settings: Settings, item: schemas.PendingRepost, repost: Repost) -> None:
    followers = "" if item.author_followers is None else f", {item.author_followers} followers"
    source = "your own post" if repost.is_own else f"{item.kind} by @{item.original_username}"
    lines = [
        item.id,
        f"  {source}{followers}, for @{item.username}, {item.mentioned_at:%Y-%m-%d %H:%M} UTC",
        f"  {item.reason}; it is dropped at {item.decide_before:%Y-%m-%d %H:%M} UTC",
        f"  look at {_file(settings, repost.preview_path) or '-'}",
    ]
    if item.caption:
        lines.insert(2, f"  says: {item.caption}")
    if item.warning:
        lines.append(f"  careful: {item.warning}")
    click.echo("\n".join(lines))


def _file(settings: Settings, stored_path: str | None) -> str | None:
    return str(Path(settings.media_dir) / stored_path) if stored_path else None


def _decide(
    verb: str,
    decision: approval.Decision,
    ids: Sequence[str],
    every: bool,
    username: str | None,
    as_json: bool,
) -> None:
    if bool(ids) == every:
        raise click.UsageError("Give IDs, or --all")
    if username is not None and not every:
        raise click.UsageError("--username goes with --all")
    body: dict[str, Any] = {"all": True} if every else {"ids": [_id(text) for text in ids]}
    settings = load_settings()
    with opened(settings) as (db, owner):
        if username is not None:
            body["accountId"] = account_named(db, username).id
        with running_daemon(settings) as daemon:
            if daemon is not None:
                answer = daemon.post(f"/story-repost/{verb}", body)
            else:
                answer = _decide_here(db, owner.id, decision, body)
    if as_json:
        print_json(answer)
    else:
        done = {"approve": "Approved", "skip": "Skipped"}[verb]
        for item in answer["decided"]:
            warning = f"; careful: {item['warning']}" if item["warning"] else ""
            click.echo(f"{done} @{item['originalUsername']} ({item['id']}){warning}")
        if not answer["decided"] and not answer["refused"]:
            click.echo("Nothing waits for your approval")
    if answer["refused"]:
        reasons = "; ".join(f"{each['id']}: {each['reason']}" for each in answer["refused"])
        raise Failed(f"Not done for {reasons}")


def _decide_here(
    db: Database, user_id: str, decision: approval.Decision, body: dict[str, Any]
) -> dict[str, Any]:
    """Decide on the store itself; the daemon goes on from there when it starts."""
    with transaction(db):
        waiting = reposts.waiting(db, user_id, body.get("accountId"))
        ids = body.get("ids") or [repost.id for repost in waiting]
        decided = render.decided(db, approval.decide_all(db, ids, decision, utc_now()))
    return decided.model_dump(mode="json", by_alias=True)


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise click.UsageError(f"{text!r} is no id; `reprise pending` shows them") from None


COMMANDS = (pending, approve, skip)

"""`reprise scan` and `reprise history`: the story reposts."""

from __future__ import annotations

from typing import Any

import click

from api import render
from daemon.cli.failure import Failed
from daemon.cli.output import json_option, print_json, print_table
from daemon.cli.session import account_named, opened, running_daemon
from daemon.settings import load_settings
from storage import reposts


@click.command()
@click.option("--username", help="Only this account; else every enabled one.")
@json_option
def scan(username: str | None, as_json: bool) -> None:
    """Have the running daemon look for new mentions now.

    \b
    Example:  reprise scan
    """
    settings = load_settings()
    body: dict[str, Any] = {}
    if username is not None:
        with opened(settings) as (db, _):
            body["accountId"] = account_named(db, username).id
    with running_daemon(settings) as daemon:
        if daemon is None:
            raise Failed("The daemon is not running; start it with `reprise run`")
        answer = daemon.post("/story-repost/scan", body)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['detected']} new mentions, {answer['pending']} waiting to go out")


@click.command()
@click.option("--username", help="Only this account.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def history(username: str | None, limit: int, as_json: bool) -> None:
    """Show the mentions found and what became of them; the daemon need not run.

    \b
    Example:  reprise history --limit 10
    """
    with opened(load_settings()) as (db, owner):
        account_id = account_named(db, username).id if username else None
        found = [
            render.repost(db, repost) for repost in reposts.history(db, owner.id, account_id, limit)
        ]
    if as_json:
        print_json([item.model_dump(mode="json", by_alias=True) for item in found])
        return
    print_table(
        ["When", "Author", "Kind", "State", "Reason", "Permalink"],
        [
            (
                f"{item.mentioned_at:%Y-%m-%d %H:%M}",
                f"@{item.original_username}",
                item.kind,
                item.status,
                item.reason,
                item.permalink,
            )
            for item in found
        ],
    )


COMMANDS = (scan, history)

"""`reprise enable`, `disable`, `scan` and `history`: the story reposts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from cli.output import json_option, print_json, print_table
from cli.session import account_named, needed_daemon, opened, tell_daemon
from cli.usernames import username_option
from daemon.clock import zone_of_this_machine
from daemon.settings import Settings, load_settings
from storage import repost_configs, repost_history
from storage.reposts import RepostStatus


@click.command()
@username_option
@click.option("--timezone", help="Where the account sleeps, as Europe/Berlin; else this machine's.")
@json_option
def enable(username: str, timezone: str | None, as_json: bool) -> None:
    """Switch story reposts on for an account.

    \b
    Examples:  reprise enable --username my_studio
               reprise enable --username my_studio --timezone America/New_York

    The account must be logged in. The same switches them on again after Reprise has switched
    them off by itself.
    """
    settings = load_settings()
    account_id, configured = _account(settings, username)
    if timezone is None and not configured:
        timezone = zone_of_this_machine()
    with needed_daemon(settings) as daemon:
        if timezone is not None:
            changes = {"accountId": account_id, "timezone": timezone}
            daemon.post("/story-repost/config", changes)
        daemon.post("/story-repost/enable", {"accountId": account_id})
        status = daemon.get(f"/story-repost/status?accountId={account_id}")
    if as_json:
        print_json(status)
        return
    click.echo(f"Story reposts are on for @{username}; it sleeps in {status['config']['timezone']}")
    if holding := status.get("holding"):
        until = f" until {holding['until']}" if holding["until"] else ""
        click.echo(f"Held for now{until}: {holding['reason']}")


@click.command()
@username_option
@json_option
def disable(username: str, as_json: bool) -> None:
    """Switch story reposts off for an account.

    \b
    Example:  reprise disable --username my_studio

    Nothing is looked for and nothing new goes out until they are switched on.
    """
    settings = load_settings()
    account_id, _ = _account(settings, username)
    with needed_daemon(settings) as daemon:
        daemon.post("/story-repost/disable", {"accountId": account_id})
    if as_json:
        print_json({"accountId": account_id, "isEnabled": False})
    else:
        click.echo(f"Story reposts are off for @{username}")


@click.command()
@username_option.optional("Only this account; else every enabled one.")
@json_option
def scan(username: str | None, as_json: bool) -> None:
    """Have the running daemon look for new mentions now.

    \b
    Example:  reprise scan
    """
    settings = load_settings()
    body: dict[str, Any] = {}
    if username is not None:
        body["accountId"], _ = _account(settings, username)
    with needed_daemon(settings) as daemon:
        answer = daemon.post("/story-repost/scan", body)
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{answer['detected']} new mentions, {answer['pending']} waiting to go out")


_MOMENTS = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"])


@click.command()
@username_option.optional("Only this account.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([status.value for status in RepostStatus], case_sensitive=False),
    help="Only mentions in this state; may be given several times.",
)
@click.option("--since", type=_MOMENTS, help="Only those found at or after this time.")
@click.option("--until", type=_MOMENTS, help="Only those found before this time.")
@click.option("--after", metavar="ID", help="The next page: those behind this mention.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def history(
    username: str | None,
    states: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    after: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the mentions found and what became of them.

    Times are those of this machine's timezone, unless they bring an offset.

    \b
    Example:  reprise history --limit 10
              reprise history --state EXPIRED --state FAILED --since 2026-05-01
    """
    from operations import shown as render

    settings = load_settings()
    with opened(settings) as (db, owner):
        chosen = repost_history.Filter(
            account_id=account_named(db, username).id if username else None,
            statuses=tuple(RepostStatus(state.upper()) for state in states),
            since=since.astimezone() if since else None,
            until=until.astimezone() if until else None,
        )
        page = repost_history.page(db, owner.id, chosen, limit=limit, after=after)
        found = [render.repost(db, repost) for repost in page]
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
    tell_daemon(settings)


def _account(settings: Settings, username: str) -> tuple[str, bool]:
    """Return the account's id, and whether its story reposts were ever configured."""
    with opened(settings) as (db, _):
        account_id = account_named(db, username).id
        return account_id, repost_configs.find(db, account_id) is not None


COMMANDS = (enable, disable, scan, history)

"""`reprise enable`, `disable`, `scan` and `history`: the story reposts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cli.output import json_option, print_json, print_table, say, working
from cli.reach import Reach, asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings
from daemon.zone import zone_of_this_machine
from storage.reposts import RepostStatus

if TYPE_CHECKING:
    from operations.models import RepostItem

_PAGE = 200


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
    from operations import models, story_repost

    with reached(load_settings(), needs_daemon=True) as reach:
        account = reach.account(username)
        which = models.AccountQuery(account_id=account.id)
        configured = reach.perform(story_repost.get_status, which).configured
        if timezone is None and not configured:
            timezone = zone_of_this_machine()
        if timezone is not None:
            changes = {"account_id": account.id, "timezone": timezone}
            reach.perform(story_repost.save_config, asked(models.StoryRepostSettings, changes))
        reach.perform(story_repost.enable, models.AccountRef(account_id=account.id))
        status = shown(reach.perform(story_repost.get_status, which))
    if as_json:
        print_json(status)
        return
    say(f"Story reposts are on for @{username}; it sleeps in {status['config']['timezone']}")
    if holding := status.get("holding"):
        until = f" until {holding['until']}" if holding["until"] else ""
        say(f"Held for now{until}: {holding['reason']}")


@click.command()
@username_option
@json_option
def disable(username: str, as_json: bool) -> None:
    """Switch story reposts off for an account.

    \b
    Example:  reprise disable --username my_studio

    Nothing is looked for and nothing new goes out until they are switched on.
    """
    from operations import models, story_repost

    with reached(load_settings(), needs_daemon=True) as reach:
        account_id = reach.account(username).id
        reach.perform(story_repost.disable, models.AccountRef(account_id=account_id))
    if as_json:
        print_json({"accountId": account_id, "isEnabled": False})
    else:
        say(f"Story reposts are off for @{username}")


@click.command()
@username_option.optional("Only this account; else every enabled one.")
@json_option
def scan(username: str | None, as_json: bool) -> None:
    """Have the running daemon look for new mentions now.

    \b
    Example:  reprise scan
    """
    from operations import models, story_repost

    with reached(load_settings(), needs_daemon=True) as reach:
        account_id = reach.account(username).id if username is not None else None
        wanted = models.OptionalAccountRef(account_id=account_id)
        with working("The daemon is at work"):
            answer = shown(reach.perform(story_repost.scan, wanted))
    if as_json:
        print_json(answer)
    else:
        say(f"{answer['detected']} new mentions, {answer['pending']} waiting to go out")


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
    query: dict[str, Any] = {"after": after}
    for name, moment in (("since", since), ("until", until)):
        query[name] = moment.astimezone().isoformat() if moment else None
    with reached(load_settings()) as reach:
        if username is not None:
            query["account_id"] = reach.account(username).id
        found = [
            item
            for state in (states or (None,))
            for item in _pages(reach, query | {"status": state and state.upper()}, limit)
        ]
        reach.tell()
    if len(states) > 1:
        found = sorted(found, key=lambda item: item.created_at, reverse=True)[:limit]
    if as_json:
        print_json([shown(item) for item in found])
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


def _pages(reach: Reach, query: dict[str, Any], limit: int) -> list[RepostItem]:
    """Return what the query chooses, newest first, from as many pages as that takes."""
    from operations import mentions, models

    found: list[RepostItem] = []
    while len(found) < limit:
        size = min(limit - len(found), _PAGE)
        wanted = asked(models.RepostQuery, {**query, "limit": size})
        page = reach.perform(mentions.get_history, wanted)
        found += page.reposts
        if page.next is None:
            break
        query = {**query, "after": page.next}
    return found


COMMANDS = (enable, disable, scan, history)

"""`reprise events`: what happened, and what happens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cli.output import json_option, say
from cli.reach import Reach, asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings
from ground.plain_text import json_text

if TYPE_CHECKING:
    from operations.models import EventPage

_RECENT = 20
_WAIT_S = 60


@click.command()
@click.option("--since", type=click.IntRange(min=0), help="Show what came after this event's id.")
@click.option(
    "--type", "types", multiple=True, help="Only these, as post.failed or repost.*; several times."
)
@username_option.optional("Only this account.")
@click.option("--follow", is_flag=True, help="Go on until Ctrl-C; needs a running daemon.")
@json_option
def events(
    since: int | None, types: tuple[str, ...], username: str | None, follow: bool, as_json: bool
) -> None:
    """Show what happened to accounts, posts and mentions, oldest first.

    Without `--since`: the most recent of it. With `--json`, one JSON object a line.

    \b
    Examples:  reprise events
               reprise events --follow --type 'post.*' --type account.held
               reprise events --since 4711 --json
    """
    with reached(load_settings(), needs_daemon=follow) as reach:
        query: dict[str, Any] = {"types": ",".join(types) or None}
        if username is not None:
            query["account_id"] = reach.account(username).id
        if since is None:
            since = max(0, _read(reach, query).next - _RECENT)
        page = _read(reach, query | {"since": since})
        while True:
            if page.reset:
                say("Some of what happened since then is not kept any more", err=True)
            for event in page.events:
                _print(shown(event), as_json)
            if not follow and not page.events:
                return
            wait = _WAIT_S if follow else None
            page = _read(reach, query | {"since": page.next, "wait": wait})


def _read(reach: Reach, query: dict[str, Any]) -> EventPage:
    from operations import models
    from operations.events import list_events

    page: EventPage = reach.perform(list_events, asked(models.EventQuery, query))
    return page


def _print(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say(json_text(event))
        return
    at = datetime.fromisoformat(event["at"]).astimezone()
    reason = f"  {event['reason']}" if event["reason"] else ""
    what = f"{event['type']:<24} {event['subjectId']}{reason}"
    say(f"{event['id']:>8}  {at:%Y-%m-%d %H:%M:%S}  {what}")


COMMANDS = (events,)

"""`reprise session …`: which programs use accounts over the session API, and ending that."""

from __future__ import annotations

import click

from cli.output import json_option, print_json, print_table, say
from cli.reach import reached, shown
from cli.usernames import Username
from daemon.settings import load_settings


@click.group()
def session() -> None:
    """See and end the sessions of the session API."""


@session.command("list")
@json_option
def list_them(as_json: bool) -> None:
    """List which accounts are used by session, and since when nobody has.

    \b
    Example:  reprise session list
    """
    from operations.account_sessions import list_account_sessions

    with reached(load_settings()) as reach:
        found = shown(reach.perform(list_account_sessions))["sessions"]
    if as_json:
        print_json(found)
        return
    rows = [(f"@{each['username']}", each["createdAt"], each["usedAt"]) for each in found]
    print_table(["Account", "Since", "Last used"], rows)


@session.command("end")
@click.argument("username", type=Username())
@json_option
def end(username: str, as_json: bool) -> None:
    """End the session of USERNAME: the id that a program has for it is worth nothing then.

    An account that was connected by that session alone is logged out here too.

    \b
    Example:  reprise session end my_studio
    """
    from operations.account_sessions import end_account_session

    with reached(load_settings()) as reach:
        ended = reach.perform(end_account_session, target=reach.account(username).id)
    if as_json:
        print_json(shown(ended))
        return
    say(f"The session of @{username} has ended")


COMMANDS = (session,)

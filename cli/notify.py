"""`reprise notify …`: people are told what needs them, where they are."""

from __future__ import annotations

import re
from typing import Any

import click

from cli.output import json_option, print_json, print_table, say
from cli.reach import asked, reached, shown
from cli.standard_input import read_line
from cli.webhooks import done, print_log, state_of
from daemon.settings import load_settings
from daemon.zone import zone_of_this_machine

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_HOURS = re.compile(f"{_TIME}-{_TIME}")


@click.group()
def notify() -> None:
    """Tell people what needs them: on a phone, by mail, in a chat."""


@notify.command("add")
@click.argument("url")
@click.option("--name", help="What you call it.")
@click.option(
    "--only", metavar="USERNAME", multiple=True, help="Of this account alone; may be repeated."
)
@json_option
def add(url: str, name: str | None, only: tuple[str, ...], as_json: bool) -> None:
    """Tell the one who reads at URL what needs a person: a login, a failed post, a full disk.

    The URL is as `apprise` writes it; `-` reads it from standard input, so that no shell keeps
    it. It is kept sealed and not shown again.

    \b
    Examples:  reprise notify add ntfy://my-secret-topic --name phone
               reprise notify add - < mail-address.txt
    """
    from operations import models
    from operations.notify import create_recipient

    wanted: dict[str, Any] = {"url": read_line("URL") if url == "-" else url, "name": name}
    with reached(load_settings()) as reach:
        if only:
            wanted["account_ids"] = [reach.account(username).id for username in only]
        made = reach.perform(create_recipient, asked(models.NotifyRequest, wanted))
    if as_json:
        print_json(shown(made))
        return
    say(f"{made.id}  {made.service}")
    say(f"Try it: reprise notify test {made.id}", err=True)


@notify.command("list")
@json_option
def list_them(as_json: bool) -> None:
    """List where people are told, and when they want quiet.

    \b
    Example:  reprise notify list
    """
    from operations.notify import get_quiet_hours, list_recipients

    with reached(load_settings()) as reach:
        found = shown(reach.perform(list_recipients))["recipients"]
        quiet = shown(reach.perform(get_quiet_hours))
    if as_json:
        print_json({"recipients": found, "quiet": quiet})
        return
    rows = [(each["id"], each["name"], each["service"], state_of(each)) for each in found]
    print_table(["Id", "Name", "Service", "State"], rows)
    if quiet["begins"]:
        say(f"Quiet from {quiet['begins']} to {quiet['ends']} ({quiet['timezone']})", err=True)


@notify.command("test")
@click.argument("recipient_id")
@json_option
def test(recipient_id: str, as_json: bool) -> None:
    """Send a test to RECIPIENT_ID, also in quiet hours.

    \b
    Example:  reprise notify test 5b0c… && reprise notify log 5b0c…
    """
    from operations.notify import send_test_notice

    said = f"A test is on its way; see `reprise notify log {recipient_id}`"
    done(send_test_notice, recipient_id, as_json, said, needs_daemon=True)


@notify.command("log")
@click.argument("recipient_id")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
def log(recipient_id: str, limit: int, as_json: bool) -> None:
    """Show what RECIPIENT_ID was told, newest first, and what came of it.

    \b
    Example:  reprise notify log 5b0c… --limit 5
    """
    from operations.notify import list_notices_told

    print_log(list_notices_told, recipient_id, limit, as_json)


@notify.command("enable")
@click.argument("recipient_id")
@json_option
def enable(recipient_id: str, as_json: bool) -> None:
    """Tell RECIPIENT_ID again, after it was given up.

    \b
    Example:  reprise notify enable 5b0c…
    """
    from operations.notify import enable_recipient

    done(enable_recipient, recipient_id, as_json, "It is told again")


@notify.command("remove")
@click.argument("recipient_id")
@json_option
def remove(recipient_id: str, as_json: bool) -> None:
    """Tell RECIPIENT_ID nothing any more.

    \b
    Example:  reprise notify remove 5b0c…
    """
    from operations.notify import delete_recipient

    done(delete_recipient, recipient_id, as_json, "Removed")


@notify.command("quiet")
@click.argument("hours", metavar="HH:MM-HH:MM|off", required=False)
@click.option("--timezone", help="Of those hours; else this machine's.")
@json_option
def quiet(hours: str | None, timezone: str | None, as_json: bool) -> None:
    """Show or set from when to when only what cannot wait is told.

    The rest is told when they end. What cannot wait is what is lost for good before that, such as
    a story that expires.

    \b
    Examples:  reprise notify quiet 22:00-08:00 --timezone Europe/Berlin
               reprise notify quiet off
    """
    from operations import models
    from operations.notify import end_quiet_hours, get_quiet_hours, set_quiet_hours

    given = None
    if hours is not None and hours != "off":
        if not _HOURS.fullmatch(hours):
            raise click.UsageError("Hours are from when to when, as 22:00-08:00; or `off`")
        begins, _, ends = hours.partition("-")
        zone = timezone or zone_of_this_machine()
        given = asked(models.QuietHoursRequest, {"begins": begins, "ends": ends, "timezone": zone})
    elif timezone is not None:
        raise click.UsageError("--timezone goes with hours, as 22:00-08:00")
    operation = get_quiet_hours
    if hours is not None:
        operation = end_quiet_hours if given is None else set_quiet_hours
    with reached(load_settings()) as reach:
        found = shown(reach.perform(operation, given))
    if as_json:
        print_json(found)
    elif found["begins"]:
        say(f"Quiet from {found['begins']} to {found['ends']} ({found['timezone']})")
    else:
        say("No quiet hours")


COMMANDS = (notify,)

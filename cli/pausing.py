"""`reprise pause`, `resume`, `stop` and `go-on`: nothing goes out, and nothing is lost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from cli.failure import Failed
from cli.output import json_option, print_json, print_table, say
from cli.reach import Reach, asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings
from ground.clock import utc_now
from storage.times import parse_instant, to_text

if TYPE_CHECKING:
    from operations.models import StoryRepostConfigs
    from operations.operation import Operation

_PART = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_LONGEST = timedelta(days=3650)


@click.command("pause")
@username_option.optional("Only this account; else every configured one.")
@click.option("--until", help="When it ends by itself, as 2026-04-20T14:00:00+02:00.")
@click.option("--for", "duration", help="How long it lasts: 3d, 12h, 90m, 1d12h.")
@json_option
def pause_reposts(
    username: str | None, until: str | None, duration: str | None, as_json: bool
) -> None:
    """Let no repost out; mentions are still found and kept, because stories expire.

    \b
    Example:  reprise pause --for 3d
    """
    if until is not None and duration is not None:
        raise click.UsageError("Give --until or --for, not both")
    now = utc_now()
    end = _moment(until) if until is not None else None
    if duration is not None:
        end = now + _duration(duration)
    if end is not None and end <= now:
        raise click.UsageError("--until has to be in the future")

    from operations import models, story_repost

    ends_at = to_text(end) if end else None
    with reached(load_settings()) as reach:
        wanted = {"account_id": _account(reach, username), "until": ends_at}
        changed = reach.perform(story_repost.pause_reposts, asked(models.PauseRequest, wanted))
    ends = f"until {end:%Y-%m-%d %H:%M} UTC" if end else "until `reprise resume`"
    _print_changed(changed, f"Paused {ends}", as_json)


@click.command()
@username_option.optional("Only this account; else every configured one.")
@json_option
def resume(username: str | None, as_json: bool) -> None:
    """End a pause; what waits goes out under the usual limits.

    \b
    Example:  reprise resume
    """
    from operations import models, story_repost

    with reached(load_settings()) as reach:
        which = models.OptionalAccountRef(account_id=_account(reach, username))
        changed = reach.perform(story_repost.resume_reposts, which)
    _print_changed(changed, "Resumed", as_json)


@click.command()
@json_option
def stop(as_json: bool) -> None:
    """Let nothing out of any account, posts and reposts alike, until `reprise go-on`.

    \b
    Example:  reprise stop

    What is going out at this moment ends. The daemon runs on: mentions are still found and saved.
    """
    from operations import story_repost

    _stopped(story_repost.stop_everything, "Everything is stopped", as_json)


@click.command("go-on")
@json_option
def go_on(as_json: bool) -> None:
    """Let everything go on after `reprise stop`; what came due goes out at the usual distances.

    \b
    Example:  reprise go-on
    """
    from operations import story_repost

    _stopped(story_repost.go_on, "Everything goes on", as_json)


def _stopped(operation: Operation, told: str, as_json: bool) -> None:
    with reached(load_settings()) as reach:
        made = shown(reach.perform(operation))
    if as_json:
        print_json(made)
    else:
        say(told)


def _account(reach: Reach, username: str | None) -> str | None:
    return reach.account(username).id if username is not None else None


def _print_changed(changed: StoryRepostConfigs, what: str, as_json: bool) -> None:
    keys = ("instagramAccountId", "igUsername", "paused", "pausedUntil")
    configs = shown(changed)["configs"]
    rows = [{key: config[key] for key in keys} for config in configs]
    if as_json:
        print_json(rows)
    elif not rows:
        raise Failed("No account reposts stories yet: `reprise enable` switches it on")
    else:
        print_table(["Account", ""], [(f"@{row['igUsername']}", what) for row in rows])


def _moment(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise click.UsageError(f"--until: {error}") from None


def _duration(text: str) -> timedelta:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.UsageError("--for takes a duration as 3d, 12h, 90m or 1d12h")
    try:
        lengths = [timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts]
        length = sum(lengths, timedelta())
    except OverflowError:
        length = timedelta.max
    if not timedelta() < length <= _LONGEST:
        raise click.UsageError("--for takes a duration of at most ten years")
    return length


COMMANDS = (pause_reposts, resume, stop, go_on)

"""`reprise pause` and `resume`: nothing goes out for a while, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from cli.failure import Failed
from cli.output import json_option, print_json, print_table
from cli.session import account_named, opened, running_daemon
from daemon.clock import utc_now
from daemon.settings import load_settings
from operations import shown as render
from repost import pause
from storage import repost_configs
from storage.repost_configs import RepostConfig
from storage.store import Database, transaction
from storage.times import parse_instant, to_text

_PART = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_LONGEST = timedelta(days=3650)
Change = Callable[[Database, str, datetime], RepostConfig]


@click.command("pause")
@click.option("--username", help="Only this account; else every configured one.")
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

    def change(db: Database, account_id: str, now: datetime) -> RepostConfig:
        return pause.pause(db, account_id, end, now)

    body = {"until": to_text(end)} if end else {}
    changed = _change("pause", change, username, body)
    ends = f"until {end:%Y-%m-%d %H:%M} UTC" if end else "until `reprise resume`"
    _print_changed(changed, f"Paused {ends}", as_json)


@click.command()
@click.option("--username", help="Only this account; else every configured one.")
@json_option
def resume(username: str | None, as_json: bool) -> None:
    """End a pause; what waits goes out under the usual limits.

    \b
    Example:  reprise resume
    """
    _print_changed(_change("resume", pause.resume, username, {}), "Resumed", as_json)


def _change(
    verb: str, change: Change, username: str | None, body: dict[str, Any]
) -> list[dict[str, Any]]:
    settings = load_settings()
    with opened(settings) as (db, owner):
        wanted = account_named(db, username).id if username else None
        with running_daemon(settings) as daemon:
            if daemon is not None:
                sent = body | ({"accountId": wanted} if wanted else {})
                answer = daemon.post(f"/story-repost/{verb}", sent)
                configs: list[dict[str, Any]] = answer["configs"]
                return configs
        every = [config.account_id for config in repost_configs.of_user(db, owner.id)]
        with transaction(db):
            now = utc_now()
            changed = [change(db, each, now) for each in (every if wanted is None else [wanted])]
            shown = [render.story_repost_config(db, c, now, settings.pace) for c in changed]
    return [config.model_dump(mode="json", by_alias=True) for config in shown]


def _print_changed(changed: list[dict[str, Any]], what: str, as_json: bool) -> None:
    keys = ("instagramAccountId", "igUsername", "paused", "pausedUntil")
    rows = [{key: config[key] for key in keys} for config in changed]
    if as_json:
        print_json(rows)
    elif not rows:
        raise Failed("No account reposts stories yet; switch it on first")
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


COMMANDS = (pause_reposts, resume)

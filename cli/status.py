"""`reprise status`: what holds each account now, until when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click

from cli.failure import Refused
from cli.output import json_option, print_json, say
from cli.reach import Reach, reached, shown
from cli.usernames import username_option
from daemon import data_dir
from daemon.settings import load_settings
from operations.models import AccountQuery, Holding, StoryRepostStatus
from operations.notify import list_recipients
from operations.shown import VERSION
from operations.story_repost import get_status
from operations.webhooks import list_webhooks
from storage.times import local_of

_PHASES = {
    0: "no Private API login",
    1: "new login: nothing is read by itself",
    2: "new login: messages are read, nothing is published",
    3: "everything is allowed",
}


@click.command()
@username_option.optional("Only this account.")
@json_option
def status(username: str | None, as_json: bool) -> None:
    """Show what each account does now, what holds it, until when, and what comes next.

    The daemon need not run. Times are those of this machine's timezone.

    \b
    Example:  reprise status
    """
    settings = load_settings()
    daemon = data_dir.running(settings.data_dir)
    with reached(settings) as reach:
        chosen = [reach.account(username)] if username else reach.accounts()
        found = {
            account.username: reach.perform(get_status, AccountQuery(account_id=account.id))
            for account in chosen
        }
        unheard = _unheard(reach)
    if as_json:
        accounts = {name: shown(standing) for name, standing in found.items()}
        url = daemon.url if daemon else None
        told = {"version": VERSION, "daemon": url, "accounts": accounts}
        print_json({**told, "warnings": unheard})
        return
    runs = f"the daemon runs at {daemon.url}" if daemon else "the daemon is not running"
    say(f"Reprise {VERSION}, {runs}")
    for name, standing in found.items():
        say("", f"@{name}")
        for label, line in _lines(standing):
            say(f"  {label:<11} {line}")
    for line in unheard:
        say("", line)


def _unheard(reach: Reach) -> list[str]:
    """Return whom nothing reaches of those who are told what happens."""
    try:
        webhooks = reach.perform(list_webhooks).webhooks
        people = reach.perform(list_recipients).recipients
    except Refused:  # a daemon that tells nobody yet
        return []
    lines = []
    for what, command, found in (
        ("A webhook", "webhook", webhooks),
        ("An address for notices", "notify", people),
    ):
        for each in found:
            if each.disabled_at is not None:
                lines.append(f"{what} was given up: reprise {command} enable {each.id}")
            elif each.last_failed_at is not None:
                lines.append(f"{what} fails: reprise {command} log {each.id}")
    return lines


def _lines(found: StoryRepostStatus) -> Iterator[tuple[str, str]]:
    phase = _PHASES[found.session_phase]
    yield "session", f"phase {found.session_phase}, {phase}{_until(found.session_phase_until)}"
    yield "token", _token(found)
    if found.config is None:
        yield "reposts", "not set up"
        return
    yield "looking", _held(found.polling)
    yield "reposting", _held(found.holding)
    if found.breaker is not None:
        yield "breaker", f"open since {_time(found.breaker.since)}: {found.breaker.reason}"
        yield "", found.breaker.remedy
    yield "next scan", _time(found.next_poll_at) if found.next_poll_at else "not by itself"
    config = found.config
    yield (
        "last look",
        f"{_time(config.last_poll_at)}, {config.last_poll_status},"
        f" {config.last_poll_requests or 0} requests ({config.total_poll_requests} in all)"
        if config.last_poll_at
        else "none yet",
    )
    yield "today", f"{found.reposts_today} of {found.daily_cap} reposts"
    waiting = found.waiting
    yield (
        "waiting",
        f"{waiting.waiting_approval} for approval, {waiting.queued} to go out,"
        f" {waiting.detected + waiting.downloaded} to be saved",
    )
    for warning in found.warnings:
        yield "warning", warning


def _held(held: Holding | None) -> str:
    if held is None:
        return "nothing holds it"
    return f"held ({held.rail}){_until(held.until) or ' until you act'}: {held.reason}"


def _token(found: StoryRepostStatus) -> str:
    if not found.has_graph_token:
        return "none for the official API"
    return f"for the official API{_until(found.token_expires_at)}"


def _until(moment: datetime | None) -> str:
    return f" until {_time(moment)}" if moment else ""


def _time(moment: datetime) -> str:
    return f"{local_of(moment, None):%Y-%m-%d %H:%M}"


COMMANDS = (status,)

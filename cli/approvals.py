"""`reprise pending`, `approve`, `skip` and `undo`: what the user decides about mentions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli.failure import Failed
from cli.output import json_option, print_json, say
from cli.reach import asked, reached, shown
from daemon.settings import Settings, load_settings
from repost.layout import Template
from storage.reposts import OWN_FEED

if TYPE_CHECKING:
    from operations.models import Decided, PendingRepost
    from operations.operation import Operation


@click.command()
@click.option("--username", help="Only this account.")
@json_option
def pending(username: str | None, as_json: bool) -> None:
    """Show the mentions that wait for your approval; the daemon need not run.

    \b
    Example:  reprise pending
    """
    from operations import mentions, models

    settings = load_settings()
    with reached(settings) as reach:
        which = models.PendingQuery(account_id=reach.account(username).id if username else None)
        waiting = reach.perform(mentions.get_pending, which).reposts
    if as_json:
        print_json(
            [
                shown(item)
                | {"previewFile": _file(settings, item.preview_url)}
                | {"storyFile": _file(settings, item.story_url)}
                for item in waiting
            ]
        )
        return
    if not waiting:
        say("Nothing waits for your approval")
    for item in waiting:
        _print_pending(settings, item)


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
    from operations.mentions import approve_several

    _decide(approve_several, "Approved", ids, every, username, as_json)


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
    from operations.mentions import skip_several

    _decide(skip_several, "Skipped", ids, every, username, as_json)


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_option
def undo(ids: Sequence[str], as_json: bool) -> None:
    """Take an approval or a skip back, until the repost has begun to go out.

    \b
    Example:  reprise undo 5b0c9c1e-…
    """
    from operations import mentions, models

    wanted = asked(models.Reconsidering, {"repost_ids": [_id(text) for text in ids]})
    with reached(load_settings()) as reach:
        answer = reach.perform(mentions.reconsider_several, wanted)
    _tell(answer, "Taken back:", as_json)


@click.command()
@click.argument("item", metavar="ID")
@click.argument("template", type=click.Choice([*(each.value for each in Template), "default"]))
@json_option
def card(item: str, template: str, as_json: bool) -> None:
    """Give the card of one mention another template, until it goes out.

    \b
    Examples:  reprise card 5b0c9c1e-… frame
               reprise card 5b0c9c1e-… default

    Where it was approved with another card, it waits for your approval again.
    """
    from operations import mentions, models

    chosen = models.CardChoice(template=None if template == "default" else Template(template))
    with reached(load_settings()) as reach:
        answer = reach.perform(mentions.choose_card, chosen, _id(item))
    if as_json:
        print_json(shown(answer))
        return
    say(f"The card of {answer.id}: {template}. {answer.status}: {answer.reason}")


def _print_pending(settings: Settings, item: PendingRepost) -> None:
    followers = "" if item.author_followers is None else f", {item.author_followers} followers"
    source = (
        "your own post" if item.source == OWN_FEED else f"{item.kind} by @{item.original_username}"
    )
    lines = [
        item.id,
        f"  {source}{followers}, for @{item.username}, {item.mentioned_at:%Y-%m-%d %H:%M} UTC",
        f"  {item.reason}; it is dropped at {item.decide_before:%Y-%m-%d %H:%M} UTC",
        f"  look at {_file(settings, item.preview_url) or '-'}",
    ]
    if item.caption:
        lines.insert(2, f"  says: {item.caption}")
    if item.warning:
        lines.append(f"  careful: {item.warning}")
    say(*lines)


def _file(settings: Settings, url: str | None) -> str | None:
    """Return where a file of the daemon lies on this machine."""
    return str(Path(settings.media_dir) / url.removeprefix("/uploads/")) if url else None


def _decide(
    decision: Operation,
    done: str,
    ids: Sequence[str],
    every: bool,
    username: str | None,
    as_json: bool,
) -> None:
    from operations import models

    if bool(ids) == every:
        raise click.UsageError("Give IDs, or --all")
    if username is not None and not every:
        raise click.UsageError("--username goes with --all")
    wanted: dict[str, Any] = {"all": True} if every else {"ids": [_id(text) for text in ids]}
    with reached(load_settings()) as reach:
        if username is not None:
            wanted["account_id"] = reach.account(username).id
        answer = reach.perform(decision, asked(models.Decision, wanted))
    _tell(answer, done, as_json)


def _tell(answer: Decided, done: str, as_json: bool) -> None:
    if as_json:
        print_json(shown(answer))
    else:
        for item in answer.decided:
            warning = f"; careful: {item.warning}" if item.warning else ""
            say(f"{done} @{item.original_username} ({item.id}){warning}")
        if not answer.decided and not answer.refused:
            say("Nothing waits for your approval")
    if answer.refused:
        reasons = "; ".join(f"{each.id}: {each.reason}" for each in answer.refused)
        raise Failed(f"Not done for {reasons}")


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise click.UsageError(f"{text!r} is no id; `reprise pending` shows them") from None


COMMANDS = (pending, approve, skip, undo, card)

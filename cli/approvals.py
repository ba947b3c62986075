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
from cli.usernames import username_option
from daemon.settings import Settings, load_settings
from repost.layout import Template
from storage.reposts import OWN_FEED

if TYPE_CHECKING:
    from operations.models import Decided, PendingRepost
    from operations.operation import Operation


_as_of = click.option(
    "--as-of",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="With --all: only what `reprise pending` showed with this number, as it was then.",
)


@click.command()
@username_option.optional("Only this account.")
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
        found = reach.perform(mentions.get_pending, which)
    waiting = found.reposts
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
    if waiting:
        only = f" --username {username}" if username else ""
        say(f"All of these, and nothing that comes later: --all{only} --as-of {found.as_of}")


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Everything that waits for approval.")
@_as_of
@username_option.optional("With --all: only this account.")
@json_option
def approve(
    ids: Sequence[str], every: bool, as_of: int | None, username: str | None, as_json: bool
) -> None:
    """Let mentions go out, by the ids that `reprise pending` shows.

    \b
    Example:  reprise approve --all --username my_studio

    A story for close friends, or one that may not be reshared, is approved by its id only.
    """
    from operations.mentions import approve_several

    which = _which(ids, every, as_of, username)
    _decide(approve_several, "Approved", which, username, as_json)


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="Everything that waits for approval.")
@_as_of
@username_option.optional("With --all: only this account.")
@json_option
def skip(
    ids: Sequence[str], every: bool, as_of: int | None, username: str | None, as_json: bool
) -> None:
    """Never repost mentions, by the ids that `reprise pending` and `history --json` show.

    \b
    Example:  reprise skip 5b0c9c1e-…
    """
    from operations.mentions import skip_several

    which = _which(ids, every, as_of, username)
    _decide(skip_several, "Skipped", which, username, as_json)


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


def _which(
    ids: Sequence[str], every: bool, as_of: int | None, username: str | None
) -> dict[str, Any]:
    """Return which mentions a decision is about; wrong use where that is not clear."""
    if bool(ids) == every:
        raise click.UsageError("Give IDs, or --all")
    for name, given in (("--username", username), ("--as-of", as_of)):
        if given is not None and not every:
            raise click.UsageError(f"{name} goes with --all")
    if not every:
        return {"ids": [_id(text) for text in ids]}
    return {"all": True} if as_of is None else {"all": True, "as_of": as_of}


def _decide(
    decision: Operation, done: str, wanted: dict[str, Any], username: str | None, as_json: bool
) -> None:
    from operations import models

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
        if answer.came_since:
            say(f"{answer.came_since} came or changed since then, and wait: `reprise pending`")
    if answer.refused:
        reasons = "; ".join(f"{each.id}: {each.reason}" for each in answer.refused)
        raise Failed(f"Not done for {reasons}")


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise click.UsageError(f"{text!r} is no id; `reprise pending` shows them") from None


COMMANDS = (pending, approve, skip, undo, card)

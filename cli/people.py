"""`reprise user …`: several people on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.output import json_option, print_json, print_table, say
from cli.reach import asked, reached, shown
from daemon.settings import Settings, load_settings
from ground.clock import utc_now

_OWNER = "owner"


@click.group()
def user() -> None:
    """Give other people accounts, posts and keys of their own on this machine.

    \b
    Example:  reprise user add anna
              reprise --user anna account add --username annas_studio
              reprise --user anna login-link

    With --user NAME before it, any command is about that person.
    """


@user.command("add")
@click.argument("name")
@json_option
def add(name: str, as_json: bool) -> None:
    """Make one more person called NAME, who has nothing yet.

    \b
    Example:  reprise user add anna
    """
    from operations import models, people

    wanted = asked(models.PersonRequest, {"name": name})
    with reached(load_settings()) as reach:
        made = shown(reach.perform(people.add_person, wanted))
    if as_json:
        print_json(made)
    else:
        say(f"Added {name}", f"Next: reprise --user {name} account add --username THEIRS")


@user.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """List the people, and what each has.

    \b
    Example:  reprise user list
    """
    from operations import people

    with reached(load_settings()) as reach:
        found = shown(reach.perform(people.list_people))["people"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["Person", "Accounts", "Posts", "Mentions", "Media", "Keys"],
        [
            (
                each["name"] or _OWNER,
                ", ".join(f"@{username}" for username in each["accounts"]),
                *(str(each[what]) for what in ("posts", "reposts", "mediaFiles", "apiKeys")),
            )
            for each in found
        ],
    )


@user.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Remove the person called NAME with everything of theirs; a backup is made first.

    \b
    Example:  reprise user remove anna

    What is live on Instagram stays there.
    """
    from operations import models, people

    settings = load_settings()
    wanted = asked(models.PersonRequest, {"name": name})
    with reached(settings) as reach:
        every = shown(reach.perform(people.list_people))["people"]
        saved: Path | None = None
        them = next((each for each in every if (each["name"] or "").lower() == name.lower()), None)
        if them is not None:
            say(*_what_goes(them), err=True)
            if not yes:
                click.confirm(f"Remove {them['name']}?", abort=True, err=True)
            saved = _saved(settings, name)
            say(f"Saved everything as it was in {saved}", err=True)
        gone = shown(reach.perform(people.remove_person, wanted))
    if as_json:
        print_json({**gone, "backup": str(saved)})
    else:
        say(f"Removed {gone['name']}")


def _what_goes(them: dict[str, Any]) -> tuple[str, ...]:
    accounts = ", ".join(f"@{username}" for username in them["accounts"]) or "no account"
    return (
        f"With {them['name']} go: {accounts}, with logins, tokens and settings",
        f"{them['posts']} posts and {them['reposts']} mentions; what waits does not go out",
        f"{them['mediaFiles']} media files ({them['mediaBytes'] / 1e6:.1f} MB), and all keys and"
        " sessions",
    )


def _saved(settings: Settings, name: str) -> Path:
    """Back everything up into the data directory; raises what `reprise backup` would."""
    from cli.backup import progress_bar, tell_unreadable
    from storage.backup import write_backup

    moment = f"{utc_now():%Y%m%dT%H%M%SZ}"
    target = settings.data_dir / f"reprise-before-{name.lower()}-left-{moment}.tar"
    with progress_bar("Saving") as progress:
        written = write_backup(
            settings.data_dir, target, key=None, now=utc_now(), progress=progress
        )
    tell_unreadable(written)
    return target


COMMANDS = (user,)

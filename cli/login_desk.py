"""What the login commands share: is a code waited for, telling how it stands, asking secrets."""

from __future__ import annotations

import sys
from typing import Any

import click

from cli.output import print_json, say
from cli.reach import Reach
from cli.standard_input import read_line


def waits_for_a_code(reach: Reach, account_id: str) -> bool:
    """Say whether a login of the account waits for something."""
    from operations.logins import probe_credentials

    state = reach.perform(probe_credentials, target=account_id).challenge_state
    return state not in (None, "required")


def tell(result: dict[str, Any], username: str, as_json: bool) -> None:
    """Print how a login stands, and end with exit code 1 while it waits for a code."""
    waits = result["challengeRequired"]
    if as_json:
        names = ("challengeRequired", "contactPoint", "challengeType")
        print_json({name: result.get(name) for name in names})
    elif waits:
        say(
            f"{result['message']}. Next:",
            f"  reprise account login --username {username} --code CODE",
        )
    else:
        say(f"Logged in as @{username.lstrip('@')}")
    if waits:
        sys.exit(1)


def secret(what: str, from_stdin: bool) -> str:
    """Return one line of stdin, or what is typed unseen on the terminal."""
    if from_stdin:
        return read_line(what)
    value = click.prompt(what, hide_input=True, err=True)
    if not value:
        raise click.UsageError(f"The {what} is empty")
    return str(value)

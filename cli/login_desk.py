"""How the login commands reach the login desk: the running daemon's over its API, else their own.

The daemon owns the sessions while it runs; a second desk beside it would be a second device.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import click
import trio
from pydantic import BaseModel

from accounts.client_options import BadOption
from accounts.logins import NoPendingLogin
from api.errors import api_error_of
from cli.failure import Refused
from cli.output import print_json
from cli.session import account_named, opened, running_daemon
from daemon import data_dir
from daemon.clock import utc_now
from daemon.core import Core, open_core
from daemon.logs import configure
from daemon.settings import Settings
from instagram.errors import InstagramError
from storage import credentials

Here = Callable[[Core], Awaitable[BaseModel]]
CREDENTIALS = "/settings/private-api-credentials"
username_option = click.option("--username", required=True, help="The connected account.")


def ask(
    settings: Settings, method: str, path: str, body: dict[str, Any] | None, here: Here
) -> dict[str, Any]:
    """Call the running daemon, or do the same `here`; the answer is the API's either way.

    Raises `Refused` with the API's code.
    """
    with running_daemon(settings) as daemon:
        if daemon is not None:
            return daemon.call(method, path, body)
    return trio.run(_ask_here, settings, here)


async def _ask_here(settings: Settings, here: Here) -> dict[str, Any]:
    configure(replace(settings, log_level="error"))
    refused: Exception | None = None
    with data_dir.held(settings.data_dir):
        async with open_core(settings) as core:
            try:
                answer = await here(core)
            except (InstagramError, NoPendingLogin, BadOption) as error:
                refused = error
    if refused is not None:
        known = api_error_of(refused)
        assert known is not None
        raise Refused(f"{known.message} [{known.code.code}]", known.code.code)
    return answer.model_dump(mode="json", by_alias=True)


def account_of(settings: Settings, username: str) -> tuple[str, bool]:
    """Return the account's id, and whether a login of it waits for something."""
    with opened(settings) as (db, _):
        found = account_named(db, username)
        return found.id, credentials.challenge_of(db, found.id, utc_now()) is not None


def tell(result: dict[str, Any], username: str, as_json: bool) -> None:
    """Print how a login stands, and end with exit code 1 while it waits for a code."""
    waits = result["challengeRequired"]
    if as_json:
        names = ("challengeRequired", "contactPoint", "challengeType")
        print_json({name: result.get(name) for name in names})
    elif waits:
        click.echo(
            f"{result['message']}. Next:\n  reprise account login --username {username} --code CODE"
        )
    else:
        click.echo(f"Logged in as @{username.lstrip('@')}")
    if waits:
        sys.exit(1)


def secret(what: str, from_stdin: bool) -> str:
    """Return one line of stdin, or what is typed unseen on the terminal."""
    if from_stdin:
        value = sys.stdin.readline().rstrip("\n")
    else:
        value = click.prompt(what, hide_input=True, err=True)
    if not value:
        raise click.UsageError(f"The {what} is empty")
    return str(value)

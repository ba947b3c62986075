"""`reprise account …`: connect, log in, list, remove."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import cast

import click
import trio

from accounts.connecting import GraphAccess, connect
from accounts.logins import NoPendingLogin
from daemon import data_dir
from daemon.cli.failure import Failed, only_error
from daemon.cli.output import json_option, print_json, print_table
from daemon.cli.session import account_named, opened, running_daemon, vault_for
from daemon.clock import utc_now
from daemon.core import open_core
from daemon.logs import configure
from daemon.settings import Settings, load_settings
from instagram.errors import InstagramError
from instagram.graph_http import LoginMethod
from instagram.login import PendingCode
from publish.intake import disconnect
from storage import accounts, credentials
from storage.store import transaction
from storage.times import to_text


@click.group()
def account() -> None:
    """Connect Instagram accounts and log them in."""


@account.command("add")
@click.option("--username", required=True, help="The account's Instagram name.")
@click.option("--ig-user-id", default="", help="Its numeric id for the Graph API, if known.")
@click.option(
    "--login-method",
    type=click.Choice(["instagram", "facebook"]),
    default="instagram",
    show_default=True,
    help="How its Graph token was obtained.",
)
@click.option("--access-token-stdin", is_flag=True, help="Read a Graph token from stdin.")
@json_option
def add(
    username: str, ig_user_id: str, login_method: str, access_token_stdin: bool, as_json: bool
) -> None:
    """Connect an account, or give a connected one a new token.

    \b
    Examples:  reprise account add --username my_studio
               pass show token | reprise account add --username my_studio --access-token-stdin
    """
    access = None
    if access_token_stdin:
        token = sys.stdin.readline().strip()
        if not token:
            raise click.UsageError("--access-token-stdin: standard input is empty")
        if login_method == "facebook" and not ig_user_id:
            raise click.UsageError("--login-method facebook needs --ig-user-id")
        access = GraphAccess(token=token, login_method=cast("LoginMethod", login_method))
    settings = load_settings()
    with opened(settings) as (db, owner):
        vault = vault_for(db, settings)
        with transaction(db):
            added = connect(
                db,
                vault,
                user_id=owner.id,
                username=username.lstrip("@"),
                ig_user_id=ig_user_id,
                access=access,
                now=utc_now(),
            )
    if as_json:
        print_json({"id": added.id, "username": added.username, "loginMethod": login_method})
    else:
        click.echo(f"Connected @{added.username} ({added.id})")
        click.echo(f"Next: reprise account login --username {added.username}")


@account.command("login")
@click.option("--username", required=True, help="The connected account.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option("--code", default="", help="Two-factor code, or the code Instagram has sent.")
@json_option
def login(username: str, password_stdin: bool, code: str, as_json: bool) -> None:
    """Log an account in to the Private API; the password is sent once.

    \b
    Examples:  reprise account login --username my_studio
               pass show studio | reprise account login --username my_studio --password-stdin
               reprise account login --username my_studio --code 123456
    """
    settings = load_settings()
    with opened(settings) as (db, _):
        account_id = account_named(db, username).id
        waits = credentials.challenge_of(db, account_id) is not None
    password = ""
    if not (waits and code):
        password = (
            sys.stdin.readline().rstrip("\n")
            if password_stdin
            else click.prompt("Password", hide_input=True, err=True)
        )
        if not password:
            raise click.UsageError("The password is empty")
    result = _log_in(settings, account_id, username.lstrip("@"), password, code)
    if as_json:
        print_json(result)
    elif result["challengeRequired"]:
        click.echo(
            f"Instagram has sent a code to {result['contactPoint'] or 'you'}. Next:\n"
            f"  reprise account login --username {username} --code CODE"
        )
    else:
        click.echo(f"Logged in as @{username}")
    if result["challengeRequired"]:
        sys.exit(1)


@account.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """List connected accounts.

    \b
    Example:  reprise account list --json
    """
    with opened(load_settings()) as (db, owner):
        rows = [(found, credentials.find(db, found.id)) for found in accounts.of_user(db, owner.id)]
    if as_json:
        print_json(
            [
                {
                    "id": found.id,
                    "username": found.username,
                    "loginMethod": found.login_method,
                    "lastLoginAt": to_text(login.last_login_at) if login else None,
                }
                for found, login in rows
            ]
        )
        return
    print_table(
        ["Account", "Id", "Private API login"],
        [
            (f"@{found.username}", found.id, to_text(login.last_login_at) if login else None)
            for found, login in rows
        ],
    )


@account.command("remove")
@click.option("--username", required=True, help="The connected account.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(username: str, yes: bool, as_json: bool) -> None:
    """Disconnect an account: its tokens, session, settings and mentions are deleted.

    \b
    Example:  reprise account remove --username my_studio
    """
    with opened(load_settings()) as (db, _):
        found = account_named(db, username)
        if not yes:
            click.confirm(f"Delete everything about @{found.username}?", abort=True, err=True)
        with transaction(db):
            disconnect(db, found.id, utc_now())
    if as_json:
        print_json({"removed": found.id})
    else:
        click.echo(f"Disconnected @{found.username}")


def _log_in(
    settings: Settings, account_id: str, username: str, password: str, code: str
) -> dict[str, object]:
    """Log in through the running daemon, which owns the session, or else here."""
    with running_daemon(settings) as daemon:
        if daemon is None:
            return trio.run(_log_in_here, settings, account_id, username, password, code)
        base = "/settings/private-api-credentials"
        if not password:
            daemon.post(f"{base}/challenge", {"accountId": account_id, "code": code})
            return {"challengeRequired": False, "contactPoint": None}
        body = {
            "accountId": account_id,
            "igUsername": username,
            "igPassword": password,
            "code": code,
        }
        answer = daemon.post(base, body)
        return {key: answer.get(key) for key in ("challengeRequired", "contactPoint")}


async def _log_in_here(
    settings: Settings, account_id: str, username: str, password: str, code: str
) -> dict[str, object]:
    configure(replace(settings, log_level="error"))
    with data_dir.held(settings.data_dir):
        try:
            async with open_core(settings) as core:
                if not password:
                    done: object = await core.logins.submit_code(account_id, code)
                else:
                    done = await core.logins.log_in(account_id, username, password, code)
        except* (InstagramError, NoPendingLogin) as group:
            raise Failed(str(only_error(group))) from None
    pending = isinstance(done, PendingCode)
    contact = asdict(done)["contact_point"] if isinstance(done, PendingCode) else None
    return {"challengeRequired": pending, "contactPoint": contact}


COMMANDS = (account,)

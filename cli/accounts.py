"""`reprise account …`: connect, list, remove; `cli.logins` has what logs in."""

from __future__ import annotations

import click

from cli import client_options, logins, session_files
from cli.output import json_option, print_json, print_table, say
from cli.reach import asked, reached, shown
from cli.standard_input import read_line
from cli.usernames import username_option
from daemon.settings import load_settings
from ground.plain_text import plain


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
    from operations import accounts, models

    wanted = {"username": username.lstrip("@"), "ig_user_id": ig_user_id}
    if access_token_stdin:
        token = read_line("access token").strip()
        if login_method == "facebook" and not ig_user_id:
            raise click.UsageError("--login-method facebook needs --ig-user-id")
        wanted |= {"access_token": token, "login_method": login_method}
    with reached(load_settings()) as reach:
        added = reach.perform(accounts.connect_account, asked(models.ConnectRequest, wanted))
    if as_json:
        print_json({"id": added.id, "username": added.username, "loginMethod": login_method})
    else:
        say(f"Connected @{added.username} ({added.id})")
        say(f"Next: reprise account login --username {added.username}")


@account.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """List connected accounts.

    \b
    Example:  reprise account list --json
    """
    from operations import logins

    with reached(load_settings()) as reach:
        rows = [
            (found, shown(reach.perform(logins.probe_credentials, target=found.id))["lastLoginAt"])
            for found in reach.accounts()
        ]
    if as_json:
        print_json(
            [
                {
                    "id": found.id,
                    "username": found.username,
                    "loginMethod": found.login_method,
                    "lastLoginAt": last_login_at,
                }
                for found, last_login_at in rows
            ]
        )
        return
    print_table(
        ["Account", "Id", "Private API login"],
        [(f"@{found.username}", found.id, last_login_at) for found, last_login_at in rows],
    )


@account.command("remove")
@username_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(username: str, yes: bool, as_json: bool) -> None:
    """Disconnect an account: its tokens, session, settings and mentions are deleted.

    \b
    Example:  reprise account remove --username my_studio
    """
    from operations import accounts

    with reached(load_settings()) as reach:
        found = reach.account(username)
        if not yes:
            click.confirm(
                f"Delete everything about @{plain(found.username)}?", abort=True, err=True
            )
        reach.perform(accounts.disconnect_account, target=found.id)
    if as_json:
        print_json({"removed": found.id})
    else:
        say(f"Disconnected @{found.username}")


for _command in (*logins.COMMANDS, *session_files.COMMANDS, *client_options.COMMANDS):
    account.add_command(_command)

COMMANDS = (account,)

"""`reprise account login` and `continue`: a login step by step, on a terminal or in a script."""

from __future__ import annotations

import sys
from typing import Any

import click

from cli.client_options import checked
from cli.failure import Refused
from cli.login_desk import secret, tell, waits_for_a_code
from cli.output import json_option, say
from cli.reach import Reach, asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings

_TRIES = 3


class _Code(click.ParamType[str]):
    name = "code"

    def convert(self, value: str, param: Any, ctx: Any) -> str:
        code = value.replace(" ", "").replace("-", "")
        if code and not (code.isascii() and code.isdigit() and len(code) in (6, 8)):
            self.fail("a code has 6 digits, a backup code 8", param, ctx)
        return code


@click.command("login")
@username_option
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin.")
@click.option("--totp-seed-stdin", is_flag=True, help="Read a TOTP seed from stdin, to keep.")
@click.option("--code", type=_Code(), default="", help="Two-factor code, or a code that was sent.")
@json_option
def login(
    username: str, password_stdin: bool, totp_seed_stdin: bool, code: str, as_json: bool
) -> None:
    """Log an account in to the Private API; the password is sent once.

    \b
    Examples:  reprise account login --username my_studio
               pass show studio | reprise account login --username my_studio --password-stdin
               reprise account login --username my_studio --code 123456

    On a terminal it asks for what is missing. Elsewhere it ends with exit code 1 when a code is
    wanted; --code then goes on without the password. With both secrets on stdin, the password
    is the first line and the seed the second.
    """
    with reached(load_settings()) as reach:
        account_id = reach.account(username).id
        if code and not password_stdin and waits_for_a_code(reach, account_id):
            result = _submit(reach, account_id, code)
        else:
            password = secret("Password", password_stdin)
            seed = checked("totp_seed", secret("TOTP seed", True)) if totp_seed_stdin else ""
            given = {"ig_username": username.lstrip("@"), "ig_password": password, "code": code}
            result = _log_in(reach, account_id, given | ({"totp_seed": seed} if seed else {}))
        result = _with_codes(reach, account_id, result)
    tell(result, username, as_json)


@click.command("continue")
@username_option
@click.option("--by", type=click.Choice(["email", "sms"]), help="Where a code is to be sent.")
@json_option
def go_on(username: str, by: str | None, as_json: bool) -> None:
    """Go on after you confirmed something in the Instagram app, or have a code sent again.

    \b
    Examples:  reprise account continue --username my_studio
               reprise account continue --username my_studio --by sms

    With a saved session no password is submitted; it also shows whether the session is alive.
    """
    from operations import logins, models

    with reached(load_settings()) as reach:
        account_id = reach.account(username).id
        wanted = asked(models.ContinueRequest, {"account_id": account_id, "method": by})
        result = shown(reach.perform(logins.continue_login, wanted))
        result = _with_codes(reach, account_id, result)
    tell(result, username, as_json)


def _log_in(reach: Reach, account_id: str, given: dict[str, Any]) -> dict[str, Any]:
    from operations import logins, models

    wanted = asked(models.LoginRequest, {"account_id": account_id, **given})
    try:
        return shown(reach.perform(logins.save_credentials, wanted))
    except Refused as refused:
        if refused.code != "TWO_FACTOR_REQUIRED":
            raise
        return {"challengeRequired": True, "challengeType": "two_factor", "message": str(refused)}


def _submit(reach: Reach, account_id: str, code: str) -> dict[str, Any]:
    from operations import logins, models

    wanted = asked(models.ChallengeRequest, {"account_id": account_id, "code": code})
    result = shown(reach.perform(logins.resolve_challenge, wanted))
    return {**result, "challengeRequired": not result["resolved"]}


def _with_codes(reach: Reach, account_id: str, result: dict[str, Any]) -> dict[str, Any]:
    """Ask for codes on a terminal, as long as Instagram wants them."""
    tries = 0
    while result["challengeRequired"] and sys.stdin.isatty() and tries < _TRIES:
        say(result["message"], err=True)
        code = click.prompt("Code", type=_Code(), err=True)
        try:
            result = _submit(reach, account_id, code)
        except Refused as refused:
            tries += 1
            if refused.code != "INVALID_CODE" or tries == _TRIES:
                raise
            say(str(refused), err=True)
    return result


COMMANDS = (login, go_on)

"""`reprise account options`: an account's own proxy, locale, timezone and TOTP seed."""

from __future__ import annotations

from typing import Any

import click

from accounts.client_options import CHECKS
from cli.login_desk import secret
from cli.output import json_option, print_json, say
from cli.reach import asked, reached, shown
from cli.usernames import username_option
from daemon.settings import load_settings


class _Option(click.ParamType[str]):
    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: str, param: Any, ctx: Any) -> str:
        try:
            return CHECKS[self.name](value) if value else value
        except ValueError as error:
            self.fail(f"it has to be {error}", param, ctx)


@click.command("options")
@username_option
@click.option("--proxy-stdin", is_flag=True, help="Read the account's own proxy from stdin.")
@click.option("--no-proxy", is_flag=True, help="Use REPRISE_PROXY, or none, again.")
@click.option("--locale", type=_Option("locale"), help='Such as de_DE; "" clears it.')
@click.option("--timezone", type=_Option("timezone"), help='Such as Europe/Berlin; "" clears it.')
@click.option("--totp-seed-stdin", is_flag=True, help="Read the TOTP seed from stdin, to keep.")
@click.option("--no-totp-seed", is_flag=True, help="Forget the TOTP seed.")
@json_option
def options(username: str, as_json: bool, **given: Any) -> None:
    """Show, or set, an account's own proxy, locale, timezone and TOTP seed.

    \b
    Examples:  reprise account options --username my_studio
               pass show proxy | reprise account options --username my_studio --proxy-stdin
               reprise account options --username my_studio --locale de_DE --timezone Europe/Berlin

    The own proxy wins over REPRISE_PROXY, and counts from the next request on. Of a proxy only
    host and port are ever shown.
    """
    from operations import logins, models

    changes = _changes(given)
    settings = load_settings()
    with reached(settings) as reach:
        account_id = reach.account(username).id
        if changes:
            wanted = asked(models.ClientOptionFields, changes)
            now = shown(reach.perform(logins.set_client_options, wanted, account_id))
        else:
            now = shown(reach.perform(logins.get_client_options, target=account_id))
    if as_json:
        print_json(now)
        return
    say(f"proxy      {now['proxy'] or 'as for all'}")
    say(f"locale     {now['locale'] or 'as the device has it'}")
    say(f"timezone   {now['timezone'] or 'as the device has it'}")
    say(f"TOTP seed  {'stored' if now['hasTotpSeed'] else 'none'}")
    for warning in now["warnings"]:
        say(f"Warning: {warning}", err=True)


def _changes(given: dict[str, Any]) -> dict[str, str]:
    for name, no_name in (("proxy_stdin", "no_proxy"), ("totp_seed_stdin", "no_totp_seed")):
        if given[name] and given[no_name]:
            raise click.UsageError("A value cannot be given and taken away at once")
    changes = {name: given[name] for name in ("locale", "timezone") if given[name] is not None}
    if given["proxy_stdin"]:
        changes["proxy"] = checked("proxy", secret("Proxy", True))
    if given["totp_seed_stdin"]:
        changes["totp_seed"] = checked("totp_seed", secret("TOTP seed", True))
    changes |= {name: "" for name in ("proxy", "totp_seed") if given[f"no_{name}"]}
    return changes


def checked(name: str, value: str) -> str:
    """Return an option's value in order; wrong use when it cannot be used."""
    try:
        return CHECKS[name](value.strip())
    except ValueError as error:
        raise click.UsageError(f"The {name.replace('_', ' ')} has to be {error}") from None


COMMANDS = (options,)

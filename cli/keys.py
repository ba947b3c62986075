"""`reprise key …` and `reprise login-link`: who may use the API."""

from __future__ import annotations

import click

from cli.failure import NOT_RUNNING, Failed
from cli.output import json_option, print_json, print_table, say
from cli.reach import reached, shown
from daemon import data_dir
from daemon.settings import load_settings


@click.group()
def key() -> None:
    """Create, list and revoke API keys."""


@key.command("create")
@click.argument("name")
@json_option
def create(name: str, as_json: bool) -> None:
    """Create an API key called NAME; the key is shown this once.

    \b
    Example:  export VOIDGRAM_API_KEY=$(reprise key create laptop --json | jq -r .fullKey)
    """
    if not 1 <= len(name) <= 64:
        raise click.UsageError("NAME must have 1 to 64 characters")
    from operations import api_keys, models

    with reached(load_settings()) as reach:
        answer = reach.perform(api_keys.create_api_key, models.ApiKeyRequest(name=name))
    made, full = answer.key, answer.full_key
    if as_json:
        print_json({"id": made.id, "name": made.name, "prefix": made.prefix, "fullKey": full})
    else:
        say(full)
        say("Keep it now: it is not shown again.", err=True)


@key.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List API keys, revoked ones too.

    \b
    Example:  reprise key list
    """
    from operations import api_keys

    with reached(load_settings()) as reach:
        found = shown(reach.perform(api_keys.list_api_keys))["keys"]
    names = ("id", "name", "prefix", "createdAt", "lastUsedAt", "revokedAt")
    rows = [{name: made[name] for name in names} for made in found]
    if as_json:
        print_json(rows)
    else:
        print_table(
            ["Name", "Key", "Id", "Last used", "Revoked"],
            [
                (row["name"], f"{row['prefix']}…", row["id"], row["lastUsedAt"], row["revokedAt"])
                for row in rows
            ],
        )


@key.command("revoke")
@click.argument("key_id")
@json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke the key with the id KEY_ID, at once.

    \b
    Example:  reprise key revoke 5b0c…
    """
    from operations import api_keys

    with reached(load_settings()) as reach:
        revoked = reach.perform(api_keys.revoke_api_key, target=key_id)
    if as_json:
        print_json({"id": key_id, "alreadyRevoked": revoked.already_revoked})
    else:
        say("It was revoked already" if revoked.already_revoked else "Revoked")


@click.command("login-link")
@json_option
def login_link(as_json: bool) -> None:
    """Print a link that signs a browser in, once.

    \b
    Example:  xdg-open "$(reprise login-link)"

    The link works for five minutes.
    """
    from operations.browser import create_login_code

    settings = load_settings()
    with reached(settings, needs_daemon=True) as reach:
        made = reach.perform(create_login_code)
    daemon = data_dir.running(settings.data_dir)
    if daemon is None:
        raise Failed(NOT_RUNNING)
    url = f"{daemon.url}/login?code={made.code}"
    if as_json:
        print_json({"url": url})
    else:
        say(url)


COMMANDS = (key, login_link)

"""`reprise key …` and `reprise login-link`: who may use the API."""

from __future__ import annotations

import click

from cli.failure import NOT_RUNNING, Failed
from cli.output import json_option, print_json, print_table
from cli.session import opened
from daemon import data_dir
from daemon.clock import utc_now
from daemon.settings import load_settings
from storage import api_keys, browser_sessions
from storage.store import transaction
from storage.times import to_text


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
    with opened(load_settings()) as (db, owner), transaction(db):
        made, full = api_keys.create(db, user_id=owner.id, name=name, now=utc_now())
    if as_json:
        print_json({"id": made.id, "name": made.name, "prefix": made.prefix, "fullKey": full})
    else:
        click.echo(full)
        click.echo("Keep it now: it is not shown again.", err=True)


@key.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List API keys, revoked ones too.

    \b
    Example:  reprise key list
    """
    with opened(load_settings()) as (db, owner):
        found = api_keys.of_user(db, owner.id)
    rows = [
        {
            "id": made.id,
            "name": made.name,
            "prefix": made.prefix,
            "createdAt": to_text(made.created_at),
            "lastUsedAt": to_text(made.last_used_at) if made.last_used_at else None,
            "revokedAt": to_text(made.revoked_at) if made.revoked_at else None,
        }
        for made in found
    ]
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
    with opened(load_settings()) as (db, _), transaction(db):
        was_alive = api_keys.revoke(db, key_id, utc_now())
    if as_json:
        print_json({"id": key_id, "alreadyRevoked": not was_alive})
    else:
        click.echo("Revoked" if was_alive else "It was revoked already")


@click.command("login-link")
@json_option
def login_link(as_json: bool) -> None:
    """Print a link that signs a browser in, once.

    \b
    Example:  xdg-open "$(reprise login-link)"

    The link works for five minutes.
    """
    settings = load_settings()
    daemon = data_dir.running(settings.data_dir)
    if daemon is None:
        raise Failed(NOT_RUNNING)
    with opened(settings) as (db, owner), transaction(db):
        code = browser_sessions.create_code(db, user_id=owner.id, now=utc_now())
    url = f"{daemon.url}/login?code={code}"
    if as_json:
        print_json({"url": url})
    else:
        click.echo(url)


COMMANDS = (key, login_link)

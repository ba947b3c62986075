"""`reprise key …` and `reprise login-link`: who may use the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from cli.failure import NOT_RUNNING, Failed
from cli.output import json_option, note, print_json, print_table, say
from cli.reach import asked, reached, shown
from daemon import data_dir
from daemon.settings import load_settings
from ground.clock import utc_now

_LIMITS = ("scopes", "accountIds", "expiresAt")
_only = click.option(
    "--only", metavar="USERNAME", multiple=True, help="With this account alone; may be repeated."
)


@click.group()
def key() -> None:
    """Create, list and revoke API keys."""


@key.command("create")
@click.argument("name")
@click.option(
    "--preset",
    type=click.Choice(["read-only", "drafts-only", "publisher", "approver", "full"]),
    help="What it may do; everything, if not said.",
)
@click.option("--scopes", metavar="SCOPES", help="The same one by one: posts:read,posts:write.")
@_only
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is good; for ever, if not.")
@json_option
def create(
    name: str,
    preset: str | None,
    scopes: str | None,
    only: tuple[str, ...],
    days: int | None,
    as_json: bool,
) -> None:
    """Create an API key called NAME; the key is shown this once.

    \b
    Examples:  export VOIDGRAM_API_KEY=$(reprise key create laptop --json | jq -r .fullKey)
               reprise key create agent --preset drafts-only
               reprise key create cron --scopes posts:read,posts:publish --only my_studio --days 90

    read-only sees all. drafts-only also uploads and drafts: you publish. publisher publishes as
    well. approver sees mentions and decides about them.
    """
    if not 1 <= len(name) <= 64:
        raise click.UsageError("NAME must have 1 to 64 characters")
    if preset is not None and scopes is not None:
        raise click.UsageError("Give --preset or --scopes, not both")
    from operations import api_keys, models
    from operations.scopes import PRESETS, text_of

    wanted: dict[str, Any] = {"name": name}
    if preset is not None or scopes is not None:
        wanted["scopes"] = text_of(PRESETS[preset]) if preset else scopes
    if days is not None:
        wanted["expires_at"] = (utc_now() + timedelta(days=days)).isoformat()
    with reached(load_settings()) as reach:
        if only:
            wanted["account_ids"] = [reach.account(username).id for username in only]
        answer = reach.perform(api_keys.create_api_key, asked(models.ApiKeyRequest, wanted))
    made, full = answer.key, answer.full_key
    if as_json:
        told = shown(made)
        names = ("id", "name", "prefix", *(limit for limit in _LIMITS if told[limit]))
        print_json({**{each: told[each] for each in names}, "fullKey": full})
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
    names = ("id", "name", "prefix", *_LIMITS, "createdAt", "lastUsedAt", "revokedAt")
    rows = [{name: made[name] for name in names} for made in found]
    if as_json:
        print_json(rows)
        return
    limited = any(row[name] for row in rows for name in _LIMITS)
    print_table(
        ["Name", "Key", "Id", "Last used", "Revoked", *(("May", "Until") if limited else ())],
        [
            (
                row["name"],
                f"{row['prefix']}…",
                row["id"],
                row["lastUsedAt"],
                row["revokedAt"],
                *((_may(row), row["expiresAt"]) if limited else ()),
            )
            for row in rows
        ],
    )


def _may(row: dict[str, Any]) -> str:
    what = row["scopes"] or "everything"
    accounts = row["accountIds"]
    return what if accounts is None else f"{what}; {len(accounts)} account(s)"


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
@click.option(
    "--role",
    type=click.Choice(["owner", "approver"]),
    default="owner",
    show_default=True,
    help="An approver sees mentions and decides about them, and nothing else.",
)
@_only
@json_option
def login_link(role: str, only: tuple[str, ...], as_json: bool) -> None:
    """Print a link that signs a browser in, once.

    \b
    Examples:  xdg-open "$(reprise login-link)"
               reprise login-link --role approver --only my_studio

    The link works for five minutes.
    """
    from daemon.outside import passed_on_url_of
    from operations import models
    from operations.browser import create_login_code
    from operations.scopes import PRESETS, text_of

    wanted: dict[str, Any] = {"scopes": text_of(PRESETS["approver"])} if role != "owner" else {}
    settings = load_settings()
    with reached(settings, needs_daemon=True) as reach:
        if only:
            wanted["account_ids"] = [reach.account(username).id for username in only]
        made = reach.perform(create_login_code, asked(models.LoginCodeRequest, wanted))
    daemon = data_dir.running(settings.data_dir)
    if daemon is None:
        raise Failed(NOT_RUNNING)
    url = f"{daemon.url}/login?code={made.code}"
    if as_json:
        print_json({"url": url})
    else:
        say(url)
        if (outside := passed_on_url_of(settings)) is not None:
            note(f"By the proxy: {outside}/login?code={made.code}")


COMMANDS = (key, login_link)

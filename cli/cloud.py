"""`reprise cloud …`: a Worker in the user's own Cloudflare account."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cli.output import json_option, note, print_json, print_table, say
from cli.reach import asked, reached, shown
from cli.standard_input import read_line
from daemon.settings import load_settings

if TYPE_CHECKING:
    from operations.models import CloudflareDiagnostics

_PAGE_FOR_TOKENS = (
    "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys="
    "%5B%7B%22key%22%3A%22workers_scripts%22%2C%22type%22%3A%22edit%22%7D%2C"
    "%7B%22key%22%3A%22workers_kv_storage%22%2C%22type%22%3A%22edit%22%7D%2C"
    "%7B%22key%22%3A%22workers_r2%22%2C%22type%22%3A%22edit%22%7D%2C"
    "%7B%22key%22%3A%22account_settings%22%2C%22type%22%3A%22read%22%7D%5D"
    "&accountId=*&zoneId=all&name=Reprise"
)


@click.group("cloud")
def cloud() -> None:
    """Lend media a public address by a Worker of your own at Cloudflare."""


@cloud.command("deploy")
@click.option("--account", metavar="NAME", help="Which account, where the token is for several.")
@click.option("--domain", metavar="URL", help="Your own address that leads to the Worker.")
@click.option("--keep-token", is_flag=True, help="Keep the API token here, sealed.")
@json_option
def deploy(account: str | None, domain: str | None, keep_token: bool, as_json: bool) -> None:
    """Bring the Worker into your Cloudflare account, or up to date there.

    The API token is asked for, or read from standard input.

    \b
    Examples:  reprise cloud deploy
               reprise cloud deploy --keep-token < token.txt
    """
    from operations import models
    from operations.cloud import deploy_cloud

    token = _token()
    note("Deploying: about ten requests to Cloudflare")
    given = {"api_token": token, "account": account, "domain": domain, "keep_token": keep_token}
    with reached(load_settings()) as reach:
        done = reach.perform(deploy_cloud, asked(models.CloudDeployRequest, given))
    if as_json:
        print_json(shown(done))
        return
    say(f"{'Deployed' if done.is_new else 'Brought up to date'}: {done.url}")
    if done.media_in == "worker":
        say("R2 is not activated in this account: media lie in the Worker's own storage.")
    say("A new address needs some minutes until it answers: `reprise cloud status` asks it.")


@cloud.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show where the Worker is, and ask it how it is.

    \b
    Example:  reprise cloud status --json
    """
    from operations.cloud import get_cloudflare_diagnostics, get_cloudflare_status

    with reached(load_settings()) as reach:
        configured = reach.perform(get_cloudflare_status)
        if not configured.is_configured:
            if as_json:
                print_json({"status": shown(configured), "diagnostics": None})
            else:
                say("Not configured. `reprise cloud deploy` brings a Worker to Cloudflare.")
            return
        found = reach.perform(get_cloudflare_diagnostics)
    if as_json:
        print_json({"status": shown(configured), "diagnostics": shown(found)})
        return
    rows = [
        ("Worker", str(configured.worker_url)),
        ("Answers", _answers(found)),
        ("Version", found.version),
        ("Media in", configured.r2_bucket_name or "the Worker's own storage"),
        ("Last cron", str(found.last_cron_run or "not yet")),
        ("API token", "kept" if configured.has_stored_api_token else "not kept"),
    ]
    print_table(["", ""], rows)


@cloud.command("remove")
@click.option("--at-once", is_flag=True, help="Whatever it is doing: the brake.")
@json_option
def remove(at_once: bool, as_json: bool) -> None:
    """Remove the Worker with all that it holds.

    Where the API token was not kept, it is asked for, or read from standard input.

    \b
    Example:  reprise cloud remove
    """
    from operations import models
    from operations.cloud import get_cloudflare_status, remove_cloud

    with reached(load_settings()) as reach:
        is_kept = reach.perform(get_cloudflare_status).has_stored_api_token
        given = {"api_token": None if is_kept else _token(), "at_once": at_once}
        done = reach.perform(remove_cloud, asked(models.CloudRemoveRequest, given))
    if as_json:
        print_json(shown(done))
    else:
        say("Removed. An empty bucket may be left at Cloudflare; it costs nothing.")


def _token() -> str:
    if not sys.stdin.isatty():
        return read_line("API token")
    say(f"A token with the right permissions is made here:\n  {_PAGE_FOR_TOKENS}", err=True)
    token: str = click.prompt("Cloudflare API token", hide_input=True, err=True)
    return token


def _answers(found: CloudflareDiagnostics) -> str:
    return f"no: {found.offline_reason}" if found.offline else "yes"


COMMANDS = (cloud,)

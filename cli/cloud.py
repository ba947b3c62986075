"""`reprise cloud …`: a Worker in the user's own Cloudflare account."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cli.failure import Failed, Refused
from cli.output import json_option, note, print_json, print_table, say, working
from cli.reach import Reach, asked, reached, shown
from cli.standard_input import read_line
from daemon.settings import load_settings
from ground.refusal import ErrorCode

if TYPE_CHECKING:
    from operations.models import CloudflareDiagnostics, CloudRemoved

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
    """Send posts while this machine is off, by a Worker of yours."""


@cloud.command("deploy")
@click.option("--account", metavar="NAME", help="Which account, where the token is for several.")
@click.option("--domain", metavar="URL", help="Your own address, under which Meta fetches media.")
@click.option("--no-domain", is_flag=True, help="Let Meta fetch below workers.dev again.")
@click.option("--keep-token", is_flag=True, help="Keep the API token here, sealed.")
@click.option("--replace", is_flag=True, help="Remove the Worker of another Reprise first.")
@json_option
def deploy(as_json: bool, **given: Any) -> None:
    """Bring the Worker into your Cloudflare account, or up to date there.

    The API token is asked for, or read from standard input. What broke off is taken up by doing it
    again; data and secrets of a Worker that is there are kept.

    \b
    Examples:  reprise cloud deploy
               reprise cloud deploy --keep-token < token.txt
               reprise cloud deploy --domain https://media.example.com
    """
    if given.pop("no_domain"):
        given["domain"] = ""
    with reached(load_settings()) as reach:
        _deploy(reach, {**given, "api_token": _token()}, as_json)


@cloud.command("upgrade")
@click.option("--new-token", is_flag=True, help="Give the Worker a new token for its daemon.")
@json_option
def upgrade(new_token: bool, as_json: bool) -> None:
    """Bring the Worker up to date after an update of Reprise.

    Posts that wait in it, its media and its secrets stay. Where the API token was not kept, it is
    asked for, or read from standard input.

    \b
    Example:  reprise cloud upgrade
    """
    from operations.cloud import get_cloudflare_status

    with reached(load_settings()) as reach:
        there = reach.perform(get_cloudflare_status)
        if not there.is_configured:
            raise Failed("There is no Worker yet: `reprise cloud deploy` brings one to Cloudflare")
        token = None if there.has_stored_api_token else _token()
        _deploy(reach, {"api_token": token, "new_token": new_token}, as_json)


def _deploy(reach: Reach, given: dict[str, Any], as_json: bool) -> None:
    from operations import models
    from operations.cloud import deploy_cloud

    with working("Cloudflare is asked"):
        done = reach.perform(deploy_cloud, asked(models.CloudDeployRequest, given), hears=note)
    if as_json:
        print_json(shown(done))
        return
    say(f"{'Deployed' if done.is_new else 'Brought up to date'}: {done.url}")
    if done.domain is not None:
        say(f"Meta fetches media under {done.domain}.")
    if done.media_in == "worker":
        say("R2 is not activated in this account: media lie in the Worker's own storage.")
    if done.is_new:
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


@cloud.command("probe")
@json_option
def probe(as_json: bool) -> None:
    """Ask Meta to fetch a picture from the Worker; nothing of it is published.

    The daemon does so by itself, once a week. Where Meta cannot, give the Worker an address of your
    own: `reprise cloud deploy --domain`.

    \b
    Example:  reprise cloud probe
    """
    from operations.cloud import probe_cloud

    with reached(load_settings()) as reach, working("Meta is asked"):
        probed = reach.perform(probe_cloud)
    if as_json:
        print_json(shown(probed))
    elif probed.fetched:
        say(f"Meta fetches from {probed.address}")
    else:
        say(
            f"Meta cannot fetch from {probed.address}: {probed.reason}",
            "Give the Worker an address of your own: reprise cloud deploy --domain URL",
        )
    if not probed.fetched:
        raise click.exceptions.Exit(1)


@cloud.command("remove")
@click.option("--at-once", is_flag=True, help="Whatever it is doing: the brake.")
@click.option("--yes", "-y", is_flag=True, help="The bucket too, with the media in it.")
@json_option
def remove(at_once: bool, yes: bool, as_json: bool) -> None:
    """Remove the Worker with all that it holds, but not while posts go out of it.

    Takes away what a deploy has made, also one that broke off: Worker, KV namespace, the way of a
    domain to it, bucket. Media in the bucket are asked about first. Where the API token was not
    kept, it is asked for, or read from standard input.

    \b
    Examples:  reprise cloud remove
               reprise cloud remove --yes < token.txt
    """
    _remove(at_once, yes, as_json)


@cloud.command("stop")
@json_option
def stop(as_json: bool) -> None:
    """Remove the Worker at once, whatever it is doing: the brake.

    What waits in it does not go out any more. Where the API token was not kept, it is asked for, or
    read from standard input.

    \b
    Example:  reprise cloud stop
    """
    _remove(True, False, as_json)


def _remove(at_once: bool, yes: bool, as_json: bool) -> None:
    given: dict[str, Any] = {"api_token": None, "at_once": at_once}
    with reached(load_settings()) as reach:
        try:
            done = _removed(reach, given, yes)
        except Refused as refused:
            if refused.code != ErrorCode.VALIDATION_ERROR:
                raise
            note(str(refused))  # no token is kept, or one that is good no more
            given["api_token"] = _token()
            done = _removed(reach, given, yes)
        if done.left and not yes and sys.stdin.isatty() and sys.stdout.isatty():
            question = f"{'. '.join(done.left)}. Remove it too?"
            if click.confirm(question, err=True):
                done = _removed(reach, given, True)
    if as_json:
        print_json(shown(done))
        return
    say("Removed.", *done.left)
    if done.left and not yes:
        say("`reprise cloud remove --yes` removes a bucket of Reprise's with what is in it.")


def _removed(reach: Reach, given: dict[str, Any], empties: bool) -> CloudRemoved:
    from operations import models
    from operations.cloud import remove_cloud

    asked_for = asked(models.CloudRemoveRequest, {**given, "empty_bucket": empties})
    with working("Cloudflare is asked"):
        done: CloudRemoved = reach.perform(remove_cloud, asked_for, hears=note)
    return done


def _token() -> str:
    if not sys.stdin.isatty():
        return read_line("API token")
    say(f"A token with the right permissions is made here:\n  {_PAGE_FOR_TOKENS}", err=True)
    token: str = click.prompt("Cloudflare API token", hide_input=True, err=True)
    return token


def _answers(found: CloudflareDiagnostics) -> str:
    return f"no: {found.offline_reason}" if found.offline else "yes"


COMMANDS = (cloud,)

"""`reprise webhook …`: other programs that are told of what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.output import json_option, print_json, print_table, say
from cli.reach import asked, reached, shown
from daemon.settings import load_settings

if TYPE_CHECKING:
    from pydantic import BaseModel

    from operations.operation import Operation


@click.group()
def webhook() -> None:
    """Tell other programs what happens, as it happens."""


@webhook.command("add")
@click.argument("url")
@click.option(
    "--type", "types", multiple=True, help="Only these, as post.failed or repost.*; several times."
)
@click.option(
    "--only", metavar="USERNAME", multiple=True, help="Of this account alone; may be repeated."
)
@json_option
def add(url: str, types: tuple[str, ...], only: tuple[str, ...], as_json: bool) -> None:
    """Add a URL that is told of what happens; its secret is shown this once.

    \b
    Examples:  reprise webhook add http://localhost:5678/webhook/reprise
               reprise webhook add https://example.com/hook --type post.failed --type account.held
    """
    from operations import models
    from operations.webhooks import create_webhook

    wanted: dict[str, Any] = {"url": url, "types": ",".join(types)}
    with reached(load_settings()) as reach:
        if only:
            wanted["account_ids"] = [reach.account(username).id for username in only]
        made = reach.perform(create_webhook, asked(models.WebhookRequest, wanted))
    if as_json:
        print_json(shown(made))
        return
    say(f"{made.webhook.id}  {made.webhook.url}")
    say(made.secret)
    say("Keep the secret now: it is not shown again. Messages are signed with it.", err=True)


@webhook.command("list")
@json_option
def list_them(as_json: bool) -> None:
    """List webhooks.

    \b
    Example:  reprise webhook list
    """
    from operations.webhooks import list_webhooks

    with reached(load_settings()) as reach:
        found = shown(reach.perform(list_webhooks))["webhooks"]
    if as_json:
        print_json(found)
        return
    rows = [
        (each["id"], each["url"], each["types"] or "everything", state_of(each)) for each in found
    ]
    print_table(["Id", "URL", "Types", "State"], rows)


@webhook.command("test")
@click.argument("webhook_id")
@json_option
def test(webhook_id: str, as_json: bool) -> None:
    """Send a test message to the webhook WEBHOOK_ID.

    \b
    Example:  reprise webhook test 5b0c… && reprise webhook log 5b0c…
    """
    from operations.webhooks import send_webhook_test

    said = f"A test message is on its way; see `reprise webhook log {webhook_id}`"
    done(send_webhook_test, webhook_id, as_json, said, needs_daemon=True)


@webhook.command("log")
@click.argument("webhook_id")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
def log(webhook_id: str, limit: int, as_json: bool) -> None:
    """Show what the webhook WEBHOOK_ID was told, newest first, and what came of it.

    \b
    Example:  reprise webhook log 5b0c… --limit 5
    """
    from operations.webhooks import list_webhook_deliveries

    print_log(list_webhook_deliveries, webhook_id, limit, as_json)


@webhook.command("redeliver")
@click.argument("message_id")
@json_option
def redeliver(message_id: str, as_json: bool) -> None:
    """Send the message MESSAGE_ID of the log again.

    \b
    Example:  reprise webhook redeliver 77aa…
    """
    from operations.webhooks import redeliver_webhook

    done(redeliver_webhook, message_id, as_json, "It is sent again")


@webhook.command("recover")
@click.argument("webhook_id")
@click.option("--since", required=True, help="Since when, as 2026-05-01T18:00:00+02:00.")
@json_option
def recover(webhook_id: str, since: str, as_json: bool) -> None:
    """Send all that was given up since a time to the webhook WEBHOOK_ID again.

    \b
    Example:  reprise webhook recover 5b0c… --since 2026-05-01T18:00:00+02:00
    """
    from operations import models
    from operations.webhooks import recover_webhook

    given = asked(models.RecoverRequest, {"since": since})
    done(recover_webhook, webhook_id, as_json, "{count} messages are sent again", given)


@webhook.command("rotate")
@click.argument("webhook_id")
@json_option
def rotate(webhook_id: str, as_json: bool) -> None:
    """Make a new secret for the webhook WEBHOOK_ID; the old one signs for 24 hours as well.

    \b
    Example:  reprise webhook rotate 5b0c…
    """
    from operations.webhooks import rotate_webhook_secret

    done(rotate_webhook_secret, webhook_id, as_json, "{secret}")


@webhook.command("enable")
@click.argument("webhook_id")
@json_option
def enable(webhook_id: str, as_json: bool) -> None:
    """Tell the webhook WEBHOOK_ID again, after it was given up.

    \b
    Example:  reprise webhook enable 5b0c…
    """
    from operations.webhooks import enable_webhook

    done(enable_webhook, webhook_id, as_json, "It is told again")


@webhook.command("remove")
@click.argument("webhook_id")
@json_option
def remove(webhook_id: str, as_json: bool) -> None:
    """Remove the webhook WEBHOOK_ID, with its log.

    \b
    Example:  reprise webhook remove 5b0c…
    """
    from operations.webhooks import delete_webhook

    done(delete_webhook, webhook_id, as_json, "Removed")


def state_of(receiver: dict[str, Any]) -> str:
    """Return how it stands with a receiver, in words."""
    if receiver["disabledReason"]:
        return f"given up: {receiver['disabledReason']}"
    return "fails, is tried again" if receiver["lastFailedAt"] else "told"


def print_log(operation: Operation, target: str, limit: int, as_json: bool) -> None:
    """Print what a receiver was told."""
    from operations import models

    query = asked(models.WebhookDeliveryQuery, {"limit": limit})
    with reached(load_settings()) as reach:
        found = shown(reach.perform(operation, query, target=target))
    if as_json:
        print_json(found["deliveries"])
        return
    print_table(
        ["Message", "Type", "State", "Tries", "Answer", "Next try"],
        [
            (
                each["id"],
                each["type"],
                each["status"],
                str(each["tries"]),
                " ".join(str(each[name]) for name in ("httpStatus", "answer") if each[name]),
                each["dueAt"],
            )
            for each in found["deliveries"]
        ],
    )


def done(
    operation: Operation,
    target: str,
    as_json: bool,
    said: str,
    given: BaseModel | None = None,
    *,
    needs_daemon: bool = False,
) -> None:
    """Have it done, and say so; `said` may name fields of the answer."""
    with reached(load_settings(), needs_daemon=needs_daemon) as reach:
        done = shown(reach.perform(operation, given, target))
    if as_json:
        print_json(done)
    else:
        say(said.format_map(done))


COMMANDS = (webhook,)

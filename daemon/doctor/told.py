"""Who is told of what happens: webhooks and people whom nothing reaches."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from storage import users, webhooks
from storage.store import Database
from storage.times import to_text
from storage.webhooks import ReceiverKind, Webhook

_COMMANDS = {ReceiverKind.WEBHOOK: "webhook", ReceiverKind.PERSON: "notify"}


async def receivers(site: Site) -> list[Finding]:
    """Each webhook and each address for notices is reached, or was given up and says why."""
    found = await in_thread(site.read, lambda db: list(_found(db)))
    if found is None:
        return []
    return found or [ok("whoever is to be told is reached")]


def _found(db: Database) -> Iterator[Finding]:
    for user in users.every(db):
        who = f"--user {user.name} " if user.name else ""
        for kind, command in _COMMANDS.items():
            for receiver in webhooks.of_user(db, user.id, kind):
                yield from _of(receiver, f"reprise {who}{command}")


def _of(receiver: Webhook, command: str) -> Iterator[Finding]:
    # Its URL is not said: it may hold a key of the receiver's.
    what = "webhook" if receiver.kind is ReceiverKind.WEBHOOK else "address for notices"
    name = f"the {what} {receiver.id}"
    if receiver.disabled_at is not None:
        why = receiver.disabled_reason
        yield problem(f"{name} was given up: {why}", f"{command} enable {receiver.id}")
    elif receiver.last_failed_at is not None:
        since = to_text(receiver.last_failed_at)
        yield warning(f"{name} fails, last at {since}", f"{command} log {receiver.id}")

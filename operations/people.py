"""Several people on one machine: each with accounts, posts, keys and sessions of their own.

It is for whoever holds the machine. An Instagram account belongs to one person.
"""

from __future__ import annotations

from dataclasses import asdict

from ground.refusal import ErrorCode, Refusal
from operations import models
from operations.accounts import out_of_the_cloud
from operations.operation import Ask, act, read, write
from operations.scopes import Scope
from publish.intake import disconnect
from storage import accounts, jobs, users
from storage.store import Database
from storage.users import User


@write(
    models.Person,
    scope=Scope.KEYS_WRITE,
    takes=models.PersonRequest,
    refuses=[ErrorCode.INVALID_STATUS],
    machine_only=True,
)
def add_person(db: Database, ask: Ask[models.PersonRequest]) -> models.Person:
    """Make one more person, who has nothing yet."""
    return _shown(db, users.add(db, ask.now, ask.given.name))


@read(models.People, scope=Scope.KEYS_READ, machine_only=True)
def list_people(db: Database, _ask: Ask[None]) -> models.People:
    """List the people with what each has, the owner first."""
    return models.People(people=[_shown(db, user) for user in users.every(db)])


@act(
    models.Person,
    scope=Scope.KEYS_WRITE,
    takes=models.PersonRequest,
    refuses=[ErrorCode.NOT_FOUND, ErrorCode.INVALID_STATUS, ErrorCode.WORKER_UNREACHABLE],
    machine_only=True,
)
async def remove_person(ask: Ask[models.PersonRequest]) -> models.Person:
    """Remove a person with everything of theirs; returns what that was.

    What is live on Instagram stays there. Refused while a post of theirs is going out.
    What the cloud owns is taken back first.
    """

    def accounts_of(db: Database) -> list[str]:
        return [one.id for one in accounts.of_user(db, users.named(db, ask.given.name).id)]

    def write(db: Database) -> tuple[models.Person, list[str]]:
        user = users.named(db, ask.given.name)
        if jobs.counts(db, user.id, ask.now)["active"]:
            raise Refusal(
                ErrorCode.INVALID_STATUS, "A post of theirs is going out right now; try again soon"
            )
        gone = _shown(db, user)
        account_ids = [account.id for account in accounts.of_user(db, user.id)]
        for account_id in account_ids:
            disconnect(db, account_id, ask.now)
        users.remove(db, user.id)
        return ask.done(db, gone), account_ids

    async with out_of_the_cloud(ask.house, await ask.house.store.read(accounts_of)):
        gone, account_ids = await ask.house.store.write(write)
    for account_id in account_ids:
        await ask.house.logins.forget_in_memory(account_id)
    return gone


def _shown(db: Database, user: User) -> models.Person:
    return models.Person(
        name=user.name,
        created_at=user.created_at,
        accounts=[account.username for account in accounts.of_user(db, user.id)],
        **asdict(users.belongings(db, user.id)),
    )

"""The accounts as the database knows them: sessions, phases, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from repost import guard
from storage import accounts, credentials, repost_configs, secrets
from storage.accounts import Account
from storage.holds import DOUBLE, active
from storage.repost_configs import PollStatus
from storage.secrets import AccountSecret
from storage.store import Database
from storage.times import to_text


async def sessions(site: Site) -> list[Finding]:
    """Each account's login: which phase it is in, and whether it waits for its owner."""
    found = await in_thread(
        site.read,
        lambda db: [line for each in accounts.every(db) for line in _session(site, db, each)],
    )
    if found == []:
        return [warning("no account is connected", "reprise account add --username NAME")]
    return found or []


def _session(site: Site, db: Database, account: Account) -> Iterator[Finding]:
    name = f"@{account.username}"
    log_in = f"reprise account login --username {account.username}"
    if (waiting := credentials.challenge_of(db, account.id, site.clock.now())) is not None:
        place = f" sent to {waiting.contact_point}" if waiting.contact_point else ""
        yield problem(f"{name}: the login waits for a code{place}", f"{log_in} --code CODE")
    login = credentials.find(db, account.id)
    if login is None:
        if not secrets.exists(db, account.id, AccountSecret.ACCESS_TOKEN):
            yield warning(f"{name} has neither a login nor a token", log_in)
        return
    if login.password_rejected_at is not None:
        yield problem(f"{name}: Instagram has refused the stored password", log_in)
        return
    phase = guard.session_phase(login.session_started_at, site.clock.now(), site.clock.pace)
    if phase < 3:
        until = login.session_started_at + (guard.PHASE_1 if phase == 1 else guard.PHASE_2)
        may = "reads posts" if phase == 1 else "reads posts and messages"
        yield ok(f"{name}: phase {phase} of 3, only {may} until {to_text(until)}")
    else:
        yield ok(f"{name}: phase 3 of 3, logged in since {to_text(login.session_started_at)}")


async def holds(site: Site) -> list[Finding]:
    """What Instagram holds against an account, and what Reprise switched off by itself."""
    found = await in_thread(
        site.read,
        lambda db: [line for each in accounts.every(db) for line in _held(site, db, each)],
    )
    if found is None:
        return []
    return found or [ok("nothing holds an account back")]


def _held(site: Site, db: Database, account: Account) -> Iterator[Finding]:
    name = f"@{account.username}"
    config = repost_configs.find(db, account.id)
    enable = f"reprise enable --username {account.username}"
    if (trouble := active(db, account.id, site.clock.now())) is not None:
        until = f" until {to_text(trouble.until)}" if trouble.until else " until you act"
        log_in = f"reprise account login --username {account.username}"
        by_person = trouble.until is None
        finding = problem if by_person else warning
        mend = log_in if by_person else "wait; asking again makes it worse"
        if trouble.rail == DOUBLE:
            mend = f"reprise account remove --username {account.username}"
        yield finding(f"{name}: {trouble.reason}; paused{until}", mend)
    if config is None:
        return
    if config.auto_disabled_at is not None and not config.is_enabled:
        reason = config.auto_disable_reason or "something went wrong"
        yield problem(f"{name}: story reposts were switched off: {reason}", enable)
    elif config.is_enabled and config.last_poll_status is PollStatus.FAILED:
        yield warning(
            f"{name}: the last look for mentions failed and is repeated: {config.last_poll_error}"
        )

"""Words that tools share: ask for an operation, an account by its name, a time with its zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from agents.desk import current
from ground.refusal import ErrorCode, Refusal
from operations import accounts, models
from operations.attempt import Attempt
from operations.operation import Operation
from storage.times import WANTED, local_of, parse, parse_instant, shifted

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_AGO = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNIT = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


async def ask(
    operation: Operation,
    given: BaseModel | None = None,
    target: str = "",
    key: str | None = None,
) -> Any:
    """Have an operation done for whoever calls the tool; raises what it refuses with.

    With a `key` it is done once, however often it is asked for with that key.
    """
    return await current.get().perform(operation, given, target, Attempt(key))


def step(request_id: str | None, name: object) -> str | None:
    """Return the key of one step of a request."""
    return None if request_id is None else f"{request_id}/{name}"


def is_id(text: str) -> bool:
    """Say whether a text is an id of ours."""
    return _UUID.fullmatch(text) is not None


async def accounts_by_id() -> dict[str, models.InstagramAccount]:
    """Return the accounts that the caller may see."""
    me: models.AuthMe = await ask(accounts.get_me)
    return {account.id: account for account in me.accounts}


async def account_id_of(name: str | None) -> str:
    """Return an account's id by its username or id; without one, that of the only account."""
    if name is not None and is_id(name):
        return name
    every = list((await accounts_by_id()).values())
    wanted = [each for each in every if name is None or _same(each.username, name)]
    if len(wanted) == 1:
        return wanted[0].id
    there = "there are: " + (", ".join(f"@{each.username}" for each in every) or "none")
    if name is None:
        raise Refusal(ErrorCode.MISSING_ACCOUNT_ID, f"Name the account; {there}")
    raise Refusal(ErrorCode.NOT_FOUND, f"There is no account @{name.lstrip('@')[:40]}; {there}")


def _same(username: str, name: str) -> bool:
    return username.lower() == name.strip().lstrip("@").lower()


def since_of(text: str | None) -> datetime | None:
    """Return the beginning of a span: a time with its zone, or how long ago, such as `7d`."""
    if text is None:
        return None
    if (ago := _AGO.fullmatch(text.strip())) is not None:
        return shifted(current.get().clock.now(), -timedelta(**{_UNIT[ago[2]]: int(ago[1])}))
    return instant(text)


def instant(text: str) -> datetime:
    """Return the moment that a time with its zone names."""
    try:
        return parse_instant(text)
    except ValueError:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"{text[:40]!r} is no {WANTED}") from None


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise Refusal(
            ErrorCode.VALIDATION_ERROR, f"{name[:40]!r} is no time zone such as Europe/Berlin"
        ) from None


def moment(text: str, timezone: str | None) -> datetime:
    """Return the moment of a time: with an offset, or without one in the `timezone` that is given.

    A time that names no zone, and comes with none, is nobody's to guess.
    """
    try:
        found = parse(text)
    except ValueError as error:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"{text[:40]!r} is {error}") from None
    if found.tzinfo is None:
        if timezone is None:
            raise Refusal(
                ErrorCode.VALIDATION_ERROR,
                f"{text[:40]!r} names no time zone: add an offset, or send `timezone`",
            )
        found = found.replace(tzinfo=zone_of(timezone))
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise Refusal(ErrorCode.VALIDATION_ERROR, f"{text[:40]!r} is out of the calendar") from None


def spread(count: int, start: str, every_minutes: int, timezone: str | None) -> list[datetime]:
    """Return `count` moments from `start` on. Whole days keep the hour of the day, also where
    clocks change on the way."""
    first = moment(start, timezone)
    days, rest = divmod(every_minutes, 24 * 60)
    if rest or timezone is None:
        return [shifted(first, timedelta(minutes=every_minutes * n)) for n in range(count)]
    local = local_of(first, zone_of(timezone))
    return [shifted(local, timedelta(days=days * n)).astimezone(UTC) for n in range(count)]


def local(at: datetime, timezone: str) -> str:
    """Return a moment as the clocks of a time zone show it."""
    return local_of(at, zone_of(timezone)).isoformat(timespec="minutes")


def short(text: str | None, length: int = 80) -> str:
    """Return the beginning of a text, in one line."""
    line = " ".join((text or "").split())
    return line if len(line) <= length else line[: length - 1] + "…"


def counted(counts: Iterable[models.Count], account_id: str | None) -> dict[str, int]:
    """Return how many there are in each state, of one account or of all."""
    found: dict[str, int] = {}
    for each in counts:
        if account_id in (None, each.account_id):
            found[each.status] = found.get(each.status, 0) + each.count
    return found

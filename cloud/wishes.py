"""What is to become of a post when it is back from the cloud: kept with it until then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ground.refusal import ErrorCode, Refusal
from publish import intake, release
from storage.store import Database

STAY: Mapping[str, Any] = {"act": "stay"}
CANCEL: Mapping[str, Any] = {"act": "cancel"}
CLEAR: Mapping[str, Any] = {"act": "clear"}
RELEASE: Mapping[str, Any] = {"act": "release"}
_TIMES = ("scheduled_for",)
_OF_POSTS = ("cancel", "clear", "edit", "release", "reschedule")


def edit(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the wish to change what a post says, shows, or when it goes out."""
    return {"act": "edit", "given": _stored(changes)}


def reschedule(at: datetime, timezone: str | None) -> Mapping[str, Any]:
    """Return the wish to give a post another time."""
    return {"act": "reschedule", "given": _stored({"scheduled_for": at, "timezone": timezone})}


def joined(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is wished after one more wish: two edits are one, else the newer one counts."""
    if old is not None and old["act"] == new["act"] == "edit":
        return {"act": "edit", "given": {**old["given"], **new["given"]}}
    if old is not None and new["act"] == "stay":
        return old
    return new


def stays(wish: Mapping[str, Any]) -> bool:
    """Say whether a post is not to be handed over again for a while."""
    return bool(wish["act"] == "stay")


def is_about_the_post(wish: Mapping[str, Any] | None) -> bool:
    """Say whether a wish is one of those here: about a post, and not about whose it is."""
    return wish is not None and wish["act"] in _OF_POSTS


def fulfil(db: Database, post_id: str, wish: Mapping[str, Any], now: datetime) -> None:
    """Do what was wished with a post that is here again; raises `Refusal` and `NotFound`."""
    given = _read(wish.get("given") or {})
    act = wish["act"]
    if act == "edit":
        intake.edit_scheduled(db, post_id, given, now)
    elif act == "cancel":
        intake.cancel(db, post_id, now)
    elif act == "clear":
        intake.clear(db, post_id, now)
    elif act == "release":
        release.release(db, post_id, now)
    elif act == "reschedule":
        release.reschedule(db, post_id, given["scheduled_for"], given["timezone"], now)


def unconfirmed(why: str) -> Refusal:
    """Return the answer to what the Worker has not confirmed."""
    return Refusal(
        ErrorCode.WORKER_UNREACHABLE,
        f"The cloud has not confirmed it: {why}. It is asked again until it answers, and nothing"
        " of the post goes out from here meanwhile",
    )


def _stored(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and value else value
        for name, value in given.items()
    }

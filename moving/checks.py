"""What a record that came from elsewhere must be, beyond the types of its fields.

The daemon reads its own rows without asking again: a value that it would stumble over must not
become one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, assert_never

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ground.changes import Subject
from operations.models import ConnectRequest, StoryRepostSettings
from operations.models.post_content import AltTexts, StorySticker
from storage.accounts import Account
from storage.client_options import StoredOptions
from storage.credentials import Credentials
from storage.deliveries import Delivery, Outcome, Piece
from storage.events import Event
from storage.posts import Post, PostStatus
from storage.repost_configs import RepostConfig
from storage.reposts import Repost, RepostLimit, RepostStatus
from storage.secrets import AccountSecret
from storage.times import from_text

_LARGEST = 2**63 - 1
_SETTINGS = tuple(StoryRepostSettings.model_fields)


class _Named(TypedDict, total=False):
    """Somebody in a post: where is optional, and what else was known stays."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    x: float
    y: float


_Username = Annotated[str, Field(min_length=1, max_length=100)]
_NAMED: TypeAdapter[Any] = TypeAdapter(list[_Named])
_STICKERS: TypeAdapter[Any] = TypeAdapter(list[StorySticker])
_NAMES: TypeAdapter[Any] = TypeAdapter(list[_Username])
_ALT_TEXTS: TypeAdapter[Any] = TypeAdapter(AltTexts)
_LOGIN: TypeAdapter[Credentials] = TypeAdapter(Credentials)
_PIECES: TypeAdapter[Any] = TypeAdapter(list[Piece])
_SHARES: TypeAdapter[Any] = TypeAdapter(dict[str, float])
_TEXTS: TypeAdapter[Any] = TypeAdapter(dict[str, str | None])


def check(record: Any) -> None:
    """Raise `ValueError` for a record that no part of Reprise would have stored."""
    for one in fields(record):
        _check_numbers(one.name, getattr(record, one.name))
    if (special := _CHECKS.get(type(record))) is not None:
        special(record)


def in_utc(record: Any) -> Any:
    """Return a record with its times in UTC; those without a zone are meant so."""
    moved = {
        one.name: moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        for one in fields(record)
        if isinstance(moment := getattr(record, one.name), datetime)
    }
    return replace(record, **moved) if moved else record


def check_secrets(found: Mapping[str, Any], account_id: str) -> dict[str, Any]:
    """Return what an export has of an account's secrets; raises `ValueError`."""
    json.dumps(found, ensure_ascii=False).encode()  # half a character cannot be stored
    checked = dict(found)
    for name in AccountSecret:
        value = checked.get(name.value)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name.value} is no text")
    for name in (AccountSecret.SESSION, AccountSecret.CLIENT_OPTIONS):
        if checked.get(name.value):
            _TEXTS_OR_MORE.validate_json(checked[name.value])
    if checked.get(AccountSecret.CLIENT_OPTIONS):
        options = json.loads(checked[AccountSecret.CLIENT_OPTIONS])
        _TEXTS.validate_python(options)
        if set(options) - {one.name for one in fields(StoredOptions)}:
            raise ValueError("client_options of another form")
    if checked.get("login"):
        login = {**checked["login"], "account_id": account_id}
        checked["login"] = in_utc(_LOGIN.validate_python(login))
        check(checked["login"])
    return checked


_TEXTS_OR_MORE: TypeAdapter[Any] = TypeAdapter(dict[str, Any])


def has_signature_of_another_form(config: RepostConfig) -> bool:
    """Say whether only the signature of these settings is not one of ours."""
    try:
        _check_settings(config)
    except ValidationError as invalid:
        return {one["loc"][0] for one in invalid.errors()} == {"signature_overlay"}
    return False


def _check_numbers(name: str, value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is no finite number")
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"{name} is larger than can be stored")
    if isinstance(value, (list, tuple, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            _check_numbers(name, part)


def _check_account(account: Account) -> None:
    ConnectRequest.model_validate(
        {
            "username": account.username,
            "ig_user_id": account.ig_user_id,
            "login_method": account.login_method,
        }
    )


def _check_post(post: Post) -> None:
    for name in ("user_tags", "story_mentions"):
        for one in _NAMED.validate_python(list(getattr(post, name) or ())):
            if not isinstance(one.get("username"), str) or not one["username"]:
                raise ValueError(f"{name}: each needs a username")
    _NAMES.validate_python(post.collaborators or [])
    _ALT_TEXTS.validate_python(post.alt_texts or [])
    _STICKERS.validate_python(list(post.story_stickers or ()))
    if post.retry_count < 0:
        raise ValueError("retry_count is below 0")


def _check_settings(config: RepostConfig) -> None:
    StoryRepostSettings.model_validate({name: getattr(config, name, None) for name in _SETTINGS})


def _check_config(config: RepostConfig) -> None:
    _check_settings(config)
    for chat in config.chat_backlog:
        if set(chat) != {"source", "thread", "cursor", "until"}:
            raise ValueError("chat_backlog of another form")
        from_text(chat["until"])


def _check_repost(repost: Repost) -> None:
    for limit in repost.limits:
        _check_is_one(limit, RepostLimit)
    _SHARES.validate_python(dict(repost.card_sticker or {}))
    if repost.kind not in (None, "photo", "video"):
        raise ValueError("kind is neither photo nor video")
    if not repost.story_pk or repost.attempts < 0:
        raise ValueError("story_pk or attempts cannot be")


def _check_delivery(delivery: Delivery) -> None:
    _PIECES.validate_python(delivery.pieces or [])
    if (delivery.closed_at is None) != (delivery.outcome is None):
        raise ValueError("outcome and closed_at go together")
    if delivery.outcome is not None:
        _check_is_one(delivery.outcome, Outcome)


def _check_is_one(value: str, kind: type[Enum]) -> None:
    if value not in [one.value for one in kind]:
        raise ValueError(f"{value[:100]!r} is none of {kind.__name__}")


def _check_event(event: Event) -> None:
    match event.subject:
        case Subject.POST:
            _check_is_one(event.state, PostStatus)
        case Subject.REPOST:
            _check_is_one(event.state, RepostStatus)
        case (
            Subject.ACCOUNT
            | Subject.LOGIN
            | Subject.CONFIG
            | Subject.JOB
            | Subject.DAEMON
            | Subject.WEBHOOK
            | Subject.NOTICE
            | Subject.SANDBOX
        ):
            raise ValueError("an event of a post or a mention is wanted")
        case _:
            assert_never(event.subject)


_CHECKS: Mapping[type[Any], Callable[[Any], None]] = {
    Account: _check_account,
    Post: _check_post,
    RepostConfig: _check_config,
    Repost: _check_repost,
    Delivery: _check_delivery,
    Event: _check_event,
}

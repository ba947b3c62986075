"""A form that was meant for other settings than there are: what it says, beside what is saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ground.refusal import ErrorCode, Refusal
from operations import models

# What each setting is called where both of its values are shown.
NAMES = {
    "approval_required": "I approve each repost",
    "auto_tag_original_poster": "Mention the author on the card",
    "auto_repost_enabled": "Share my own new posts",
    "dry_run": "Dry run",
    "template": "Card",
    "signature_overlay": "Your line",
    "publish_route": "Sent by",
    "timezone": "Time zone",
    "sleep_window_start": "Asleep from",
    "sleep_window_end": "Asleep until",
    "daily_repost_limit": "Reposts a day",
    "poll_interval_hours": "Hours between two looks",
    "allowed_authors": "Only from",
    "denied_authors": "Never from",
    "always_authors": "Always from",
    "minimum_followers": "Followers at least",
    "required_words": "Only with",
    "excluded_words": "Never with",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting as the form has it, and as it is saved."""

    name: str
    mine: str
    saved: str


def differences(
    said: Mapping[str, Any], saved: models.StoryRepostConfig | None, refused: Refusal | None
) -> list[Difference]:
    """Return what differs, where that is why a form was refused."""
    if refused is None or refused.code != ErrorCode.STALE_EDIT or saved is None:
        return []
    found = []
    for name, title in NAMES.items():
        mine, theirs = said.get(name), getattr(saved, name)
        if name in said and _told(mine) != _told(theirs):
            found.append(Difference(title, _told(mine), _told(theirs)))
    return found


def _told(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str) and value.startswith("{"):
        line = json.loads(value)
        return ", ".join(str(line[name]) for name in sorted(line))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)

"""All operations, by name: what every face can offer, and what the tests walk."""

from __future__ import annotations

from types import MappingProxyType, ModuleType

from operations import (
    account_sessions,
    accounts,
    api_keys,
    arriving,
    author_rules,
    browser,
    card_preview,
    cloud,
    events,
    insights,
    library,
    logins,
    machine,
    media,
    mentions,
    notify,
    people,
    pictures,
    posts,
    schedule,
    story_repost,
    swapping,
    system,
    token_login,
    trial,
    usual_times,
    webhooks,
    whole,
)
from operations.operation import Operation

_SUBJECTS: tuple[ModuleType, ...] = (
    accounts,
    token_login,
    logins,
    account_sessions,
    media,
    library,
    posts,
    schedule,
    swapping,
    usual_times,
    story_repost,
    author_rules,
    mentions,
    card_preview,
    cloud,
    api_keys,
    browser,
    events,
    people,
    pictures,
    webhooks,
    notify,
    system,
    machine,
    trial,
    arriving,
    insights,
    whole,
)
OPERATIONS = MappingProxyType(
    {
        found.name: found
        for subject in _SUBJECTS
        for found in vars(subject).values()
        if isinstance(found, Operation)
    }
)

"""A rule for one author: never, always, or each story by itself."""

from __future__ import annotations

from operations.models.base import AccountId, Schema
from operations.models.repost_settings import AuthorName
from operations.models.reposts import RefusedDecision, RepostItem
from repost.ruling import AuthorWish


class AuthorRuling(Schema):
    """`never` wins over an approval; `always` asks nobody, except about what was meant for few."""

    account_id: AccountId
    username: AuthorName
    rule: AuthorWish


class AuthorRuled(Schema):
    """`before` is what held until now; `decided` are the open stories that it was applied to."""

    username: str
    rule: AuthorWish
    before: AuthorWish
    decided: list[RepostItem]
    refused: list[RefusedDecision]

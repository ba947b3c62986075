"""Authors: whose mentions an account reposts without asking, and whose never (additive)."""

from __future__ import annotations

from ground.refusal import ErrorCode
from operations import models, shown
from operations.operation import Ask, write
from operations.scopes import Scope
from repost import ruling
from storage.store import Database


@write(
    models.AuthorRuled,
    scope=Scope.REPOSTS_WRITE,
    takes=models.AuthorRuling,
    refuses=[ErrorCode.NOT_FOUND],
)
def rule_author(db: Database, ask: Ask[models.AuthorRuling]) -> models.AuthorRuled:
    """Never repost an author, always do without asking, or decide about each story (additive).

    It holds at once: `never` skips what is open of theirs, `always` approves what waits of them
    and was not meant for few; `decided` says which, so that it can be taken back.
    """
    wish = ask.given
    ruled = ruling.rule(db, wish.account_id, wish.username, wish.rule, ask.now)
    made = shown.decided(db, ruled.decided)
    return models.AuthorRuled(
        username=wish.username,
        rule=wish.rule,
        before=ruled.before,
        decided=made.decided,
        refused=made.refused,
    )

"""The history of story reposts: pages of it, and one mention's way (contract §4.7, additive)."""

from __future__ import annotations

from api.contract import Operations
from api.dispatch import Call
from operations import models as schemas
from operations import shown as render
from storage import accounts, repost_history, reposts
from storage.store import Database

operations = Operations("Story repost")
_PATH = "/story-repost"


@operations.add(
    "GET",
    f"{_PATH}/history",
    query=schemas.RepostQuery,
    returns=schemas.RepostHistory,
    errors=("NOT_FOUND",),
)
async def get_history(call: Call) -> schemas.RepostHistory:
    """Return mentions with their state and reason, newest first, page by page.

    What `status`, `since` and `until` choose; `next` is the `after` of the next page.
    """
    query = call.query

    def read(db: Database) -> schemas.RepostHistory:
        if query.account_id is not None:
            accounts.get(db, query.account_id)
        chosen = repost_history.Filter(
            account_id=query.account_id,
            statuses=(query.status,) if query.status else (),
            since=query.since,
            until=query.until,
        )
        found = repost_history.page(
            db, call.user_id, chosen, limit=query.limit + 1, after=query.after
        )
        shown = found[: query.limit]
        return schemas.RepostHistory(
            reposts=[render.repost(db, repost) for repost in shown],
            next=shown[-1].id if len(found) > len(shown) else None,
        )

    return await call.context.store.read(read)


@operations.add("GET", f"{_PATH}/<id>", returns=schemas.RepostDetails, errors=("NOT_FOUND",))
async def get_repost(call: Call) -> schemas.RepostDetails:
    """Return one mention with every change of its state, its time and its reason (additive)."""

    def read(db: Database) -> schemas.RepostDetails:
        return render.repost_details(db, reposts.get(db, call.path["id"]))

    return await call.context.store.read(read)

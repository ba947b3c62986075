"""Lists of the Graph API, a page at a time: an account's posts and its live stories."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from sandbox.graph.auth import check_may_read
from sandbox.graph.fields import parse_fields, select
from sandbox.graph.objects import check_own, media_values
from sandbox.private.form import whole_number
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.graph_account import GraphAccount
from sandbox.world.post import Post
from sandbox.world.story import Story

_PAGE = 25
_LARGEST_PAGE = 100


async def media(call: Call, account: GraphAccount) -> Response:
    """`GET /{ig-user-id}/media`: posts, newest first, however they were published."""
    check_own(account, call.args[0])
    check_may_read(account)
    return _listed(call, account, call.world.grid(account.person))


async def stories(call: Call, account: GraphAccount) -> Response:
    """`GET /{ig-user-id}/stories`: the stories that are live, newest first."""
    check_own(account, call.args[0])
    check_may_read(account)
    return _listed(call, account, call.world.reel(account.person)[::-1])


def _listed(call: Call, account: GraphAccount, every: Sequence[Story | Post]) -> Response:
    query = call.request.query
    newest = call.world.now() - account.listing_lag_s
    since, until = whole_number(query.get("since")), whole_number(query.get("until"))
    shown = [
        media_values(found)
        for found in every
        if found.taken_at <= newest
        and (since is None or found.taken_at >= since)
        and (until is None or found.taken_at <= until)
    ]
    return Response.json(200, paged(call, "Media", shown))


def paged(call: Call, node: str, every: list[JsonObject]) -> JsonObject:
    """A page of objects, with the wanted fields of each and the way to the next page.

    The cursor is the id of the last one shown; one that is gone begins from the front again.
    """
    query = call.request.query
    wanted = parse_fields(query.get("fields", "id"))
    after = query.get("after")
    ids = [values["id"] for values in every]
    start = ids.index(after) + 1 if after in ids else 0
    page = every[start : start + call.number("limit", _PAGE, _LARGEST_PAGE)]
    answer: JsonObject = {"data": [select(node, values, wanted) for values in page]}
    if page:
        cursors = {"before": page[0]["id"], "after": page[-1]["id"]}
        answer["paging"] = {"cursors": cursors}
        if start + len(page) < len(every):
            following = urlencode({**query, "after": cursors["after"]})
            request = call.request
            answer["paging"]["next"] = f"https://{request.host}{request.path}?{following}"
    return answer

"""Facebook Pages: finding the one that belongs to an account, and posting on it."""

from __future__ import annotations

from pathlib import Path

import trio

from sandbox.graph.auth import check_scope, token_of
from sandbox.graph.edges import paged
from sandbox.graph.failures import GraphRefusal
from sandbox.graph.fetch import check_url, fetch
from sandbox.graph.objects import graph_time, page_values
from sandbox.graph.rules import MIB
from sandbox.private.form import tidy
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.graph_account import PAGE_LISTS, PAGE_POSTS, GraphAccount
from sandbox.world.probe import BadMedia, Kind, check_video, probe
from sandbox.world.published import PagePost

_LARGEST_PHOTO = 10 * MIB
_LARGEST_VIDEO = 1024 * MIB


async def accounts(call: Call, account: GraphAccount) -> Response:
    """`GET /me/accounts`: the Pages of whoever logged in, each with its token."""
    is_shown = account.page_id is not None and not account.scopes.isdisjoint(PAGE_LISTS)
    others: list[JsonObject] = [
        {
            **page_values(account),
            "id": str(10**14 + number),
            "instagram_business_account": {"id": str(10**16 + number)},
        }
        for number in range(account.other_pages)
    ]
    every = [*others, page_values(account)] if is_shown else []
    return Response.json(200, paged(call, "Page", every))


async def photo(call: Call, account: GraphAccount) -> Response:
    """`POST /{page-id}/photos`: fetch a photo and post it at once."""
    text = str(call.params.get("caption") or call.params.get("message") or "")
    file = await _fetched(call, account, "url", "photo")
    post = _post(call, account, "photo", file, text)
    return Response.json(200, {"id": post.id, "post_id": post.post_id})


async def video(call: Call, account: GraphAccount) -> Response:
    """`POST /{page-id}/videos`: fetch a video and post it at once."""
    text = str(call.params.get("description") or "")
    file = await _fetched(call, account, "file_url", "video")
    return Response.json(200, {"id": _post(call, account, "video", file, text).id})


async def photos(call: Call, account: GraphAccount) -> Response:
    """`GET /{page-id}/photos`: what was posted, newest first."""
    return _listed(call, account, "photo", "name")


async def videos(call: Call, account: GraphAccount) -> Response:
    """`GET /{page-id}/videos`: what was posted, newest first."""
    return _listed(call, account, "video", "description")


async def published_posts(call: Call, account: GraphAccount) -> Response:
    """`GET /{page-id}/published_posts`: photos and videos as posts, newest first."""
    _check_page(call, account)
    every: list[JsonObject] = [
        {"id": post.post_id, "message": post.caption or None, "created_time": graph_time(post.at)}
        for post in reversed(call.ledger.page_posts)
        if post.page_id == account.page_id
    ]
    return Response.json(200, paged(call, "PagePost", every))


def _listed(call: Call, account: GraphAccount, kind: Kind, text_field: str) -> Response:
    _check_page(call, account)
    every: list[JsonObject] = [
        {
            "id": post.id,
            text_field: post.caption or None,
            "created_time": graph_time(post.at),
            "page_story_id": post.post_id,
        }
        for post in reversed(call.ledger.page_posts)
        if post.page_id == account.page_id and post.kind == kind
    ]
    return Response.json(200, paged(call, kind.capitalize(), every))


async def _fetched(call: Call, account: GraphAccount, parameter: str, kind: Kind) -> Path:
    _check_page(call, account)
    check_scope(account, PAGE_POSTS)
    bad = "page_image" if kind == "photo" else "page_video"
    file = call.world.new_upload_path(".jpg" if kind == "photo" else ".mp4")
    largest = _LARGEST_PHOTO if kind == "photo" else _LARGEST_VIDEO
    try:
        url = check_url(call.params.get(parameter))
        await fetch(call.world, url, file, largest=largest, too_large=bad)
        facts = await trio.to_thread.run_sync(probe if kind == "photo" else check_video, file)
    except (GraphRefusal, BadMedia):
        raise GraphRefusal(bad) from None
    if facts.kind != kind:
        raise GraphRefusal(bad)
    return file


def _check_page(call: Call, account: GraphAccount) -> None:
    """A Page is posted on with its own token only."""
    if call.args[0] != account.page_id:
        raise GraphRefusal("does_not_exist")
    if token_of(call.request, call.form) != account.page_token:
        raise GraphRefusal("permission_denied", "(#200) This takes the Page's own access token")


def _post(call: Call, account: GraphAccount, kind: Kind, file: Path, text: str) -> PagePost:
    number = call.world.graph.new_page_object_id()
    post = PagePost(
        account=account.person.username,
        page_id=str(account.page_id),
        id=number,
        post_id=f"{account.page_id}_{number}",
        kind=kind,
        file=file,
        caption=tidy(text),
        at=call.world.now(),
    )
    call.ledger.post_on_page(post)
    return post

"""`GET /{id}`: accounts, Pages, containers and media as the Graph API shows them."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.graph.auth import check_may_read, token_of
from sandbox.graph.failures import GraphRefusal
from sandbox.graph.fields import parse_fields, select
from sandbox.private import cdn
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.graph_account import GraphAccount
from sandbox.world.graph_container import Container, Stage
from sandbox.world.post import Post, graph_id, short_code
from sandbox.world.shot import Shot
from sandbox.world.story import Story

ME = "me"
_WEB = "https://www.instagram.com"
_PRODUCT_TYPES = {"feed": "FEED", "carousel": "FEED", "reel": "REELS", "story": "STORY"}
_MEDIA_TYPES = {"photo": "IMAGE", "video": "VIDEO"}


def check_own(account: GraphAccount, number: str) -> None:
    """Whether an id in a path is the account's own.

    Raises:
        GraphRefusal: it is not, or belongs to somebody else, which is not told apart.
    """
    own = {account.ig_user_id}
    if account.login_method == "instagram":
        own |= {account.app_scoped_id, ME}
    if number not in own:
        raise GraphRefusal("does_not_exist")


def own_media(call: Call, account: GraphAccount) -> Story | Post:
    """The account's story or post that the path names.

    Raises:
        GraphRefusal: there is none, or it is gone.
    """
    media = call.world.library.find_graph_media(call.args[0])
    if media is None or media.owner is not account.person or media.deleted:
        raise GraphRefusal("does_not_exist")
    if isinstance(media, Story) and media.is_gone(call.world.now()):
        raise GraphRefusal("does_not_exist")
    return media


async def show(call: Call, account: GraphAccount) -> Response:
    """`GET /{id}`: whatever of the account's things has that id."""
    number = call.args[0]
    wanted = parse_fields(call.request.query.get("fields", "id"))
    if number == account.page_id or (number == ME and _is_page_token(call, account)):
        return Response.json(200, select("Page", page_values(account), wanted))
    if number == ME and account.login_method == "facebook":
        return Response.json(200, select("User", _facebook_user(account), wanted))
    check_may_read(account)
    container = call.world.graph.containers.get(number)
    if container is not None and container.belongs_to(account):
        return Response.json(200, select("ShadowIGMediaBuilder", _polled(call, container), wanted))
    media = call.world.library.find_graph_media(number)
    if media is not None:
        values = media_values(own_media(call, account))
        return Response.json(200, select("Media", values, wanted))
    check_own(account, number)
    return Response.json(200, select("User", _user(call, account), wanted))


def page_values(account: GraphAccount) -> JsonObject:
    """A Facebook Page and the account that belongs to it."""
    return {
        "id": account.page_id,
        "name": account.page_name,
        "access_token": account.page_token,
        "category": "Creators",
        "instagram_business_account": {"id": account.ig_user_id},
    }


def media_values(media: Story | Post) -> JsonObject:
    """Every field of a story or a post. None where there is nothing to show."""
    is_story = isinstance(media, Story)
    shot: Shot = media if isinstance(media, Story) else media.shots[0]
    product = "story" if isinstance(media, Story) else media.product
    is_carousel = product == "carousel"
    children = media.shots if isinstance(media, Post) and is_carousel else ()
    return {
        "id": graph_id(media.pk),
        "ig_id": str(media.pk),
        "caption": None if is_story else media.caption or None,
        "media_type": "CAROUSEL_ALBUM" if is_carousel else _MEDIA_TYPES[shot.kind],
        "media_product_type": _PRODUCT_TYPES[product],
        **_files(shot),
        "permalink": _permalink(media),
        "shortcode": short_code(media.pk),
        "timestamp": graph_time(media.taken_at),
        "username": media.owner.username,
        "like_count": 0,
        "comments_count": 0,
        "is_shared_to_feed": True if product == "reel" else None,
        "children": [_child(each) for each in children] or None,
    }


def graph_time(seconds: float) -> str:
    """A time as the Graph API writes it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _child(shot: Shot) -> JsonObject:
    kind = _MEDIA_TYPES[shot.kind]
    return {"id": graph_id(shot.pk), "media_type": kind, **_files(shot)}


def _files(shot: Shot) -> JsonObject:
    if shot.kind == "photo":
        return {"media_url": cdn.photo_url(shot), "thumbnail_url": None}
    return {"media_url": cdn.video_url(shot), "thumbnail_url": cdn.photo_url(shot)}


def _permalink(media: Story | Post) -> str:
    if isinstance(media, Story):
        return f"{_WEB}/stories/{media.owner.username}/{media.pk}"
    return f"{_WEB}/{'reel' if media.product == 'reel' else 'p'}/{short_code(media.pk)}/"


def _polled(call: Call, container: Container) -> JsonObject:
    """A container as it is now; a look at one that is done counts as a poll."""
    now = call.world.now()
    values: JsonObject = {
        "id": container.id,
        "status_code": container.stage(now).name,
        "status": container.status(now),
        "video_status": None,
    }
    transfer = container.transfer
    if transfer is not None:
        is_done = transfer.received == transfer.size
        uploading = {"status": "complete" if is_done else "in_progress"}
        values["video_status"] = {
            "id": container.id,
            "uploading_phase": {**uploading, "bytes_transferred": transfer.received},
        }
    if container.stage(now) is Stage.IN_PROGRESS:
        container.count_poll(now)
    return values


def _user(call: Call, account: GraphAccount) -> JsonObject:
    person = account.person
    followers, following = call.world.ties.count(person)
    on_instagram = account.login_method == "instagram"
    return {
        # Instagram Login has an id of its own for everybody in each app.
        "id": account.app_scoped_id if on_instagram else account.ig_user_id,
        "user_id": account.ig_user_id,
        "username": person.username,
        "name": person.full_name or None,
        "account_type": account.account_type,
        "profile_picture_url": cdn.avatar_url(person),
        "followers_count": followers,
        "follows_count": following,
        "media_count": len(call.world.grid(person)),
        "biography": None,
        "website": None,
    }


def _facebook_user(account: GraphAccount) -> JsonObject:
    return {"id": account.app_scoped_id, "name": account.page_name or account.person.full_name}


def _is_page_token(call: Call, account: GraphAccount) -> bool:
    return token_of(call.request, call.form) == account.page_token

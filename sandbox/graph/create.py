"""`POST /{ig-user-id}/media`: making a container. What can be refused at once is."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.graph import parameters as read
from sandbox.graph.auth import UPLOAD_HOST, check_may_publish
from sandbox.graph.failures import GraphRefusal
from sandbox.graph.fetch import check_url
from sandbox.graph.objects import check_own
from sandbox.graph.processing import process
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.graph_account import GraphAccount
from sandbox.world.graph_container import Container, Stage, Transfer
from sandbox.world.ledger import without_secrets
from sandbox.world.published import Product

_CHILDREN = range(2, 11)
_DEFAULT_VERSION = "v26.0"
_PRODUCTS: dict[str, Product] = {"REELS": "reel", "STORIES": "story", "CAROUSEL": "carousel"}


async def create(call: Call, account: GraphAccount) -> Response:
    """Make a container, and begin to fetch its media unless they are to be uploaded."""
    check_own(account, call.args[0])
    check_may_publish(account)
    if account.containers_used() >= account.most_containers:
        raise GraphRefusal(
            "publishing_limit", f"(#9) {account.most_containers} containers in 24 hours"
        )
    parameters = without_secrets(call.params)
    if str(parameters.get("media_type", "")).upper() == "CAROUSEL":
        container = _carousel(call, account, parameters)
    else:
        container = _single(call, account, parameters)
    call.world.graph.containers[container.id] = container
    account.containers_at.append(container.created_at)
    answer: JsonObject = {"id": container.id}
    if container.transfer is not None:
        answer["uri"] = f"https://{UPLOAD_HOST}/ig-api-upload/{_version(call)}/{container.id}"
    elif not container.children:
        call.start_soon(partial(process, container, call.world, call.ledger))
    return Response.json(200, answer)


def _single(call: Call, account: GraphAccount, parameters: JsonObject) -> Container:
    """A photo or a video, alone or as a child of a carousel."""
    is_child = read.flag(parameters, "is_carousel_item")
    product, wants = _product(parameters, is_child)
    is_resumable = parameters.get("upload_type") == "resumable"
    if is_resumable:
        _check_resumable(account, wants)
    else:
        check_url(_given(parameters, "video_url" if wants == "video" else "image_url"))
    if wants == "video":
        read.thumb_offset(parameters)
        if parameters.get("cover_url"):
            check_url(parameters["cover_url"])
    with_place = wants == "photo" and product != "story"
    transfer = Transfer(file=call.world.new_upload_path(".mp4")) if is_resumable else None
    return Container(
        **_common(call, account, parameters),
        product=product,
        is_child=is_child,
        wants=wants,
        tags=read.user_tags(parameters, call.world, with_place=with_place),
        transfer=transfer,
    )


def _carousel(call: Call, account: GraphAccount, parameters: JsonObject) -> Container:
    """Several finished children as one."""
    ids = read.child_ids(parameters)
    if len(ids) not in _CHILDREN or len(set(ids)) != len(ids):
        raise GraphRefusal("carousel_children")
    children = []
    for number in ids:
        child = call.world.graph.containers.get(number)
        if child is None or not child.belongs_to(account):
            raise GraphRefusal("media_not_found")
        if not child.is_child:
            raise GraphRefusal("carousel_children", f"{number} was not made as a carousel item")
        _check_finished(child, call.world.now())
        children.append(child)
    return Container(
        **_common(call, account, parameters),
        product="carousel",
        is_child=False,
        wants="carousel",
        children=tuple(children),
    )


def _check_finished(child: Container, now: float) -> None:
    match child.stage(now):
        case Stage.IN_PROGRESS:
            raise GraphRefusal("not_ready")
        case Stage.EXPIRED:
            raise GraphRefusal("container_expired")
        case Stage.ERROR | Stage.PUBLISHED:
            raise GraphRefusal("media_not_found")


def _common(call: Call, account: GraphAccount, parameters: JsonObject) -> dict[str, Any]:
    return {
        "id": call.world.graph.new_container_id(),
        "account": account,
        "parameters": parameters,
        "created_at": call.world.now(),
        "caption": read.caption(parameters),
        "collaborators": read.collaborators(parameters, call.world),
        "location_id": read.location_id(parameters),
    }


def _product(parameters: JsonObject, is_child: bool) -> tuple[Product, str]:
    """What it is to become, and whether that takes a photo or a video."""
    media_type = str(parameters.get("media_type") or "IMAGE").upper()
    if media_type == "IMAGE":
        return ("carousel" if is_child else "feed"), "photo"
    if media_type == "VIDEO" and is_child:
        return "carousel", "video"
    if media_type not in _PRODUCTS or is_child:
        raise GraphRefusal("unknown_media_type")
    product = _PRODUCTS[media_type]
    is_photo = product == "story" and bool(parameters.get("image_url"))
    return product, "photo" if is_photo else "video"


def _check_resumable(account: GraphAccount, wants: str) -> None:
    if account.login_method != "facebook" or wants != "video":
        raise read.invalid("upload_type=resumable is for videos, with Facebook Login")


def _given(parameters: JsonObject, name: str) -> object:
    if not parameters.get(name):
        raise read.invalid(f"The parameter {name} is required")
    return parameters[name]


def _version(call: Call) -> str:
    first = call.request.path.split("/")[1]
    return first if first.startswith("v") else _DEFAULT_VERSION

"""Publishing containers, taking posts down, and how much may still be published."""

from __future__ import annotations

from sandbox.graph.auth import check_may_publish, check_may_read, check_scope
from sandbox.graph.failures import GraphRefusal
from sandbox.graph.fields import parse_fields, select
from sandbox.graph.objects import check_own, own_media
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.draft import Draft
from sandbox.world.graph_account import DAY_S, SCOPES, GraphAccount
from sandbox.world.graph_container import Container, Stage
from sandbox.world.post import Post, graph_id
from sandbox.world.published import Mention


async def publish(call: Call, account: GraphAccount) -> Response:
    """`POST /{ig-user-id}/media_publish`: make a finished container live, once."""
    check_own(account, call.args[0])
    check_may_publish(account)
    container = call.world.graph.containers.get(str(call.params.get("creation_id")))
    if container is None or not container.belongs_to(account) or container.is_child:
        raise GraphRefusal("media_not_found")
    container.publish_attempts += 1
    match container.stage(call.world.now()):
        case Stage.IN_PROGRESS:
            raise GraphRefusal("not_ready")
        case Stage.EXPIRED:
            raise GraphRefusal("container_expired")
        case Stage.PUBLISHED | Stage.ERROR:
            raise GraphRefusal("media_not_found")
    if account.publishing_used() >= account.quota_total:
        raise GraphRefusal("publishing_limit")
    media = call.world.publish(_draft(container))
    for published in (container, *container.children):
        published.is_published = True
    account.published_at.append(call.world.now())
    return Response.json(200, {"id": graph_id(media.pk)})


def _draft(container: Container) -> Draft:
    is_story = container.product == "story"
    return Draft(
        owner=container.account.person,
        route="graph",
        product=container.product,
        parts=container.parts,
        # A story has no caption: whatever was given is dropped.
        caption="" if is_story else container.caption,
        mentions=_mentions(container) if is_story else (),
        collaborators=container.collaborators,
        location_id=container.location_id,
        container=container.id,
        extra=container.parameters,
    )


def _mentions(container: Container) -> tuple[Mention, ...]:
    return tuple(
        Mention(
            tag.username,
            tag.user_id,
            0.5 if tag.x is None else tag.x,
            0.5 if tag.y is None else tag.y,
            0.0,
            0.0,
        )
        for tag in container.tags
    )


async def limit(call: Call, account: GraphAccount) -> Response:
    """`GET /{ig-user-id}/content_publishing_limit`: for who may publish only."""
    check_own(account, call.args[0])
    check_may_read(account)
    check_scope(account, SCOPES[account.login_method].publish)
    values = {
        "quota_usage": account.publishing_used(),
        "config": {"quota_total": account.quota_total, "quota_duration": int(DAY_S)},
    }
    wanted = parse_fields(call.request.query.get("fields", "quota_usage"))
    return Response.json(200, {"data": [select("IGContentPublishingLimit", values, wanted)]})


async def delete(call: Call, account: GraphAccount) -> Response:
    """`DELETE /{media-id}`: take down a post. Stories cannot be."""
    check_may_publish(account)
    media = own_media(call, account)
    if not isinstance(media, Post):
        raise GraphRefusal("invalid_parameter", "(#100) Stories cannot be deleted")
    call.world.delete_post(media)
    return Response.json(200, {"success": True})

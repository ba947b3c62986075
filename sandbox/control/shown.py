"""What the control interface shows: the world and what was seen, as JSON."""

from __future__ import annotations

from dataclasses import asdict

from sandbox.private import cdn
from sandbox.wire.faults import FaultHandle
from sandbox.wire.message import JsonObject
from sandbox.world.graph_account import GraphAccount
from sandbox.world.graph_container import Container
from sandbox.world.ledger import Entry, Ledger
from sandbox.world.person import Person
from sandbox.world.post import Post, short_code
from sandbox.world.published import PagePost, Published
from sandbox.world.story import Story
from sandbox.world.world import World


def entry_json(entry: Entry, ledger: Ledger) -> JsonObject:
    return {**asdict(entry), "endpoint": entry.endpoint, "known": entry not in ledger.unknown}


def published_json(post: Published) -> JsonObject:
    children = [{**asdict(child), "file": str(child.file)} for child in post.children]
    return {**asdict(post), "file": str(post.file), "children": children}


def page_post_json(post: PagePost) -> JsonObject:
    return {**asdict(post), "file": str(post.file)}


def person_json(person: Person, world: World) -> JsonObject:
    followers, following = world.ties.count(person)
    return {
        "username": person.username,
        "pk": person.pk,
        "full_name": person.full_name,
        "private": person.private,
        "can_log_in": person.password is not None,
        "login": person.login.value,
        "followers": followers,
        "following": following,
    }


def story_json(story: Story, now: float) -> JsonObject:
    return {
        "pk": story.pk,
        "owner": story.owner.username,
        "kind": story.kind,
        "url": cdn.video_url(story) if story.kind == "video" else cdn.photo_url(story),
        "mentions": [person.username for person in story.mentions],
        "taken_at": story.taken_at,
        "expiring_at": story.expiring_at,
        "deleted": story.deleted,
        "visible": not story.is_gone(now),
    }


def fault_json(handle: FaultHandle) -> JsonObject:
    fault = handle.fault
    return {
        "kind": fault.name,
        "path": fault.path,
        "path_end": fault.path_end,
        "host": fault.host,
        "method": fault.method,
        "account": fault.account,
        "times": fault.times,
        "skip": fault.skip,
        "hits": handle.hits,
    }


def post_json(post: Post) -> JsonObject:
    return {
        "pk": post.pk,
        "owner": post.owner.username,
        "product": post.product,
        "shortcode": short_code(post.pk),
        "kinds": [shot.kind for shot in post.shots],
        "caption": post.caption,
        "taken_at": post.taken_at,
        "deleted": post.deleted,
    }


def graph_account_json(account: GraphAccount) -> JsonObject:
    """A connected account with its tokens: whoever asks is to be the application."""
    return {
        "person": account.person.username,
        "login_method": account.login_method,
        "ig_user_id": account.ig_user_id,
        "token": account.token,
        "expires_at": account.expires_at,
        "scopes": sorted(account.scopes),
        "page_id": account.page_id,
        "page_token": account.page_token,
        "revoked": account.revoked,
        "restricted": account.restricted,
        "quota_used": account.publishing_used(),
        "quota_total": account.quota_total,
        "usage_percent": account.usage_percent,
        "processing_s": account.processing_s,
        "polls_in_progress": account.polls_in_progress,
        "processing_errors": account.processing_errors,
        "listing_lag_s": account.listing_lag_s,
    }


def container_json(container: Container, now: float) -> JsonObject:
    return {
        "id": container.id,
        "account": container.account.person.username,
        "product": container.product,
        "status_code": container.stage(now).name,
        "status": container.status(now),
        "children": [child.id for child in container.children],
        "received": container.transfer.received if container.transfer else None,
        "publish_attempts": container.publish_attempts,
    }

"""What a request of the private API asks about, or its refusal: people, media, fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sandbox.private.form import json_value, whole_number
from sandbox.private.refused import Refused, may_not_see, no_such_media, no_such_user
from sandbox.wire.call import Call
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.story import Story

T = TypeVar("T")


def need(call: Call, *names: str) -> None:
    """Refuse a form that lacks one of these fields."""
    for name in names:
        if call.form.get(name) in (None, ""):
            raise Refused(f"Missing parameter: {name}")


def act(call: Call, viewer: Person, *names: str) -> None:
    """Refuse a form of an action that is not the viewer's own, or that lacks a field."""
    need(call, "_uuid", *names)
    if str(call.form.get("_uid", viewer.pk)) != str(viewer.pk):
        raise Refused("_uid is not the user of this session", 403)


def one_of(value: object, choices: Sequence[str], name: str) -> str:
    """The value, refused unless it is one of the choices."""
    if value not in choices:
        raise Refused(f"Invalid parameter: {name}")
    return str(value)


def asked(call: Call, name: str) -> str:
    """A parameter from the query, refused if it is missing or empty."""
    value = call.request.query.get(name, "")
    if not value.strip():
        raise Refused(f"Missing parameter: {name}")
    return value


def person_of(call: Call, viewer: Person, pk: object) -> Person:
    """Somebody by id; whoever blocks the viewer is not there."""
    person = call.world.people.find(pk=whole_number(pk) or 0)
    if person is None or call.world.ties.has("blocks", person, viewer):
        raise no_such_user()
    return person


def other_person(call: Call, viewer: Person, pk: object) -> Person:
    """Somebody else, as the target of an action."""
    person = person_of(call, viewer, pk)
    if person is viewer:
        raise Refused("Invalid target user")
    return person


def seen_person(call: Call, viewer: Person, pk: object) -> Person:
    """Somebody whose posts and lists the viewer may see."""
    person = person_of(call, viewer, pk)
    if not call.world.ties.may_see(viewer, person):
        raise may_not_see()
    return person


def media_of(call: Call, viewer: Person, media_id: object) -> Story | Post:
    """A story or a post that the viewer may see, by its id with or without the owner's."""
    pk, _, owner_pk = str(media_id).partition("_")
    media = call.world.library.find_media(whole_number(pk) or 0)
    if media is None or media.deleted or owner_pk not in ("", str(media.owner.pk)):
        raise no_such_media()
    if media.owner is not viewer and _is_put_away(media, call.world.now()):
        raise no_such_media()
    if call.world.ties.has("blocks", media.owner, viewer):
        raise no_such_media()
    if not call.world.ties.may_see(viewer, media.owner):
        raise may_not_see()
    return media


def _is_put_away(media: Story | Post, now: float) -> bool:
    """Whether only the owner has it still: a story that is over, a post in the archive."""
    return media.is_gone(now) if isinstance(media, Story) else media.archived


def post_of(call: Call, viewer: Person, media_id: object) -> Post:
    """A post that the viewer may see."""
    media = media_of(call, viewer, media_id)
    if not isinstance(media, Post):
        raise no_such_media()
    return media


def own_post(call: Call, viewer: Person, media_id: object) -> Post:
    """One of the viewer's own posts."""
    post = post_of(call, viewer, media_id)
    if post.owner is not viewer:
        raise Refused("You can't edit this media")
    return post


def ids_in(value: object, name: str) -> list[str]:
    """A list of ids, given as a list or as JSON; refused if it is neither or empty."""
    listed = json_value(value) if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        raise Refused(f"Invalid parameter: {name}")
    flat = listed[0] if isinstance(listed[0], list) else listed
    return [str(each) for each in flat]


def page(
    items: Sequence[T], key: Callable[[T], int], after: object, count: int
) -> tuple[list[T], str]:
    """A page of what is sorted by a falling key, and the cursor of the next, "" if there is none.

    The cursor is the key of the last item, so that what is made or deleted meanwhile shifts
    nothing.
    """
    if after not in (None, ""):
        last = whole_number(after)
        if last is None:
            raise Refused("Invalid max_id")
        items = [item for item in items if key(item) < last]
    shown = list(items[:count])
    return shown, str(key(shown[-1])) if len(items) > count else ""

"""What people are to each other, as the private API shows and changes it."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private.accounts import user_json
from sandbox.private.asked import (
    act,
    asked,
    ids_in,
    need,
    other_person,
    page,
    person_of,
    seen_person,
)
from sandbox.private.form import whole_number
from sandbox.private.refused import Refused
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.ties import Mark, Ties

_PAGE = 50
_LARGEST_PAGE = 100
_SURFACES = ("profile", "direct_thread_info")


def friendship_json(ties: Ties, viewer: Person, person: Person) -> JsonObject:
    """What the viewer and a person are to each other."""
    return {
        "following": ties.follows(viewer, person),
        "followed_by": ties.follows(person, viewer),
        "outgoing_request": ties.asks(viewer, person),
        "incoming_request": ties.asks(person, viewer),
        "blocking": ties.has("blocks", viewer, person),
        "muting": ties.has("mutes_posts", viewer, person),
        "is_muting_reel": ties.has("mutes_stories", viewer, person),
        "is_bestie": ties.has("close_friend", viewer, person),
        "is_private": person.private,
        "is_blocking_reel": False,
        "is_restricted": False,
        "is_feed_favorite": False,
        "subscribed": ties.has("told_of_posts", viewer, person),
    }


async def show(call: Call, viewer: Person) -> Response:
    """`friendships/show/<pk>/`."""
    person = person_of(call, viewer, call.args[0])
    return Response.ok(friendship_json(call.world.ties, viewer, person))


async def show_many(call: Call, viewer: Person) -> Response:
    """`friendships/show_many/`: those of several people; who is unknown is left out."""
    need(call, "user_ids")
    people = (
        call.world.people.find(pk=whole_number(pk.strip()) or 0)
        for pk in str(call.form["user_ids"]).split(",")
    )
    ties = call.world.ties
    found = {str(each.pk): friendship_json(ties, viewer, each) for each in people if each}
    return Response.ok({"friendship_statuses": found})


async def followers(call: Call, viewer: Person) -> Response:
    """Who follows somebody, the newest first; `query` searches them."""
    person = seen_person(call, viewer, call.args[0])
    return _list(call, call.world.ties.followers(person))


async def following(call: Call, viewer: Person) -> Response:
    """Whom somebody follows, the newest first; `query` searches them."""
    person = seen_person(call, viewer, call.args[0])
    return _list(call, call.world.ties.following(person))


async def pending(call: Call, viewer: Person) -> Response:
    """Who asks to follow the viewer."""
    return _list(call, call.world.ties.requests(viewer))


def _list(call: Call, people: Sequence[tuple[Person, int]]) -> Response:
    wanted = call.request.query.get("query", "").casefold()
    found = [
        entry
        for entry in people
        if wanted in entry[0].username.casefold() or wanted in entry[0].full_name.casefold()
    ]
    count = call.number("count", _PAGE, _LARGEST_PAGE)
    after = call.request.query.get("max_id")
    shown, cursor = page(found, lambda entry: entry[1], after, count)
    return Response.ok(
        {
            "users": [user_json(person) for person, _ in shown],
            "big_list": bool(cursor),
            "page_size": count,
            **({"next_max_id": cursor} if cursor else {}),
        }
    )


async def create(call: Call, viewer: Person) -> Response:
    """Follow somebody, or ask somebody private."""
    person = _target(call, viewer)
    ties, activity = call.world.ties, call.world.activity
    if ties.has("blocks", viewer, person):
        raise Refused("You can't follow this account", 403)
    before = ties.follows(viewer, person) or ties.asks(viewer, person)
    ties.ask(viewer, person)
    if not before:
        asks = ties.asks(viewer, person)
        activity.tell(person, "follow_request" if asks else "follow", viewer)
    return _status(call, viewer, person)


async def destroy(call: Call, viewer: Person) -> Response:
    """End a follow, or take the request back."""
    person = _target(call, viewer)
    call.world.ties.unfollow(viewer, person)
    call.world.activity.take_back(person, "follow", viewer)
    call.world.activity.take_back(person, "follow_request", viewer)
    return _status(call, viewer, person)


async def remove_follower(call: Call, viewer: Person) -> Response:
    person = _target(call, viewer)
    call.world.ties.unfollow(person, viewer)
    return _status(call, viewer, person)


async def approve(call: Call, viewer: Person) -> Response:
    """Let somebody in who asked."""
    person = _asking(call, viewer)
    call.world.ties.follow(person, viewer)
    return _status(call, viewer, person)


async def ignore(call: Call, viewer: Person) -> Response:
    """Do not let somebody in who asked."""
    person = _asking(call, viewer)
    call.world.ties.unfollow(person, viewer)
    return _status(call, viewer, person)


async def block(call: Call, viewer: Person) -> Response:
    person = _target(call, viewer)
    if call.form.get("surface") not in _SURFACES:
        raise Refused("Invalid parameter: surface")
    call.world.ties.block(viewer, person)
    return _status(call, viewer, person)


async def unblock(call: Call, viewer: Person) -> Response:
    person = _target(call, viewer)
    call.world.ties.mark("blocks", viewer, person, on=False)
    return _status(call, viewer, person)


def told_of(mark: Mark, *, on: bool) -> PrivateHandler:
    """A handler that turns the messages about somebody's new posts, stories … on or off."""

    async def set_mark(call: Call, viewer: Person) -> Response:
        person = _target(call, viewer)
        if on and not call.world.ties.follows(viewer, person):
            raise Refused("You have to follow this account first")
        call.world.ties.mark(mark, viewer, person, on=on)
        return _status(call, viewer, person)

    return set_mark


def mute(*, on: bool) -> PrivateHandler:
    """A handler that mutes or unmutes the posts or the stories of somebody who is followed."""

    async def set_mark(call: Call, viewer: Person) -> Response:
        posts, stories = (
            call.form.get(name) for name in ("target_posts_author_id", "target_reel_author_id")
        )
        if not posts and not stories:
            raise Refused("Missing parameter: target_posts_author_id")
        person = other_person(call, viewer, posts or stories)
        if not call.world.ties.follows(viewer, person):
            raise Refused("You have to follow this account first")
        if posts:
            call.world.ties.mark("mutes_posts", viewer, person, on=on)
        if stories:
            call.world.ties.mark("mutes_stories", viewer, person, on=on)
        return _status(call, viewer, person)

    return set_mark


async def set_close_friends(call: Call, viewer: Person) -> Response:
    """`friendships/set_besties/`: who comes to the list of close friends, and who leaves it."""
    act(call, viewer)
    ties = call.world.ties
    changed = {}
    for field, on in (("add", True), ("remove", False)):
        for pk in ids_in(call.form[field], field) if call.form.get(field) else ():
            person = other_person(call, viewer, pk)
            ties.mark("close_friend", viewer, person, on=on)
            changed[str(person.pk)] = friendship_json(ties, viewer, person)
    if not changed:
        raise Refused("Missing parameter: add")
    return Response.ok({"friendship_statuses": changed})


def _target(call: Call, viewer: Person) -> Person:
    """Whom an action is about: the address and the form have to name the same person."""
    act(call, viewer, "user_id")
    if str(call.form["user_id"]) != call.args[0]:
        raise Refused("Invalid target user")
    return other_person(call, viewer, call.args[0])


def _asking(call: Call, viewer: Person) -> Person:
    person = _target(call, viewer)
    if not call.world.ties.asks(person, viewer):
        raise Refused("There is no follow request from this user", 404)
    return person


def _status(call: Call, viewer: Person, person: Person) -> Response:
    return Response.ok({"friendship_status": friendship_json(call.world.ties, viewer, person)})


async def search(call: Call, viewer: Person) -> Response:
    """`users/search/`: the people whose name has the text in it."""
    found = call.world.people.search(asked(call, "q"))
    ties = call.world.ties
    seen = [person for person in found if not ties.has("blocks", person, viewer)]
    count = call.number("count", 30, 50)
    users = [user_json(person) for person in seen[:count]]
    return Response.ok({"users": users, "num_results": len(users), "has_more": len(seen) > count})

"""People as the API shows them, and the calls about the own account."""

from __future__ import annotations

from sandbox.private import cdn
from sandbox.private.asked import person_of
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.world import World


def user_json(person: Person) -> JsonObject:
    """The short form of a person, as it stands beside media and in chats."""
    return {
        "pk": person.pk,
        "pk_id": str(person.pk),
        "id": str(person.pk),
        "username": person.username,
        "full_name": person.full_name,
        "is_private": person.private,
        "is_verified": person.profile.is_verified,
        "profile_pic_url": cdn.avatar_url(person),
        "has_anonymous_profile_picture": False,
    }


def profile_json(person: Person, world: World) -> JsonObject:
    """The long form of a person, with the counts of a profile page."""
    followers, following = world.ties.count(person)
    return {
        **user_json(person),
        "biography": person.profile.biography,
        "external_url": person.profile.external_url,
        "is_business": person.profile.is_business,
        "account_type": 2 if person.profile.is_business else 1,
        "media_count": len(world.grid(person)),
        "follower_count": followers if person.followers is None else person.followers,
        "following_count": following,
    }


def own_json(person: Person, world: World) -> JsonObject:
    """The own account, with what nobody else is shown."""
    profile = person.profile
    return {
        **profile_json(person, world),
        "email": profile.email,
        "phone_number": profile.phone_number,
        "gender": profile.gender,
        "birthday": profile.birthday,
    }


async def current_user(call: Call, viewer: Person) -> Response:
    """The own account: what a client asks to see whether its session is good."""
    return Response.ok({"user": own_json(viewer, call.world)})


async def info_by_username(call: Call, viewer: Person) -> Response:
    named = call.world.people.find(username=call.args[0])
    return _profile(call, person_of(call, viewer, named.pk if named else 0))


async def info_by_pk(call: Call, viewer: Person) -> Response:
    return _profile(call, person_of(call, viewer, call.args[0]))


def _profile(call: Call, person: Person) -> Response:
    return Response.ok({"user": profile_json(person, call.world)})


async def logout(call: Call, viewer: Person) -> Response:
    """End the session with which this was called."""
    session = call.world.sessions.find(call.request.headers.get("authorization", ""))
    assert session is not None
    session.valid = False
    return Response.ok()

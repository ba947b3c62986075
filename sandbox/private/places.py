"""Places as the private API shows them, and looking for them."""

from __future__ import annotations

from sandbox.private.asked import asked
from sandbox.private.refused import Refused
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.person import Person
from sandbox.world.places import Place


def place_json(place: Place) -> JsonObject:
    return {
        "pk": place.pk,
        "name": place.name,
        "address": place.address,
        "lat": place.lat,
        "lng": place.lng,
        "external_id": place.pk,
        "external_id_source": "facebook_places",
        "facebook_places_id": place.pk,
    }


def place_of(call: Call, pk: object) -> Place:
    """The place with that id, or the refusal."""
    place = call.world.places.find(pk)
    if place is None:
        raise Refused("Location not found", 404)
    return place


async def near(call: Call, viewer: Person) -> Response:
    """`location_search/`: the places near some coordinates, the nearest first."""
    try:
        lat, lng = (float(call.request.query[name]) for name in ("latitude", "longitude"))
    except (KeyError, ValueError):
        raise Refused("latitude and longitude have to be numbers") from None
    venues = [place_json(place) for place in call.world.places.near(lat, lng)]
    return Response.ok({"venues": venues, "request_id": "venues"})


async def search(call: Call, viewer: Person) -> Response:
    """`fbsearch/places/`: the places with a text in their name."""
    found = call.world.places.search(asked(call, "query"))
    items = [{"location": place_json(place), "title": place.name} for place in found]
    return Response.ok({"items": items, "has_more": False})


async def info(call: Call, viewer: Person) -> Response:
    """`locations/<pk>/location_info/`."""
    return Response.ok(place_json(place_of(call, call.args[0])))

"""The search page: everything at once, Reels, accounts, what is being typed, and what was found."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.private.accounts import user_json
from sandbox.private.asked import asked, page
from sandbox.private.places import place_json
from sandbox.private.posts import PAGE, page_of_posts, post_json
from sandbox.private.tags import tag_json
from sandbox.wire.call import Call
from sandbox.wire.message import JsonObject, Response
from sandbox.world.hashtags import tag_id, tags_in
from sandbox.world.person import Person
from sandbox.world.post import Post

_ACCOUNTS = 30


def _people(call: Call, viewer: Person, text: str) -> list[Person]:
    ties = call.world.ties
    found = call.world.people.search(text)
    return [person for person in found if not ties.has("blocks", person, viewer)]


def _tags(call: Call, text: str) -> list[str]:
    wanted = text.strip().lstrip("#").lower()
    return [name for name in call.world.hashtags.names() if wanted in name]


def _posts(call: Call, viewer: Person, text: str) -> list[Post]:
    wanted = text.strip().lstrip("#").casefold()
    return [
        post
        for post in call.world.library.newest_posts()
        if call.world.may_see(viewer, post.owner)
        and not post.owner.private
        and (wanted in post.caption.casefold() or wanted in tags_in(post.caption))
    ]


async def top(call: Call, viewer: Person) -> Response:
    """`fbsearch/top_serp/`: people, hashtags and places, and a grid of posts in pages."""
    text = asked(call, "query")
    people = [{"user": user_json(person)} for person in _people(call, viewer, text)]
    tags = [{"hashtag": tag_json(call, name, viewer)} for name in _tags(call, text)]
    found = call.world.places.search(text)
    places = [{"place": {"location": place_json(place)}} for place in found]
    after = call.request.query.get("next_max_id")
    shown, cursor = page_of_posts(call, _posts(call, viewer, text), after, PAGE)
    medias = [{"media": post_json(post, call.world, viewer)} for post in shown]
    grid = {
        "sections": [{"layout_type": "media_grid", "layout_content": {"medias": medias}}],
        "has_more": bool(cursor),
        "next_max_id": cursor,
    }
    listed = [{"position": at, **entry} for at, entry in enumerate([*people, *tags, *places])]
    return Response.ok(
        {"list": listed, "media_grid": grid, "rank_token": "top", "has_more": bool(cursor)}
    )


async def reels(call: Call, viewer: Person) -> Response:
    """`fbsearch/reels_serp/`: a page of the Reels with a text in their caption."""
    every = [p for p in _posts(call, viewer, asked(call, "query")) if p.product == "reel"]
    shown, cursor = page_of_posts(call, every, call.request.query.get("reels_max_id"), PAGE)
    clips = [{"media": post_json(post, call.world, viewer)} for post in shown]
    return Response.ok(
        {
            "reels_serp_modules": [{"module_type": "clips", "clips": clips}] if clips else [],
            "has_more": bool(cursor),
            "reels_max_id": cursor,
            "rank_token": "reels",
        }
    )


async def accounts(call: Call, viewer: Person) -> Response:
    """`fbsearch/account_serp/`: a page of people."""
    found = sorted(_people(call, viewer, asked(call, "query")), key=lambda p: p.pk, reverse=True)
    after = call.request.query.get("page_token")
    shown, cursor = page(found, lambda person: person.pk, after, _ACCOUNTS)
    return Response.ok(
        {
            "users": [user_json(person) for person in shown],
            "has_more": bool(cursor),
            "page_token": cursor,
            "rank_token": "accounts",
        }
    )


async def typed(call: Call, viewer: Person) -> Response:
    """`fbsearch/keyword_typeahead/`: what the text being typed may become."""
    text = asked(call, "query")
    count = call.number("count", 30, 100)
    names = [*_tags(call, text), *(person.username for person in _people(call, viewer, text))]
    keywords: Sequence[JsonObject] = [
        {"keyword": {"name": name, "id": str(tag_id(name))}} for name in names[:count]
    ]
    return Response.ok({"list": keywords, "rank_token": "typed"})


async def recent(call: Call, viewer: Person) -> Response:
    """`fbsearch/recent_searches/`: what the viewer looked for, the latest first."""
    listed = []
    for at, found in reversed(call.world.searches.get(viewer, [])):
        shown: JsonObject = {"client_time": int(at)}
        if isinstance(found, Person):
            shown["user"] = user_json(found)
        elif found.startswith("#"):
            tag = tag_json(call, found[1:], viewer)
            shown["hashtag"] = {key: value for key, value in tag.items() if key != "media_count"}
        else:
            shown["keyword"] = {"name": found, "id": str(tag_id(found))}
        listed.append(shown)
    return Response.ok({"recent": listed})

"""How every row of the table is tried."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from sandbox.private import cdn
from sandbox.world.post import Post, short_code
from session_api.row import Row
from session_api.table import rows
from tests.session_api.desk import Desk
from tests.session_api.tries_auth import AUTH
from tests.session_api.tries_more import MORE
from tests.session_api.trying import Outcome, Try, name_of_try, try_row


def _code(post: Any) -> str:
    return short_code(post.pk)


def _page(*names: str) -> Callable[[Desk, Any], object]:
    return lambda desk, answer: (
        [each["username"] for each in answer["items"]] == list(names)
        and answer["next_cursor"] == ""
    )


def _media(*which: str) -> Callable[[Desk, Any], object]:
    return lambda desk, answer: (
        [each["pk"] for each in answer["items"]] == [str(getattr(desk, w).pk) for w in which]
        and answer["next_cursor"] == ""
    )


def _uploads() -> Iterator[tuple[str, str, Any, Any]]:
    """Each upload by file and by address: its name, what is said, and what is sent."""
    for kind, film in (
        ("Story", False), ("Photo", False), ("Video", True), ("Clip", True), ("Igtv", True),
    ):  # fmt: skip

        def said(desk: Desk, kind: str = kind) -> dict[str, Any]:
            return {"caption": f"A {kind}", "title": "One"}

        def file(desk: Desk, film: bool = film) -> Any:
            return {"file": (desk.video if film else desk.square).read_bytes()}

        def address(desk: Desk, kind: str = kind, film: bool = film) -> dict[str, Any]:
            shot = (desk.reel if film else desk.post).shots[0].pk
            url = f"https://scontent.cdninstagram.com/v/{shot}.{'mp4' if film else 'jpg'}"
            return {"url": url, "caption": f"A {kind} from there", "title": "Two"}

        yield kind, "", said, file
        yield kind, "ByUrl", address, lambda desk: None
    yield (
        "Album",
        "",
        lambda desk: {"caption": "Both"},
        lambda desk: [("files", desk.square.read_bytes()), ("files", desk.square.read_bytes())],
    )


def _album(desk: Desk) -> Post:
    return desk.world.add_post(desk.carl, desk.square, desk.square)


ANNA = Try(lambda d: {"user_id": d.anna.pk})
TRIES: dict[str, Try] = {
    **MORE,
    **AUTH,
    "getHealth": Try(gives=lambda d, a: a == {"status": "ok"}),
    "getReady": Try(gives=lambda d, a: a["status"] == "ok"),
    "getMetrics": Try(gives=lambda d, a: "reprise_build_info" in a),
    "getBuild": Try(gives=lambda d, a: a["name"] == "reprise"),
    "getDeps": Try(gives=lambda d, a: a["aiograpi"] == "2.1.2"),
    "getUserPosts": Try(lambda d: {"user_id": d.anna.pk}, _media("reel", "post")),
    "getUserReels": Try(lambda d: {"user_id": d.anna.pk}, _media("reel")),
    "getUserVideos": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: "items" in a),
    "getUserTaggedPosts": Try(lambda d: {"user_id": d.anna.pk}, _media()),
    "getUserFollowers": Try(lambda d: {"user_id": d.anna.pk}, _page("studio")),
    "getUserFollowing": Try(lambda d: {"user_id": d.studio.pk}, _page("anna")),
    "getUser": Try(lambda d: {"username": "@anna "}, lambda d, a: a["pk"] == str(d.anna.pk)),
    "getUserInfo": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a["username"] == "anna"),
    "getUserInfoByUsername": Try(
        lambda d: {"username": "anna"}, lambda d, a: a["pk"] == str(d.anna.pk)
    ),
    "getUserAbout": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a["username"] == "anna"),
    "postUserFollow": Try(
        lambda d: {"user_id": d.carl.pk},
        leaves=lambda d: d.world.ties.follows(d.studio, d.carl),
    ),
    "deleteUserFollow": Try(
        lambda d: {"user_id": d.carl.pk},
        leaves=lambda d: not d.world.ties.follows(d.studio, d.carl),
    ),
    "deleteUserFollower": Try(
        lambda d: {"user_id": d.carl.pk},
        before=lambda d: d.world.follow(d.carl, d.studio),
        leaves=lambda d: not d.world.ties.follows(d.carl, d.studio),
    ),
    **{
        f"{verb}User{what}": ANNA
        for verb in ("post", "delete")
        for what in (
            "CloseFriend",
            "MutePosts",
            "MuteStories",
            "NotificationsPosts",
            "NotificationsStories",
            "NotificationsReels",
            "NotificationsVideos",
            "Block",
        )
    },
    "getUserFriendship": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: "following" in a),
    "getUserPinnedPosts": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a == []),
    "getUserHighlights": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a == []),
    "getUserGuides": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a == []),
    "getUserStories": Try(
        lambda d: {"user_id": d.anna.pk},
        lambda d, a: [each["pk"] for each in a] == [str(d.story.pk)],
    ),
    "getUserIdFromUsername": Try(lambda d: {"username": "anna"}, lambda d, a: a == str(d.anna.pk)),
    "getUserUsernameFromId": Try(lambda d: {"user_id": d.anna.pk}, lambda d, a: a == "anna"),
    "getMedia": Try(lambda d: {"id": d.post.media_id}, lambda d, a: a["pk"] == str(d.post.pk)),
    "getMediaInfo": Try(lambda d: {"pk": d.post.pk}, lambda d, a: a["pk"] == str(d.post.pk)),
    "getMediaAuthor": Try(lambda d: {"media_pk": d.post.pk}, lambda d, a: a["username"] == "anna"),
    "getMediaOembed": Try(
        lambda d: {"url": f"https://www.instagram.com/p/{_code(d.post)}/"},
        lambda d, a: a["author_name"] == "anna",
    ),
    "postMediaLike": Try(lambda d: {"media_id": d.post.media_id}),
    "deleteMediaLike": Try(lambda d: {"media_id": d.post.media_id}),
    "patchMediaSeen": Try(lambda d: {"media_ids": [d.post.media_id]}),
    "getMediaLikers": Try(lambda d: {"media_id": d.post.media_id}, lambda d, a: a == []),
    "postMediaArchive": Try(lambda d: {"media_id": d.own.media_id}),
    "deleteMediaArchive": Try(lambda d: {"media_id": d.own.media_id}),
    "postMediaSave": Try(lambda d: {"media_id": d.post.media_id}),
    "deleteMediaSave": Try(lambda d: {"media_id": d.post.media_id}),
    "postMediaPin": Try(lambda d: {"media_pk": d.own.pk}),
    "deleteMediaPin": Try(lambda d: {"media_pk": d.own.pk}),
    "deleteMedia": Try(lambda d: {"media_id": d.world.add_post(d.studio, d.photo).media_id}),
    "getMediaId": Try(lambda d: {"media_pk": d.post.pk}, lambda d, a: a == d.post.media_id),
    "getMediaPk": Try(lambda d: {"media_id": d.post.media_id}, lambda d, a: a == str(d.post.pk)),
    "getMediaPkFromCode": Try(lambda d: {"code": _code(d.post)}, lambda d, a: a == str(d.post.pk)),
    "getMediaPkFromUrl": Try(
        lambda d: {"url": f"https://www.instagram.com/p/{_code(d.post)}/"},
        lambda d, a: a == str(d.post.pk),
    ),
    "getAccountFeedTimeline": Try(gives=lambda d, a: "feed_items" in a),
    "getStory": Try(lambda d: {"story_pk": d.story.pk}, lambda d, a: a["pk"] == str(d.story.pk)),
    "getStoryInfo": Try(
        lambda d: {"story_pk": d.story.pk}, lambda d, a: a["pk"] == str(d.story.pk)
    ),
    "deleteStory": Try(lambda d: {"story_pk": d.world.add_story(d.studio, d.photo).pk}),
    "patchStorySeen": Try(lambda d: {"story_pks": [d.story.pk]}),
    "postStoryLike": Try(lambda d: {"story_id": d.story.media_id}),
    "deleteStoryLike": Try(lambda d: {"story_id": d.story.media_id}),
    "getStoryViewers": Try(
        lambda d: {"story_pk": d.own_story.pk}, lambda d, a: a["next_cursor"] == ""
    ),
    "getStoryArchive": Try(gives=lambda d, a: "items" in a),
    "getStoryPkFromUrl": Try(
        lambda d: {"url": f"https://www.instagram.com/stories/anna/{d.story.pk}/"},
        lambda d, a: a == str(d.story.pk),
    ),
    "getPhotoDownload": Try(lambda d: {"media_pk": d.post.pk}, lambda d, a: a),
    "getVideoDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a),
    "getClipDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a),
    "getIgtvDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a),
    "getStoryDownload": Try(lambda d: {"story_pk": d.story.pk}, lambda d, a: a),
    **{
        f"get{kind}DownloadByUrl": Try(
            lambda d: {"url": f"https://scontent.cdninstagram.com/v/{d.post.pk}.jpg"},
            lambda d, a: a,
        )
        for kind in ("Photo", "Video", "Clip", "Igtv", "Story")
    },
    **{
        f"post{kind}Upload{way}": Try(what, lambda d, a: a["pk"], files=file)
        for kind, way, what, file in _uploads()
    },
    "patchMedia": Try(
        lambda d: {"media_id": d.own.media_id, "caption": "Ours again"},
        lambda d, a: a["media"]["caption"]["text"] == "Ours again",
    ),
    "getAlbumDownload": Try(lambda d: {"media_pk": _album(d).pk}, lambda d, a: a),
    "getAlbumDownloadByUrls": Try(
        lambda d: {"urls": [f"https://scontent.cdninstagram.com/v/{d.post.shots[0].pk}.jpg"] * 2},
        lambda d, a: a,
        sends=2,
    ),
    "getTrackDownloadByUrl": Try(
        lambda d: {"url": cdn.sound_url(d.world.library.keep_sound(d.video))},
        lambda d, a: a,
    ),
    "getAuthSessions": Try(gives=lambda d, a: a[0]["username"] == "studio"),
    "getAuthSettings": Try(gives=lambda d, a: a["authorization_data"]["sessionid"]),
}


async def try_all(desk: Desk) -> AsyncIterator[tuple[Row, Outcome]]:
    """Try every row; what may end the session comes last."""
    every = sorted(rows(), key=_turn)
    for row in every:
        tried = TRIES.get(row.name) or TRIES.get(name_of_try(row))
        if tried is None:
            yield row, Outcome(0, [], f"{row.name} is not tried")
        else:
            yield row, await try_row(desk, row, tried)


def _turn(row: Row) -> int:
    name = name_of_try(row)
    return list(AUTH).index(name) if name in AUTH else -1

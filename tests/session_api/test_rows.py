"""Every row of the table, asked for over HTTP by a plain client, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from instagram.private import calls
from sandbox import Sandbox
from sandbox.world.post import Post
from session_api.openapi import document
from session_api.row import Row
from session_api.table import by_path, rows
from tests.session_api.desk import Desk, open_desk
from tests.session_api.tries_more import MORE
from tests.session_api.trying import Try
from tests.support.clock import TestClock
from tools import session_reference


def _named(*names: str) -> Callable[[Desk, Any], object]:
    return lambda desk, answer: [each["username"] for each in answer] == list(names)


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
    return next(each for each in desk.world.library.posts.values() if len(each.shots) == 2)


ANNA = Try(lambda d: {"user_id": d.anna.pk}, requests=None)
LOCAL = Try(gives=lambda d, a: a, requests=0)
TRIES: dict[str, Try] = {
    **MORE,
    "getHealth": Try(gives=lambda d, a: a == {"status": "ok"}, requests=0),
    "getReady": Try(gives=lambda d, a: a["status"] == "ok", requests=0),
    "getMetrics": Try(gives=lambda d, a: "reprise_build_info" in a, requests=0),
    "getBuild": Try(gives=lambda d, a: a["name"] == "reprise", requests=0),
    "getDeps": Try(gives=lambda d, a: a["aiograpi"] == "2.1.2", requests=0),
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
    "getMediaPk": Try(
        lambda d: {"media_id": d.post.media_id}, lambda d, a: a == str(d.post.pk), requests=0
    ),
    "getMediaPkFromCode": Try(
        lambda d: {"code": _code(d.post)}, lambda d, a: a == str(d.post.pk), requests=0
    ),
    "getMediaPkFromUrl": Try(
        lambda d: {"url": f"https://www.instagram.com/p/{_code(d.post)}/"},
        lambda d, a: a == str(d.post.pk),
        requests=0,
    ),
    "getAccountFeedTimeline": Try(gives=lambda d, a: "feed_items" in a),
    "getStory": Try(
        lambda d: {"story_pk": d.story.pk}, lambda d, a: a["pk"] == str(d.story.pk), requests=None
    ),
    "getStoryInfo": Try(
        lambda d: {"story_pk": d.story.pk}, lambda d, a: a["pk"] == str(d.story.pk), requests=None
    ),
    "deleteStory": Try(
        lambda d: {"story_pk": d.world.add_story(d.studio, d.photo).pk}, requests=None
    ),
    "patchStorySeen": Try(lambda d: {"story_pks": [d.story.pk]}, requests=None),
    "postStoryLike": Try(lambda d: {"story_id": d.story.media_id}),
    "deleteStoryLike": Try(lambda d: {"story_id": d.story.media_id}),
    "getStoryViewers": Try(
        lambda d: {"story_pk": d.own_story.pk}, lambda d, a: a["next_cursor"] == ""
    ),
    "getStoryArchive": Try(gives=lambda d, a: "items" in a),
    "getStoryPkFromUrl": Try(
        lambda d: {"url": f"https://www.instagram.com/stories/anna/{d.story.pk}/"},
        lambda d, a: a == str(d.story.pk),
        requests=0,
    ),
    "getPhotoDownload": Try(lambda d: {"media_pk": d.post.pk}, lambda d, a: a, requests=2),
    "getVideoDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a, requests=2),
    "getClipDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a, requests=2),
    "getIgtvDownload": Try(lambda d: {"media_pk": d.reel.pk}, lambda d, a: a, requests=2),
    "getStoryDownload": Try(lambda d: {"story_pk": d.story.pk}, lambda d, a: a, requests=None),
    **{
        f"get{kind}DownloadByUrl": Try(
            lambda d: {"url": f"https://scontent.cdninstagram.com/v/{d.post.pk}.jpg"},
            lambda d, a: a,
        )
        for kind in ("Photo", "Video", "Clip", "Igtv", "Story")
    },
    **{
        f"post{kind}Upload{way}": Try(
            what,
            lambda d, a: a["pk"],
            files=file,
            requests=None,
        )
        for kind, way, what, file in _uploads()
    },
    "patchMedia": Try(
        lambda d: {"media_id": d.own.media_id, "caption": "Ours again"},
        lambda d, a: a["media"]["caption"]["text"] == "Ours again",
    ),
    "getAlbumDownload": Try(lambda d: {"media_pk": _album(d).pk}, lambda d, a: a, requests=3),
    "getAlbumDownloadByUrls": Try(
        lambda d: {"urls": [f"https://scontent.cdninstagram.com/v/{d.post.shots[0].pk}.jpg"] * 2},
        lambda d, a: a,
        requests=2,
    ),
    "getAuthSessions": Try(gives=lambda d, a: a[0]["username"] == "studio", requests=0),
    "getAuthSettings": Try(gives=lambda d, a: a["authorization_data"]["sessionid"], requests=0),
}
# What has tests of its own (test_logins.py), or would end the session.
ELSEWHERE = {
    "postAuthLogin",
    "postAuthLoginBySessionid",
    "patchAuthRelogin",
    "patchAuthSettings",
    "deleteAuthSession",
    "getAuthTotpSeed",
    "postAuthTotp",
    "deleteAuthTotp",
    "postAuthChallengeResolve",
}


def _code(post: Any) -> str:
    from sandbox.world.post import short_code

    return short_code(post.pk)


@pytest.fixture
async def desk(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(sandbox, clock, tmp_path) as opened:
        yield opened


async def test_every_row(desk: Desk) -> None:
    wrong = []
    for row in rows():
        newer = next((each for each in rows() if row.path in each.older), row)
        tried = TRIES.get(row.name) or TRIES.get(
            row.method.lower() + newer.name[len(newer.method) :]
        )
        if row.name in ELSEWHERE or newer.name in ELSEWHERE:
            continue
        if row.absent:
            answer = await desk.ask(row.method, row.path, tried.given(desk) if tried else {})
            assert answer.status_code in (501, 422), row.name
            continue
        if tried is None:
            wrong.append(f"{row.name} is not tried")
            continue
        if (problem := await _tried(desk, row, tried)) is not None:
            wrong.append(problem)
    assert not wrong, "\n".join(wrong)


async def _tried(desk: Desk, row: Row, tried: Try) -> str | None:
    tried.before(desk)
    before = len(desk.sandbox.ledger.requests)
    answer = await desk.ask(
        row.method,
        row.path,
        tried.given(desk),
        files=tried.files(desk),
        session=None if row.is_public else "",
    )
    sent = len(desk.sandbox.ledger.requests) - before
    if answer.status_code != 200:
        return f"{row.name}: {answer.status_code} {answer.text[:300]}"
    is_json = answer.headers["content-type"] == "application/json"
    body = answer.json() if is_json else answer.text
    try:
        if not tried.gives(desk, body):
            return f"{row.name} gave {str(body)[:400]}"
        if not tried.leaves(desk):
            return f"{row.name} left something else"
    except Exception as error:  # noqa: BLE001 - told with the answer that it came of
        return f"{row.name} gave {str(body)[:400]}: {error!r}"
    if tried.requests is not None and sent != tried.requests:
        return f"{row.name} made {sent} requests"
    return None


def test_every_call_is_one_of_aiograpi() -> None:
    for row in rows():
        ways = [row.call is not None, row.step is not None, row.handler is not None, row.absent]
        assert sum(map(bool, ways)) == 1, row.name
        if row.call is None:
            continue
        given = {each.name: [] if each.many else "1" for each in row.takes}
        positional, named = row.call.arguments(given)
        calls.signature(row.call.name).bind(*positional, **named)
        assert row.call.uses <= set(given), row.name


def test_the_document_is_one_of_openapi() -> None:
    told = json.loads(document())
    validate(told)
    ids = [each["operationId"] for path in told["paths"].values() for each in path.values()]
    assert len(ids) == len(set(ids)) == len(rows())


def test_the_reference_is_of_this_table() -> None:
    assert session_reference.PAGE.read_text() == session_reference.page()


def test_each_path_and_method_is_one_row() -> None:
    assert len(rows()) == sum(len(methods) for methods in by_path().values())
    names = [row.name for row in rows()]
    assert len(names) == len(set(names))
    assert all(name.isalnum() for name in names)

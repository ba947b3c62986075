"""Every rule of the contract's §4.4 over HTTP, with its own code, at its exact limits."""

from __future__ import annotations

from typing import Any

import pytest
from sqlite_utils import Database

from storage import records
from storage.accounts import Account
from tests.support.posting import API, photo_id, upload, video_id
from tests.support.served import Answer, Served

TAG = {"username": "anna", "x": 0.5, "y": 0.5}
TAG_STICKER = {"type": "hashtag", "name": "sea"}
PLACE = {"type": "location", "id": "213385402"}
BAD_ADDRESSES = (
    *("", "example.com", "//a.example", "https://", "ftp://a.example", "javascript:alert(1)"),
    *("http://[", "http://a.example:x/", "https://a.example/a b", "https://a.example/\n", 5, None),
)
OK = "201"


async def draft(served: Served, body: dict[str, Any]) -> Answer:
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE", **body}
    return await served.call("POST", f"{API}/posts/draft", body)


def outcome(answer: Answer) -> str:
    if answer.status == 201:
        return OK
    assert answer.body["status"] == answer.status
    return str(answer.body["code"])


async def assert_outcomes(served: Served, cases: list[tuple[dict[str, Any], str]]) -> None:
    for body, expected in cases:
        answer = await draft(served, body)
        assert outcome(answer) == expected, (str(body)[:300], answer.body)


def tags(count: int) -> list[dict[str, Any]]:
    return [{**TAG, "username": f"user{number}"} for number in range(count)]


async def test_captions_count_code_points(served: Served) -> None:
    await assert_outcomes(
        served,
        [
            ({"caption": "x" * 2200}, OK),
            ({"caption": "🌅" * 2200}, OK),
            ({"caption": "x" * 2201}, "VALIDATION_ERROR"),
            ({"caption": "🌅" * 2201}, "VALIDATION_ERROR"),
            ({"caption": ""}, OK),
            ({"caption": 5}, "VALIDATION_ERROR"),
            ({"caption": ["x"]}, "VALIDATION_ERROR"),
        ],
    )


async def test_a_lone_surrogate_is_refused_and_not_a_crash(served: Served) -> None:
    content = (
        b'{"accountId": "%s", "mediaType": "IMAGE", "caption": "\\ud800"}'
        % served.studio.account.id.encode()
    )
    answer = await served.call("POST", f"{API}/posts/draft", content=content)
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("kind", ["IMAGE", "CAROUSEL"])
async def test_user_tags(served: Served, kind: str) -> None:
    def case(value: Any, expected: str) -> tuple[dict[str, Any], str]:
        return {"mediaType": kind, "userTags": value}, expected

    bad = "INVALID_TAGS"
    await assert_outcomes(
        served,
        [
            case(tags(20), OK),
            case(tags(21), bad),
            case([], OK),
            case(None, OK),
            case([{**TAG, "x": 0, "y": 1}], OK),
            case([{**TAG, "x": -0.001}], bad),
            case([{**TAG, "y": 1.001}], bad),
            case([{**TAG, "x": "0.5"}], bad),
            case([{**TAG, "x": True}], bad),
            case([{"username": "anna", "x": 0.5}], bad),
            case([{"x": 0.5, "y": 0.5}], bad),
            case([{**TAG, "username": "x" * 30}], OK),
            case([{**TAG, "username": "x" * 31}], bad),
            case([{**TAG, "username": ""}], bad),
            case([{**TAG, "username": 5}], bad),
            case(["anna"], bad),
            case([None], bad),
            case([[TAG]], bad),
            case("anna", "VALIDATION_ERROR"),
            case(TAG, "VALIDATION_ERROR"),
        ],
    )


async def test_who_may_have_tags_collaborators_and_mentions(served: Served) -> None:
    await assert_outcomes(
        served,
        [
            ({"mediaType": "REELS", "userTags": [TAG]}, "INVALID_TAGS"),
            ({"mediaType": "STORIES", "userTags": [TAG]}, "INVALID_TAGS"),
            ({"mediaType": "IMAGE", "collaborators": ["a", "b", "c"]}, OK),
            ({"mediaType": "REELS", "collaborators": ["a"]}, OK),
            ({"mediaType": "CAROUSEL", "collaborators": ["a"]}, OK),
            ({"collaborators": ["a", "b", "c", "d"]}, "INVALID_COLLABORATORS"),
            ({"collaborators": [""]}, "INVALID_COLLABORATORS"),
            ({"collaborators": ["x" * 31]}, "INVALID_COLLABORATORS"),
            ({"collaborators": [{"username": "a"}]}, "INVALID_COLLABORATORS"),
            ({"collaborators": [5]}, "INVALID_COLLABORATORS"),
            ({"mediaType": "STORIES", "collaborators": ["a"]}, "INVALID_COLLABORATORS"),
            ({"mediaType": "STORIES", "collaborators": []}, OK),
            ({"mediaType": "STORIES", "storyMentions": [{"username": "a"}] * 5}, OK),
            ({"mediaType": "STORIES", "storyMentions": [TAG] * 6}, "INVALID_MENTIONS"),
            (
                {"mediaType": "STORIES", "storyMentions": [{"username": "a", "x": 2}]},
                "INVALID_MENTIONS",
            ),
            ({"mediaType": "STORIES", "storyMentions": [{"x": 0.5}]}, "INVALID_MENTIONS"),
            ({"mediaType": "STORIES", "storyMentions": ["a"]}, "INVALID_MENTIONS"),
            ({"mediaType": "IMAGE", "storyMentions": [TAG]}, "INVALID_MENTIONS"),
            ({"mediaType": "REELS", "storyMentions": [TAG]}, "INVALID_MENTIONS"),
            ({"mediaType": "CAROUSEL", "storyMentions": [TAG]}, "INVALID_MENTIONS"),
            ({"mediaType": "CAROUSEL", "storyMentions": []}, OK),
        ],
    )


async def test_stickers(served: Served) -> None:
    def case(value: Any, expected: str, kind: str = "STORIES") -> tuple[dict[str, Any], str]:
        return {"mediaType": kind, "storyStickers": value}, expected

    bad = "INVALID_STICKERS"
    link, sea, cafe = {"type": "link", "url": "https://a.example/?q=1#x"}, TAG_STICKER, PLACE
    await assert_outcomes(
        served,
        [
            case([link, cafe, *[sea] * 10], OK),
            case([sea] * 11, bad),
            case([link, link], bad),
            case([cafe, cafe], bad),
            case([sea] * 10_000, bad),
            case([], OK, "IMAGE"),
            case(None, OK, "IMAGE"),
            *(case([sea], bad, kind) for kind in ("IMAGE", "REELS", "CAROUSEL")),
            case(["sea"], bad),
            case([None], bad),
            case([{}], bad),
            case([{"type": "poll"}], bad),
            case([{"type": ["link"]}], bad),
            case([{"type": "mention", "username": "anna"}], bad),
            *(case([{**link, "url": url}], bad) for url in BAD_ADDRESSES),
            case([{**link, "url": "http://a.example/" + "x" * 2031}], OK),
            case([{**link, "url": "http://a.example/" + "x" * 2032}], bad),
            *(case([{**sea, "name": name}], OK) for name in ("#a", "x" * 100, "नमस्ते", "a🌊", "1a")),
            *(
                case([{**sea, "name": name}], bad)
                for name in ("", "#", "x" * 101, "a b", "a-b", "2026", "a#b", "@a", 5, None)
            ),
            *(case([{**cafe, "id": place}], bad) for place in ("", "Berlin", 5, None, "1" * 21)),
            case([{**cafe, "name": "Cafe"}], OK),
            case([{**cafe, "name": "x" * 257}], bad),
            case([{**cafe, "name": 5}], bad),
            case([{**sea, "x": 0, "y": 1, "width": 0.01, "height": 1, "rotation": 1}], OK),
            case([{**sea, "x": 1.1}], bad),
            case([{**sea, "y": "0.5"}], bad),
            case([{**sea, "width": 0}], bad),
            case([{**sea, "height": True}], bad),
            case([{**sea, "rotation": 90}], bad),
            case("sea", "VALIDATION_ERROR"),
            case(sea, "VALIDATION_ERROR"),
        ],
    )


async def test_how_many_files(served: Served) -> None:
    photo, other = await photo_id(served), await photo_id(served)
    unknown = "00000000-0000-4000-8000-000000000000"
    await assert_outcomes(
        served,
        [
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo] * 2}, OK),
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo] * 10}, OK),
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo]}, "INVALID_CAROUSEL"),
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo] * 11}, "INVALID_CAROUSEL"),
            ({"mediaType": "CAROUSEL", "mediaFileId": photo}, "INVALID_CAROUSEL"),
            (
                {"mediaType": "CAROUSEL", "mediaFileId": other, "mediaFileIds": [photo] * 2},
                "INVALID_CAROUSEL",
            ),
            ({"mediaType": "CAROUSEL", "mediaFileId": photo, "mediaFileIds": [photo] * 2}, OK),
            ({"mediaType": "CAROUSEL", "mediaFileIds": []}, OK),
            ({"mediaType": "IMAGE", "mediaFileIds": [photo]}, "INVALID_CAROUSEL"),
            ({"mediaType": "IMAGE", "mediaFileIds": [photo] * 2}, "INVALID_CAROUSEL"),
            ({"mediaType": "STORIES", "mediaFileIds": [photo]}, "INVALID_CAROUSEL"),
            (
                {"mediaType": "IMAGE", "mediaFileId": photo, "mediaFileIds": [photo]},
                "INVALID_CAROUSEL",
            ),
            ({"mediaType": "IMAGE", "mediaFileId": photo, "mediaFileIds": []}, OK),
            ({"mediaType": "IMAGE", "mediaFileId": photo.upper()}, OK),
            ({"mediaType": "IMAGE", "mediaFileId": unknown}, "NOT_FOUND"),
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo, unknown]}, "NOT_FOUND"),
            ({"mediaType": "IMAGE", "mediaFileId": "photo.jpg"}, "VALIDATION_ERROR"),
            ({"mediaType": "CAROUSEL", "mediaFileIds": photo}, "VALIDATION_ERROR"),
        ],
    )


async def test_files_that_instagram_would_refuse_for_that_kind(served: Served) -> None:
    studio = served.studio
    photo, video = await photo_id(served), await video_id(served)
    tall = (await upload(served, studio.photo(400, 800))).body["id"]
    small = await upload(served, studio.photo(200, 250))
    assert small.status == 201
    assert small.body["isValid"] is False
    assert "320 px" in small.body["validationErrors"]
    bad = "MEDIA_INVALID"
    await assert_outcomes(
        served,
        [
            ({"mediaType": "IMAGE", "mediaFileId": video}, bad),
            ({"mediaType": "REELS", "mediaFileId": photo}, bad),
            ({"mediaType": "REELS", "mediaFileId": video}, OK),
            ({"mediaType": "STORIES", "mediaFileId": video}, OK),
            ({"mediaType": "IMAGE", "mediaFileId": tall}, bad),
            ({"mediaType": "STORIES", "mediaFileId": tall}, OK),
            ({"mediaType": "CAROUSEL", "mediaFileIds": [photo, tall]}, bad),
            ({"mediaType": "STORIES", "mediaFileId": small.body["id"]}, bad),
        ],
    )


async def test_cross_posting_needs_facebook_login(served: Served) -> None:
    cross = {"crossPostToFacebook": True}
    await assert_outcomes(
        served,
        [
            (cross, "INVALID_CROSS_POST"),
            ({"crossPostToFacebook": False}, OK),
            ({"crossPostToFacebook": None}, OK),
            ({"crossPostToFacebook": "true"}, "VALIDATION_ERROR"),
        ],
    )

    def connected_by_facebook(db: Database) -> None:
        records.update(db, Account, served.studio.account.id, login_method="facebook")

    await served.studio.core.store.write(connected_by_facebook)
    await assert_outcomes(
        served, [(cross, OK), ({**cross, "mediaType": "CAROUSEL"}, "INVALID_CROSS_POST")]
    )


@pytest.mark.parametrize("path", ["/posts/publish", "/schedule"])
async def test_publishing_and_scheduling_have_the_same_rules(served: Served, path: str) -> None:
    photo = await photo_id(served)
    base = {
        "accountId": served.studio.account.id,
        "mediaFileId": photo,
        "scheduledFor": "2099-01-01T00:00:00Z",
    }
    cases: list[tuple[dict[str, Any], str]] = [
        ({"mediaType": "STORIES", "userTags": [TAG]}, "INVALID_TAGS"),
        ({"mediaType": "IMAGE", "storyMentions": [TAG]}, "INVALID_MENTIONS"),
        ({"mediaType": "STORIES", "collaborators": ["a"]}, "INVALID_COLLABORATORS"),
        ({"mediaType": "IMAGE", "crossPostToFacebook": True}, "INVALID_CROSS_POST"),
        ({"mediaType": "CAROUSEL"}, "INVALID_CAROUSEL"),
        ({"mediaType": "REELS"}, "MEDIA_INVALID"),
        ({"mediaType": "IMAGE", "caption": "x" * 2201}, "VALIDATION_ERROR"),
        ({"mediaType": "VIDEO"}, "VALIDATION_ERROR"),
        ({"mediaType": "image"}, "VALIDATION_ERROR"),
    ]
    for more, code in cases:
        answer = await served.call("POST", API + path, {**base, **more})
        assert (answer.status, answer.body["code"]) == (400, code), more
    listed = (await served.call("GET", f"{API}/posts")).body
    assert (listed["total"], listed["hasMore"]) == (0, False)


@pytest.mark.parametrize("sign", ["#", "@", "\uff03"])
async def test_hashtags_and_mentions_of_a_caption_are_counted(served: Served, sign: str) -> None:
    most = 20 if sign == "@" else 30
    enough = [f"{sign}tag{number}" for number in range(most)]
    more = " " + f"{sign}more"
    bad = "VALIDATION_ERROR"
    cases: list[tuple[dict[str, Any], str]] = [
        ({"caption": " ".join(enough)}, OK),
        ({"caption": " ".join(enough) + more}, bad),
        ({"caption": "\n".join(enough) + more, "mediaType": "REELS"}, bad),
        ({"caption": " ".join(enough) + more, "mediaType": "CAROUSEL"}, bad),
        ({"caption": " ".join(enough) + more, "mediaType": "STORIES"}, OK),  # not sent
        # Inside of a word or an address there is none, nor is a number or a lone sign one.
        ({"caption": " ".join(enough) + f" a{sign}b https://a.example/x{sign}y {sign}"}, OK),
    ]
    if sign != "@":
        cases += [
            ({"caption": "".join(enough)}, OK),
            ({"caption": "".join(enough) + f"{sign}more"}, bad),
            ({"caption": " ".join(enough) + f" {sign}1 {sign}2027 https://a.example/{sign}y"}, OK),
            ({"caption": " ".join(f"{sign}\u0928\u093f{n}\U0001f305" for n in range(31))}, bad),
        ]
    else:
        cases.append(({"caption": " ".join(enough) + " anna@example.com"}, OK))
    await assert_outcomes(served, cases)


async def test_the_limits_hold_for_edits_and_schedules_too(served: Served) -> None:
    many = " ".join(f"#tag{number}" for number in range(31))
    body = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    body["mediaFileId"] = await photo_id(served)
    later = {**body, "scheduledFor": "2099-01-01T10:00:00Z"}
    made = await served.call("POST", f"{API}/schedule", later)
    assert made.status == 201
    stored = await draft(served, {})
    for method, path, sent in (
        ("POST", "/posts/publish", {**body, "caption": many}),
        ("POST", "/schedule", {**later, "caption": many}),
        ("PUT", f"/schedule/{made.body['postId']}", {"caption": many}),
        ("PUT", f"/posts/draft/{stored.body['id']}", {"caption": many}),
    ):
        answer = await served.call(method, f"{API}{path}", sent)
        assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR"), path
        assert "31 hashtags" in answer.body["error"]

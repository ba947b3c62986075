"""The header Idempotency-Key over HTTP: what it may be, what is told, and what is counted."""

from __future__ import annotations

from typing import Any

from storage import api_keys
from tests.support.command import announced, command
from tests.support.in_turn import in_turn
from tests.support.posting import API, NOBODY, photo_id, story, upload
from tests.support.served import Answer, Served

DRAFT, PUBLISH = f"{API}/posts/draft", f"{API}/posts/publish"
HEADER, REPLAYED = "Idempotency-Key", "idempotency-replayed"


async def total(served: Served) -> int:
    return int((await served.call("GET", f"{API}/posts")).body["total"])


async def post(served: Served, path: str, body: Any, under: str, **more: Any) -> Answer:
    return await served.call("POST", path, body, headers={HEADER: under}, **more)


async def test_the_same_request_is_answered_again_and_done_once(served: Served) -> None:
    body = story(served, await photo_id(served))
    first = await post(served, PUBLISH, body, "one")
    assert (first.status, REPLAYED in first.headers) == (202, False)
    for same in ("one", '"one"'):
        again = await post(served, PUBLISH, dict(reversed(body.items())), same)
        assert (again.status, again.body) == (202, first.body)
        assert again.headers[REPLAYED] == "true"
        assert "reprise-warning" not in again.headers
        assert "ratelimit-remaining" in again.headers
    assert await total(served) == 1
    other = await post(served, PUBLISH, {**body, "caption": "else"}, "one")
    assert (other.status, other.body["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert REPLAYED not in other.headers
    elsewhere = await served.call("PUT", f"{DRAFT}/{NOBODY}", {}, headers={HEADER: "one"})
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    warned = await served.call("POST", PUBLISH, body)
    assert first.body["postId"] in warned.headers["reprise-warning"]
    assert warned.headers["reprise-warning"] in warned.body["warnings"]


async def test_a_number_of_any_length_breaks_nothing(served: Served) -> None:
    draft = {"accountId": served.studio.account.id, "mediaType": "IMAGE"}
    for number, odd in enumerate((2**64, 10**400)):
        for name in ("userTags", "storyMentions", "storyStickers", "collaborators"):
            for value in ([odd], [{"username": "a", "x": odd, "y": odd, "kind": odd}]):
                body, key = {**draft, name: value}, f"{number}{name}{str(value)[:3]}"
                first = await post(served, DRAFT, body, key)
                again = await post(served, DRAFT, body, key)
                assert first.status == again.status < 500, (name, value)
                assert again.body == first.body


async def test_deletions_and_refusals_are_answered_again(served: Served) -> None:
    made = await post(served, DRAFT, story(served, await photo_id(served)), "draft")
    path = f"{API}/posts/{made.body['id']}"
    for replayed in (None, "true"):
        gone = await served.call("DELETE", path, headers={HEADER: "gone"})
        assert (gone.status, gone.headers.get(REPLAYED)) == (200, replayed)
    for replayed in (None, "true"):
        missing = await served.call("DELETE", path, headers={HEADER: "again"})
        assert (missing.status, missing.body["code"]) == (404, "NOT_FOUND")
        assert missing.headers.get(REPLAYED) == replayed
    # What is malformed was never begun: corrected, it may have the same key.
    wrong = await post(served, DRAFT, {"accountId": served.studio.account.id}, "fixed")
    assert wrong.status == 400
    right = await post(served, DRAFT, story(served, await photo_id(served)), "fixed")
    assert (right.status, REPLAYED in right.headers) == (201, False)


async def test_uploads_are_compared_by_their_content(served: Served) -> None:
    async def sent(seed: int) -> Answer:
        file = served.studio.photo(400, 500, seed)
        response = await served.client.post(
            f"{API}/media/upload",
            files={"file": ("a.jpg", file.read_bytes(), "image/jpeg")},
            headers={"Authorization": f"Bearer {served.key}", HEADER: "photo"},
        )
        return Answer(status=response.status_code, body=response.json(), headers=response.headers)

    first, again, other = await sent(1), await sent(1), await sent(2)
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    assert (await served.call("GET", f"{API}/media")).body["total"] == 1
    assert list(served.studio.folder.incoming.iterdir()) == []
    assert (await upload(served, served.studio.photo(400, 500, 2))).status == 201


@in_turn("bad", ["", '"', '""', '"a', "a b", '"a b"', '"a"b"', "x" * 256, b"\xe9"])
async def test_odd_keys_are_refused_before_anything_is_done(
    served: Served, bad: str | bytes
) -> None:
    body = story(served, NOBODY)
    answer = await served.call("POST", DRAFT, body, headers={HEADER: bad})
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    assert "raceback" not in str(answer.body)


async def test_callers_do_not_see_each_others_keys(served: Served) -> None:
    core = served.studio.core
    _, second = await core.store.write(
        api_keys.create, user_id=core.owner.id, name="second", now=core.clock.now()
    )
    await served.sign_in()
    body = story(served, await photo_id(served))
    ids = [(await post(served, DRAFT, body, "k", key=key)).body["id"] for key in ("", second, None)]
    assert len(set(ids)) == 3
    reading = await served.call("GET", f"{API}/posts", headers={HEADER: "k"})
    assert (reading.status, REPLAYED in reading.headers) == (200, False)


async def test_a_command_with_a_key_is_done_once(served: Served) -> None:
    photo = str(served.studio.photo(1080, 1080))
    with announced(served) as directory:
        words = ("publish", photo, "--username", "studio", "--json")
        done = [
            await command("--idempotency-key", key, *words, data=directory)
            for key in ("monday", "monday", "tuesday")
        ]
        other = await command(
            "--idempotency-key", "monday", *words, "--caption", "else", data=directory
        )
        odd = await command("--idempotency-key", "a b", *words, data=directory)
    monday, again, tuesday = (each.json["id"] for each in done)
    assert monday == again != tuesday
    assert (other.code, "IDEMPOTENCY_MISMATCH" in other.err) == (1, True)
    assert (odd.code, "visible ASCII" in odd.err) == (1, True)
    assert await total(served) == 2

"""What lists are asked for beside a page: times, accounts, counts, and what nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from api.app import BASE_PATH, operations
from storage.times import to_text
from tests.api.test_story_decisions import waiting
from tests.api.test_story_repost import BASE
from tests.support.posting import API, NOBODY, draft, photo_id, second_account, story
from tests.support.served import Served


async def ids(served: Served, path: str, **query: Any) -> list[str]:
    answer = await served.call("GET", f"{API}{path}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    assert answer.body["total"] == len(answer.body["posts"])
    return [post["id"] for post in answer.body["posts"]]


async def test_posts_and_schedule_of_an_account_and_between_two_moments(served: Served) -> None:
    clock, photo = served.studio.clock, await photo_id(served)
    other, _ = await second_account(served)
    moments, drafts, due = [], [], []
    for number in range(4):
        clock.advance(timedelta(minutes=1))
        moments.append(clock.now())
        of = other.id if number % 2 else served.studio.account.id
        made = await draft(served, accountId=of, mediaFileId=photo)
        drafts.append(made["id"])
        at = clock.now() + timedelta(days=1 + number)
        body = {**story(served, photo), "accountId": of, "scheduledFor": to_text(at)}
        answer = await served.call("POST", f"{API}/schedule", {**body, "timezone": "UTC"})
        assert answer.status == 201, answer.body
        due.append((at, answer.body["postId"]))
    first, last = to_text(moments[1]), to_text(moments[3])
    between = {"status": "DRAFT", "from": first, "until": last}
    assert await ids(served, "/posts", **between) == drafts[2:0:-1]
    assert await ids(served, "/posts", accountId=other.id, **between) == [drafts[1]]
    first, last = to_text(due[1][0]), to_text(due[3][0])
    between = {"from": first, "until": last}
    assert await ids(served, "/schedule", **between) == [due[1][1], due[2][1]]
    assert await ids(served, "/schedule", accountId=other.id) == [due[1][1], due[3][1]]
    for path in ("/posts", "/schedule"):
        answer = await served.call("GET", f"{API}{path}?accountId={NOBODY}")
        assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")
        for odd in ("from=yesterday", "until=5", "accountId=x"):
            assert (await served.call("GET", f"{API}{path}?{odd}")).status == 400
    counts = (await served.call("GET", f"{API}/counts")).body
    found = {(each["accountId"], each["status"]): each["count"] for each in counts["posts"]}
    both = (served.studio.account.id, other.id)
    assert found == {(each, status): 2 for each in both for status in ("DRAFT", "SCHEDULED")}


async def test_pending_mentions_have_pages_and_counts(served: Served) -> None:
    await waiting(served, "anna", "ben", "carla", "dora", "emil")
    whole = (await served.call("GET", f"{BASE}/pending")).body
    assert (len(whole["reposts"]), whole["next"]) == (5, None)
    query, paged = "?limit=2", []
    while query:
        page = (await served.call("GET", f"{BASE}/pending{query}")).body
        assert len(page["reposts"]) <= 2
        paged += [each["id"] for each in page["reposts"]]
        query = f"?limit=2&after={page['next']}" if page["next"] else ""
    assert paged == [each["id"] for each in whole["reposts"]]
    counts = (await served.call("GET", f"{API}/counts")).body["reposts"]
    mine = served.studio.account.id
    assert counts == [{"accountId": mine, "status": "WAITING_APPROVAL", "count": 5}]


async def test_every_operation_names_query_parameters_that_it_does_not_know(
    served: Served,
) -> None:
    odd = await served.call("GET", f"{API}/posts?%0d%0aSet-Cookie:+a=b&{'y' * 500}=1")
    assert odd.status == 200
    assert len(odd.headers["Reprise-Warning"]) < 500
    assert "set-cookie" not in odd.headers
    assert "Reprise-Warning" not in (await served.call("GET", f"{API}/posts?page=1")).headers
    told = 0
    for operation in operations():
        path = BASE_PATH + operation.path.replace("<accountId>", NOBODY).replace("<id>", NOBODY)
        at_once = "&wait=0" if operation.stream else ""
        answer = await served.call(operation.method, f"{path}?acountId=1&x=2&x=3{at_once}", {})
        warning = answer.headers.get("Reprise-Warning")
        # Where the request is refused before it is understood, its refusal is enough.
        assert warning in (None, "unknown query parameters: acountId, x"), operation.name
        assert warning is not None or answer.status >= 400, operation.name
        told += warning is not None
    assert told > 20

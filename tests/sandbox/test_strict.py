"""What real Instagram would refuse is refused, by every call that needs a session."""

from __future__ import annotations

import json
import logging
import re

import httpx
import pytest

from sandbox import Sandbox
from sandbox.routes import ROUTES
from sandbox.wire.faults import Fault, feedback_required, throttled
from sandbox.wire.route import Route
from sandbox.world.person import Person
from tests.sandbox.clients import API, logged_in, plain_client

pytestmark = pytest.mark.acceptance

PRIVATE = [route for route in ROUTES if route.private is not None]
_ARGUMENT = re.compile(r"<\w+>")


def address(route: Route, argument: str = "5") -> str:
    return f"https://{route.host}{_ARGUMENT.sub(argument, route.path)}"


async def send(client: httpx.AsyncClient, route: Route, url: str, fields: object) -> httpx.Response:
    if route.method == "GET":
        query = fields if isinstance(fields, dict) else {}
        return await client.get(url, params=query)
    signed = {"signed_body": f"SIGNATURE.{json.dumps(fields)}"}
    return await client.post(url, data=signed)


async def test_no_call_works_without_a_session_or_with_another_signature(
    sandbox: Sandbox, studio: Person
) -> None:
    assert len(PRIVATE) > 150
    async with plain_client(sandbox) as client:
        for route in PRIVATE:
            answer = await send(client, route, address(route), {})
            assert (answer.status_code, answer.json()["message"]) == (403, "login_required"), route
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        for route in PRIVATE:
            if route.method == "POST":
                body = {"signed_body": "ab12." + json.dumps({"_uuid": "1"})}
                answer = await client.post(address(route), data=body)
                assert answer.status_code == 400, route


ODD_FIELDS: tuple[dict[str, object], ...] = (
    {"_uuid": "1", "_uid": "77", "user_id": "5", "q": "x", "max_id": "rubbish", "count": "-1"},
    {
        "_uuid": "1",
        "client_context": "1",
        "thread_ids": "5",
        "recipient_users": '"x"',
        "user_ids": "[[[]]]",
        "media_ids": '"5"',
        "min_id": "rubbish",
        "cursor": "rubbish",
    },
    {
        "_uuid": [],
        "media_id": {},
        "user_id": None,
        "text": 5,
        "title": [],
        "tab": "top",
        "doc_id": "2345520318892697",
        "query_params": '{"timeframe": {}}',
        "thread_ids": "[null]",
        "recipient_users": "[{}]",
    },
    {"_uuid": "1", "client_context": {}, "thread_ids": "[[]]", "title": 5, "media_ids": "[{}]"},
)


async def test_no_odd_request_meets_a_bug(
    sandbox: Sandbox, studio: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "sandbox.service")
    studio.profile.is_business = True
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        for route in PRIVATE:
            if route.path.endswith("/logout/"):
                continue
            for number, fields in enumerate(ODD_FIELDS):
                url = address(route, ("5", str(studio.pk))[number % 2])
                answer = await send(client, route, url, fields)
                assert answer.status_code < 500, (route.path, fields, answer.text)
    assert not caplog.records


async def test_any_call_can_be_made_to_fail(sandbox: Sandbox, studio: Person) -> None:
    async with plain_client(sandbox, headers=logged_in(sandbox, studio)) as client:
        sandbox.faults.add(Fault(path="friendships/create", kind=feedback_required(), times=None))
        sandbox.faults.add(Fault(path="direct_v2/threads/broadcast", kind=throttled(60)))
        blocked = await client.post(f"{API}/api/v1/friendships/create/5/", data={"_uuid": "1"})
        assert (blocked.status_code, blocked.json()["message"]) == (400, "feedback_required")
        slow = await client.post(f"{API}/api/v1/direct_v2/threads/broadcast/text/", data={})
        assert (slow.status_code, slow.headers["retry-after"]) == (429, "60")
        sandbox.world.challenge(studio)
        asked = await client.get(f"{API}/api/v1/users/search/", params={"q": "anna"})
        assert asked.json()["message"] == "challenge_required"

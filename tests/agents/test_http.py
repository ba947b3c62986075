"""`/mcp` in the served daemon, with the official client in both eras, and what it met of traps."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import httpx
import pytest
import trio
import trio_asyncio
from mcp.server.subscriptions import ResourceUpdated
from mcp_types import ElicitResult

from agents.tool import REFUSED, TOOLS
from api.guards import RAW
from operations.scopes import PRESETS, text_of
from serving import body
from storage import api_keys
from tests.agents.talking import ERAS, Era, called, connected, refused
from tests.support.limits import DEADLOCK_S
from tests.support.odd_requests import request
from tests.support.posting import API, photo_id
from tests.support.served import Served
from tests.support.tiny_server import receive_all


async def key_for(served: Served, preset: str) -> str:
    core = served.studio.core
    _, key = await core.store.write(
        api_keys.create,
        user_id=core.owner.id,
        name=preset,
        now=core.clock.now(),
        scopes=text_of(PRESETS[preset]),
    )
    return str(key)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_of_either_era_looks_and_publishes_once(served: Served, era: Era) -> None:
    media = await photo_id(served)
    steps: list[str | None] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        steps.append(message)

    async with connected(served, era) as client:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(TOOLS)
        assert len(tools) == 15
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
        assert len(json.dumps(listed)) < 30_000
        for tool in tools:
            assert tool.annotations is not None
            assert tool.output_schema is not None
            # Clients that hold a refusal to the schema as well must not hide what it says.
            either = tool.output_schema.get("anyOf", [{"required": [*REFUSED]}])
            assert either[-1]["required"] == [*REFUSED]
            assert "required" not in tool.output_schema
            assert tool.description
        view = await called(client, "get_overview")
        assert view["accounts"][0]["username"] == "studio"
        content = {"media": [media], "caption": "by an agent"}
        arguments = {"request_id": "one", "content": content}
        answer = await client.call_tool("publish_now", arguments, progress_callback=told)
        sent = answer.structured_content
        assert sent is not None
        again = await called(client, "publish_now", **arguments)
        assert (sent["status"], again["id"]) == ("PUBLISHED", sent["id"])
        assert steps
        seen = await called(client, "get_post", post_id=sent["id"], show_media=True)
        assert seen["changes"][0]["via"] == "agent"
        assert "via" not in seen["changes"][-1]  # the daemon's own doing
        assert (await refused(client, "get_post", post_id="nonsense"))["code"] == "NOT_FOUND"
        bad = await refused(client, "publish_now", request_id="two", wait_s="soon")
        assert bad["code"] == "VALIDATION_ERROR"
    # What the SDK starts of its own accord would poll in aiograpi's loop for ever.
    loop = trio_asyncio.current_loop.get()
    left = [task.get_coro() for task in asyncio.all_tasks(loop)]
    assert not [each for each in left if "shutdown_watcher" in str(each)]


async def test_resources_and_prompts_are_there(served: Served) -> None:
    async with connected(served) as client:
        templates = {
            each.name for each in (await client.list_resource_templates()).resource_templates
        }
        assert templates == {"account_status", "post", "mention", "error"}
        status = await client.read_resource("reprise://accounts/studio/status")
        assert json.loads(status.contents[0].text)["configured"] is False  # type: ignore[union-attr]
        code = await client.read_resource("reprise://errors/DELIVERY_UNKNOWN")
        assert "live" in json.loads(code.contents[0].text)["meaning"]  # type: ignore[union-attr]
        safety = await client.read_resource("reprise://docs/account-safety")
        assert "banned" in safety.contents[0].text  # type: ignore[union-attr]
        prompts = {each.name for each in (await client.list_prompts()).prompts}
        assert prompts == {"weekly_review", "plan_week", "triage_mentions", "what_is_wrong"}
        got = await client.get_prompt("weekly_review", {"account": "@studio"})
        assert "@studio" in str(got.messages[0].content)
    async with connected(served, key=await key_for(served, "approver")) as client:
        templates = {
            each.name for each in (await client.list_resource_templates()).resource_templates
        }
        assert templates == {"mention", "error"}


async def test_one_call_is_one_request_of_the_limit_whatever_it_takes(served: Served) -> None:
    async with connected(served) as client:
        await client.list_tools()  # else the first call asks for them
        before = await _left(served)
        for _ in range(3):
            await called(client, "get_overview")
        assert await _left(served) == before - 4  # with the question itself


async def _left(served: Served) -> int:
    answer = await served.call("GET", f"{API}/auth/me")
    return int(answer.headers["RateLimit-Remaining"])


async def test_the_door_is_that_of_rest(served: Served) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    key = {"Authorization": f"Bearer {served.key}", "Accept": "application/json, text/event-stream"}

    async def post(**headers: str) -> httpx.Response:
        return await served.client.post("/mcp", json=body, headers=headers)

    assert (await post(**key)).status_code == 200
    nobody = await post()
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await post(Authorization="Bearer vg_live_nonsense")).status_code == 401
    for header in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        answer = await post(**key, **header)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_ORIGIN")
    assert (await post(**key, Origin=served.url)).status_code == 200
    for method in ("GET", "DELETE"):
        answer = await served.client.request(method, "/mcp", headers=key)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    large = await served.client.post("/mcp", content=b" " * (6 << 20), headers=key)
    assert large.status_code == 413
    assert (await post(**key)).status_code == 200
    assert (await served.client.post("/mcp/other", headers=key)).status_code == 404
    for _ in range(120):
        answer = await post(**key)
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["Retry-After"]) > 0


async def test_every_answer_is_guarded_and_one_that_says_close_is_followed_by_it(
    served: Served,
) -> None:
    called = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_overview"}}'
    key = f"Authorization: Bearer {served.key}"
    port = served.client.base_url.port or 0
    for path, headers, status in (
        ("/mcp", (key,), b"200"),  # a stream of the SDK's
        ("/mcp", (), b"401"),
        ("/mcp/other", (key,), b"404"),
        ("/mcp/uploads/none/x", (), b"404"),
    ):
        sent = request(path, *headers, "Content-Type: application/json", "Connection: close",
                       "Accept: application/json, text/event-stream", method="POST",
                       content=called)  # fmt: skip
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(sent)
            with trio.fail_after(DEADLOCK_S):
                said = await receive_all(stream)
        head = said.partition(b"\r\n\r\n")[0].lower()
        assert head.split()[1] == status, (path, said)
        for name, value in RAW:
            assert b"%s:" % name in head, (path, name)
            assert name == b"cache-control" or b"%s: %s" % (name, value.lower()) in head


async def test_a_stream_that_is_open_ends_with_the_daemon(served: Served) -> None:
    media = await photo_id(served)
    heard: list[str] = []
    async with connected(served) as client:
        draft = await called(client, "save_post", media=[media], caption="one")
        uri = f"reprise://posts/{draft['id']}"
        async with client.listen(resource_subscriptions=[uri]) as stream:
            await called(client, "schedule_posts", request_id="s", items=[
                {"post_id": draft["id"], "at": "2099-01-01T00:00:00Z"}
            ])  # fmt: skip
            async for event in stream:
                heard.append(str(event.uri) if isinstance(event, ResourceUpdated) else "")
                served.stop.set()
    assert heard[0] == uri


async def test_who_may_only_draft_proposes(served: Served) -> None:
    media = await photo_id(served)
    async with connected(served, key=await key_for(served, "drafts-only")) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names >= {"save_post", "add_media", "list_posts", "list_mentions", "get_overview"}
        assert not names & {"publish_now", "schedule_posts", "delete_from_instagram",
                            "decide_mentions", "change_post", "set_reposting"}  # fmt: skip
        draft = await called(client, "save_post", media=[media], caption="a proposal")
        assert draft["status"] == "DRAFT"
        content = {"media": [media]}
        wrong: dict[str, dict[str, Any]] = {
            "publish_now": {"request_id": "x", "content": content},
            "schedule_posts": {
                "request_id": "x",
                "items": [{**content, "at": "2099-01-01T00:00Z"}],
            },
            "change_post": {"post_id": draft["id"], "action": "retry"},
        }
        for name, arguments in wrong.items():
            no = await refused(client, name, **arguments)
            assert no["code"] == "INSUFFICIENT_SCOPE"
    answer = await served.call("GET", f"{API}/posts/{draft['id']}/changes")
    assert [each["via"] for each in answer.body["changes"]] == ["agent"]
    page = (await served.call("GET", f"{API}/events?since=0&wait=0&types=post.draft")).body
    assert [each["via"] for each in page["events"]] == ["agent"]


def no_room(_: object) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 100, 0, 0, 100, 0, 0, 0, 255))


async def test_a_file_is_sent_to_a_link_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = served.studio.photo(1080, 1080).read_bytes()
    async with connected(served) as client:
        link = (await called(client, "add_media"))["upload_link"]
        sent = await served.client.put(f"{link}photo.jpg", content=photo)
        assert sent.status_code == 201, sent.text
        assert (await served.client.put(f"{link}photo.jpg", content=photo)).status_code == 404
        odd = (await called(client, "add_media"))["upload_link"]
        monkeypatch.setattr(os, "statvfs", no_room)
        for _ in range(2):  # a full disk passes: the link is good for the same again
            full = await served.client.put(f"{odd}x.jpg", content=photo)
            assert (full.status_code, full.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
        monkeypatch.undo()
        name = "%1b%5b31mred%0a%E2%80%AE%00%ED%A0%80%5C..%2F..%2Fx.jpg"
        sent = await served.client.put(f"{odd}{name}", content=photo)
        assert (sent.status_code, sent.json()["originalFilename"]) == (201, "x.jpg")
        nothing = (await called(client, "add_media"))["upload_link"]
        assert (
            await served.client.put(f"{nothing}x.jpg", content=b"no picture")
        ).status_code == 400
        shown = await client.call_tool(
            "add_media", {"sources": [sent.json()["id"]], "show_media": True}
        )
        assert [each.type for each in shown.content] == ["image", "text"]
        for source in ("/etc/passwd", "~/.ssh/id_rsa", "file:///etc/passwd"):
            assert (await refused(client, "add_media", sources=[source]))["code"] in (
                "INVALID_PARAM",
                "UPLOAD_ERROR",
            )
        for address in (f"{served.url}/metrics", "http://169.254.169.254/", "http://[::1]/",
                        "http://0x7f.1/x.jpg", "http://localhost:1/a"):  # fmt: skip
            no = await refused(client, "add_media", sources=[address])
            assert no["code"] == "UPLOAD_ERROR"


async def test_who_can_be_asked_is_asked_first(served: Served) -> None:
    media, asked, answers = await photo_id(served), list[str](), [False, True]

    async def ask(_context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"go_on": answers.pop(0)})

    async with connected(served, elicitation_callback=ask) as client:
        arguments = {"request_id": "asked", "content": {"media": [media]}}
        no = await refused(client, "publish_now", **arguments)
        assert "said no" in no["message"]
        assert (await served.call("GET", f"{API}/posts")).body["total"] == 0
        assert (await called(client, "publish_now", **arguments))["status"] == "PUBLISHED"
    assert len(asked) == 2


async def test_nonsense_is_refused_in_words_and_twenty_at_once_are_answered(served: Served) -> None:
    async with connected(served) as client:
        for name in TOOLS:
            for arguments in (
                {"post_id": 5, "request_id": "", "account": [], "timeout_s": 0},
                {"post_id": "'; DROP TABLE posts", "request_id": "r", "account": "nobody\n",
                 "at": "tomorrow", "action": "explode", "decision": "approve", "sources": ["\0"],
                 "media_id": "x", "items": [{"at": "2026-13-45"}], "content": {}, "ids": ["x"],
                 "settings": {"dailyRepostLimit": 10**9}, "since": "yesterday", "timeout_s": 0},
            ):  # fmt: skip
                answer = await client.call_tool(name, arguments)
                if answer.is_error:
                    assert answer.structured_content is not None
                    assert answer.structured_content["code"] != "INTERNAL_ERROR", name
        answers: list[dict[str, Any]] = []

        async def one() -> None:
            answers.append(await called(client, "list_posts"))

        async with trio.open_nursery() as nursery:
            for _ in range(12):
                nursery.start_soon(one)
        assert len(answers) == 12


async def test_a_body_that_never_comes_is_given_up_and_is_no_fault(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.key}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        "Content-Length: 500\r\n\r\n{"
    ).encode()
    port = served.client.base_url.port or 0
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(head)
    monkeypatch.setattr(body, "_SILENCE_S", 0.2)
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(head)
        with trio.fail_after(30):
            said = await stream.receive_some()
    assert b"400" in said.partition(b"\r\n")[0]
    assert b"stopped coming" in said
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []

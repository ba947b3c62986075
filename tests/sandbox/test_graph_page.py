from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from sandbox.wire.faults import Fault, Reset
from sandbox.world.person import Person
from tests.sandbox.graph_client import PUBLIC, Graph, MediaHost, code, open_graph


async def on_page(graph: Graph, method: str, edge: str, **more: Any) -> Any:
    account = graph.account
    path = f"{account.page_id}/{edge}"
    return (await graph.send(method, path, token=account.page_token, **more)).json()


async def test_finding_the_page(sandbox: Sandbox, facebook: Graph) -> None:
    fields = "id,name,access_token,instagram_business_account"
    [page] = (await facebook.get("me/accounts", fields=fields))["data"]
    account = facebook.account
    assert (page["id"], page["access_token"]) == (account.page_id, account.page_token)
    assert page["instagram_business_account"] == {"id": account.ig_user_id}
    me = (await facebook.send("GET", "me?fields=name", token=account.page_token)).json()
    assert me == {"id": account.page_id, "name": "studio"}
    assert (await facebook.get("me", fields="id,name"))["id"] not in (
        account.page_id,
        account.ig_user_id,
    )
    account.scopes -= {"pages_show_list", "pages_read_engagement"}
    assert (await facebook.get("me/accounts"))["data"] == []


async def test_an_account_without_a_page(sandbox: Sandbox, anna: Person) -> None:
    account = sandbox.world.connect_graph(anna, login_method="facebook", page=False)
    async with open_graph(sandbox, account) as client:
        assert (await client.get("me/accounts"))["data"] == []


async def test_posting_on_the_page(
    sandbox: Sandbox, facebook: Graph, media_host: MediaHost, square: Path, clip: Path
) -> None:
    photo = await on_page(
        facebook, "POST", "photos", data={"url": media_host.put(square), "caption": "hi"}
    )
    video = await on_page(
        facebook, "POST", "videos", data={"file_url": media_host.put(clip), "description": "move"}
    )
    first, second = sandbox.ledger.page_posts
    assert (first.id, first.post_id) == (photo["id"], photo["post_id"])
    assert (first.kind, first.caption, first.account) == ("photo", "hi", "studio")
    assert (second.id, second.kind, second.caption) == (video["id"], "video", "move")
    assert second.file.read_bytes() == clip.read_bytes()
    assert sandbox.ledger.published == []

    [listed] = (await on_page(facebook, "GET", "photos?fields=name,created_time"))["data"]
    assert (listed["id"], listed["name"]) == (photo["id"], "hi")
    [listed] = (await on_page(facebook, "GET", "videos"))["data"]
    assert listed == {"id": video["id"]}


async def test_what_a_page_refuses(
    sandbox: Sandbox, facebook: Graph, media_host: MediaHost, square: Path, clip: Path
) -> None:
    photo, video = media_host.put(square), media_host.put(clip)
    page = f"{facebook.account.page_id}/photos"
    assert code(await facebook.post(page, url=photo)) == (200, None)
    assert code(await facebook.post("1234567/photos", url=photo)) == (100, 33)
    for url in (f"{PUBLIC}/missing", video, "nothing"):
        assert code(await on_page(facebook, "POST", "photos", data={"url": url})) == (324, None)
    answer = await on_page(facebook, "POST", "videos", data={"file_url": photo})
    assert code(answer) == (389, None)
    facebook.account.scopes.remove("pages_manage_posts")
    assert code(await on_page(facebook, "POST", "photos", data={"url": photo})) == (10, None)
    assert sandbox.ledger.page_posts == []


async def test_the_answer_to_a_page_post_is_lost(
    sandbox: Sandbox, facebook: Graph, media_host: MediaHost, square: Path
) -> None:
    sandbox.faults.add(Fault(path_end="/photos", kind=Reset(after_effect=True)))
    with pytest.raises(httpx.TransportError):
        await on_page(facebook, "POST", "photos", data={"url": media_host.put(square)})
    [listed] = (await on_page(facebook, "GET", "photos"))["data"]
    assert listed["id"] == sandbox.ledger.page_posts[0].id

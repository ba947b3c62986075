"""The files of the media library: served to those who may see them, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from quart import Response

from api.errors import ApiError
from api.files import FileResponse, OpenFile, opened
from storage import accounts, api_keys, browser_sessions, media_files, renditions, users
from storage.renditions import Rendition
from storage.store import Store
from tests.api.test_story_decisions import waiting
from tests.support.posting import API, upload
from tests.support.served import Served


async def fetch(served: Served, path: str, key: str | None = "") -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key or served.key}"}
    return await served.client.get(path, headers=headers)


async def test_files_are_served_to_those_who_may_and_nothing_else_is(served: Served) -> None:
    uploaded = (await upload(served, served.studio.photo(400, 500))).body
    path = uploaded["previewUrl"]
    assert path.startswith("/uploads/")
    answer = await fetch(served, path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "private" in answer.headers["cache-control"]
    for key, code in ((None, "AUTH_REQUIRED"), ("vg_live_" + "x" * 43, "AUTH_INVALID_KEY")):
        refused = await fetch(served, path, key)
        assert (refused.status_code, json.loads(refused.content)["code"]) == (401, code)
    served.client.cookies.clear()
    await served.sign_in()
    assert (await fetch(served, path, None)).status_code == 200


async def stranger(served: Served) -> tuple[str, str]:
    """A second user of the installation: her key, and a login code for her browser."""
    core = served.studio.core
    user = await core.store.write(users.add, core.clock.now())
    _, key = await core.store.write(
        api_keys.create, user_id=user.id, name="theirs", now=core.clock.now()
    )
    code = await core.store.write(
        browser_sessions.create_code, user_id=user.id, now=core.clock.now()
    )
    return key, code


async def key_of(served: Served, **limits: Any) -> str:
    core = served.studio.core
    _, key = await core.store.write(
        api_keys.create, user_id=core.owner.id, name="limited", now=core.clock.now(), **limits
    )
    return key


async def mentioned(store: Store) -> set[str]:
    """What mentions have on disk, but for their cards."""
    rows = await store.read(lambda db: db.query("SELECT media_path, preview_path FROM reposts"))
    return {path for row in rows for path in row.values()}


async def test_a_file_is_its_owners(served: Served) -> None:
    store, root = served.studio.core.store, served.studio.folder.root
    await waiting(served, "anna")  # a story as it came, its preview and, in time, its card
    photo = served.studio.photo(400, 500)
    uploaded = (await upload(served, photo)).body
    media = await store.read(media_files.get, uploaded["id"])
    path = f"aa/{'a' * 64}.jpg"
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_bytes(photo.read_bytes())
    form = Rendition(
        media_file_id=media.id, variant="one", stored_path=path, sha256="a" * 64,
        mime_type="image/jpeg", file_size=1, width=1, height=1,
    )  # fmt: skip
    await store.write(renditions.save, form)
    key, code = await stranger(served)

    paths = [f"/uploads/{file.relative_to(root)}" for file in root.rglob("*.jpg")]
    assert len(paths) >= 4
    for path in paths:
        assert (await fetch(served, path)).status_code == 200, path
        assert (await fetch(served, path, key)).status_code == 404, path
    # Keys of the owner, limited: to what shows files, and to another account.
    for scopes, status in (("posts:read", 200), ("reposts:read", 200), ("keys:read", 403)):
        limited = await key_of(served, scopes=scopes)
        for path in paths:
            assert (await fetch(served, path, limited)).status_code == status, (path, scopes)
    here = await key_of(served, account_ids=[served.studio.account.id])
    elsewhere = await store.write(
        accounts.add, user_id=media.user_id, username="other", now=served.studio.clock.now()
    )
    other = await key_of(served, account_ids=[elsewhere.id])
    of_mentions = {f"/uploads/{path}" for path in await mentioned(store)}
    assert len(of_mentions & set(paths)) == 2
    for path in paths:
        assert (await fetch(served, path, here)).status_code == 200, path
        # An upload that nothing shows yet belongs to no account.
        status = 404 if path in of_mentions else 200
        assert (await fetch(served, path, other)).status_code == status, path
    served.client.cookies.clear()
    assert (await served.client.get(f"/login?code={code}")).status_code == 200
    for path in paths:
        assert (await fetch(served, path, None)).status_code == 404, path

    # Files are named by their content: who has the same one has it too, and keeps it.
    part = {"file": ("mine.jpg", photo.read_bytes(), "image/jpeg")}
    same = await served.client.post(
        f"{API}/media/upload", files=part, headers={"Authorization": f"Bearer {key}"}
    )
    assert json.loads(same.content)["previewUrl"] == uploaded["previewUrl"]
    assert (await fetch(served, uploaded["previewUrl"], key)).status_code == 200
    assert (await served.call("DELETE", f"{API}/media/{media.id}")).status == 200
    assert (await fetch(served, uploaded["previewUrl"])).status_code == 404
    assert (await fetch(served, uploaded["previewUrl"], key)).status_code == 200


async def test_no_path_leads_out_of_the_media(served: Served) -> None:
    stored = (await upload(served, served.studio.photo(400, 500))).body["storagePath"]
    folder = stored.partition("/")[0]
    for odd in (
        "", folder, f"{folder}/", "incoming", "../reprise.db", "..%2freprise.db",
        "%2e%2e/reprise.db", "%2e%2e%2f%2e%2e%2fetc/passwd", f"{folder}/../../reprise.db",
        f"/{stored}", f"./{stored}", f"{folder}//{stored.partition('/')[2]}", "..\\reprise.db",
        "%00", f"{stored}%00.jpg", "/etc/passwd",
    ):  # fmt: skip
        async with await trio.open_tcp_stream("127.0.0.1", served.client.base_url.port or 0) as s:
            # By hand, because a client would tidy the path up.
            request = f"GET /uploads/{odd} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            await s.send_all(f"{request}Authorization: Bearer {served.key}\r\n\r\n".encode())
            data = b""
            while chunk := await s.receive_some():
                data += chunk
        assert data.split()[1] in (b"404", b"400"), (odd, data[:200])
        assert b"SQLite" not in data
        assert b"root:" not in data


async def test_doubled_slashes_get_the_envelope_and_no_redirect(served: Served) -> None:
    answer = await served.call("GET", f"{API}//posts")
    assert (answer.status, answer.body["code"]) == (404, "NOT_FOUND")
    assert (await served.call("GET", f"{API}/posts/")).status == 200


async def test_a_file_that_is_gone_is_not_found(served: Served) -> None:
    path = (await upload(served, served.studio.photo(400, 500))).body["previewUrl"]
    (served.studio.folder.root / path.removeprefix("/uploads/")).unlink()
    answer = await fetch(served, path)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (404, "NOT_FOUND")


async def test_a_file_is_open_before_the_answer_begins(tmp_path: Path) -> None:
    file = tmp_path / "card.jpg"
    file.write_bytes(b"picture")

    async def answer(*, gone: bool) -> Response:
        response = FileResponse(OpenFile(file))
        if gone:
            file.unlink()
        return response

    kept = await opened(answer(gone=False))
    file.rename(tmp_path / "elsewhere.jpg")
    assert await kept.get_data() == b"picture"
    (tmp_path / "elsewhere.jpg").rename(file)
    with pytest.raises(ApiError, match="no such file"):
        await opened(answer(gone=True))

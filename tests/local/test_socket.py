"""The socket in the data directory: operations for the owner, without a key or a port."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio

from ground.refusal import ErrorCode, Refusal
from local import serve
from local.ask import Daemon, NotThere
from local.serve import VERSION, open_socket
from local.wire import SOCKET_FILE
from operations import models
from operations.attempt import Attempt
from operations.catalogue import OPERATIONS
from operations.media import UploadedFile
from storage import users
from storage.posts import MediaType
from tests.support.served import Served


@dataclass(frozen=True, slots=True)
class Asking:
    """A command's side of the socket, in a thread."""

    daemon: Daemon

    async def perform(self, *asked: Any, **more: Any) -> Any:
        return await trio.to_thread.run_sync(partial(self.daemon.perform, *asked, **more))


def daemon_of(served: Served) -> Asking:
    return Asking(Daemon(served.studio.core.settings.data_dir))


async def raw(served: Served, data: bytes) -> bytes:
    path = served.studio.core.settings.data_dir / SOCKET_FILE
    async with await trio.open_unix_socket(path) as stream:
        await stream.send_all(data)
        await stream.send_eof()
        return b"".join([bytes(part) async for part in stream])


async def test_it_does_what_the_api_does(served: Served, tmp_path: Path) -> None:
    daemon = daemon_of(served)
    photo = served.studio.photo(1080, 1080)
    media = await daemon.perform(
        OPERATIONS["upload_media"], UploadedFile(path=photo, name=os.fsdecode(b"caf\xe9 photo.jpg"))
    )
    assert photo.exists()  # the daemon has a copy of its own
    post = models.PublishablePost(
        account_id=served.studio.account.id, media_type=MediaType.IMAGE, media_file_id=media.id
    )
    draft = await daemon.perform(OPERATIONS["create_draft"], post)
    over_http = await served.call("GET", f"/api/v1/posts/{draft.id}")
    assert over_http.body["mediaFiles"][0]["originalFilename"] == "caf? photo.jpg"
    again = await daemon.perform(OPERATIONS["get_post"], target=draft.id)
    assert again.model_dump() == draft.model_dump(exclude={"warnings"})
    assert daemon.daemon.version == VERSION


async def test_it_is_asked_on_behalf_of_a_person(served: Served) -> None:
    core = served.studio.core
    await core.store.write(users.add, core.clock.now(), "anna")
    anna = Asking(Daemon(core.settings.data_dir, "anna"))
    assert (await anna.perform(OPERATIONS["get_me"])).accounts == []
    assert len((await daemon_of(served).perform(OPERATIONS["get_me"])).accounts) == 1
    for odd in (b'"nobody"', b"7", b"{}"):
        line = b'{"operation": "get_me", "person": ' + odd + b"}\n"
        assert orjson.loads(await raw(served, line))["refused"]["code"] == "NOT_FOUND"


async def test_a_key_makes_several_questions_one(served: Served) -> None:
    daemon = daemon_of(served)
    given = models.ApiKeyRequest(name="x")
    made = []
    for replayed in (False, True):
        attempt = Attempt("k")
        made.append(await daemon.perform(OPERATIONS["create_api_key"], given, "", attempt))
        assert attempt.replayed == replayed
    assert made[0] == made[1]
    line = b'{"operation": "create_login_code", "idempotencyKey": "a b"}\n'
    assert orjson.loads(await raw(served, line))["refused"]["code"] == "VALIDATION_ERROR"


async def test_it_is_for_the_owner_alone(served: Served) -> None:
    path = served.studio.core.settings.data_dir / SOCKET_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_refusals_arrive_with_their_code(served: Served) -> None:
    with pytest.raises(Refusal) as refused:
        await daemon_of(served).perform(OPERATIONS["get_post"], target="no such post")
    assert refused.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"operation": "of a newer Reprise"}\n', "NOT_FOUND"),
        (b'{"operation": "create_draft", "given": {"mediaType": 5}}\n', "VALIDATION_ERROR"),
        (b'{"operation": "create_draft"}\n', "VALIDATION_ERROR"),
        (b'{"operation": "upload_media", "bytes": -1}\n', "UPLOAD_ERROR"),
        (b'{"operation": "upload_media", "given": 7}\n', "UPLOAD_ERROR"),
    ],
)
async def test_odd_questions_have_clear_answers(served: Served, line: bytes, code: str) -> None:
    assert orjson.loads(await raw(served, line))["refused"]["code"] == code


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"\xff\xfe\n", b"{", b'"text"\n'])
async def test_what_is_no_question_ends_the_connection(served: Served, line: bytes) -> None:
    assert await raw(served, line) == b""
    assert await daemon_of(served).perform(OPERATIONS["get_me"])


async def test_no_answer_ends_the_socket_for_those_that_come_after(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_room(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(serve, "send", no_room)
        assert await raw(served, b'{"operation": "get_me"}\n') == b""
    assert await daemon_of(served).perform(OPERATIONS["get_me"])


async def test_a_file_that_breaks_off_leaves_nothing(served: Served) -> None:
    incoming = served.studio.folder.incoming
    before = set(incoming.iterdir())
    line = b'{"operation": "upload_media", "given": {"name": "a.jpg"}, "bytes": 1000}\n'
    assert await raw(served, line + b"x" * 10) == b""
    assert set(incoming.iterdir()) == before


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        await Asking(Daemon(tmp_path)).perform(OPERATIONS["get_me"])
    (tmp_path / SOCKET_FILE).touch()
    with pytest.raises(NotThere):
        await Asking(Daemon(tmp_path)).perform(OPERATIONS["get_me"])


@pytest.mark.parametrize("is_temporary_deep", [False, True])
async def test_a_directory_of_any_depth_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_temporary_deep: bool
) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 6)
    deep.mkdir(parents=True)
    if is_temporary_deep:  # as a sandbox has it, for which everything lies in its folder
        monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with open_socket(deep) as listening:
        connection = await trio.to_thread.run_sync(Daemon(deep).connected)
        accepted, _ = await trio.to_thread.run_sync(listening.accept)
        with connection, accepted:
            assert connection.getpeername()

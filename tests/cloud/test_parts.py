"""Media that are too large for one request go in parts, and what is there is not sent again."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from cloud.worker_client import WorkerRefused, WorkerUnreachable, medium_url
from sandbox.cloud.cloudflare import Deliver
from sandbox.wire.message import Data, Request, Response
from tests.cloud.conftest import Sky

NAME = "reprise-worker"
PART = 5 * 1024 * 1024
SIZE = 101_000_003
SMALL = 4 * PART + 3
KEY = "17841.post-1-abc.0.mp4"


class BadWay:
    """Loses the answer to each third part, delivers each fifth twice, and kills the Worker once."""

    def __init__(self, sky: Sky) -> None:
        self.sky = sky
        self.delivered: Counter[int] = Counter()
        self.kills = 0

    async def __call__(self, request: Request, deliver: Deliver) -> Response:
        if "/parts/" not in request.path:
            return await deliver()
        number = int(request.path.rpartition("/")[2])
        self.delivered[number] += 1
        if self.delivered[number] > 1:
            return await deliver()
        if number == 7:
            self.kills += 1
            await self.sky.cloudflare.kill()
            await self.sky.cloudflare.revive()
            return Response(502, Data(b"it was killed"))
        answer = await deliver()
        if number % 5 == 0:
            await deliver()
        return Response(502, Data(b"lost")) if number % 3 == 0 else answer


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "has_r2", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["R2", "rows"]
)
async def test_what_breaks_off_goes_on_where_it_was(sky: Sky, has_r2: bool, large: Path) -> None:
    await stored(sky, has_r2=has_r2)
    way = sky.cloudflare.way = BadWay(sky)
    many, tries = -(-SIZE // PART), 0
    while True:
        tries += 1
        try:
            await sky.worker.put_medium(KEY, large, "video/mp4")
        except WorkerUnreachable:
            continue
        break
    assert way.kills == 1
    assert tries == 1 + len(
        [number for number in range(1, many + 1) if number % 3 == 0 or number == 7]
    )
    # Only what the Worker was killed at is sent again.
    assert sum(way.delivered.values()) == many + way.kills
    before = sum(way.delivered.values())
    await sky.worker.put_medium(KEY, large, "video/mp4")
    assert sum(way.delivered.values()) == before, "what is whole is not sent again"
    await served_as(sky, large)
    assert sky.cloudflare.r2.uploads() == []


@pytest.mark.acceptance
async def test_only_the_right_bytes_become_a_medium(sky: Sky, small: Path) -> None:
    whole = small.read_bytes()
    for has_r2 in (True, False):
        await stored(sky, has_r2=has_r2)
        about = {"size": SMALL, "sha256": hashlib.sha256(whole).hexdigest(), "type": "video/mp4"}
        begun = await asked(sky, "POST", "upload", json=about)
        assert await asked(sky, "POST", "upload", json=about) == begun, "begun once"
        upload = begun["upload"]
        last = -(-SMALL // PART)
        for number, content, digest, code in [
            (1, whole[:PART], "0" * 64, "MEDIA_BROKEN"),
            (1, whole[1 : PART + 1], digest_of(whole[:PART]), "MEDIA_BROKEN"),
            (2, whole[:7], digest_of(whole[:7]), "INVALID_MEDIA"),
            (last, whole[:PART], digest_of(whole[:PART]), "INVALID_MEDIA"),
            (last + 1, whole[:PART], digest_of(whole[:PART]), "INVALID_MEDIA"),
            (0, whole[:PART], digest_of(whole[:PART]), "INVALID_MEDIA"),
        ]:
            assert (await part(sky, upload, number, content, digest))["error"] == code
        assert (await part(sky, "another", 1, whole[:PART]))["error"] == "UPLOAD_GONE"
        order = [*range(last, 0, -2), *range(last - 1, 0, -2)]
        for number in order[:-1]:
            content = whole[(number - 1) * PART : number * PART]
            assert await part(sky, upload, number, content) == {"part": number}
        # The right one is there: a wrong one that comes later does not replace it.
        late = bytes(PART)
        assert (await part(sky, upload, 3, late, digest_of(whole)))["error"] == "MEDIA_BROKEN"
        said = await asked(sky, "POST", f"complete?upload={upload}")
        assert (said["error"], said["missing"]) == ("PARTS_MISSING", order[-1:])
        content = whole[(order[-1] - 1) * PART : order[-1] * PART]
        assert await part(sky, upload, order[-1], content) == {"part": order[-1]}
        assert await asked(sky, "POST", f"complete?upload={upload}") == {"key": KEY, "size": SMALL}
        assert (await asked(sky, "POST", "upload", json=about)) == {"isWhole": True}
        assert (await part(sky, upload, 1, whole[:PART]))["error"] == "UPLOAD_GONE"
        again = await asked(sky, "POST", f"complete?upload={upload}")
        assert again["error"] == "UPLOAD_GONE"
        await served_as(sky, small)
        for wrong in ({**about, "size": 0}, {**about, "size": 2**40}, {**about, "sha256": "x"}):
            assert (await asked(sky, "POST", "upload", json=wrong))["error"] == "INVALID_MEDIA"


async def test_what_nobody_names_is_cleared(sky: Sky, small: Path) -> None:
    """Uploads that were broken off, replaced or given up, and media that no post came for."""
    whole = small.read_bytes()
    quarters = count(1)
    for has_r2 in (True, False):
        await stored(sky, has_r2=has_r2, keeps_ms=0)
        graph = await sky.account()
        key = f"{graph.ig_user_id}.broken-off.0.mp4"
        about = {"size": SMALL, "sha256": digest_of(whole), "type": "video/mp4"}
        other = {**about, "sha256": "0" * 64}
        first = await asked(sky, "POST", "upload", key, json=about)
        await part(sky, first["upload"], 2, whole[PART : 2 * PART], key=key)
        second = await asked(sky, "POST", "upload", key, json=other)
        assert second["upload"] != first["upload"]
        assert (await part(sky, first["upload"], 1, whole[:PART], key=key))[
            "error"
        ] == "UPLOAD_GONE"
        given_up = key.replace("broken", "given")
        third = await asked(sky, "POST", "upload", given_up, json=about)
        await asked(sky, "DELETE", f"upload?upload={third['upload']}", given_up)
        kept = await sky.job(graph, "kept", due_in_s=3600)
        await sky.worker.put_job(kept, activate=True)
        medium = kept.body["pieces"][0]["media"]
        await sky.worker.put_medium(medium, sky.picture, "image/jpeg")  # late, once more
        await sky.worker.put_medium(f"{graph.ig_user_id}.nobody.0.jpg", sky.picture, "image/jpeg")
        await sky.worker.put_medium("0.link-x.0.jpg", sky.picture, "image/jpeg")
        await trio.sleep(0.01)
        await sky.cloudflare.cron(at=900.0 * next(quarters))
        assert sky.cloudflare.r2.uploads() == []
        (lane,) = [
            one for one in (await sky.worker.diagnostics())["lanes"]
            if one["account"] == graph.ig_user_id
        ]  # fmt: skip
        assert lane["uploads"] == 0
        left = [name for name in sky.cloudflare.r2.names() if not name.startswith("17841.")]
        assert left == ([medium] if has_r2 else []), left
        await served_as(sky, sky.picture, medium)
        await served_as(sky, None, f"{graph.ig_user_id}.nobody.0.jpg")
        await served_as(sky, None, "0.link-x.0.jpg")
        await sky.worker.recall(kept.post_id, kept.account, 2)
        await sky.cloudflare.cron(at=900.0 * next(quarters))
        await served_as(sky, None, medium)


async def test_without_r2_what_has_no_room_is_refused(sky: Sky, large: Path) -> None:
    sky.cloudflare.texts["ROOM"] = str(SIZE - 1)
    await stored(sky, has_r2=False)
    for file, size in ((large, SIZE), (sky.picture, None)):
        if size is None:
            await sky.worker.put_medium(KEY, file, "video/mp4")
            continue
        with pytest.raises(WorkerRefused) as refusal:
            await sky.worker.put_medium(KEY, file, "video/mp4")
        assert refusal.value.code == "NO_ROOM"


async def stored(sky: Sky, *, has_r2: bool, keeps_ms: int | None = None) -> None:
    """Have media lie in R2 or in rows, and what nobody names for so long."""
    script = sky.cloudflare.account.scripts[NAME]
    if not has_r2:
        del script.bindings["MEDIA"]
    if keeps_ms is not None:
        shelf = script.modules["shelf.js"].replace("= 2 * 86_400_000", f"= {keeps_ms}")
        script.modules = {**script.modules, "shelf.js": shelf}
    await sky.cloudflare.run(NAME)


async def served_as(sky: Sky, file: Path | None, key: str = KEY) -> None:
    """Meta gets the whole and any part of it, or nothing at all."""
    url = medium_url(sky.deployed.url, sky.keys.media, key)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as meta:
        answer = await meta.get(url)
        if file is None:
            assert answer.status_code == 404
            return
        whole = file.read_bytes()
        assert (answer.status_code, len(answer.content)) == (200, len(whole))
        assert answer.content == whole
        for first, last in ((0, 99), (PART - 5, PART + 5), (3 * PART - 1, 5 * PART)):
            if last < len(whole):
                answer = await meta.get(url, headers={"range": f"bytes={first}-{last}"})
                assert (answer.status_code, answer.content) == (206, whole[first : last + 1])


async def part(
    sky: Sky, upload: str, number: int, content: bytes, digest: str = "", key: str = KEY
) -> dict[str, Any]:
    headers = {"x-sha256": digest or digest_of(content)}
    path = f"parts/{number}?upload={upload}"
    return await asked(sky, "PUT", path, key, content=content, headers=headers)


async def asked(sky: Sky, method: str, path: str, key: str = KEY, **request: Any) -> dict[str, Any]:
    url = f"/v1/media/{key}/{path}"
    said: dict[str, Any] = (await sky.worker._client.request(method, url, **request)).json()
    return said


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def noise(path: Path, size: int) -> Path:
    """Write a file of which no two parts are the same."""
    some = os.urandom(1_000_000)
    with path.open("wb") as file:
        for number in range(size // len(some)):
            file.write(number.to_bytes(8) + some[8:])
        file.write(some[: size - file.tell()])
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that no single request of the smallest plan takes."""
    return noise(tmp_path_factory.mktemp("large") / "film.mp4", SIZE)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return noise(tmp_path_factory.mktemp("small") / "film.mp4", SMALL)

"""What a call may send: as many requests as its row says, each beyond the first a read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sandbox import Sandbox
from sandbox.wire.faults import Body, Fault, Reset
from session_api.given import NAMES
from session_api.table import rows
from tests.session_api.desk import Desk, open_desk
from tests.support.clock import TestClock

# An answer that leads to another page for ever.
ENDLESS = {
    "inbox": {"threads": [], "oldest_cursor": "again", "has_older": True},
    "items": [],
    "more_available": True,
    "status": "ok",
}


async def test_a_call_sends_no_more_than_its_row_says(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path
) -> None:
    async with open_desk(sandbox, clock, tmp_path) as desk:
        await _pages_without_end(desk)
        await _a_number_alone(desk)
        await _long_lists(desk)
        await _names_that_are_none(desk)
        await _not_done(desk)


async def _pages_without_end(desk: Desk) -> None:
    endless = Body(json.dumps(ENDLESS).encode(), "application/json")
    handle = desk.sandbox.faults.add(Fault(path="/direct_v2/", kind=endless, times=None))
    reads = await _reads(desk)
    for path, given in (
        ("/direct/threads", {"amount": 200}),
        ("/direct/requests", {"amount": 200}),
        ("/direct/media", {"thread_id": 1, "amount": 200}),
    ):
        before = len(desk.sandbox.ledger.requests)
        met = await desk.ask("GET", path, given)
        assert (met.status_code, "no end" in met.text) == (502, True), met.text
        assert len(desk.sandbox.ledger.requests) == before + 20
    assert await _reads(desk) == reads + 3 * 20
    handle.remove()
    assert (await desk.ask("GET", "/direct/threads")).status_code == 200


async def _a_number_alone(desk: Desk) -> None:
    """Instagram wants to know whose a post is: one request more, and so one read."""
    reads, before = await _reads(desk), len(desk.sandbox.ledger.requests)
    saved = await desk.ask("POST", "/media/save", {"media_id": desk.post.pk})
    assert (saved.status_code, saved.json()) == (200, True), saved.text
    assert len(desk.sandbox.ledger.requests) == before + 2
    assert await _reads(desk) == reads + 1


async def _long_lists(desk: Desk) -> None:
    before = len(desk.sandbox.ledger.requests)
    for path, name in (("/story/seen", "story_pks"), ("/media/seen", "media_ids")):
        met = await desk.ask("PATCH", path, {name: [str(n) for n in range(60)]})
        assert met.status_code == 422, met.text
        assert met.json()["detail"][0]["loc"] == ["body", name]
    assert len(desk.sandbox.ledger.requests) == before


async def _not_done(desk: Desk) -> None:
    """An act that Instagram answers without doing it is none that went well."""
    refused = {"following": False, "outgoing_request": False, "muting": False}
    said = {"friendship_status": refused, "did_delete": False, "status": "ok"}
    body = Body(json.dumps(said).encode(), "application/json")
    for method, path, given in (
        ("POST", "/user/follow", {"user_id": desk.carl.pk}),
        ("DELETE", "/media", {"media_id": desk.own.media_id}),
    ):
        before = len(desk.sandbox.ledger.requests)
        desk.sandbox.faults.add(Fault(kind=body))
        met = await desk.ask(method, path, given)
        assert (met.status_code, met.json()["exc_type"]) == (409, "NotDone"), met.text
        assert len(desk.sandbox.ledger.requests) == before + 1
    # A file that does not decode is refused before anything is sent.
    broken = {"file": desk.square.read_bytes()[:200]}
    bad = await desk.ask("POST", "/direct/photo", {"user_ids": desk.anna.pk}, files=broken)
    assert (bad.status_code, bad.json()["exc_type"]) == (422, "ProcessingFailed"), bad.text
    # One whose answer is lost may be done: whoever asked is told so, and it goes out once.
    desk.sandbox.faults.add(Fault(path="/comment/", kind=Reset(after_effect=True)))
    given = {"media_id": desk.post.media_id, "text": "Perhaps"}
    lost = await desk.ask("POST", "/media/comment", given)
    assert (lost.status_code, "may have been done" in lost.json()["hint"]) == (502, True), lost.text
    assert len(desk.sandbox.ledger.requests) == before + 2


async def _reads(desk: Desk) -> int:
    studio = desk.served.studio
    core, account_id = studio.core, studio.account.id
    count = await core.store.read(
        lambda db: db.execute(
            "SELECT count(*) FROM session_calls WHERE account_id = ? AND rail = 'read'",
            [account_id],
        ).fetchone()[0]
    )
    assert isinstance(count, int)
    return count


def test_what_is_said_of_requests_can_be_read() -> None:
    for row in rows():
        low, high = row.requests.start, row.requests.stop - 1
        assert 0 <= low <= high <= 70, row.name
        assert not row.sends or ": " in row.sends, row.name


async def _names_that_are_none(desk: Desk) -> None:
    """A name becomes a part of an address at Instagram: what is none is refused before that."""
    before = len(desk.sandbox.ledger.requests)
    tried = 0
    for row in rows():
        for each in row.takes:
            for odd in ("1/like/?x=", "../1", "then", "%2e%2e", "1#", "/", "\\1"):
                if each.kind not in NAMES or re.fullmatch(NAMES[each.kind], odd):
                    continue
                others = {other.name: 1 for other in row.takes if other.kind != "file"}
                met = await desk.ask(row.method, row.path, {**others, each.name: odd})
                assert (met.status_code, each.name in met.text) == (422, True), (row.name, met.text)
                tried += 1
    assert tried > 400
    assert len(desk.sandbox.ledger.requests) == before

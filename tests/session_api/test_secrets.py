"""What is secret about logins stays so: sent by every way in, it comes out nowhere.

Passwords, seeds, codes, Instagram's own session ids, imported settings and proxies are marked, and
then looked for in the database's files, the metrics, the events, every answer and the log.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sandbox import Sandbox
from sandbox.world.person import LoginBehaviour, Person
from session_api.table import rows
from tests.session_api.desk import Desk, code_now, open_desk
from tests.support.clock import TestClock

SEED = "JBSWY3DPEHPK3PXPKRUGS4ZANFZSAYJA"
PASSWORD, WRONG = "pass-Zq8xK2vN", "wrong-Wm4tB7cR"
CODE, PROXY_WORD = "code-91827364", "proxy-Hy6uJ3pL"
# May answer with what it is asked for: the settings are the login.
TELLS = {"/auth/settings", "/auth/totp/seed", "/auth/totp", "/auth/totp/enable"}


class Told:
    """Every answer that came, and every secret that may be in none."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.secrets = {PASSWORD, WRONG, CODE, PROXY_WORD, SEED}
        self.answers: list[tuple[str, str]] = []

    async def ask(self, method: str, path: str, given: dict[str, Any], **more: Any) -> Any:
        answer = await self._desk.ask(method, path, given, **more)
        said = f"{answer.text}\n{json.dumps(dict(answer.headers))}"
        self.answers.append((f"{method} {path}", said))
        return answer


def _forms(secret: str) -> Iterator[bytes]:
    """Yield a secret as text, in an address, in base64 and in JSON."""
    plain = secret.encode()
    yield from {plain, quote(secret, safe="").encode(), base64.b64encode(plain).rstrip(b"=")}


async def test_no_secret_comes_out(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_desk(sandbox, clock, tmp_path) as desk:
        told = Told(desk)
        await _log_in_by_every_way(desk, told)
        await _refused(desk, told)
        await _beside_every_row(desk, told)
        metrics = (await desk.ask("GET", "/metrics", session=None)).text
        events = await desk.served.studio.core.store.read(_all_events)
        files = {
            path.name: path.read_bytes()
            for path in desk.served.studio.core.settings.data_dir.rglob("*")
            if path.is_file() and path.name != "reprise.key"
        }
    assert any(b"tina" in content for content in files.values())  # they are what they should be
    _look(told.secrets, {"metrics": metrics.encode(), "events": events.encode(), **files})
    # Of our own and of what is not silenced: what the daemon writes is looked through in each test.
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("session_api")
    )
    _look(told.secrets, {"log": ours.encode()})
    for name, said in told.answers:
        if name.partition(" ")[2] not in TELLS:
            _look(told.secrets, {name: said.encode()})


def _look(secrets: set[str], places: dict[str, bytes]) -> None:
    found = [
        (place, secret[:6])
        for place, content in places.items()
        for secret in secrets
        if len(secret) >= 8 and any(form in content for form in _forms(secret))
    ]
    assert found == []


def _all_events(db: Any) -> str:
    return "\n".join(str(row) for row in db.conn.execute("SELECT * FROM events").fetchall())


async def _log_in_by_every_way(desk: Desk, told: Told) -> None:
    way = "/auth/login"
    tina = _person(desk, "tina", totp_seed=SEED)
    tina.login = LoginBehaviour.TWO_FACTOR
    given = {"username": "tina", "password": PASSWORD}
    await told.ask("POST", way, given, session=None)
    await told.ask("POST", way, {**given, "verification_code": CODE}, session=None)
    code = code_now(SEED)
    done = await told.ask("POST", way, {**given, "verification_code": code}, session=None)
    assert done.status_code == 200, done.text
    carla = _person(desk, "carla")
    carla.login = LoginBehaviour.CHALLENGE
    met = await told.ask("POST", way, {"username": "carla", "password": PASSWORD}, session=None)
    last = json.dumps(met.json()["last_json"])
    for security_code in ("", CODE, carla.security_code):
        given = {"last_json": last, "security_code": security_code}
        await told.ask("POST", "/auth/challenge/resolve", given, session=None)
    opened = desk.world.sessions.open(_person(desk, "nora"))
    told.secrets |= {opened.id, opened.bearer.rpartition(":")[2]}
    by_id = {"sessionid": opened.id}
    assert (
        await told.ask("POST", "/auth/login/by/sessionid", by_id, session=None)
    ).status_code == 200
    settings = (await told.ask("GET", "/auth/settings", {})).json()
    told.secrets.add(settings["authorization_data"]["sessionid"])
    await told.ask("PATCH", "/auth/settings", {"settings": json.dumps(settings)})
    seed = (await told.ask("GET", "/auth/totp/seed", {})).json()
    told.secrets.add(seed)
    on = await told.ask("POST", "/auth/totp", {"verification_code": code_now(seed)})
    assert on.status_code == 200, on.text
    await told.ask("DELETE", "/auth/totp", {"confirm": "studio"})


async def _refused(desk: Desk, told: Told) -> None:
    """What is refused tells what is wrong, not what it was."""
    wilma = _person(desk, "wilma")
    given = {"username": wilma.username, "password": WRONG}
    await told.ask("POST", "/auth/login", given, session=None)
    await told.ask("POST", "/auth/login", {**given, "locale": WRONG}, session=None)
    proxies = (f"ftp://me:{PROXY_WORD}@x", f"http://me:{PROXY_WORD}@10.0.0.1:1", PROXY_WORD)
    for proxy in (*proxies, f"http://me:{PROXY_WORD}@127.0.0.1:9"):
        await told.ask("PATCH", "/auth/settings", {"proxy": proxy})
        await told.ask("POST", "/auth/login", {**given, "proxy": proxy}, session=None)
    assert (await told.ask("GET", "/user", {"username": "anna"})).status_code >= 500
    assert (await told.ask("PATCH", "/auth/settings", {"proxy": ""})).status_code == 200
    for settings in (f'{{"{PASSWORD}": 1}}', f'{{"authorization_data": "{PASSWORD}"}}', PASSWORD):
        await told.ask("PATCH", "/auth/settings", {"settings": settings})
    await told.ask("POST", "/auth/login/by/sessionid", {"sessionid": PASSWORD}, session=None)
    await told.ask("GET", "/user", {"username": "anna", "sessionid": PASSWORD}, session=None)


async def _beside_every_row(desk: Desk, told: Told) -> None:
    """A program may send a password with anything, and a code where none belongs."""
    for row in rows():
        if row.is_public or row.path.startswith("/auth"):
            continue
        beside = {"password": PASSWORD, "verification_code": CODE, "proxy": PROXY_WORD}
        await told.ask(row.method, row.path, beside, headers={"X-Dry-Run": "1"})


def _person(desk: Desk, name: str, **more: Any) -> Person:
    return desk.world.add_person(name, password=PASSWORD, **more)

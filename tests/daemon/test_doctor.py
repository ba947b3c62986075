"""The doctor sees what is really broken, names what mends it, and changes nothing."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daemon import data_dir
from daemon.doctor import examination, service
from daemon.doctor.examination import LOCAL, ONLINE, examine, is_well, visit
from daemon.doctor.finding import Finding, State
from daemon.doctor.site import Site
from ground.clock import Clock
from install import service as installation
from media import child
from sandbox import Sandbox
from storage import (
    accounts,
    credentials,
    legibility,
    records,
    repost_configs,
    secrets,
    troubles,
    webhooks,
)
from storage.secrets import AccountSecret
from storage.store import Database
from storage.troubles import Trouble, TroubleKind
from tests.support.process import ROOT, environment, reprise, running
from tests.support.served import Served
from tests.support.studio import Studio
from tests.support.tiny_server import open_tiny_server


@asynccontextmanager
async def visiting(studio: Studio, **settings: Any) -> AsyncIterator[Site]:
    async with visit(replace(studio.core.settings, **settings), studio.clock.now) as site:
        yield site


async def look(studio: Studio, name: str, **settings: Any) -> Finding:
    """Return the gravest finding of one check."""
    async with visiting(studio, **settings) as site:
        found = await (LOCAL | ONLINE)[name](site)
    order = list(State)
    return max(found, key=lambda line: order.index(line.state))


async def test_a_daemon_that_is_well(served: Served, tmp_path: Path) -> None:
    studio = served.studio
    with data_dir.held(studio.core.settings.data_dir) as announce:
        announce(served.url)
        before = len(studio.sandbox.ledger.requests)
        async with visiting(studio) as site:
            seen = await examine(site)
    grave = [line for lines in seen.values() for line in lines if line.state is not State.OK]
    assert grave == []
    assert set(seen) == set(LOCAL | ONLINE)
    # Nobody's account was used: the one request to Meta is the question for the time.
    asked = studio.sandbox.ledger.requests[before:]
    assert [entry.path for entry in asked if entry.host == "graph.instagram.com"] == ["/v26.0/me"]
    assert {entry.account for entry in asked} == {None}


@pytest.mark.parametrize("name", ["database", "migrations", "key", "login", "token"])
async def test_looking_makes_nothing(tmp_path: Path, sandbox: Sandbox, name: str) -> None:
    env = environment(tmp_path, sandbox)
    async with visit_of(env) as site:
        await (LOCAL | ONLINE)[name](site)
    assert not (tmp_path / "data").exists()


@asynccontextmanager
async def visit_of(env: dict[str, str]) -> AsyncIterator[Site]:
    from daemon.settings import load_settings

    async with visit(load_settings(env), lambda: datetime.now(UTC)) as site:
        yield site


async def test_files_that_others_can_read(studio: Studio) -> None:
    folder = studio.core.settings.data_dir
    assert (await look(studio, "permissions")).state is State.OK
    (folder / "secret.key").chmod(0o644)
    found = await look(studio, "permissions")
    assert (found.state, found.mend) == (State.PROBLEM, f"chmod 600 {folder / 'secret.key'}")
    (folder / "secret.key").chmod(0o600)
    folder.chmod(0o755)
    assert (await look(studio, "permissions")).mend == f"chmod 700 {folder}"


async def test_a_damaged_database(studio: Studio, tmp_path: Path) -> None:
    assert (await look(studio, "database")).text.startswith("whole")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    with (
        closing(sqlite3.connect(studio.core.settings.database)) as live,
        closing(sqlite3.connect(damaged / "reprise.db")) as copy,
    ):
        live.backup(copy)
    content = bytearray((damaged / "reprise.db").read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    (damaged / "reprise.db").write_bytes(content)
    found = await look(studio, "database", data_dir=damaged)
    assert found.state is State.PROBLEM
    assert "damaged" in found.text
    (damaged / "reprise.db").write_bytes(b"no database at all" * 300)
    found = await look(studio, "database", data_dir=damaged)
    assert (found.state, found.mend) == (
        State.PROBLEM,
        "stop the daemon; reprise restore FILE (docs/backup.md)",
    )


async def test_rows_that_cannot_be_read_are_listed(studio: Studio) -> None:
    """Of every table that has a record, and the times of those that have none."""
    classes = {kind.TABLE for kind in legibility.KINDS}
    declared = set[str]()
    for file in (ROOT / "storage").glob("*.py"):
        declared |= set(re.findall(r'TABLE: ClassVar\[str\] = "(\w+)"', file.read_text()))
    assert classes == declared
    await studio.configure()
    studio.mention(studio.friend("anna"))
    await studio.run_all()
    assert (await look(studio, "rows")).state is State.OK
    (repost,) = await studio.history()

    def spoil(db: Database) -> None:
        db.conn.execute("UPDATE reposts SET limits = '{'")
        db.conn.execute("UPDATE repost_slots SET at = 'soon'")
        db.conn.execute("UPDATE posts SET caption = CAST(x'ff41' AS TEXT)")
        db.conn.execute(
            "INSERT INTO browser_sessions (id, user_id, created_at, expires_at)"
            " SELECT 'a secret', id, 'x', 'y' FROM users"
        )

    await studio.core.store.write(spoil)
    async with visiting(studio) as site:
        found = await LOCAL["rows"](site)
    told = "\n".join(f"{line.state} {line.text}" for line in found)
    assert f"the row {repost.id} of reposts cannot be read (limits): it is not reposted" in told
    assert f"the row {repost.post_id} of posts cannot be read (caption)" in told
    assert "of repost_slots cannot be read (at)" in told
    assert "a row of browser_sessions cannot be read (created_at)" in told
    assert "a secret" not in told
    assert {line.state for line in found} == {State.PROBLEM}
    assert all(line.mend and "reprise restore" in line.mend for line in found)


async def test_a_schema_of_another_version(studio: Studio) -> None:
    assert (await look(studio, "migrations")).state is State.OK
    await studio.core.store.write(_migrate, "m9999_from_the_future")
    found = await look(studio, "migrations")
    assert (found.state, "m9999_from_the_future" in found.text) == (State.PROBLEM, True)


def _migrate(db: Database, name: str) -> None:
    db.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('reprise', ?, '2030-01-01')",
        (name,),
    )


async def test_a_key_that_is_gone_or_another(studio: Studio, tmp_path: Path) -> None:
    file = studio.core.settings.data_dir / "secret.key"
    assert (await look(studio, "key")).state is State.OK
    kept = file.read_bytes()
    file.unlink()
    gone = await look(studio, "key")
    assert gone.state is State.PROBLEM
    assert "the key is gone" in gone.text
    assert not file.exists(), "a new key would make the loss final"
    file.write_text("no key")
    assert "no key that can be used" in (await look(studio, "key")).text
    file.write_bytes(b"A" * 43 + b"=")
    assert "does not open" in (await look(studio, "key")).text
    file.write_bytes(kept)


async def test_a_full_disk(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await look(studio, "disk")).state is State.OK
    size = shutil.disk_usage("/")
    for free, state in ((900 << 20, State.WARNING), (50 << 20, State.PROBLEM)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: size._replace(free=free))
        assert (await look(studio, "disk")).state is state


async def test_a_media_child_that_does_not_start(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await look(studio, "media")).state is State.OK
    monkeypatch.setattr(child, "_take", lambda: None)  # none that waits for work already
    monkeypatch.setattr(child, "_COMMAND", ("/bin/false",))
    assert (await look(studio, "media")).state is State.PROBLEM


async def test_a_sleep_window_in_nobodys_timezone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.configure()
    monkeypatch.setenv("TZ", "UTC")
    assert (await look(studio, "timezone")).state is State.OK
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    found = await look(studio, "timezone")
    assert found.state is State.WARNING
    assert "--timezone Asia/Tokyo" in str(found.mend)
    await studio.configure(timezone="Asia/Tokyo")
    assert (await look(studio, "timezone")).state is State.OK


def identity(moment: datetime) -> datetime:
    return moment


async def test_a_wrong_clock(studio: Studio) -> None:
    assert (await look(studio, "clock")).state is State.OK
    async with visiting(studio) as site:
        for off, state in ((-60, State.WARNING), (3600, State.PROBLEM)):
            told = studio.clock.now() + timedelta(seconds=off)
            wrong = replace(site, clock=Clock(partial(identity, told)))
            (found,) = await ONLINE["clock"](wrong)
            assert found.state is state
            assert ("behind" if off < 0 else "ahead of") in found.text


async def test_no_way_to_meta(studio: Studio, tmp_path: Path) -> None:
    assert (await look(studio, "proxy")).state is State.OK
    assert (await look(studio, "meta")).state is State.OK
    stranger = await look(studio, "meta", ca_file=None)
    assert "the certificate is not Meta's" in stranger.text
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("no certificate")
    assert "REPRISE_CA_FILE" in str((await look(studio, "meta", ca_file=nonsense)).mend)

    studio.sandbox.proxy_down(refuse=False)
    assert "the proxy does not let us through" in (await look(studio, "meta")).text
    studio.sandbox.proxy_down()
    assert (await look(studio, "proxy")).state is State.PROBLEM
    assert (await look(studio, "meta")).state is State.PROBLEM
    assert (await look(studio, "clock")).state is State.WARNING
    studio.sandbox.proxy_up()


async def test_proxies_of_the_environment_are_named(studio: Studio) -> None:
    async with visiting(studio) as site:
        found = await ONLINE["proxy"](replace(site, environ={"https_proxy": "http://x:1"}))
    assert (found[0].state, found[0].mend) == (State.WARNING, "unset https_proxy")


async def test_what_waits_for_a_person(studio: Studio) -> None:
    core, account, now = studio.core, studio.account, studio.clock.now()
    assert (await look(studio, "login")).text.startswith("@studio: phase 3 of 3")
    assert (await look(studio, "login", pace=1.0)).text.startswith("@studio: phase 1 of 3")
    await core.store.write(credentials.record_challenge, account.id, "EMAIL", "s***@x.org", now)
    waiting = await look(studio, "login")
    assert waiting.mend == "reprise account login --username studio --code CODE"
    assert "s***@x.org" in waiting.text
    await core.store.write(credentials.clear_challenge, account.id)
    await core.store.write(credentials.reject_password, account.id, now)
    assert "refused the stored password" in (await look(studio, "login")).text
    await core.store.write(credentials.forget, account.id)
    assert "neither a login nor a token" in (await look(studio, "login")).text


async def test_what_holds_an_account_back(studio: Studio) -> None:
    core, account, now = studio.core, studio.account, studio.clock.now()
    assert (await look(studio, "holds")).state is State.OK
    until = now + timedelta(days=1)
    rate = Trouble(account_id=account.id, kind=TroubleKind.RATE, reason="Slow", at=now, until=until)
    await core.store.write(troubles.add, rate)
    assert (await look(studio, "holds")).state is State.WARNING
    challenge = replace(rate, kind=TroubleKind.CHALLENGE, until=None)
    await core.store.write(troubles.add, challenge)
    found = await look(studio, "holds")
    assert (found.state, found.mend) == (
        State.PROBLEM,
        "reprise account login --username studio",
    )
    await core.store.write(troubles.clear, account.id, now)
    await studio.configure()
    off = {"is_enabled": False, "auto_disabled_at": now, "auto_disable_reason": "Eight failures"}
    await core.store.write(_change_config, account.id, now, off)
    assert (await look(studio, "holds")).mend == "reprise enable --username studio"


def _change_config(db: Database, account_id: str, now: datetime, changes: dict[str, Any]) -> None:
    repost_configs.change(db, account_id, now=now, **changes)


async def test_who_is_told_and_hears_nothing(studio: Studio) -> None:
    core, now = studio.core, studio.clock.now()
    assert (await look(studio, "told")).state is State.OK

    def add(db: Database) -> str:
        made = webhooks.add(
            db, user_id=core.owner.id, url="http://localhost/a-key", types="", account_ids=None,
            now=now,
        )  # fmt: skip
        records.update(db, webhooks.Webhook, made.id, last_failed_at=now, failing_s=60)
        return made.id

    hook = await core.store.write(add)
    found = await look(studio, "told")
    assert (found.state, found.mend) == (State.WARNING, f"reprise webhook log {hook}")
    await core.store.write(webhooks.disable, hook, now, "nothing reached it for five days")
    found = await look(studio, "told")
    assert (found.state, found.mend) == (State.PROBLEM, f"reprise webhook enable {hook}")
    assert "five days" in found.text
    assert "a-key" not in found.text


async def test_tokens(studio: Studio) -> None:
    graph = studio.sandbox.world.connect_graph(studio.person)
    expires = datetime.fromtimestamp(graph.expires_at or 0, UTC)
    await _give_token(studio, graph.token, expires, graph.ig_user_id)
    found = await look(studio, "token")
    assert (found.state, "0 of 100 posts in 24 h" in found.text) == (State.OK, True)

    for ends_in, state, words in (
        (timedelta(days=3), State.WARNING, "ends in"),
        (-timedelta(days=1), State.PROBLEM, "has expired"),
    ):
        await _give_token(studio, graph.token, studio.clock.now() + ends_in, graph.ig_user_id)
        found = await look(studio, "token")
        assert (found.state, words in found.text) == (state, True)
        assert found.mend == "reprise account add --username studio --access-token-stdin"

    await _give_token(studio, "IGAA-of-somebody-else", expires, graph.ig_user_id)
    before = await studio.core.store.read(accounts.get, studio.account.id)
    assert "Meta refuses the token" in (await look(studio, "token")).text
    after = await studio.core.store.read(accounts.get, studio.account.id)
    assert after == before, "looking must not have noted anything"


async def _give_token(studio: Studio, token: str, expires: datetime, ig_user_id: str) -> None:
    def keep(db: Database) -> None:
        account_id = studio.account.id
        secrets.put(db, studio.core.vault, account_id, AccountSecret.ACCESS_TOKEN, token)
        accounts.change(db, account_id, ig_user_id=ig_user_id, token_expires_at=expires)

    await studio.core.store.write(keep)


async def test_the_public_address(served: Served, tmp_path: Path) -> None:
    studio = served.studio
    graph = studio.sandbox.world.connect_graph(studio.person)
    await _give_token(studio, graph.token, studio.clock.now() + timedelta(60), graph.ig_user_id)
    assert "cannot publish" in (await look(studio, "public address")).text
    with data_dir.held(studio.core.settings.data_dir) as announce:
        announce(served.url)
        here = await look(studio, "public address", public_url=served.url)
        assert here.state is State.OK
        with socket.create_server(("127.0.0.1", 0)) as free:
            number = free.getsockname()[1]
        nowhere = f"http://127.0.0.1:{number}"
        direct = await look(studio, "public address", public_url=nowhere, proxy=None)
        assert "nothing answers" in direct.text
        async with open_tiny_server() as another:
            url = f"http://127.0.0.1:{another.port}"
            elsewhere = await look(studio, "public address", public_url=url)
        assert "leads somewhere else" in elsewhere.text


async def test_a_port_that_is_taken_or_open_to_others(studio: Studio) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        taken = await look(studio, "port", port=number)
        assert (taken.state, "another program uses it" in taken.text) == (State.PROBLEM, True)
    assert (await look(studio, "port", port=number)).state is State.OK
    assert (await look(studio, "port", host="0.0.0.0", port=0)).state is State.OK


async def test_a_service_that_is_installed_but_not_started(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "not installed" in (await look(studio, "service")).text
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    target = installation.systemd(system=False, root=None)
    target.file.parent.mkdir(parents=True)
    target.file.write_bytes(target.content)
    systemctl = tmp_path / "systemctl"
    for active, enabled, state, words in (
        ("failed", "enabled", State.PROBLEM, "installed, but failed"),
        ("active", "disabled", State.WARNING, "does not start with the machine"),
    ):
        told = f"ActiveState={active}\\nUnitFileState={enabled}\\n"
        systemctl.write_text(f"#!/bin/sh\nprintf '{told}'\n")
        systemctl.chmod(0o755)
        found = await look(studio, "service")
        assert (found.state, words in found.text) == (state, True)
        assert found.mend == "reprise service install"
    systemctl.write_text("#!/bin/sh\nprintf 'ActiveState=active\\nUnitFileState=enabled\\n'\n")
    monkeypatch.setattr(service, "_LINGER", tmp_path / "no-such-folder")
    assert (await look(studio, "service")).text == "installed and running"
    target.file.write_text("an older unit")
    assert "is not what this Reprise would write" in (await look(studio, "service")).text


async def test_a_check_that_hangs_is_left_behind(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never says a word
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(examination, "LIMIT_S", 0.3)
        async with visiting(studio, proxy=url) as site:
            seen = await examine(site)
    assert seen["meta"][0].text.startswith("not done within")
    assert seen["database"][0].state is State.OK
    assert is_well(seen)


def _files(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.stat() for path in folder.iterdir()}
    return {path: (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in found.items()}


@pytest.mark.acceptance
async def test_on_the_command_line(sandbox: Sandbox, tmp_path: Path) -> None:
    env = environment(tmp_path, sandbox)
    async with running(env, tmp_path / "log") as daemon:
        well = await reprise("doctor", "--json", env=env)
        assert (well.code, well.json["ok"]) == (0, True)
        states = {line["check"]: line["state"] for line in well.json["findings"]}
        assert states["daemon"] == "OK"
        assert await daemon.stop() == 0
    before = _files(tmp_path / "data")
    assert (await reprise("doctor", "--offline", env=env)).code == 0
    assert _files(tmp_path / "data") == before
    (tmp_path / "data" / "secret.key").chmod(0o666)
    ill = await reprise("doctor", "--offline", env=env)
    assert ill.code == 1
    assert f"chmod 600 {tmp_path / 'data' / 'secret.key'}" in ill.out
    assert "clock" not in ill.out
    assert ill.out.endswith("1 problem, 2 warnings\n")
    assert "\x1b" not in ill.out
    wrong = await reprise("doctor", "--json", env=env | {"REPRISE_PORT": "high"})
    assert (wrong.code, wrong.json["findings"][0]["check"]) == (1, "settings")

"""TLS as people set it up: `reprise tls`, the settings, the daemon as a process, the doctor."""

from __future__ import annotations

import json
import signal
import ssl
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon import authority
from daemon.authority import NotAllowed
from daemon.certificates import Certificate, read, read_pair
from daemon.doctor.finding import Finding, State
from daemon.doctor.outside import outside
from daemon.outside import near_url_of, passed_on_url_of, url_of, what_is_missing
from daemon.settings import Settings
from tests.daemon.test_doctor import visiting
from tests.support.limits import DEADLOCK_S
from tests.support.process import environment, reprise, running
from tests.support.studio import Studio
from tests.support.tools import program

NOW = datetime.now(UTC)


@pytest.mark.acceptance
async def test_from_init_to_a_daemon_that_serves_it(tmp_path: Path) -> None:
    env = environment(tmp_path)
    off = await reprise("tls", "status", "--json", env=env)
    assert (off.code, off.json) == (0, {"enabled": False})
    made = (await reprise("tls", "init", "--name", "nas.local", "--json", env=env)).json
    assert {"nas.local", "localhost", "127.0.0.1", "::1"} <= set(made["names"])
    assert "localhost" not in made["allowedHosts"]
    folder = tmp_path / "data" / "tls"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    env |= {
        "REPRISE_TLS_CERTIFICATE": made["certificate"],
        "REPRISE_TLS_KEY": made["key"],
        "REPRISE_HOST": "0.0.0.0",
        "REPRISE_ALLOWED_HOSTS": "nas.local",
    }
    key = (await reprise("key", "create", "test", "--json", env=env)).json["fullKey"]
    async with running(env, tmp_path / "log") as daemon:
        assert daemon.url.startswith("https://nas.local:")
        port = int(daemon.url.rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=made["authority"])
        async with httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=trusting, trust_env=False,
            headers={"Authorization": f"Bearer {key}"}, timeout=DEADLOCK_S,
        ) as client:  # fmt: skip
            me = await client.get("/api/v1/auth/me", headers={"Host": f"nas.local:{port}"})
            assert me.status_code == 200
            assert (await client.get("/metrics", headers={"Host": "localhost"})).status_code == 200
            link = (await reprise("login-link", "--json", env=env)).json["url"]
            assert link.startswith(f"{daemon.url}/login?code=")
            code = link.partition("code=")[2]
            signed_in = await client.get(f"/login?code={code}")
            assert "; Secure" in signed_in.headers["set-cookie"]
            shown = (await reprise("tls", "status", "--json", env=env)).json
            assert (shown["fingerprint"], shown["isShown"]) == (made["fingerprint"], True)
            again = (await reprise("tls", "init", "--json", env=env)).json
            assert again["fingerprint"] != made["fingerprint"]
            assert again["authorityFingerprint"] == made["authorityFingerprint"]
            assert not again["isNewAuthority"]
            told = await reprise("tls", "status", env=env)
            assert "The daemon shows it" in told.out
            # A pair that does not fit: the old one goes on, and everybody says so.
            Path(made["key"]).write_text("no key")
            daemon.process.send_signal(signal.SIGHUP)
            with trio.fail_after(DEADLOCK_S):
                while "certificate kept as it was" not in daemon.log.read_text():
                    await trio.sleep(0.05)
            status = await reprise("tls", "status", env=env)
            assert (status.code, "PEM form" in status.err) == (1, True)
            doctor = (await reprise("doctor", "--offline", "--json", env=env)).json
            (said,) = [line for line in doctor["findings"] if line["check"] == "outside"]
            assert said["state"] == "problem"
            assert "goes on with the one before" in said["text"]
            async with client.stream("GET", "/api/v1/events") as stream:
                assert stream.status_code == 200
                daemon.process.send_signal(signal.SIGTERM)
                with trio.fail_after(DEADLOCK_S):
                    async for _ in stream.aiter_raw():
                        pass  # to its proper end: one that is cut off raises
                    assert await daemon.process.wait() == 0
    refused = await reprise("run", env=env)
    assert (refused.code, "REPRISE_TLS_CERTIFICATE" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "REPRISE_TLS_CERTIFICATE"),
        ({"REPRISE_ALLOWED_HOSTS": "nas.local"}, "REPRISE_TLS_CERTIFICATE"),
        ({"REPRISE_INSECURE": "yes-without-tls"}, "REPRISE_ALLOWED_HOSTS"),
        ({"REPRISE_INSECURE": "yes"}, "REPRISE_INSECURE"),
        ({"REPRISE_TLS_KEY": "/key.pem"}, "REPRISE_TLS_CERTIFICATE is missing"),
        ({"REPRISE_ALLOWED_HOSTS": "https://nas.local"}, "REPRISE_ALLOWED_HOSTS"),
        ({"REPRISE_ALLOWED_HOSTS": "*.local"}, "REPRISE_ALLOWED_HOSTS"),
        ({"REPRISE_TRUSTED_PROXIES": "caddy"}, "REPRISE_TRUSTED_PROXIES"),
        ({"REPRISE_TRUSTED_PROXIES": "10.0.0.1, ::/0"}, "REPRISE_TRUSTED_PROXIES"),
    ],
)
async def test_an_open_door_is_refused_by_the_name_of_the_setting(
    tmp_path: Path, more: dict[str, str], name: str
) -> None:
    env = environment(tmp_path) | {"REPRISE_HOST": "0.0.0.0"} | more
    refused = await reprise("run", env=env)
    assert (refused.code, name in refused.err) == (2, True), refused.err
    assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "nas.local", "fe80::1"])
def test_only_this_machines_own_addresses_need_nothing(tmp_path: Path, host: str) -> None:
    settings = Settings(data_dir=tmp_path)
    for own in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        assert what_is_missing(replace(settings, host=own)) is None
    away = replace(settings, host=host, tls_certificate=tmp_path, tls_key=tmp_path)
    assert "REPRISE_ALLOWED_HOSTS" in str(what_is_missing(away))
    assert what_is_missing(replace(away, allowed_hosts=("nas.local",))) is None


def test_people_and_programs_are_told_an_address_that_works(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path)
    assert (url_of(here, 3001), passed_on_url_of(here)) == ("http://127.0.0.1:3001", None)
    assert url_of(replace(here, host="::1"), 3001) == "http://[::1]:3001"
    proxies = (ip_network("127.0.0.1"),)
    behind = replace(here, trusted_proxies=proxies, allowed_hosts=("reprise.example.com", "b"))
    assert url_of(behind, 3001) == "http://127.0.0.1:3001"
    assert passed_on_url_of(behind) == "https://reprise.example.com"
    away = replace(here, host="0.0.0.0", tls_certificate=tmp_path, allowed_hosts=("fd00::7", "b"))
    assert url_of(away, 3001) == "https://[fd00::7]:3001"
    assert near_url_of(away, "https://[fd00::7]:4000") == "https://127.0.0.1:4000"
    assert near_url_of(here, "http://127.0.0.1:4000") == "http://127.0.0.1:4000"


def test_the_authority_vouches_for_its_home_and_what_it_was_made_for(tmp_path: Path) -> None:
    made = authority.init(tmp_path, ("reprise.example.com", "203.0.113.7"), NOW)
    first = made.authority.fingerprint
    for names in (("a.reprise.example.com", "nas.local"), ("192.168.9.9", "fd00::9", "nas.lan")):
        again = authority.init(tmp_path, names, NOW)
        assert (again.authority.fingerprint, again.is_new) == (first, False)
        assert set(again.certificate.names) == set(names)
    kept = read_pair(made.certificate_file, made.key_file)
    for name in ("bank.example", "example.com", "evilreprise.example.com", "203.0.113.8"):
        with pytest.raises(NotAllowed, match=name):
            authority.init(tmp_path, (name,), NOW)
    with pytest.raises(NotAllowed, match="too soon"):
        authority.init(tmp_path, ("nas.local",), NOW + timedelta(days=3000))
    assert read_pair(made.certificate_file, made.key_file) == kept
    assert authority.init(tmp_path, ("bank.example",), NOW, renew=True).is_new


def test_openssl_accepts_it_and_its_limits(tmp_path: Path) -> None:
    openssl = program("openssl")

    def judged(host: str) -> bool:
        done = subprocess.run(
            [openssl, "verify", "-x509_strict", "-CAfile", made.authority_file, "-purpose",
             "sslserver", "-verify_hostname", host, made.certificate_file],
            capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode == 0

    made = authority.init(tmp_path, ("nas.local", "203.0.113.7", "localhost"), NOW)
    assert judged("nas.local")
    assert not judged("other.local")
    # Whoever takes its key cannot pass for others with it.
    folder = tmp_path / authority.FOLDER
    ca, ca_key = authority._read(folder / "ca.pem", folder / "ca-key.pem")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(authority, "_check_permitted", lambda *_: None)
        forged = authority._issue(ca, ca_key, ca_key, ("bank.example",), NOW)
    made.certificate_file.write_bytes(authority._public(forged))
    assert not judged("bank.example")


async def look(studio: Studio, **settings: Any) -> list[Finding]:
    async with visiting(studio, **settings) as site:
        return await outside(site)


async def test_the_doctor_looks_at_the_way_in(studio: Studio, tmp_path: Path) -> None:
    (line,) = await look(studio)
    assert line.state is State.OK
    (line,) = await look(studio, host="0.0.0.0")
    assert (line.state, "REPRISE_TLS_CERTIFICATE" in line.text) == (State.PROBLEM, True)
    named = {"host": "0.0.0.0", "allowed_hosts": ("nas.local", "192.168.1.5")}
    (line,) = await look(studio, **named, insecure="yes-without-tls")
    assert (line.state, "nothing is encrypted" in line.text) == (State.WARNING, True)
    (line,) = await look(studio, trusted_proxies=("127.0.0.1",))
    assert (line.state, line.mend) == (State.WARNING, "set REPRISE_ALLOWED_HOSTS")
    now = studio.clock.now()
    for days, state, words in (
        (0, State.OK, "holds until"),
        (-805, State.WARNING, "expires on"),
        (-830, State.PROBLEM, "expired on"),
    ):
        made = authority.init(tmp_path, ("nas.local", "192.168.1.5"), now + timedelta(days=days),
                              renew=True)  # fmt: skip
        pair = {"tls_certificate": made.certificate_file, "tls_key": made.key_file}
        (line,) = await look(studio, **named, **pair)
        assert (line.state, words in line.text) == (state, True), line
    (*_, line) = await look(studio, host="0.0.0.0", allowed_hosts=("b.nas.local",), **pair)
    assert "is not for b.nas.local" in line.text
    made.key_file.chmod(0o644)
    (*_, line) = await look(studio, **named, **pair)
    assert "others can read" in line.text


def test_a_wildcard_is_for_one_label() -> None:
    found = Certificate(("*.example.com", "nas.local"), NOW, "")
    assert found.is_for("www.example.com")
    assert found.is_for("nas.local")
    assert not found.is_for("example.com")
    assert not found.is_for("a.b.example.com")


def test_certificates_without_names_are_read(tmp_path: Path) -> None:
    openssl = program("openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key",
         "-out", tmp_path / "certificate", "-subj", "/CN=old", "-days", "1"],
        capture_output=True, check=True,
    )  # fmt: skip
    found = read(tmp_path / "certificate")
    assert found.names == ()
    assert not found.is_for("old")
    assert json.dumps(found.fingerprint).count(":") == 31

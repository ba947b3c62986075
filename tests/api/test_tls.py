"""TLS in our own listener: what it serves, whom it drops, and which certificate it shows."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import trio
from cryptography.hazmat.primitives import serialization

from api import listen
from api.encryption import Encryption, UnusablePair
from api.proof import answers
from daemon import authority
from daemon.authority import Made
from tests.support.limits import DEADLOCK_S
from tests.support.tiny_server import Server, open_tiny_server, receive_all

NAMES = ("localhost", "127.0.0.1")


def made(folder: Path) -> Made:
    """A certificate; in a folder that has an authority, by that one."""
    return authority.init(folder, NAMES, datetime.now(UTC))


@dataclass
class Encrypted:
    """A tiny server behind TLS."""

    server: Server
    pair: Made

    @property
    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.pair.authority_file))
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def client(self) -> httpx.AsyncClient:
        url = f"https://localhost:{self.server.port}"
        return httpx.AsyncClient(
            base_url=url, verify=self.trusting, trust_env=False, timeout=DEADLOCK_S
        )

    async def connect(self) -> trio.SSLStream[trio.SocketStream]:
        stream = trio.SSLStream(
            await self.server.connect(),
            self.trusting,
            server_hostname="localhost",
            https_compatible=True,
        )
        await stream.do_handshake()
        return stream

    async def shown(self) -> bytes:
        stream = await self.connect()
        await trio.aclose_forcefully(stream)
        certificate = stream.getpeercert(True)
        assert isinstance(certificate, bytes)
        return certificate


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[Encrypted]:
    pair = made(tmp_path)
    encryption = Encryption(pair.certificate_file, pair.key_file)
    async with open_tiny_server(keep_alive_s=60, grace_s=3600, encryption=encryption) as server:
        yield Encrypted(server, pair)


async def test_requests_are_served_as_without_it(encrypted: Encrypted) -> None:
    async with encrypted.client() as client:
        assert (await client.get("/scheme")).text == "https"
        body = os.urandom(10_000)
        assert (await client.post("/echo", content=body)).content == body
        assert len((await client.get("/large")).content) == 50_000_000
        assert (await client.get("/stream")).text == "part 0 part 1 part 2 part 3 part 4 "
    stream = await encrypted.connect()
    assert stream.selected_alpn_protocol() == "http/1.1"
    assert stream.version() in ("TLSv1.2", "TLSv1.3")
    await trio.aclose_forcefully(stream)
    (sock,) = encrypted.server.sockets
    with trio.fail_after(DEADLOCK_S):
        await answers(sock, is_encrypted=True)


async def test_a_changed_certificate_is_shown_to_the_next_connection(
    encrypted: Encrypted, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with encrypted.client() as client:
        assert (await client.get("/")).text == "hello"
        before = await encrypted.shown()
        made(tmp_path)
        after = await encrypted.shown()
        assert after not in (before, b"")
        assert (await client.get("/")).text == "hello"  # the open connection goes on
        caplog.clear()
        encrypted.pair.key_file.write_bytes(b"no key")
        for _ in range(3):
            assert await encrypted.shown() == after
        assert caplog.text.count("certificate kept as it was") == 1
        made(tmp_path)
        assert await encrypted.shown() not in (before, after)
        encrypted.pair.certificate_file.unlink()
        assert len(await encrypted.shown()) > 100


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("another key", "the key belongs to another certificate"),
        ("no key", "in PEM form"),
        ("no certificate", "in PEM form"),
        ("swapped", "in PEM form"),
        ("locked", "locked"),
        ("missing", "No such file"),
        ("a folder", "Is a directory"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused(tmp_path: Path, wrong: str, words: str) -> None:
    one, two = made(tmp_path / "one"), made(tmp_path / "two")
    certificate, key = one.certificate_file, one.key_file
    match wrong:
        case "another key":
            key = two.key_file
        case "no key":
            key.write_text("no key")
        case "no certificate":
            certificate.write_bytes(b"\0" * 1000)
        case "swapped":
            certificate, key = key, certificate
        case "locked":
            plain = serialization.load_pem_private_key(key.read_bytes(), None)
            key.write_bytes(
                plain.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.BestAvailableEncryption(b"a password"),
                )
            )
        case "missing":
            key.unlink()
        case "a folder":
            certificate = tmp_path
    with pytest.raises(UnusablePair, match=words) as refused:
        Encryption(certificate, key)
    assert str(certificate) in str(refused.value)


async def test_plain_http_hears_that_this_is_tls(encrypted: Encrypted) -> None:
    for sent in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123456789",
        b"\0\0\0",
        b"\x80\x2e\x01\x00\x02",
    ):
        said = await encrypted.server.talk(sent)
        assert said.startswith(b"HTTP/1.1 400 "), sent
        assert b"https" in said
        assert b"hello" not in said
    async with encrypted.client() as client:
        assert (await client.get("/")).text == "hello"


@pytest.mark.parametrize(
    "sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x00\x05hello"]
)
async def test_who_does_not_shake_hands_is_dropped(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(listen, "HANDSHAKE_S", 0.1)
    async with await encrypted.server.connect() as stream:
        await stream.send_all(sent)
        with trio.fail_after(DEADLOCK_S):
            assert b"HTTP" not in await receive_all(stream)
    async with encrypted.client() as client:
        assert (await client.get("/")).text == "hello"


async def test_silent_peers_keep_nobody_out(encrypted: Encrypted) -> None:
    silent = [await encrypted.server.connect() for _ in range(500)]
    try:
        with trio.fail_after(DEADLOCK_S):
            for _ in range(3):
                async with encrypted.client() as client:
                    assert (await client.get("/")).text == "hello"
    finally:
        for stream in silent:
            await trio.aclose_forcefully(stream)


async def test_the_end_waits_for_no_handshake_and_no_idle_connection(
    encrypted: Encrypted,
) -> None:
    silent = await encrypted.server.connect()
    half = await encrypted.server.connect()
    await half.send_all(b"\x16\x03\x01\x02\x00\x01")
    idle = await encrypted.connect()
    await idle.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"hello" in await idle.receive_some()
    encrypted.server.shutdown.set()
    with trio.fail_after(DEADLOCK_S):  # its grace is an hour
        for stream in (silent, half, idle):
            assert await receive_all(stream) == b""
            await trio.aclose_forcefully(stream)

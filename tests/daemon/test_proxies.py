"""The recipes of docs/outside.md, as they stand there: Caddy and nginx in front of the daemon."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from daemon import authority
from tests.api.test_events import happen
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API
from tests.support.process import ROOT
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio
from tests.support.tools import program

pytestmark = pytest.mark.thirdparty
NAME = "reprise.example.com"
CLIENT, OTHER = "127.0.0.5", "127.0.0.6"
SYSTEM = ("/health", "/ready", "/metrics", "/build", "/deps")
PAGE = (ROOT / "docs" / "outside.md").read_text()


def recipe(language: str) -> str:
    """The one block of that language on the page."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def caddy(folder: Path, upstream: int, port: int) -> Iterator[Path]:
    """Run Caddy; yields the file of its authority."""
    home = folder / "caddy"
    options = f"""{{
        admin off
        local_certs
        skip_install_trust
        auto_https disable_redirects
        http_port {free_port()}
        https_port {port}
        storage file_system {home}
    }}
    """
    file = folder / "Caddyfile"
    file.write_text(options + recipe("caddy").replace("127.0.0.1:3001", f"127.0.0.1:{upstream}"))
    command = [program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    with process(command, folder / "caddy.log"):
        yield home / "pki" / "authorities" / "local" / "root.crt"


@contextmanager
def nginx(folder: Path, upstream: int, port: int, bare: int = 0) -> Iterator[Path]:
    """Run nginx, at `bare` with nothing but `proxy_pass`; yields the authority's file."""
    made = authority.init(folder / "nginx", (NAME,), datetime.now(UTC))
    live = f"/etc/letsencrypt/live/{NAME}"
    server = (
        recipe("nginx")
        .replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
        .replace(f"{live}/fullchain.pem", str(made.certificate_file))
        .replace(f"{live}/privkey.pem", str(made.key_file))
        .replace("127.0.0.1:3001", f"127.0.0.1:{upstream}")
    )
    assert str(made.certificate_file) in server
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{kind}_temp_path {folder}/nginx/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; user root; pid {folder}/nginx.pid;\n"
        f"error_log stderr; events {{}}\nhttp {{ access_log off; {places}\n{server}\n"
        f"server {{ listen 127.0.0.1:{bare or free_port()};"
        f" location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }} }}"
    )
    command = [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
    with process(command, folder / "nginx.log"):
        yield made.authority_file


@contextmanager
def process(command: list[str], log: Path) -> Iterator[None]:
    with (
        log.open("wb") as heard,
        subprocess.Popen(command, stdout=heard, stderr=heard) as running,
    ):
        try:
            yield
        finally:
            running.terminate()


class _Resolved(httpx.AsyncHTTPTransport):
    """Leads the name to this machine, where no resolver knows it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = NAME
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


async def answering(port: int, ca: Path) -> None:
    """Wait until a proxy listens and has its certificate, which takes it a while."""
    with trio.fail_after(DEADLOCK_S):
        while True:
            try:
                async with browser(port, ca) as client:
                    await client.get("/")
                return
            except (OSError, httpx.TransportError):
                await trio.sleep(0.1)


async def listening(port: int) -> None:
    with trio.fail_after(DEADLOCK_S):
        while True:
            try:
                await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
                return
            except OSError:
                await trio.sleep(0.05)


@asynccontextmanager
async def browser(
    port: int, ca: Path, address: str = CLIENT, key: str = ""
) -> AsyncIterator[httpx.AsyncClient]:
    """A client elsewhere, by the name, over TLS."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(
        base_url=f"https://{NAME}:{port}",
        transport=_Resolved(
            verify=ssl.create_default_context(cafile=str(ca)), local_address=address
        ),
        headers=headers,
        timeout=DEADLOCK_S,
    ) as client:
        yield client


@asynccontextmanager
async def behind(studio: Studio, **settings: Any) -> AsyncIterator[Served]:
    """The daemon, with the settings of the page."""
    told = dict(
        re.findall(r'^(\w+) = "(.*)"$', PAGE.partition("## TLS of its own")[0], re.MULTILINE)
    )
    assert set(told) == {"trusted_proxies", "allowed_hosts"}
    proxies = (ipaddress.ip_network(told["trusted_proxies"]),)
    chosen = {"trusted_proxies": proxies, "allowed_hosts": (told["allowed_hosts"],), **settings}
    for name, value in chosen.items():
        object.__setattr__(studio.core.settings, name, value)
    async with serve_studio(studio) as served:
        yield served


Proxy = Callable[[Path, int, int], Any]


@pytest.mark.parametrize("proxy", [caddy, nginx])
async def test_the_recipe_of_the_page_works(
    studio: Studio, tmp_path: Path, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    async with behind(studio) as served:
        with proxy(tmp_path, int(served.url.rpartition(":")[2]), port) as ca:
            await answering(port, ca)
            async with browser(port, ca, key=served.key) as client:
                await _used(served, client, port)
                await _stream(served, client)
            await _brake(served, port, ca, caplog)
            async with browser(port, ca, OTHER, key=served.key) as client:
                await _ended(served, client)


async def _used(served: Served, client: httpx.AsyncClient, port: int) -> None:
    """Keys, uploads and sessions go by it; nothing is this machine, and nothing can be forged."""
    me = await client.get(f"{API}/auth/me")
    assert me.status_code == 200, me.text
    assert me.headers["strict-transport-security"]
    photo = served.studio.photo(400, 500).read_bytes()
    sent = await client.post(f"{API}/media/upload", files={"file": ("a.jpg", photo, "image/jpeg")})
    assert sent.status_code == 201, sent.text
    for forged in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"},
                   {"X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "http"},
                   {"X-Real-IP": "::1"}, {"Via": ""}):  # fmt: skip
        for path in SYSTEM:
            refused = await client.get(path, headers=forged)
            assert refused.status_code == 403, (path, forged, refused.text)
        again = await client.get(f"{API}/auth/me", headers=forged)
        assert again.status_code == 200, (forged, again.text)
    del client.headers["Authorization"]
    signed_in = await client.get(f"/login?code={await served.login_code()}")
    assert "; Secure" in signed_in.headers["set-cookie"]
    cookie = signed_in.headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    body = {"accountId": served.studio.account.id}
    for origin, status in ((f"https://{NAME}:{port}", 200), (f"https://{NAME}", 403)):
        written = await client.post(
            f"{API}/story-repost/disable", json=body, headers={"Cookie": cookie, "Origin": origin}
        )
        assert written.status_code == status, written.text
    client.headers["Authorization"] = f"Bearer {served.key}"


async def _stream(served: Served, client: httpx.AsyncClient) -> None:
    """What happens comes at once: the proxy keeps nothing back until there is more."""
    async with client.stream("GET", f"{API}/events") as stream:
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        with trio.fail_after(DEADLOCK_S):
            while not (await anext(lines)).startswith("id: "):
                pass
            for _ in range(3):
                await happen(served, "FAILED")
                while not (line := await anext(lines)).startswith("data: "):
                    pass
                assert json.loads(line.removeprefix("data: "))["type"] == "post.failed"


async def _brake(served: Served, port: int, ca: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    caplog.set_level(logging.WARNING)
    async with browser(port, ca, key="vg_live_" + "x" * 43) as guesser:
        answers = [await guesser.get(f"{API}/auth/me") for _ in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    async with browser(port, ca, OTHER, key=served.key) as other:
        assert (await other.get(f"{API}/auth/me")).status_code == 200
    assert (await served.call("GET", f"{API}/auth/me")).status == 200
    # The page's filter for fail2ban sees them, with the address of the client.
    rule = dict(re.findall(r"^(\w+) = (.*)$", recipe("ini"), re.MULTILINE))["failregex"]
    pattern = re.compile(rule.replace("<HOST>", r"(?P<host>[\d.:a-f]+)"))
    lines = [record.getMessage() for record in caplog.records if record.name == "api.guesses"]
    found = [match["host"] for line in lines if (match := pattern.search(f'{line}"}}'))]
    assert found == [CLIENT] * 10


async def _ended(served: Served, client: httpx.AsyncClient) -> None:
    """The end of the daemon ends the stream, and the proxy says so."""
    async with client.stream("GET", f"{API}/events") as stream:
        chunks = stream.aiter_raw()
        await anext(chunks)
        served.stop.set()
        with trio.fail_after(DEADLOCK_S):
            async for _ in chunks:
                pass


async def test_nginx_as_it_comes_opens_nothing(studio: Studio, tmp_path: Path) -> None:
    """It says nothing of whom it asks for, and calls us by our own address."""
    port, bare = free_port(), free_port()
    async with behind(studio, trusted_proxies=(), allowed_hosts=()) as served:
        with nginx(tmp_path, int(served.url.rpartition(":")[2]), port, bare):
            await listening(bare)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{bare}", trust_env=False, timeout=DEADLOCK_S
            ) as client:
                for path in SYSTEM:
                    assert (await client.get(path)).status_code == 403, path

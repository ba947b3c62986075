"""The way to Meta: the proxy, certificates, hosts, and whether both clocks say the same."""

from __future__ import annotations

from urllib.parse import urlsplit

import trio

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from instagram import reach
from instagram.errors import Unreachable

_CONNECT_S = 5.0
_HANDSHAKE_S = 8.0
_TOLERABLE_S = 30.0
_WRONG_S = 300.0
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_IGNORED = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_CA_MEND = "set REPRISE_CA_FILE to a file with certificates (PEM), or unset it"


async def proxy(site: Site) -> list[Finding]:
    """The proxy takes connections."""
    found = [
        warning(f"{name} is ignored; traffic to Meta takes REPRISE_PROXY only", f"unset {name}")
        for name in _IGNORED
        if site.environ.get(name)
    ]
    if site.settings.proxy is None:
        return found or [ok("none is set")]
    parts = urlsplit(site.settings.proxy)
    port = parts.port or _PORTS[parts.scheme]
    where = f"{parts.hostname}:{port}"
    try:
        with trio.fail_after(_CONNECT_S):
            stream = await trio.open_tcp_stream(parts.hostname or "", port)
        await stream.aclose()
    except (OSError, trio.TooSlowError):
        mend = "start it, or correct REPRISE_PROXY"
        return [*found, problem(f"nothing answers at the proxy {where}", mend)]
    return [*found, ok(f"{where} takes connections")]


async def hosts(site: Site) -> list[Finding]:
    """Each of Meta's hosts is reached and proves who it is. No request is sent."""
    trust = site.trust
    if trust is None:
        return [problem(f"{site.settings.ca_file} holds no certificates", _CA_MEND)]
    failures: dict[str, str] = {}

    async def shake(host: str) -> None:
        proxy = site.settings.proxy
        try:
            await in_thread(reach.shake_hands, host, trust.bundle, proxy, _HANDSHAKE_S)
        except Unreachable as error:
            failures[host] = error.reason

    async with trio.open_nursery() as nursery:
        for host in reach.HOSTS:
            nursery.start_soon(shake, host, name=f"handshake {host}")
    if not failures:
        return [ok(f"{len(reach.HOSTS)} hosts of Meta reached, certificates good")]
    host, reason = min(failures.items())
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return [problem(f"{host}{more}: {reason}", "see docs/troubleshooting.md, No way to Meta")]


async def clock(site: Site) -> list[Finding]:
    """This machine's clock and Meta's agree; schedules, codes and tokens hang on it."""
    if site.trust is None:
        return []
    settings = site.settings
    try:
        theirs = await reach.time_at_meta(site.trust, settings.proxy, settings.graph_version)
    except Unreachable as error:
        return [warning(f"not compared with Meta's: {error.reason}")]
    off_s = (site.clock.now() - theirs).total_seconds()
    if abs(off_s) <= _TOLERABLE_S:
        return [ok("agrees with Meta's")]
    text = f"{abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} Meta's"
    mend = "timedatectl set-ntp true (Linux), or set the clock by the network (macOS)"
    return [problem(text, mend) if abs(off_s) > _WRONG_S else warning(text, mend)]

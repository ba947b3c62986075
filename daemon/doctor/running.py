"""The daemon: does one run, does it answer, is it this version, and is its port free?"""

from __future__ import annotations

import errno
import socket
from importlib.metadata import version

import httpx

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread

_ANSWER_S = 5.0


async def daemon(site: Site) -> list[Finding]:
    """One runs, and its services are well."""
    if site.daemon is None:
        return [warning("not running; nothing is looked for and nothing goes out", "reprise run")]
    where = f"process {site.daemon.pid} at {site.daemon.url}"
    try:
        async with site.client(_ANSWER_S) as client:
            answer = await client.get("/api/v1/health")
            health = answer.json()
            build = (await client.get("/build")).json()
    except (httpx.HTTPError, ValueError) as error:
        return [problem(f"{where} does not answer ({type(error).__name__})", "restart it")]
    if answer.status_code != 200:
        return [problem(f"{where}: {health.get('error')}", "restart it; its log says why")]
    services = health["services"]
    ill = [name for name, state in services.items() if state in ("backoff", "failed")]
    if ill:
        return [problem(f"{where}: {', '.join(ill)} keeps failing", "its log says why")]
    if build.get("version") != version("reprise"):
        text = f"{where} is version {build.get('version')}, this is {version('reprise')}"
        return [warning(text, "restart the daemon")]
    return [ok(f"{where}, {len(services)} services are well")]


async def port(site: Site) -> list[Finding]:
    """The port is the daemon's, or free for it."""
    host, number = site.settings.host, site.settings.port
    if site.daemon is not None:
        return [ok(f"{site.daemon.url} is the daemon's")]
    refused = await in_thread(_refusal, host, number)
    if refused is None:
        return [ok(f"{host}:{number} is free")]
    mend = "stop the other program, or set REPRISE_PORT"
    return [problem(f"cannot listen on {host}:{number}: {refused}", mend)]


def _refusal(host: str, number: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # As the daemon does: without REUSEADDR, a port it has just left would seem taken.
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return "another program uses it" if taken else error.strerror or str(error)
    return None

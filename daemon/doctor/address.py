"""The public address: do Meta's requests for our media come to this daemon?"""

from __future__ import annotations

import httpx

from cloud import worker_code
from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from publish.media_links import PATH
from storage import accounts, cloud
from storage.cloud import CloudWorker

_ANSWER_S = 8.0
# Longer than an answer takes.
_MOST_SKEW_S = 5.0
_MEND = "lead REPRISE_PUBLIC_URL to this daemon (docs/publishing.md)"


async def public_address(site: Site) -> list[Finding]:
    """What the address answers is what the daemon itself answers."""
    url = site.settings.public_url
    if url is None:
        worker = await in_thread(site.read, cloud.find)
        return [await _lent(worker)] if worker is not None else [await _without(site)]
    probe = f"{PATH}/doctor"  # no signed name, so that nothing is found there
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_S) as client:
            outside = await client.get(f"{url}{probe}")
            if site.daemon is None:
                return [warning(f"something answers at {url}; the daemon is off", "reprise run")]
            async with site.client(_ANSWER_S) as own:
                inside = await own.get(probe)
    except httpx.ConnectError:
        if site.settings.proxy:
            return [warning(f"{url} cannot be asked from behind a proxy")]
        return [problem(f"nothing answers at {url}", _MEND)]
    except httpx.HTTPError as error:
        # Many routers do not let a machine reach its own public address.
        return [warning(f"{url} cannot be asked from here ({type(error).__name__})")]
    if (outside.status_code, outside.content) != (inside.status_code, inside.content):
        return [problem(f"{url} leads somewhere else: it answers {outside.status_code}", _MEND)]
    return [ok(f"{url} leads to this daemon")]


async def _lent(worker: CloudWorker) -> Finding:
    """The Worker answers what nobody signed with 404, as the daemon would."""
    worker_url = worker.url
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_S) as client:
            answer = await client.get(f"{worker_url}{PATH}/doctor")
    except httpx.HTTPError as error:
        return problem(f"the Worker at {worker_url} does not answer ({type(error).__name__})")
    if answer.status_code != 404:
        return problem(
            f"{worker_url} answers {answer.status_code}: it is not the Worker that was deployed",
            "reprise cloud deploy",
        )
    if worker.unfetched is not None:
        return problem(
            f"Meta cannot fetch from {worker.public_url}: {worker.unfetched}",
            "give the Worker an address of your own: reprise cloud deploy --domain URL",
        )
    if worker.version != worker_code.version():
        return warning(
            f"the Worker at {worker_url} is of another Reprise than this one",
            "reprise cloud upgrade",
        )
    if (skew_s := _skew_s(worker)) > _MOST_SKEW_S:
        return warning(
            f"this machine's clock and Cloudflare's are {skew_s:.0f} s apart", "set the clock"
        )
    return ok(f"the Worker lends media its address, {worker.public_url}")


def _skew_s(worker: CloudWorker) -> float:
    """Return how far the clocks were apart when the Worker answered last, as far as is known."""
    theirs = (worker.told or {}).get("now")
    if worker.told_at is None or not isinstance(theirs, (int, float)):
        return 0.0
    return abs(worker.told_at.timestamp() - theirs / 1000)


async def _without(site: Site) -> Finding:
    found = await in_thread(site.read, accounts.with_token) or []
    needing = [account.username for account in found if account.login_method == "instagram"]
    if needing:
        names = ", ".join(f"@{name}" for name in needing)
        return warning(f"none is set, so {names} cannot publish by the official API", _MEND)
    return ok("none is set, and none is needed")

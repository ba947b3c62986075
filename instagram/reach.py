"""Is Meta there? Handshakes, and one question in nobody's name, for `reprise doctor`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
from curl_cffi import Curl, CurlError, CurlOpt
from curl_cffi.const import CurlECode

from instagram.errors import Unreachable
from instagram.graph.http import HOSTS as GRAPH_HOSTS
from instagram.hour import told_by
from instagram.trust import Trust

HOSTS = ("i.instagram.com", "b.i.instagram.com", *GRAPH_HOSTS.values())
_PROXY_REFUSES = "the proxy does not let us through"
_REASONS: dict[int, str] = {
    CurlECode.COULDNT_RESOLVE_PROXY: "the name of the proxy is not known",
    CurlECode.COULDNT_RESOLVE_HOST: "the name is not known here; is there a network?",
    CurlECode.COULDNT_CONNECT: "no connection; is there a network?",
    CurlECode.PROXY: _PROXY_REFUSES,
    CurlECode.OPERATION_TIMEDOUT: "no answer in time",
    CurlECode.SSL_CONNECT_ERROR: "the encrypted connection was broken off",
    CurlECode.PEER_FAILED_VERIFICATION: "the certificate is not Meta's; who is in between?",
}


def shake_hands(host: str, bundle: Path, proxy: str | None, limit_s: float) -> None:
    """Open an encrypted connection to a host as the Private API does, and close it again.

    Nothing is asked over it. Blocks; raises `Unreachable` with the reason.
    """
    curl = Curl()
    try:
        curl.setopt(CurlOpt.URL, f"https://{host}/")
        curl.setopt(CurlOpt.CONNECT_ONLY, 1)
        curl.setopt(CurlOpt.TIMEOUT_MS, int(limit_s * 1000))
        curl.setopt(CurlOpt.CAINFO, str(bundle))
        curl.setopt(CurlOpt.PROXY, proxy or "")  # an empty one: none, not the environment's
        if proxy:
            curl.setopt(CurlOpt.PROXY_CAINFO, str(bundle))
        curl.perform()
    except CurlError as error:
        raise Unreachable(_reason(error)) from None
    finally:
        curl.close()


def _reason(error: CurlError) -> str:
    if "CONNECT tunnel failed" in str(error):  # it has the code of a host that is down
        return _PROXY_REFUSES
    return _REASONS.get(error.code, f"no connection (curl error {error.code})")


async def time_at_meta(trust: Trust, proxy: str | None, version: str) -> datetime:
    """Return what time it is at Meta, to the second; raises `Unreachable`.

    The question is one that the official API refuses, because no token comes with it.
    """
    url = f"https://{GRAPH_HOSTS['instagram']}/{version}/me"
    try:
        async with httpx.AsyncClient(
            proxy=proxy, verify=trust.context, trust_env=False, timeout=8
        ) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        raise Unreachable(f"no answer ({type(error).__name__})") from None
    told = told_by(answer.headers.get("date"))
    if told is None:
        raise Unreachable("it does not tell the time")
    return told

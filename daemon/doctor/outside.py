"""The way in from outside: encrypted, under names that are known, by a certificate that holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from api.arrival import is_loopback
from api.encryption import UnusablePair
from daemon.authority import FOLDER
from daemon.certificates import Certificate, read_pair, shown_at
from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread, is_private
from daemon.outside import is_for_this_machine, near_url_of, what_is_missing

_SOON = timedelta(days=21)


async def outside(site: Site) -> list[Finding]:
    """What others may reach is encrypted, named, and by a certificate that holds."""
    found = [*_listening(site), *await in_thread(_certificate, site)]
    whom = "only this machine" if is_for_this_machine(site.settings) else "whoever is passed on"
    return found or [ok(f"the API is for {whom}")]


def _listening(site: Site) -> list[Finding]:
    settings = site.settings
    if (missing := what_is_missing(settings)) is not None:
        return [problem(missing, "docs/outside.md says what to set")]
    if not is_loopback(settings.host) and settings.tls_certificate is None:
        text = f"the API listens on {settings.host}, and nothing is encrypted"
        return [warning(text, "reprise tls init, or put a proxy with TLS in front")]
    if settings.trusted_proxies and not settings.allowed_hosts:
        text = "proxies are trusted, but no name is known that they pass on"
        return [warning(text, "set REPRISE_ALLOWED_HOSTS")]
    return []


def _certificate(site: Site) -> list[Finding]:
    certificate, key = site.settings.tls_certificate, site.settings.tls_key
    if certificate is None or key is None:
        return []
    mend = "reprise tls init" if _is_own(site, certificate) else "renew it where it came from"
    try:
        found = read_pair(certificate, key)
    except UnusablePair as unusable:
        text = f"{unusable}; a daemon that runs goes on with the one before"
        return [problem(text, mend)]
    findings = [*_date(site, found, mend), *_names(site, found, mend)]
    if not is_private(key):
        findings.append(problem(f"others can read {key}", f"chmod 600 {key}"))
    url = near_url_of(site.settings, site.daemon.url) if site.daemon else None
    if url is not None and shown_at(url) != found.fingerprint:
        text = "the daemon shows another certificate, or none"
        findings.append(warning(text, "restart it; its log says why"))
    return findings or [ok(f"the certificate holds until {found.not_after:%Y-%m-%d}")]


def _is_own(site: Site, certificate: Path) -> bool:
    return certificate.parent == site.settings.data_dir / FOLDER


def _date(site: Site, found: Certificate, mend: str) -> list[Finding]:
    left = found.not_after - site.clock.now()
    if left <= timedelta(0):
        return [problem(f"the certificate expired on {found.not_after:%Y-%m-%d}", mend)]
    if left < _SOON:
        return [warning(f"the certificate expires on {found.not_after:%Y-%m-%d}", mend)]
    return []


def _names(site: Site, found: Certificate, mend: str) -> list[Finding]:
    strange = [host for host in site.settings.allowed_hosts if not found.is_for(host)]
    if not strange:
        return []
    text = f"the certificate is not for {', '.join(strange)} of REPRISE_ALLOWED_HOSTS"
    return [warning(text, mend)]

"""`reprise tls`: a certificate for the home network, and what the one in force says."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.failure import Failed
from cli.output import json_option, print_json, say
from daemon import data_dir
from daemon.settings import Settings, load_settings
from ground.clock import utc_now

if TYPE_CHECKING:
    from daemon.authority import Made
    from daemon.certificates import Certificate

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@click.group()
def tls() -> None:
    """Encrypt the API, so that other machines may use it.

    \b
    Examples:  reprise tls init
               reprise tls status
    """


@tls.command()
@click.option(
    "--name",
    "names",
    metavar="NAME",
    multiple=True,
    help="A name or address that this machine is called by; may be repeated.",
)
@click.option(
    "--new-authority", is_flag=True, help="Make another authority; every client has to trust it."
)
@json_option
def init(names: tuple[str, ...], new_authority: bool, as_json: bool) -> None:
    """Make a certificate for this machine's names, and a small authority that vouches for it.

    \b
    Examples:  reprise tls init
               reprise tls init --name nas.local --name 192.168.1.5

    Clients trust the authority once, by its file; a certificate may be made anew at any time. It
    is for the names of this machine, those of REPRISE_ALLOWED_HOSTS and those given. Nothing
    listens elsewhere by that: what to set is printed.
    """
    from daemon import authority, setting_values
    from daemon.certificates import UnusablePair

    try:
        given = tuple(host for name in names for host in setting_values.hosts(name))
    except ValueError as error:
        raise click.UsageError(f"--name: {error}") from None
    settings = load_settings()
    data_dir.prepare(settings.data_dir)
    outside = (*given, *settings.allowed_hosts, *authority.names_of_this_machine())
    wanted = tuple(dict.fromkeys((*outside, *_LOOPBACK)))
    try:
        made = authority.init(settings.data_dir, wanted, utc_now(), renew=new_authority)
    except (authority.NotAllowed, UnusablePair) as error:
        raise Failed(f"{error}; --new-authority makes another") from None
    called = [name for name in made.certificate.names if not _is_loopback(name)]
    if as_json:
        print_json(_as_json(made, called))
    else:
        _tell(made, called, settings)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _as_json(made: Made, called: list[str]) -> dict[str, object]:
    return {
        "certificate": str(made.certificate_file),
        "key": str(made.key_file),
        "authority": str(made.authority_file),
        "isNewAuthority": made.is_new,
        "names": list(made.certificate.names),
        "allowedHosts": called,
        "notAfter": made.certificate.not_after.isoformat(),
        "fingerprint": made.certificate.fingerprint,
        "authorityFingerprint": made.authority.fingerprint,
    }


def _tell(made: Made, called: list[str], settings: Settings) -> None:
    say(f"A certificate for {', '.join(made.certificate.names)}")
    say(f"until {made.certificate.not_after:%Y-%m-%d}, SHA-256 {made.certificate.fingerprint}")
    say("")
    if made.is_new:
        say(f"Have each client trust {made.authority_file}")
        say(f"(SHA-256 {made.authority.fingerprint})")
    else:
        say("Its authority is the one before: clients that trust that need nothing new")
    if settings.tls_certificate == made.certificate_file:
        say("A running daemon takes it for the next connection")
        return
    say("")
    say("To listen for other machines, put this into config.toml and start the daemon anew:")
    say('host = "0.0.0.0"')
    say(f'allowed_hosts = "{", ".join(called)}"')
    say(f'tls_certificate = "{made.certificate_file}"')
    say(f'tls_key = "{made.key_file}"')


@tls.command()
@json_option
def status(as_json: bool) -> None:
    """Show the certificate that the settings name, and whether the daemon shows it.

    \b
    Example:  reprise tls status

    The exit code is 1 when it cannot be used.
    """
    from daemon import certificates
    from daemon.certificates import UnusablePair
    from daemon.outside import near_url_of

    settings = load_settings()
    if settings.tls_certificate is None or settings.tls_key is None:
        if as_json:
            print_json({"enabled": False})
        else:
            say("TLS is off: REPRISE_TLS_CERTIFICATE is not set; `reprise tls init` makes one")
        return
    try:
        found = certificates.read_pair(settings.tls_certificate, settings.tls_key)
    except UnusablePair as unusable:
        raise Failed(str(unusable)) from None
    daemon = data_dir.running(settings.data_dir)
    shown = certificates.shown_at(near_url_of(settings, daemon.url)) if daemon else None
    is_shown = None if daemon is None else shown == found.fingerprint
    if as_json:
        print_json(
            {
                "enabled": True,
                "certificate": str(settings.tls_certificate),
                "names": list(found.names),
                "notAfter": found.not_after.isoformat(),
                "fingerprint": found.fingerprint,
                "isShown": is_shown,
            }
        )
    else:
        _show(settings.tls_certificate, found, is_shown)


def _show(file: Path, found: Certificate, is_shown: bool | None) -> None:
    days = (found.not_after - utc_now()).days
    say(f"{file}")
    say(f"for {', '.join(found.names) or 'no name'}")
    until = f"for {days} more days" if days >= 0 else "EXPIRED"
    say(f"until {found.not_after:%Y-%m-%d} ({until})")
    say(f"SHA-256 {found.fingerprint}")
    words = {True: "shows it", False: "shows another one, or none: its log says why"}
    say("The daemon is not running" if is_shown is None else f"The daemon {words[is_shown]}")


COMMANDS = (tls,)

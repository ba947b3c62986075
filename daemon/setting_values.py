"""How the text of a setting becomes its value; what cannot be used raises ValueError."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult

from api.system import Network, as_address
from ground.addresses import parts_of
from media.fit import StoryFit
from webhooks.targets import Reach, Targets


def port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("a port lies between 0 and 65535")
    return port


def count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1_000_000:
        raise ValueError("a whole number from 1 to 1,000,000")
    return count


def none_or_more(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 1_000_000:
        raise ValueError("a whole number from 0 to 1,000,000")
    return count


def minutes(text: str) -> int:
    minutes = int(text)
    if not 0 <= minutes <= 7 * 24 * 60:
        raise ValueError("minutes, from 0 to a week's 10080")
    return minutes


def days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= 3650:
        raise ValueError("days, from 0 (for ever) to 3650")
    return days


def public_url(text: str) -> str:
    _base(text, "https://media.example.com")
    return text.rstrip("/")


def service_url(text: str) -> str:
    parts = _base(text, "https://api.cloudflare.com/client/v4")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("https, but for a simulated one on this machine")
    return text.rstrip("/")


def _base(text: str, example: str) -> SplitResult:
    try:
        parts = parts_of(text)
        is_base = parts.scheme in ("http", "https") and not (parts.query or parts.fragment)
    except ValueError:
        is_base = False
    if not is_base:
        raise ValueError(f"an address like {example}")
    return parts


def graph_version(text: str) -> str:
    if not re.fullmatch(r"v\d{1,3}\.\d", text):
        raise ValueError("a version like v26.0")
    return text


def pace(text: str) -> float:
    pace = float(text)
    if not 0 <= pace <= 100:
        raise ValueError("a factor between 0 and 100")
    return pace


def networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in text.split(","))
    except ValueError:
        raise ValueError("addresses or networks like 10.0.0.7, 192.168.1.0/24") from None


def proxies(text: str) -> tuple[Network, ...]:
    found = networks(text)
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("the addresses of proxies, not everybody's")
    return found


def hosts(text: str) -> tuple[str, ...]:
    return tuple(_host(each.strip().lower()) for each in text.split(","))


def _host(text: str) -> str:
    if (address := as_address(text.removeprefix("[").removesuffix("]"))) is not None:
        return str(address)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", text):
        raise ValueError("names or addresses, without port, like reprise.example.com, 192.168.1.5")
    return text


def webhook_targets(text: str) -> Targets:
    if text in set(Reach):
        return Targets(Reach(text))
    try:
        return Targets(networks=networks(text))
    except ValueError:
        raise ValueError(f"one of {', '.join(Reach)}, or networks like 10.0.0.0/8") from None


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return parse


def switch(text: str) -> bool:
    return one_of("on", "off")(text.lower()) == "on"


def story_fit(text: str) -> StoryFit:
    return StoryFit(one_of(*StoryFit)(text))


def path(text: str) -> Path:
    if "\0" in text:
        raise ValueError("the name of a file has no NUL in it")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # ~ of nobody, or of one without a home
        raise ValueError("there is no such home: write the whole path") from None

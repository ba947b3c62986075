"""Templates and how their answers leave: under a policy that lets nothing in from elsewhere."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from quart import Response, request

from operations import models
from web import times
from web.assets import assets

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_WORTH_PACKING = 1000
# What each state is called; the first ones are those in which a mention still moves.
WORDS: Mapping[str, str] = {
    "WAITING_APPROVAL": "waits for you",
    "DETECTED": "on its way",
    "DOWNLOADED": "on its way",
    "QUEUED": "on its way",
    "PROCESSING": "going out",
    "PUBLISHING": "going out",
    "PUBLISHED": "out",
    "SKIPPED": "skipped",
    "EXPIRED": "missed",
    "FAILED": "failed",
    "SCHEDULED": "planned",
    "DRAFT": "draft",
}
_CLOSE = "another is planned so near that one of them goes out later"
KINDS: Mapping[str, str] = {
    "IMAGE": "Photo",
    "REELS": "Reel",
    "STORIES": "Story",
    "CAROUSEL": "Carousel",
}
# The icon of each kind, and the words for it beside them.
KIND_ICONS: Mapping[str, str] = {
    "IMAGE": "image",
    "REELS": "reel",
    "STORIES": "story",
    "CAROUSEL": "carousel",
}
# How somebody asked for a change; what is not here is said as it is.
VIA: Mapping[str, str] = {
    "api": "a program or this page",
    "cli": "the command line",
    "agent": "an agent",
}


@cache
def environment() -> Environment:
    """Return the templates, read once; all text in them is escaped."""
    made = Environment(
        loader=PackageLoader("web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        static=assets().path,
        WORDS=WORDS,
        KINDS=KINDS,
        KIND_ICONS=KIND_ICONS,
        VIA=VIA,
        CLOSE=_CLOSE,
        icon=icon,
    )
    made.filters.update(
        stamp=stamp,
        away=_away,
        day=_day,
        clock=_clock,
        moment=moment,
        state=state_of,
        device=device_of,
        bytes=size_of,
    )
    return made


def icon(name: str) -> Markup:
    """Return an icon of the sprite; what it means is said beside it."""
    address = f"{assets().path}/icons.svg#{name}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(address)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """Return a rendered template as an answer."""
    data = environment().get_template(name).render(**values).encode()
    response = Response(data, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    # Kept for going back, and asked for anew each time else: `no-store` would forbid the first.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, HX-Request"
    if len(data) > _WORTH_PACKING and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(data, 6))
        response.headers["Content-Encoding"] = "gzip"
    return response


def moment(value: datetime | str) -> datetime:
    """Return a time that may still be the text which the database keeps."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def state_of(item: models.RepostItem) -> str:
    """Return the word for a mention's state."""
    return WORDS[item.status]


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))  # fmt: skip
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip


def device_of(said: str | None) -> str:
    """Return what a browser calls itself, in two words."""
    if not said:
        return "A browser"
    browser = next((name for word, name in _BROWSERS if word in said), "A browser")
    system = next((name for word, name in _SYSTEMS if word in said), None)
    return f"{browser} on {system}" if system else browser


@pass_context
def stamp(context: Context, value: datetime | str, said: str = "away") -> Markup:
    """Return a time as people say it, with all of it in its title."""
    at, zone = moment(value), context["visit"].zone
    words = {"away": times.away, "day": times.on_day}[said](at, context["visit"].now, zone)
    full = times.in_full(at, zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), full, escape(words)
    )


@pass_context
def _away(context: Context, value: datetime | str) -> str:
    return times.away(moment(value), context["visit"].now, context["visit"].zone)


@pass_context
def _day(context: Context, value: datetime | str) -> str:
    return times.on_day(moment(value), context["visit"].now, context["visit"].zone)


@pass_context
def _clock(context: Context, value: datetime | str) -> str:
    return times.clock(moment(value), context["visit"].zone)


def size_of(count: int) -> str:
    """Return a number of bytes as people say it: 12 kB, 3.4 MB."""
    left = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if left < 1000:
            return f"{left:.0f} {unit}" if left >= 10 or unit == "bytes" else f"{left:.1f} {unit}"
        left /= 1000
    return f"{left:.1f} TB"
